"""One migration of a table: the columns that it had, those that it gets, and their names meanwhile.

- *In*: from values in the clear to cells and terms. *Back*: from cells and terms to the clear.
  *Turn*: from cells and terms to others, under another key or by other techniques.
- While rows are filled, what was stands as `_sh_was_...` and what will be as `_sh_new_...`; after
  the switch of a way in what was is `_sh_gone_...` until the owner ends it. So a statement that was
  made for one form fails on the other: it never writes a value into the wrong one.
- `_sh_moved` is true for a row that is done. Who writes a column of the migration takes it away.

Source: docs/spec/61-protecting-a-live-table.md section 2, docs/spec/68; ADR 89, ADR 96.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum, unique
from typing import Final

from sealhold.protect.columns import NAME_BYTES, Column
from sealhold.protect.pgtypes.types import PgType, spelled
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import RID, WAS

NEW: Final = "_sh_new_"
GONE: Final = "_sh_gone_"
MARK: Final = "_sh_moved"


@unique
class Phase(StrEnum):
    """How far a migration is. It is believed from the proxy's own state alone."""

    FILLING = "filling"  # both forms are there, the one that was is used
    SWITCHING = "switching"  # the provider may have switched or not: its catalogue says
    SWITCHED = "switched"  # the new form is used, what was is kept
    FINISHED = "finished"  # what was is dropped


@unique
class Way(IntEnum):
    """Which way a migration goes; the state file holds the number."""

    IN = 0
    BACK = 1
    TURN = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One column of a migration: what it was and what it will be. None is in the clear."""

    was: Column | None
    will: Column | None

    @property
    def column(self) -> Column:
        """Either of the two: both have the same name and type."""
        found = self.will or self.was
        assert found is not None  # noqa: S101  reason: for the type; from clear to clear is no change
        return found

    @property
    def name(self) -> str:
        """Its name, as clients know it."""
        return self.column.name

    @property
    def type(self) -> PgType:
        """Its type, as clients know it."""
        return self.column.type


@dataclass(frozen=True, slots=True)
class Move:
    """What one migration does, independent of how far it is."""

    schema: str
    table: str
    changes: tuple[Change, ...]
    way: Way = Way.IN
    stays: tuple[Column, ...] = ()  # protected columns that do not change
    is_switching: bool = False  # the catalogue says which of both forms there is

    @property
    def is_back(self) -> bool:
        """Whether it takes the protection away."""
        return self.way is Way.BACK

    @property
    def key(self) -> tuple[str, str]:
        """The table, as policies and names have it."""
        return self.schema, self.table

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that change, each once."""
        return tuple(each.column for each in self.changes)

    @property
    def after(self) -> dict[str, Column]:
        """The protected columns once it is over, by name."""
        will = [each.will for each in self.changes if each.will is not None]
        return {each.name: each for each in (*self.stays, *will)}

    def source(self, change: Change) -> Mapping[str, str]:
        """Return the names that the provider has what was under at first, by suffix."""
        return _names(change.was, change.name)

    def target(self, change: Change) -> Mapping[str, str]:
        """Return the names of what will be, in the end."""
        return _names(change.will, change.name)

    def sources(self) -> list[str]:
        """Return all names of what was."""
        return [name for each in self.changes for name in self.source(each).values()]

    def targets(self) -> list[str]:
        """Return all names of what will be."""
        return [name for each in self.changes for name in self.target(each).values()]

    def types(self) -> dict[str, str]:
        """Return the types of what will be, by its name in the end."""
        found: dict[str, str] = {}
        for each in self.changes:
            if each.will is None:
                found[each.name] = spelled(each.type)
            else:
                made = each.will.techniques.items()
                found |= {each.will.physical(suffix): one.sql_type for suffix, one in made}
        return found

    def is_filling(self, there: Iterable[str]) -> bool:
        """Whether the columns of a table are those of both forms, before the switch."""
        needed = {WAS + name for name in self.sources()} | {NEW + name for name in self.targets()}
        return needed | {RID, MARK} <= set(there)

    def is_over(self, there: Iterable[str]) -> bool:
        """Whether they are those after the switch."""
        found = set(there)
        if self.way is Way.IN:
            return {GONE + name for name in self.sources()} | set(self.targets()) <= found
        ours = {name for name in found if name.startswith("_sh_")}
        meanwhile = {name for name in ours if name == MARK or name.startswith((WAS, NEW, GONE))}
        left = ours if self.is_back else meanwhile
        return set(self.targets()) <= found and not left

    def is_before(self, there: Iterable[str]) -> bool:
        """Whether they are those from before the migration."""
        found = set(there)
        if self.is_back:
            kept = {GONE + name for name in self.targets()}
            return set(self.sources()) | kept <= found and MARK not in found
        if self.way is Way.TURN:
            is_bare = not any(name.startswith((WAS, NEW, GONE)) for name in found)
            return {*self.sources(), RID} <= found and MARK not in found and is_bare
        return set(self.sources()) <= found and found.isdisjoint({RID, MARK})

    def too_long(self) -> list[str]:
        """Return names that would be too long meanwhile."""
        return [
            name
            for name in (*self.sources(), *self.targets())
            if len((GONE + name).encode()) > NAME_BYTES
        ]


def move_in(schema: str, table: str, columns: Iterable[Column]) -> Move:
    """Return the way of a table from the clear to its protected form."""
    return Move(schema, table, tuple(Change(None, each) for each in columns))


def move_back(schema: str, table: str, columns: Iterable[Column]) -> Move:
    """Return the way of a table from its protected form to the clear."""
    return Move(schema, table, tuple(Change(each, None) for each in columns), Way.BACK)


def turn(
    schema: str, table: str, was: Mapping[str, Column], will: Mapping[str, Column]
) -> Move:  # fmt: skip
    """Return the way of a table from one protected form to another: the columns that differ."""
    changes, stays = [], []
    for name in (*was, *(each for each in will if each not in was)):
        old, new = was.get(name), will.get(name)
        if old is not None and new is not None and alike(old, new):
            stays.append(old)
        else:
            changes.append(Change(old, new))
    return Move(schema, table, tuple(changes), Way.TURN, tuple(stays))


def alike(one: Column, other: Column) -> bool:
    """Whether two forms of a column are the same at the provider: techniques, keys and details."""
    return _form(one) == _form(other)


def _form(column: Column) -> tuple[object, ...]:
    said = column.policy
    details = said.fold, said.bits, said.scale, said.tokens, said.buckets, said.range
    alphabet = said.alphabet if "fpe" in said.techniques else ""
    return column.type, column.bind, column.keys, column.beside, details, alphabet


def _names(column: Column | None, name: str) -> dict[str, str]:
    if column is None:
        return {CELL: name}
    return {suffix: column.physical(suffix) for suffix in column.techniques}
