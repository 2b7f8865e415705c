"""`sealed`: the cell. Nothing works on it at the provider but to keep it and give it back."""

from collections.abc import Sequence
from typing import ClassVar

from sealhold.crypto.cellseal import CellSealer
from sealhold.protect.spec import CELL, Leak, Op


class Sealed:
    """Cells of one column, each bound to its row or to the column alone."""

    name: ClassVar[str] = "sealed"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset()
    sql_type: str = "bytea"

    def __init__(self, sealer: CellSealer, *, by_row: bool, pad: int) -> None:
        self._sealer = sealer
        self._by_row = by_row
        self._pad = pad

    @property
    def leaks(self) -> tuple[Leak, ...]:
        length = "the length of each value"
        if self._pad:
            length = f"the length of each value, up to a multiple of {self._pad} bytes"
        return (Leak(length, ""), Leak("which values are NULL", ""))

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        return self._sealer.seal(values, places if self._by_row else None)

    # THREAT T660: a cell opens in its own place alone
    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        return self._sealer.open(stored, places if self._by_row else None)
