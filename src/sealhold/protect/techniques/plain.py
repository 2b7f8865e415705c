"""`clear`: the value itself, for columns in the clear of tables whose rows are tagged."""

from collections.abc import Sequence
from typing import ClassVar

from sealhold.protect.pgtypes.types import PgType, spelled
from sealhold.protect.spec import CELL, Leak, Op


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
