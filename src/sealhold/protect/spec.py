"""The contract of a technique: how one column is hidden, and what still works on it.

- A technique turns values into what is stored. A value is PostgreSQL's binary send form of the
  column's type, made equal by `pgtypes` where two forms are equal; NULL never reaches a technique.
- What it stores goes into one physical column: the cell itself (`suffix` is empty), or a companion
  beside it, named after the column.
- `answers` says which operations the provider can do on what is stored. All else is done on opened
  rows or refused: never sent as it is.
- `leaks` says what the provider learns. `explain` prints it, and tests measure that it is no more.

Source: docs/spec/55-protected-columns.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import ClassVar, Protocol

CELL = ""  # the suffix of the column itself


@unique
class Op(Enum):
    """What a statement does with a column."""

    EQUAL = "equality with a value"
    JOIN = "equality with another column"
    GROUP = "grouping, DISTINCT, uniqueness"
    RANGE = "comparison by order"
    SORT = "sorting"
    EXTREME = "MIN and MAX"
    WORD = "search for words"
    SUM = "sums"


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that the provider learns, in plain words, and the attack that lives on it."""

    learns: str  # "which rows are equal, and how often"
    attack: str  # "frequency analysis"; empty if none is known


class Technique(Protocol):
    """One technique bound to one column and its keys."""

    name: ClassVar[str]  # as a policy spells it
    suffix: ClassVar[str]  # CELL, or "_m", "_o", ...
    reversible: ClassVar[bool]  # `decode` gives the value back
    answers: ClassVar[frozenset[Op]]
    exact: ClassVar[bool]  # what it finds is what was asked for, and no row more

    @property
    def sql_type(self) -> str:
        """The type of the physical column."""

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """What the provider learns from this column."""

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        """Return what is stored for each value, in the binary form of `sql_type`.

        `places` are the row numbers, which a technique that binds to rows uses; all others are
        deterministic, and encode the constant of a predicate as they encode a stored value.

        Raises:
            TypeRefusedError: a value that the technique cannot hold.
        """

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        """Return the values again; only if `reversible`.

        Raises:
            TamperedError: what is stored was not made for this place under this key.
        """
