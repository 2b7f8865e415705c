"""Columns as a role sees them: what comes out is masked, and nothing can be asked of them.

- A masked column stands in the place of the column in each plan of the role: whatever opens it
  shows the mask. It answers no comparison, grouping or order.
- A column that the provider holds in the clear becomes a column like a protected one, whose cell is
  the value itself.

Source: docs/spec/65-roles-and-masks.md section 3.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from sealhold.crypto.terms import EqualityTerms
from sealhold.protect.apartcheck import columns_by_name
from sealhold.protect.columnkeys import KeyName, Keys
from sealhold.protect.columns import Column
from sealhold.protect.masks import NOTHING, show_of
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import named, spelled
from sealhold.protect.policy import Bind, ColumnPolicy, Mask, Policy, Role, TablePolicy
from sealhold.protect.spec import CELL, Leak, Op, Technique

Tables = Mapping[tuple[str, str], Mapping[str, Column]]
MASK_KEY: Final = "mask"  # the technique that keys of hashes are derived for


class Plain:
    """What keeps a column in the clear: its cell is the value."""

    name: ClassVar[str] = "clear"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset()
    exact: ClassVar[bool] = True

    def __init__(self, sql_type: str) -> None:
        self._sql_type = sql_type

    @property
    def sql_type(self) -> str:
        """The type of the column."""
        return self._sql_type

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """Each value."""
        return (Leak("each value", "none is needed: it is read"),)

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        """Return the values."""
        del places
        return list(values)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        """Return the values."""
        del places
        return list(stored)


class ClearColumn(Column):
    """A column in the clear, as a column whose cells are its values."""

    def __init__(self, table: TablePolicy, policy: ColumnPolicy) -> None:
        type_ = named(policy.type)
        key = KeyName(table.dataset, "", "", 0)  # of nothing: there is no key
        technique: Technique = Plain(spelled(type_))
        super().__init__(table, policy, type_, codec(type_), ((technique, key),), {})
        self.bind = Bind.COLUMN

    def encode(
        self, suffix: str, values: Sequence[bytes | None], rids: Sequence[int]
    ) -> list[bytes | None]:
        """Return the values."""
        del suffix, rids
        return list(values)

    def decode(self, values: Sequence[bytes | None], rids: Sequence[int]) -> list[bytes | None]:
        """Return the values."""
        del rids
        return list(values)

    def _rank(self, technique: Technique) -> int:
        del technique
        return 0


class MaskedColumn(Column):
    """One column as one role sees it; all but what comes out of it is as the column has it."""

    def __init__(self, inner: Column, mask: Mask, role: str, keys: Keys) -> None:
        self.inner = inner
        self.mask = mask
        self.role = role
        self._show = None if mask.show == NOTHING else show_of(mask.show, inner.type, self._hashed)
        self._keys_of_hash = keys

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # reason: whatever the column has
        return getattr(self.__dict__["inner"], name)

    def __repr__(self) -> str:
        return f"MaskedColumn({self.schema}.{self.table}.{self.name} for {self.role})"

    def encode(
        self, suffix: str, values: Sequence[bytes | None], rids: Sequence[int]
    ) -> list[bytes | None]:
        """Return what is stored for values that the role writes."""
        return self.inner.encode(suffix, values, rids)

    def decode(self, values: Sequence[bytes | None], rids: Sequence[int]) -> list[bytes | None]:
        """Return what the role is shown of each cell.

        Raises:
            SealBrokenError: a cell was changed, cut, moved, or sealed under another key.
            PgValueError: the provider gives bytes that are no value of a column in the clear.
        """
        # THREAT T733: there is no other way out of a column of a role with a mask
        if self._show is None:
            return [None] * len(values)
        opened = self.inner.decode(values, rids)
        shown = iter(self._show([each for each in opened if each is not None]))
        return [None if each is None else next(shown) for each in opened]

    def answering(self, op: Op) -> Technique | None:
        """Return None: no statement asks anything of it."""
        del op
        return None

    def same_key(self, op: Op, other: Column) -> bool:
        """Return that it is comparable with nothing."""
        del op, other
        return False

    def _hashed(self, values: Sequence[bytes]) -> list[bytes]:
        inner = self.inner
        domain = f"{self.role}/{inner.schema}.{inner.table}.{inner.name}"
        # always the first version: what was shown once is shown alike when keys turn
        key = self._keys_of_hash.column_key(inner.dataset, MASK_KEY, domain, 1)
        return EqualityTerms(key).terms(values)


def masked_columns(policy: Policy, role: Role, columns: Tables, keys: Keys) -> Tables:
    """Return the columns that a role sees masked, by (schema, table) and name."""
    known = columns_by_name(policy)
    found: dict[tuple[str, str], dict[str, Column]] = {}
    for mask in role.masks:
        table, column = known[mask.column][0]
        key = (table.schema, table.name)
        inner = columns.get(key, {}).get(column.name) or ClearColumn(table, column)
        found.setdefault(key, {})[column.name] = MaskedColumn(inner, mask, role.name, keys)
    return found


def is_masked_clear(column: Column) -> bool:
    """Whether a column is masked for a role and in the clear at the provider."""
    return isinstance(column, MaskedColumn) and isinstance(column.inner, ClearColumn)
