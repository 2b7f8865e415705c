"""What of a policy this version of the proxy carries out: the rest is a fault, told at once.

- A policy may say more than this version does. To serve it as if it did would be a promise broken
  without a word, so it is not served.
- Searches and sums that keep something beside the cell are a doubt only: the cell is sealed all the
  same, and the search is refused.

Source: docs/spec/16-protection-policy.md section 4.7.
"""

from typing import Final

from sealhold.protect.findings import Findings
from sealhold.protect.policy import ColumnPolicy, Integrity, Policy
from sealhold.protect.tomllines import Path

TECHNIQUES: Final = frozenset({"sealed", "match", "deterministic", "order", "fpe", "token"})
BESIDE: Final = frozenset({"range-hidden", "words", "he-sum", "paillier-sum"})
"""Techniques without which a column is sealed as well as with them."""
INTEGRITIES: Final = frozenset({Integrity.NONE, Integrity.CELL})


def check_offered(policy: Policy, findings: Findings) -> None:
    """Add what this version does not do."""
    # THREAT T626: nothing that a policy asks for is left out in silence
    if policy.names == "hidden":
        _missing(("names",), "names are not hidden", findings)
    for number, table in enumerate(policy.tables):
        path: Path = ("table", number)
        if table.is_protected and table.integrity not in INTEGRITIES:
            told = f"`{table.name}` gets no integrity of its {table.integrity.value}s"
            _missing((*path, "integrity"), told, findings)
        if table.decoys:
            _missing((*path, "decoys"), f"`{table.name}` gets no decoys", findings)
        for place, column in enumerate(table.columns):
            _check_column(column, (*path, "column", place), findings)


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
