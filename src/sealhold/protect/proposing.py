"""A first policy for a live database, proposed from names, types and counts: guesses, each told.

- Nothing of a row is looked at. What looks like a person's data is protected with as little shown
  as its likely use needs; in doubt a column is sealed, and the comment says what to add.
- Keys stay clear if they are numbers or ids, and get `match` if they say something of somebody. A
  column that refers to another is protected as that one is, in one domain, so joins still work.
- What the proxy cannot protect is left out, which means that it is refused. What is proposed has no
  fault; whether it fits, its owner says.

Source: docs/spec/16-protection-policy.md section 7.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sealhold.protect.columncheck import facts_of
from sealhold.protect.guesses import Guess, guess
from sealhold.protect.livecatalogue import LiveColumn, LiveTable, Reference
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, Csp, Policy, TablePolicy
from sealhold.protect.policytext import write
from sealhold.protect.policywords import SQL_NAME, TYPE
from sealhold.protect.tablecheck import MOST_NAME, RESERVED, companions
from sealhold.protect.techniquefacts import FACTS
from sealhold.protect.tomllines import Path
from sealhold.protect.typefamilies import kind_of

_Name = tuple[str, str, str]  # schema, table, column


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A policy as it is proposed."""

    policy: Policy
    text: bytes  # with a comment above each guess
    left_out: tuple[str, ...]  # tables and columns that no policy can name
    notes: Mapping[Path, str]  # why each is as it is, by its place in the text


def propose(tables: Sequence[LiveTable], *, name: str, csp: Csp) -> Proposal:
    """Return a policy for what a live database says of itself.

    Args:
        tables: what is there.
        name: of the policy, and of the dataset.
        csp: where the tables lie.
    """
    made = _Proposing(tables, name, csp)
    policy = Policy(name=name, version=1, csps=(csp,), tables=tuple(made.tables()))
    return Proposal(
        policy=policy,
        text=write(policy, made.notes),
        left_out=tuple(made.left_out),
        notes=made.notes,
    )


class _Proposing:
    """One database on its way."""

    def __init__(self, tables: Sequence[LiveTable], dataset: str, csp: Csp) -> None:
        self._tables = [each for each in tables if SQL_NAME.fullmatch(each.name)]
        self._dataset, self._csp = dataset, csp
        self._columns = {
            (table.schema, table.name, column.name): (table, column)
            for table in self._tables
            for column in table.columns
            if _can_be_named(column)
        }
        self._targets = dict(self._references())
        self.left_out = [each.name for each in tables if not SQL_NAME.fullmatch(each.name)]
        self.notes: dict[Path, str] = {
            (): f"Proposed for `{dataset}`: guesses by names, types and counts. Read each of them."
        }

    def tables(self) -> Iterator[TablePolicy]:
        number = 0
        for table in self._tables:
            columns: list[ColumnPolicy] = []
            notes: list[str] = []
            for column in table.columns:
                if not _can_be_named(column):
                    self.left_out.append(f"{table.name}.{column.name}")
                    continue
                found = self._column(table, column)
                columns.append(found.column)
                notes.append(found.why)
            if not columns:
                self.left_out.append(table.name)
                continue
            kept = tuple(_freed(columns))
            for place, why in enumerate(notes):
                changed = kept[place].protect != columns[place].protect
                also = "; no room for a companion's name" if changed else ""
                self.notes["table", number, "column", place] = why + also
            number += 1
            yield self._table(table, kept)

    def _table(self, table: LiveTable, columns: tuple[ColumnPolicy, ...]) -> TablePolicy:
        names = {each.name: each for each in columns}
        can_be_key = all(
            each in names and any(one.finds_one for one in facts_of(names[each]))
            for each in table.key
        )
        return TablePolicy(
            dataset=self._dataset,
            schema=table.schema,
            name=table.name,
            key=table.key if can_be_key else (),
            csps=(self._csp.id,),
            columns=columns,
        )

    def _column(self, table: LiveTable, column: LiveColumn) -> Guess:
        """Return what is guessed of a column; of one that refers to another, of that one."""
        own = (table.schema, table.name, column.name)
        root = self._root(own)
        root_table, target = self._columns[root]
        found = _held(
            guess(target, is_key=self._is_key(*self._columns[root]), rows=root_table.rows)
        )
        if root == own and root not in self._targets.values():
            return found
        made = replace(found.column, name=column.name, type=column.type)
        told = ".".join(root[1:])
        if made.is_clear or "match" not in made.protect:
            return _held(Guess(made, found.why if root == own else f"as {told}: it refers to it"))
        if kind_of(target.type).base != kind_of(column.type).base:
            sealed = replace(made, protect=("sealed",), usages=("storage",))
            return Guess(sealed, f"refers to {told} of another type: no join where it is hidden")
        why = found.why if root == own else f"as {told}: it refers to it, and shares its domain"
        return Guess(replace(made, domain=told.replace(" ", "_")), why)

    def _is_key(self, table: LiveTable, column: LiveColumn) -> bool:
        refers = (table.schema, table.name, column.name) in self._targets
        unique = (column.name,) in (table.key, *table.unique)
        return refers or column.name in table.key or unique

    def _references(self) -> Iterator[tuple[_Name, _Name]]:
        """Yield each column that refers to one that is known."""
        for table in self._tables:
            for each in table.references:
                yield from self._pairs(table, each)

    def _pairs(self, table: LiveTable, each: Reference) -> Iterator[tuple[_Name, _Name]]:
        for name, target in zip(each.columns, each.targets, strict=False):
            pair = (table.schema, table.name, name), (each.schema, each.table, target)
            if all(one in self._columns for one in pair) and pair[0] != pair[1]:
                yield pair

    def _root(self, name: _Name) -> _Name:
        """Return the column at the end of what refers to what."""
        seen = {name}
        while name in self._targets and self._targets[name] not in seen:
            name = self._targets[name]
            seen.add(name)
        return name if name not in self._targets else min(seen)


def _held(found: Guess) -> Guess:
    """Return a guess that the column's type can hold."""
    made = found.column
    family = kind_of(made.type).family
    if all(family in FACTS[each].families for each in made.techniques):
        return found
    sealed = replace(made, protect=("sealed",), usages=("storage",))
    return Guess(sealed, f"{found.why}; its type can only be sealed")


def _can_be_named(column: LiveColumn) -> bool:
    """Return whether a policy can say something of a column."""
    if not SQL_NAME.fullmatch(column.name) or column.name.startswith(RESERVED):
        return False
    if not TYPE.fullmatch(column.type):
        return False
    try:
        named(column.type)
    except TypeRefusedError:
        return False
    return True


def _freed(columns: Sequence[ColumnPolicy]) -> Iterator[ColumnPolicy]:
    """Yield the columns; what has no room for its companion beside it is sealed."""
    names = {each.name for each in columns}
    for column in columns:
        beside = list(companions(column))
        if any(each in names or len(each.encode()) > MOST_NAME for each in beside):
            yield replace(column, protect=("sealed",), usages=("storage",), domain="")
        else:
            yield column
