"""Tables whose rows are tagged: what a tag covers, and the columns in the clear among it.

- A guard belongs to one table. Its protected columns know it, so whoever has one of them has it.
- All physical columns of a table are under its tags: cells, terms, and columns in the clear. Those
  are written by the proxy, in the binary form that the server would give back.

Source: docs/spec/63-integrity-of-rows.md section 2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from sealhold.crypto.rowtags import RowTags
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import PgType, named, spelled
from sealhold.protect.policy import ColumnPolicy, Integrity, TablePolicy
from sealhold.protect.spec import CELL, Leak, Op

if TYPE_CHECKING:
    from sealhold.protect.columns import Column, Keys

TAGS: Final = "row-tag"  # what the key of a table's tags is named after, among techniques
RID: Final = "_sh_rid"
VERSION: Final = "_sh_v"
TAG: Final = "_sh_tag"
GUARDED: Final = frozenset({Integrity.ROW, Integrity.TABLE})


class Plain:
    """The technique of a column in the clear: what is stored is the value."""

    name: ClassVar[str] = "clear"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset()

    def __init__(self, type_: PgType) -> None:
        self.sql_type = spelled(type_)

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The provider reads it."""
        return (Leak("each value", ""),)

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:  # noqa: ARG002  # reason: it is bound to no row
        """Return the values."""
        return list(values)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:  # noqa: ARG002  # reason: as above
        """Return the values."""
        return list(stored)


class Guard:
    """What makes and checks the tags of one table."""

    def __init__(
        self, table: TablePolicy, columns: Mapping[str, "Column"], clear: Mapping[str, "Column"],
        keys: "Keys",
    ) -> None:  # fmt: skip
        self.schema, self.table = table.schema, table.name
        self.place = f"{table.schema}.{table.name}"
        self.proves_all = table.integrity is Integrity.TABLE
        self.clear = clear  # by name: columns of the policy that the provider reads
        every = {**columns, **clear}
        self.columns = {each.name: every[each.name] for each in table.columns}  # in their order
        self.physical: tuple[str, ...] = tuple(
            column.physical(suffix)
            for column in self.columns.values()
            for suffix in column.techniques
        )
        self.at = {name: at for at, name in enumerate(self.physical)}
        key = keys.column_key(table.dataset, TAGS, self.place, 1)
        self.tags = RowTags(key, f"{table.dataset}/{self.place}", self.physical)

    def __repr__(self) -> str:
        return f"Guard({self.place})"


def guard_of(
    table: TablePolicy,
    columns: Mapping[str, "Column"],
    make: "Callable[..., Column]",
    keys: "Keys",
) -> Guard:
    """Make the guard of a table, and let its columns know it.

    Args:
        table: one whose rows are tagged.
        columns: those of it that are protected.
        make: makes a column.
        keys: where its key comes from.
    """
    clear = {each.name: _clear(table, each, make) for each in table.columns if each.is_clear}
    guard = Guard(table, columns, clear, keys)
    for each in (*columns.values(), *clear.values()):
        each.guard = guard
    return guard


def _clear(table: TablePolicy, policy: ColumnPolicy, make: "Callable[..., Column]") -> "Column":
    type_ = named(policy.type)
    key = (table.dataset, Plain.name, "", 0)
    return make(table, policy, type_, codec(type_), [(Plain(type_), key)], {})


def is_guarded(guard: Guard, there: Mapping[str, int]) -> bool:
    """Whether a table has just the columns that its tags cover, of these types (object ids)."""
    clear = all(there.get(name) == column.type.oid for name, column in guard.clear.items())
    return clear and there.keys() == {*guard.physical, RID, VERSION, TAG}


def guards_of(tables: "Mapping[tuple[str, str], Mapping[str, Column]]") -> list[Guard]:
    """Return the guards of all tables of a policy."""
    return [guard for each in tables.values() if (guard := guard_among(each)) is not None]


def guard_among(columns: Mapping[str, "Column"]) -> Guard | None:
    """Return the guard of the table that some protected columns are of."""
    return next((each.guard for each in columns.values()), None)
