"""What of a policy this version of the proxy carries out: the rest is a fault, told at once.

- A policy may say more than this version does. To serve it as if it did would be a promise broken
  without a word, so it is not served.
- Searches and sums that keep something beside the cell are a doubt only: the cell is sealed all the
  same, and the search is refused.

Source: docs/spec/16-protection-policy.md section 4.7.
"""

from typing import Final

from sealhold.protect.findings import Findings
from sealhold.protect.guards import GUARDED
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy
from sealhold.protect.tomllines import Path

TECHNIQUES: Final = frozenset(
    {"sealed", "match", "deterministic", "order", "fpe", "words", "range-hidden", "he-sum", "token"}
)
BESIDE: Final = frozenset({"paillier-sum"})
"""Techniques without which a column is sealed as well as with them."""
APART: Final = frozenset({"words", "range-hidden", "he-sum", "paillier-sum"})
"""Techniques that keep what they make elsewhere, which changes of tagged rows do not keep up."""


def check_offered(policy: Policy, findings: Findings) -> None:
    """Add what this version does not do."""
    # THREAT T626: nothing that a policy asks for is left out in silence
    if policy.names == "hidden":
        _missing(("names",), "names are not hidden", findings)
    for number, table in enumerate(policy.tables):
        path: Path = ("table", number)
        if table.integrity in GUARDED:
            _check_guarded(table, path, findings)
        if table.decoys:
            _missing((*path, "decoys"), f"`{table.name}` gets no decoys", findings)
        if "repair" in table.reactions:
            _missing((*path, "reactions"), f"`{table.name}` is not repaired", findings)
        for place, column in enumerate(table.columns):
            _check_column(column, (*path, "column", place), findings)


def _check_guarded(table: TablePolicy, path: Path, findings: Findings) -> None:
    """Add what rows cannot be tagged with."""
    if not table.is_protected:
        told = f"`{table.name}` has no protected column: rows that are all in the clear get no tags"
        _missing((*path, "integrity"), told, findings)
        return
    for place, column in enumerate(table.columns):
        at = (*path, "column", place)
        if column.is_clear and not _is_known(column.type):
            told = f"`{column.name}` is of a type whose form is not known here"
            _missing((*at, "type"), f"tags over it: {told}", findings)
        for technique in APART.intersection(column.techniques):
            told = f"`{technique}` of `{column.name}` in a table whose rows are tagged"
            _missing((*at, "protect"), told, findings)


def _is_known(type_: str) -> bool:
    try:
        codec(named(type_))
    except TypeRefusedError:
        return False
    return True


def _check_column(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    for technique in column.techniques:
        if technique in BESIDE:
            findings.warning(
                "not-offered",
                (*path, "protect"),
                f"`{technique}` of `{column.name}` is not carried out by this version:"
                " what it would answer is refused",
                "leave it for later, or search by another technique",
            )
        elif technique not in TECHNIQUES:
            _missing((*path, "protect"), f"`{technique}` of `{column.name}`", findings)
    if column.null == "hidden" and not column.is_clear:
        _missing((*path, "null"), f"NULL of `{column.name}` is not hidden", findings)


def _missing(path: Path, what: str, findings: Findings) -> None:
    findings.error(
        "not-offered",
        path,
        f"not carried out by this version: {what}",
        "take it out; section 4.7 of docs/spec/16-protection-policy.md lists what there is",
    )
