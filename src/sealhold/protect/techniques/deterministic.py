"""`deterministic`: the column itself, sealed so that equal values give equal bytes."""

from collections.abc import Sequence
from typing import ClassVar

from sealhold.crypto.siv import Siv
from sealhold.protect.spec import CELL, Leak, Op


class Deterministic:
    """Values of one column under AES-256-SIV. They are bound to the domain, not to their row."""

    name: ClassVar[str] = "deterministic"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset({Op.EQUAL, Op.JOIN, Op.GROUP})
    sql_type: str = "bytea"

    def __init__(self, siv: Siv) -> None:
        self._siv = siv

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak(
                "which rows are equal in this column, and how often each value occurs",
                "frequency analysis: who knows how often each value occurs reads the common ones",
            ),
            Leak("the length of each value", ""),
            Leak("which values are NULL", ""),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        return self._siv.seal(values)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        return self._siv.open(stored)
