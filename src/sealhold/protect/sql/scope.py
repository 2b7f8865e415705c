"""What a name in a statement means: the tables of a FROM, and the columns they show.

- A protected column is known by what the provider keeps of it: its cell, its companions, and the
  number of its row. It is always named with its table, so that nothing else can be meant.
- A table whose columns are not known (a function, a table of the system) may hold any name that is
  not protected; what a protected table shows is always known.

Source: docs/spec/60-statements.md section 3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.types import PgType, by_oid
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import SYSTEM, UNDEFINED_COLUMNS, Relation
from sealhold.protect.sql.refusing import CannotResolveError, WrongError
from sealhold.protect.sql.tree import Node, column

UNDEFINED: Final = "42703"
AMBIGUOUS: Final = "42702"
NO_TABLE: Final = "42P01"


@dataclass(frozen=True, slots=True)
class Field:
    """One column that a table in a FROM shows."""

    name: str
    alias: str  # of its table
    column: Column | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    rid: str | None = None
    type: PgType | None = None  # None: not known, of a column in the clear
    table: int = 0
    number: int = 0

    def at(self, suffix: str = CELL) -> Node:
        """Return the reference to what the provider keeps of it."""
        return column(self.alias, self.places.get(suffix, self.name))

    def row(self) -> Node | None:
        """Return the reference to the number of its row."""
        return None if self.rid is None else column(self.alias, self.rid)


@dataclass(slots=True)
class Entry:
    """One table in a FROM, under the name it has there."""

    alias: str
    fields: tuple[Field, ...]
    is_known: bool = True
    schema: str = ""
    relation: str = ""
    is_moving: bool = False  # the provider has it under other names

    @property
    def is_protected(self) -> bool:
        """Whether it shows a protected column, or has other names at the provider."""
        return self.is_moving or any(each.column is not None for each in self.fields)

    def named(self, name: str) -> Field | None:
        """Return its column of that name."""
        found = [each for each in self.fields if each.name == name]
        if len(found) > 1:
            raise WrongError(AMBIGUOUS, f'column reference "{name}" is ambiguous')
        return found[0] if found else None


def entry_of(relation: Relation, alias: str, renamed: tuple[str, ...] = ()) -> Entry:
    """Return a table as a FROM shows it; `renamed` are the names that stand after the alias."""
    fields = tuple(
        Field(
            renamed[at] if at < len(renamed) else each.name,
            alias,
            each.column,
            # THREAT T734: of a masked column nothing is there to be compared
            each.places if each.column is None or each.column.mask is None else {CELL: each.at()},
            each.rid,
            each.column.type if each.column else by_oid(each.type_oid, each.typmod),
            relation.oid,
            each.number,
        )
        for at, each in enumerate(relation.attributes)
    )
    return Entry(
        alias, fields, schema=relation.schema, relation=relation.name,
        is_moving=bool(relation.mark),
    )  # fmt: skip


@dataclass(slots=True)
class Scope:
    """The tables that names of one query are looked for in, and those of the queries around it."""

    entries: list[Entry] = field(default_factory=list)
    merged: dict[str, Field] = field(default_factory=dict)  # by USING: stands for both columns
    parent: "Scope | None" = None

    def chain(self) -> Iterator["Scope"]:
        """Yield this scope and those around it, inside first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def is_protected(self) -> bool:
        """Whether any table of it, or around it, shows a protected column."""
        return any(each.is_protected for scope in self.chain() for each in scope.entries)

    def entry(self, alias: str, schema: str = "") -> Entry | None:
        """Return the table of that name."""
        for scope in self.chain():
            for each in scope.entries:
                if each.alias == alias and schema in {"", each.schema}:
                    return each
        return None

    def resolve(self, names: tuple[str, ...]) -> Field | None:
        """Return what a reference means; None if it is of a table whose columns are not known.

        Raises:
            WrongError: there is no such column, or more than one.
            CannotResolveError: it means a whole row, or what no client sees.
        """
        *before, name = names
        if before:
            return self._of_table(before[-1], before[-2] if len(before) > 1 else "", name)
        for scope in self.chain():
            if name in scope.merged:
                return scope.merged[name]
            found = [field for each in scope.entries if (field := each.named(name)) is not None]
            if len(found) > 1:
                raise WrongError(AMBIGUOUS, f'column reference "{name}" is ambiguous')
            if found:
                return found[0]
            if any(not each.is_known for each in scope.entries):
                return None  # the provider says whether there is one
        self._refuse_rows(name)
        if name in UNDEFINED_COLUMNS and self.is_protected:
            raise CannotResolveError(f'"{name}" of a protected table is the provider\'s, not yours')
        raise WrongError(UNDEFINED, f'column "{name}" does not exist')

    def _of_table(self, alias: str, schema: str, name: str) -> Field | None:
        entry = self.entry(alias, schema)
        if entry is None:
            raise WrongError(NO_TABLE, f'missing FROM-clause entry for table "{alias}"')
        found = entry.named(name)
        if found is not None or not entry.is_known:
            return found
        if name in UNDEFINED_COLUMNS and entry.is_protected:
            raise CannotResolveError(f'"{name}" of a protected table is the provider\'s, not yours')
        if name in UNDEFINED_COLUMNS and not entry.is_protected:
            return None
        raise WrongError(UNDEFINED, f"column {alias}.{name} does not exist")

    def _refuse_rows(self, name: str) -> None:
        entry = self.entry(name)
        # THREAT T690: a whole row would show what the provider keeps under the client's names
        if entry is not None and entry.is_protected:
            raise CannotResolveError(
                f'"{name}" stands for a whole row of a protected table: name its columns'
            )
        if entry is not None:
            raise CannotResolveError(f'"{name}" stands for a whole row: name its columns')


def is_of_system(schema: str, name: str) -> bool:
    """Whether a table that is not in the names is one of the server's own."""
    return schema in SYSTEM or (not schema and name.startswith("pg_"))
