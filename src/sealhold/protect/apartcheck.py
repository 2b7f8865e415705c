"""Whether what a policy keeps apart can be kept apart: columns that nobody may read together.

- A constraint says of its columns that no two of them may be read by one provider, or by two of one
  owner. A column that is hidden is read by nobody, so a constraint holds for it.
- A readable column lies at the first provider of its table; one that is `split` may lie at any.

Source: docs/spec/16-protection-policy.md section 4.5.
"""

from collections.abc import Mapping
from itertools import combinations

from sealhold.protect.findings import Findings
from sealhold.protect.policy import ColumnPolicy, Csp, Policy, TablePolicy
from sealhold.protect.splitting import placed
from sealhold.protect.tomllines import Path

Named = tuple[TablePolicy, ColumnPolicy]


def owner_of(csp: Csp) -> str:
    """Return who runs a provider: its group, or itself alone."""
    return f"group {csp.group}" if csp.group else f"csp {csp.id}"


def columns_by_name(policy: Policy) -> dict[str, list[Named]]:
    """Return columns by `table.column` and by `schema.table.column`."""
    found: dict[str, list[Named]] = {}
    for table in policy.tables:
        for column in table.columns:
            for name in (table.name, f"{table.schema}.{table.name}"):
                found.setdefault(f"{name}.{column.name}", []).append((table, column))
    return found


def check_reference(name: str, policy: Policy, path: Path, findings: Findings) -> bool:
    """Return whether `name` means one column; else that is added."""
    found = columns_by_name(policy).get(name, [])
    if len(found) == 1:
        return True
    findings.error(
        "unknown-column",
        path,
        f"there is no column `{name}`" if not found else f"`{name}` means several columns",
        "write it as in `[[table]]`: `table.column`, or `schema.table.column`",
    )
    return False


def check_apart(policy: Policy, csps: Mapping[str, Csp], findings: Findings) -> None:
    """Look for a way to place columns so that nobody reads together what must be kept apart."""
    # THREAT T622: a constraint that cannot hold is told before anything is sent
    named = columns_by_name(policy)
    every: list[tuple[str, str]] = []
    owners: dict[str, list[str]] = {}
    can_each = True
    for number, names in enumerate(policy.never_together):
        at = ("constraint", number, "never_together")
        known = [check_reference(each, policy, (*at, n), findings) for n, each in enumerate(names)]
        if not all(known) or not all(_owners(*named[each][0], csps) for each in names):
            can_each = False  # which is told already, of the table that lies nowhere
            continue
        readable = [named[each][0] for each in names if _is_readable(named[each][0][1])]
        pairs = list(combinations([_whole(each) for each in readable], 2))
        owners |= {_whole(each): _owners(*each, csps) for each in readable}
        every += pairs
        if placed(pairs, owners) is None:
            can_each = False
            told = " and ".join(f"`{_whole(each)}`" for each in readable)
            findings.error(
                "constraint-unmet",
                at,
                f"no provider may read {told} together, and there is no way to part them",
                "protect one of them, or `split` them over providers of more groups",
            )
    if can_each and placed(every, owners) is None:
        findings.error(
            "constraint-unmet",
            ("constraint",),
            "there is no way to place columns so that all constraints hold at once",
            "protect one of the columns, or `split` them over providers of more groups",
        )


def _whole(named: Named) -> str:
    table, column = named
    return f"{table.schema}.{table.name}.{column.name}"


def _is_readable(column: ColumnPolicy) -> bool:
    """Return whether the provider where it lies reads it."""
    return column.is_clear or column.techniques == ("split",)


def _owners(table: TablePolicy, column: ColumnPolicy, csps: Mapping[str, Csp]) -> list[str]:
    """Return to whom a readable column may go: a split one to any of them, else to the first."""
    rows = [csps[each] for each in table.csps if each in csps and csps[each].kind == "postgres"]
    owners = list(dict.fromkeys(owner_of(each) for each in rows))
    return owners if "split" in column.protect else owners[:1]
