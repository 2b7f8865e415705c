"""One migration of a table: the columns that it had, those that it gets, and their names meanwhile.

- *In*: from values in the clear to cells and terms. *Back*: from cells and terms to the clear.
- While rows are filled, what was stands as `_sh_was_...` and what will be as `_sh_new_...`; after
  the switch what was is `_sh_gone_...` until the owner ends it. So a statement that was made for
  one form fails on the other: it never writes a value into the wrong one.
- `_sh_moved` is true for a row that is done. Who writes a column of the migration takes it away.

Source: docs/spec/61-protecting-a-live-table.md section 2; ADR 89.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from sealhold.protect.columns import NAME_BYTES, Column
from sealhold.protect.pgtypes.types import spelled
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


@dataclass(frozen=True, slots=True)
class Move:
    """What one migration does, independent of how far it is."""

    schema: str
    table: str
    columns: tuple[Column, ...]
    is_back: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The table, as policies and names have it."""
        return self.schema, self.table

    def source(self, column: Column) -> Mapping[str, str]:
        """Return the names that the provider has what was under at first, by suffix."""
        return _cells(column) if self.is_back else _plain(column)

    def target(self, column: Column) -> Mapping[str, str]:
        """Return the names of what will be, in the end."""
        return _plain(column) if self.is_back else _cells(column)

    def sources(self) -> list[str]:
        """Return all names of what was."""
        return [name for each in self.columns for name in self.source(each).values()]

    def targets(self) -> list[str]:
        """Return all names of what will be."""
        return [name for each in self.columns for name in self.target(each).values()]

    def types(self) -> dict[str, str]:
        """Return the types of what will be, by its name in the end."""
        if self.is_back:
            return {each.name: spelled(each.type) for each in self.columns}
        return {
            each.physical(suffix): technique.sql_type
            for each in self.columns
            for suffix, technique in each.techniques.items()
        }

    def is_filling(self, there: Iterable[str]) -> bool:
        """Whether the columns of a table are those of both forms, before the switch."""
        needed = {WAS + name for name in self.sources()} | {NEW + name for name in self.targets()}
        return needed | {RID, MARK} <= set(there)

    def is_switched(self, there: Iterable[str]) -> bool:
        """Whether they are those after the switch, before the end."""
        needed = {GONE + name for name in self.sources()} | set(self.targets())
        return needed <= set(there)

    def is_before(self, there: Iterable[str]) -> bool:
        """Whether they are those from before the migration."""
        found = set(there)
        if self.is_back:
            kept = {GONE + name for name in self.targets()}
            return set(self.sources()) | kept <= found and MARK not in found
        return set(self.sources()) <= found and found.isdisjoint({RID, MARK})

    def too_long(self) -> list[str]:
        """Return names that would be too long meanwhile."""
        return [
            name
            for name in (*self.sources(), *self.targets())
            if len((GONE + name).encode()) > NAME_BYTES
        ]


def _cells(column: Column) -> dict[str, str]:
    return {suffix: column.physical(suffix) for suffix in column.techniques}


def _plain(column: Column) -> dict[str, str]:
    return {CELL: column.name}
