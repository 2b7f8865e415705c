"""What a new version of a policy shows more of than the one before, on data that is there already.

- Weaker is whatever lets a provider learn something that it did not learn of the same column, or
  change something without being noticed. Nothing is known of how secret it was: the owner says.
- What only means work, such as another key, is a warning.

Source: docs/spec/16-protection-policy.md section 4.6.
"""

from typing import Final

from sealhold.protect.columncheck import facts_of
from sealhold.protect.findings import Findings
from sealhold.protect.policy import Bind, ColumnPolicy, Integrity, Policy, TablePolicy, Unlisted
from sealhold.protect.rolecheck import shown_more
from sealhold.protect.tomllines import Path

_INTEGRITY: Final = tuple(Integrity)  # the later, the more is noticed
_REKEYED: Final = ("type", "domain", "fold", "scale", "bits", "alphabet", "tokens", "buckets")
WHOLE: Final = 128  # bits of a term that is not cut
_OLD_STAYS: Final = "leave it as it was, or say `--accept-weaker`"


class Weakening:
    """Compares two versions; what is weaker is an error, or a warning once it was accepted."""

    def __init__(self, findings: Findings, *, accepted: bool) -> None:
        self._findings = findings
        self._add = findings.warning if accepted else findings.error

    def compare(self, before: Policy, after: Policy) -> None:
        """Add what `after` shows more of than `before`."""
        # THREAT T623: a protection is not lost by an edit that nobody noticed
        if after.default is Unlisted.CLEAR and before.default is Unlisted.REFUSE:
            self._weaker(("default",), "what the policy does not name is sent in clear from now on")
        if after.names == "clear" and before.names == "hidden":
            self._weaker(("names",), "names of tables and columns are told from now on")
        tables = {(each.schema, each.name): n for n, each in enumerate(after.tables)}
        for table in before.tables:
            number = tables.get((table.schema, table.name))
            if number is None:
                self._gone(f"the table `{table.name}`", after, was_protected=table.is_protected)
            else:
                self._tables(table, after.tables[number], ("table", number), after)
        self._domains(before, after)
        for told in shown_more(before, after):
            self._weaker(("role",), told)
        kept = {frozenset(each) for each in after.never_together}
        for each in before.never_together:
            if not any(frozenset(each) <= other for other in kept):
                told = " and ".join(f"`{name}`" for name in each)
                self._weaker(("constraint",), f"{told} are no longer kept apart")

    def _tables(self, before: TablePolicy, after: TablePolicy, path: Path, whole: Policy) -> None:
        name = after.name
        if _INTEGRITY.index(after.integrity) < _INTEGRITY.index(before.integrity):
            self._weaker((*path, "integrity"), f"less is noticed of what is changed in `{name}`")
        if after.bind is Bind.COLUMN and before.bind is Bind.ROW:
            self._weaker((*path, "bind"), f"cells of `{name}` can be moved between rows unnoticed")
        places = {each.name: n for n, each in enumerate(after.columns)}
        for column in before.columns:
            number = places.get(column.name)
            if number is None:
                self._gone(f"`{name}.{column.name}`", whole, was_protected=not column.is_clear)
            else:
                at = (*path, "column", number)
                self._columns(f"{name}.{column.name}", column, after.columns[number], at)

    def _columns(self, name: str, before: ColumnPolicy, after: ColumnPolicy, path: Path) -> None:
        if learned(after) - learned(before):
            now = " and ".join(f"`{each}`" for each in after.protect)
            was = " and ".join(f"`{each}`" for each in before.protect)
            self._weaker((*path, "protect"), f"`{name}` was {was} and is {now}, which shows more")
        if before.is_clear or after.is_clear:
            return
        self._details(name, before, after, path)
        for key in _REKEYED:
            if getattr(after, key) != getattr(before, key):
                self._findings.warning(
                    "made-anew",
                    (*path, key),
                    f"`{key}` of `{name}` changed: what is stored must be made anew",
                    "migrate before the policy is used, or leave it as it was",
                )

    def _details(self, name: str, before: ColumnPolicy, after: ColumnPolicy, path: Path) -> None:
        both = set(before.techniques) & set(after.techniques)
        if "sealed" in both and after.pad < before.pad:
            self._weaker((*path, "pad"), f"lengths of `{name}` show more than they did")
        if "match" in both and (after.bits or WHOLE) > (before.bits or WHOLE):
            self._weaker((*path, "bits"), f"fewer values of `{name}` look alike than did")
        if after.null == "clear" and before.null == "hidden":
            self._weaker((*path, "null"), f"it shows from now on where `{name}` is NULL")

    def _domains(self, before: Policy, after: Policy) -> None:
        hidden = {
            f"{table.schema}.{table.name}.{column.name}"
            for table in before.tables
            for column in table.columns
            if not column.is_clear
        }
        were = _alike(before)
        for name, (path, beside) in _alike(after).items():
            new = beside - were[name][1] if name in were else beside
            if new and name in hidden:
                told = ", ".join(f"`{each}`" for each in sorted(new))
                self._weaker(
                    (*path, "domain"), f"equal values of `{name}` and {told} show from now on"
                )

    def _gone(self, what: str, after: Policy, *, was_protected: bool) -> None:
        if was_protected and after.default is Unlisted.CLEAR:
            self._weaker(("table",), f"{what} is no longer named, so it is clear from now on")
            return
        self._findings.warning(
            "no-longer-named",
            ("table",),
            f"{what} is no longer named, so it is refused from now on",
            "leave it in as long as there is data",
        )

    def _weaker(self, path: Path, message: str) -> None:
        self._add("weaker", path, message, _OLD_STAYS)


def learned(column: ColumnPolicy) -> frozenset[str]:
    """Return what the provider learns of a column; each technique adds to it."""
    return frozenset[str]().union(*(each.learns for each in facts_of(column)))


def _alike(policy: Policy) -> dict[str, tuple[Path, frozenset[str]]]:
    """Return each column with a domain: where it stands, and which others share that domain."""
    shared: dict[tuple[str, str], dict[str, Path]] = {}
    for number, table in enumerate(policy.tables):
        for place, column in enumerate(table.columns):
            if column.domain and not column.is_clear:
                name = f"{table.schema}.{table.name}.{column.name}"
                path = ("table", number, "column", place)
                shared.setdefault((table.dataset, column.domain), {})[name] = path
    return {
        name: (path, frozenset(columns) - {name})
        for columns in shared.values()
        for name, path in columns.items()
    }
