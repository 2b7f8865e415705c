"""Whether the tables of a policy fit together: places, keys, names and domains.

Source: docs/spec/16-protection-policy.md sections 4.3 and 4.4.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from sealhold.protect.apartcheck import check_apart, owner_of
from sealhold.protect.columncheck import facts_of
from sealhold.protect.findings import Findings
from sealhold.protect.policy import ColumnPolicy, Csp, Integrity, Policy, TablePolicy
from sealhold.protect.techniquefacts import FACTS
from sealhold.protect.tomllines import Path
from sealhold.protect.typefamilies import kind_of

RESERVED: Final = "_sh_"  # names of columns that the proxy adds begin so
MOST_NAME: Final = 63  # bytes of a name; PostgreSQL cuts off what is longer, and tells nobody
_SUMS: Final = frozenset({"he-sum", "paillier-sum"})
_EQUAL_AS_TEXT: Final = {"varchar": "text"}  # types whose equal values are equal bytes


def check_tables(policy: Policy, findings: Findings) -> None:
    """Add what is wrong or doubtful about tables, and about columns beside each other."""
    csps = {each.id: each for each in policy.csps}
    seen: set[tuple[str, str]] = set()
    for number, table in enumerate(policy.tables):
        path: Path = ("table", number)
        if (table.schema, table.name) in seen:
            findings.error(
                "twice",
                (*path, "name"),
                f"the table `{table.schema}.{table.name}` stands twice",
                "put its columns together",
            )
        seen.add((table.schema, table.name))
        _check_places(table, csps, path, findings)
        _check_key(table, path, findings)
        _check_names(table, path, findings)
        _check_integrity(table, path, findings)
    _check_domains(policy, findings)
    check_apart(policy, csps, findings)


def _check_places(
    table: TablePolicy, csps: Mapping[str, Csp], path: Path, findings: Findings
) -> None:
    at = (*path, "csps")
    for each in table.csps:
        if each not in csps:
            findings.error(
                "unknown-csp",
                at,
                f"`{table.name}` is to lie at `{each}`, which no `[[csp]]` is",
                "add it, or name one that there is",
            )
    known = [csps[each] for each in table.csps if each in csps]
    rows = [each for each in known if each.kind == "postgres"]
    if table.csps and len(known) == len(table.csps) and not rows:
        findings.error(
            "no-place",
            at,
            f"`{table.name}` lies at no provider of kind `postgres`",
            "name one that can keep rows",
        )
    elif not table.csps:
        findings.error("no-place", at, f"`{table.name}` lies nowhere", "add `csps`")
    used = {each for column in table.columns for each in column.techniques}
    if "split" in used:
        _check_split(table, rows, at, findings)
    if used & _SUMS and not any(each.kind == "agent" for each in known):
        findings.warning(
            "no-agent",
            at,
            f"`{table.name}` has sums under encryption and no provider of kind `agent`:"
            " cells are fetched and added here, which gains nothing",
            "add an agent to `csps`, or take the sums out",
        )


def _check_split(table: TablePolicy, rows: list[Csp], at: Path, findings: Findings) -> None:
    # THREAT T621: what one owner holds both parts of is not split
    for one, other in combinations(rows, 2):
        if owner_of(one) == owner_of(other):
            findings.error(
                "split-one-group",
                at,
                f"`{table.name}` is split over `{one.id}` and `{other.id}`,"
                f" both of group `{one.group}`, who can put it together",
                "take providers of two groups",
            )
    if len({owner_of(each) for each in rows}) < 2:  # noqa: PLR2004  # reason: a part for each
        findings.error(
            "split-needs-two",
            at,
            f"`{table.name}` has a column that is split, and one provider for its rows",
            "name two of kind `postgres`, of two groups",
        )


def _check_key(table: TablePolicy, path: Path, findings: Findings) -> None:
    columns = {each.name: each for each in table.columns}
    if not table.key and table.is_protected:
        findings.warning(
            "no-key",
            (*path, "key"),
            f"`{table.name}` has no key: a migration cannot go over it in steps",
            "add `key`",
        )
    for number, name in enumerate(table.key):
        at = (*path, "key", number)
        column = columns.get(name)
        if column is None:
            findings.error(
                "unknown-column",
                at,
                f"`{table.name}` has no column `{name}` for its key",
                "name columns of the table",
            )
        elif not any(each.finds_one for each in facts_of(column)) or is_loose(column):
            findings.error(
                "key-not-found",
                at,
                f"`{name}` is a key of `{table.name}`, and no row can be found by it",
                "let it be clear, or protect it by `deterministic` or a `match` of whole values",
            )


def is_loose(column: ColumnPolicy) -> bool:
    """Return whether several values share a term, so that none is found alone."""
    return "match" in column.techniques and bool(column.bits or column.fold != "none")


def _check_names(table: TablePolicy, path: Path, findings: Findings) -> None:
    if not table.columns:
        findings.error(
            "no-columns", path, f"`{table.name}` has no column", "add `[[table.column]]`"
        )
    taken: dict[str, str] = {each.name: each.name for each in reversed(table.columns)}
    seen: set[str] = set()
    for number, column in enumerate(table.columns):
        at = (*path, "column", number, "name")
        if column.name in seen:
            findings.error(
                "twice", at, f"`{table.name}.{column.name}` stands twice", "keep one of them"
            )
        seen.add(column.name)
        if column.name.startswith(RESERVED):
            findings.error(
                "reserved-name",
                at,
                f"`{column.name}` begins as the proxy's own columns do",
                "give it another name",
            )
        for companion in companions(column):
            if len(companion.encode()) > MOST_NAME:
                findings.error(
                    "name-too-long",
                    at,
                    f"`{column.name}` leaves no room for `{companion}`: {MOST_NAME} bytes at most",
                    "give it a shorter name",
                )
            if taken.setdefault(companion, column.name) != column.name:
                findings.error(
                    "name-taken",
                    at,
                    f"`{companion}`, which `{column.name}` needs, is a column already",
                    "give one of them another name",
                )


def companions(column: ColumnPolicy) -> Iterator[str]:
    """Yield the names of the columns that stand beside a protected one at the provider."""
    for each in column.techniques:
        if FACTS[each].suffix:
            yield column.name + FACTS[each].suffix


def _check_integrity(table: TablePolicy, path: Path, findings: Findings) -> None:
    if table.integrity is Integrity.NONE and table.is_protected:
        findings.warning(
            "no-integrity",
            (*path, "integrity"),
            f"a provider that changes `{table.name}` is not noticed",
            'take `"cell"` or more',
        )


def _check_domains(policy: Policy, findings: Findings) -> None:
    first: dict[tuple[str, str], tuple[str, dict[str, object]]] = {}
    for number, table in enumerate(policy.tables):
        for place, column in enumerate(table.columns):
            if not column.domain or column.is_clear:
                continue
            name, alike = f"{table.name}.{column.name}", _alike(column)
            known, wanted = first.setdefault((table.dataset, column.domain), (name, alike))
            for key, value in alike.items():
                if wanted[key] != value:
                    findings.error(
                        "domain-differs",
                        ("table", number, "column", place, "domain"),
                        f"`{name}` shares the domain `{column.domain}` with `{known}`,"
                        f" which has another `{key}`",
                        "make them alike, or give them two domains",
                    )


def _alike(column: ColumnPolicy) -> dict[str, object]:
    """Return what columns of one domain must have in common, so that equal values are equal."""
    base = kind_of(column.type).base
    return {
        "type": _EQUAL_AS_TEXT.get(base, base),
        "fold": column.fold,
        "scale": column.scale if "order" in column.techniques else None,
        "bits": column.bits,
        "alphabet": column.alphabet if "fpe" in column.techniques else None,
    }
