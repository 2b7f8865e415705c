"""Tables of pairs beside the columns that are found by words or by hidden ranges.

- One for each technique of a column: `_sh_words_<table>_<column>`, `_sh_range_<table>_<column>`.
- A change of a row is what its old and its new value are found by. A row that is not there any more
  may keep pairs: its number never comes again, so nothing is found by them.

Source: docs/spec/62-words-and-ranges-in-statements.md section 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final, Protocol

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.columns import Column
from sealhold.protect.pairs import Change, Pairs
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import CELL, Leak
from sealhold.protect.sql.names import Relation
from sealhold.protect.sql.plan import Found, Hidden, Parameter
from sealhold.protect.sql.wordtables import RANGES, PairTable
from sealhold.protect.techniques.range_hidden import LEAKS, RangeHidden, decimals
from sealhold.protect.techniques.words import Words, leaks_of

TEXT: Final = "words"
RANGE: Final = "range-hidden"


class Beside(Protocol):
    """One table of pairs."""

    @property
    def column(self) -> Column:
        """The column that it is beside."""
        ...

    @property
    def table(self) -> PairTable:
        """Where it lies."""
        ...

    @property
    def pairs(self) -> Pairs:
        """What is made for it."""
        ...

    def change(self, row: int, old: bytes | None, new: bytes | None) -> Change:
        """Return what changes for a row whose value was `old` and is now `new`; None is NULL.

        Args:
            row: its number.
            old: in binary send form of the column's type.
            new: likewise.

        Raises:
            TypeRefusedError: a value that the technique cannot hold.
        """
        ...


@dataclass(frozen=True, slots=True)
class WordsBeside:
    """The words of a column."""

    column: Column
    words: Words

    @property
    def table(self) -> PairTable:
        """Where they lie."""
        return PairTable.of(self.column)

    @property
    def pairs(self) -> Pairs:
        """What is made for them."""
        return self.words.pairs

    def change(self, row: int, old: bytes | None, new: bytes | None) -> Change:
        """Return what changes for a row: see `Beside`."""
        before = None if old is None else old.decode()
        return self.words.change(row, before, None if new is None else new.decode())


@dataclass(frozen=True, slots=True)
class RangesBeside:
    """The ranges of a column."""

    column: Column
    ranges: RangeHidden

    @property
    def table(self) -> PairTable:
        """Where they lie."""
        return PairTable.of(self.column, RANGES)

    @property
    def pairs(self) -> Pairs:
        """What is made for them."""
        return self.ranges.pairs

    def change(self, row: int, old: bytes | None, new: bytes | None) -> Change:
        """Return what changes for a row: see `Beside`."""
        return self.ranges.change(row, self._number(old), self._number(new))

    def _number(self, value: bytes | None) -> int | None:
        if value is None:
            return None
        number = codec(self.column.type).to_value(value)
        if isinstance(number, Decimal) and not number.is_finite():
            raise TypeRefusedError("a value outside the range that the policy gives its column")
        return counted(self.column, number)


def counted(column: Column, number: "int | Decimal") -> int:
    """Return a finite number as hidden ranges count: in units of its last digit, cut downwards."""
    if isinstance(number, int):
        return int(number * 10 ** decimals(column.policy))
    return int(number.scaleb(decimals(column.policy)).to_integral_value(ROUND_FLOOR))


def besides_of(column: Column) -> tuple[Beside, ...]:
    """Return the tables of pairs beside a column."""
    found: list[Beside] = []
    if column.words is not None:
        found.append(WordsBeside(column, column.words))
    if column.ranges is not None:
        found.append(RangesBeside(column, column.ranges))
    return tuple(found)


def all_besides(columns: Iterable[Column]) -> tuple[Beside, ...]:
    """Return the tables of pairs beside some columns."""
    return tuple(each for column in columns for each in besides_of(column))


def check_tables(columns: Iterable[Column]) -> None:
    """Refuse two columns of which what lies beside would have one name.

    Raises:
        InvalidPolicyError: there are two such, or one too long a name.
    """
    tables = [str(each.table) for each in all_besides(columns)]
    for each in tables:
        if tables.count(each) > 1:
            raise InvalidPolicyError(f"two columns would keep their pairs in {each}")


def columns_beside(relation: Relation) -> list[Column]:
    """Return the columns of a relation that have such tables."""
    return [
        each.column
        for each in relation.attributes
        if each.column is not None and (each.column.words or each.column.ranges)
    ]


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies beside a column at the provider, as it is told of without a key."""

    table: str
    technique: str
    leaks: tuple[Leak, ...]


def lying(column: Column) -> tuple[Lying, ...]:
    """Return what lies beside a column, and what the provider learns from it."""
    found: list[Lying] = []
    if TEXT in column.beside:
        leaks = leaks_of(column.policy.tokens)
        found.append(Lying(PairTable.of(column).name, TEXT, leaks))
    if RANGE in column.beside:
        found.append(Lying(PairTable.of(column, RANGES).name, RANGE, LEAKS))
    return tuple(found)


# what a statement does with them

Changes = dict[Beside, list[Change]]


def note_rows(
    changes: Changes, column: Column, rows: Sequence[int], values: Sequence[bytes | None]
) -> None:
    """Note the values of new rows for the tables beside their column.

    Raises:
        TypeRefusedError: a value that a technique cannot hold.
    """
    for each in besides_of(column):
        made = [each.change(row, None, value) for row, value in zip(rows, values, strict=True)]
        changes.setdefault(each, []).extend(made)


def stored(parameters: Sequence[Parameter]) -> list[Hidden]:
    """Return the values of new rows that pairs are made of."""
    return [
        each.source
        for each in parameters
        if isinstance(each.source, Hidden)
        and each.source.suffix == CELL
        and each.source.row is not None
        and (each.source.column.words or each.source.column.ranges)
    ]


def has_pairs(parameters: Sequence[Parameter]) -> bool:
    """Whether a statement looks for pairs, or makes some."""
    return any(isinstance(each.source, Found) for each in parameters) or bool(stored(parameters))
