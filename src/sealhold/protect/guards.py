"""Tables whose rows are tagged: what a tag covers, and the columns in the clear among it.

- A guard belongs to one table. Its protected columns know it, so whoever has one of them has it.
- All physical columns of a table are under its tags: cells, terms, and columns in the clear. Those
  are written by the proxy, in the binary form that the server would give back.

Source: docs/spec/63-integrity-of-rows.md section 2.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from sealhold.crypto.rowtags import RowTags
from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.columnkeys import KeyName, Keys
from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, Integrity, Policy, TablePolicy
from sealhold.protect.techniques.plain import Plain

TAGS: Final = "row-tag"  # what the key of a table's tags is named after, among techniques
RID: Final = "_sh_rid"
VERSION: Final = "_sh_v"
TAG: Final = "_sh_tag"
GUARDED: Final = frozenset({Integrity.ROW, Integrity.TABLE})


class Guard:
    """What makes and checks the tags of one table."""

    def __init__(
        self, table: TablePolicy, columns: Mapping[str, Column], clear: Mapping[str, Column],
        keys: Keys,
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


Tables: TypeAlias = Mapping[tuple[str, str], Mapping[str, Column]]


def tag_rows(policy: Policy, tables: Tables, keys: Keys) -> None:
    """Let the columns of each table whose rows are tagged know its guard.

    Args:
        policy: checked.
        tables: its protected columns, by (schema, table) and name.
        keys: where keys come from.
    """
    for table in policy.tables:
        columns = tables.get((table.schema, table.name))
        if columns and table.integrity in GUARDED:
            clear = {each.name: _clear(table, each) for each in table.columns if each.is_clear}
            guard = Guard(table, columns, clear, keys)
            for each in (*columns.values(), *clear.values()):
                each.guard = guard


def _clear(table: TablePolicy, policy: ColumnPolicy) -> Column:
    type_ = named(policy.type)
    key = KeyName(table.dataset, Plain.name, "", 0)
    return Column(table, policy, type_, codec(type_), [(Plain(type_), key)], {})


def is_guarded(guard: Guard, there: Mapping[str, int]) -> bool:
    """Whether a table has just the columns that its tags cover, of these types (object ids)."""
    clear = all(there.get(name) == column.type.oid for name, column in guard.clear.items())
    return clear and there.keys() == {*guard.physical, RID, VERSION, TAG}


def guards_of(tables: Tables) -> list[Guard]:
    """Return the guards of all tables."""
    return [guard for each in tables.values() if (guard := guard_among(each)) is not None]


def check_tagged(policy: Policy, tables: Tables) -> None:
    """Check that no table is served without the tags that its policy asks for.

    Raises:
        InvalidPolicyError: one would be.
    """
    for table in policy.tables:
        columns = tables.get((table.schema, table.name))
        if columns and table.integrity in GUARDED and guard_among(columns) is None:
            raise InvalidPolicyError(f"rows of `{table.name}` would have no tags")


def guard_among(columns: Mapping[str, Column]) -> Guard | None:
    """Return the guard of the table that some protected columns are of."""
    guard = next((each.guard for each in columns.values()), None)
    return guard if isinstance(guard, Guard) else None
