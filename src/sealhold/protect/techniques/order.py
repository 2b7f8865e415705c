"""`order`: a term beside the cell that stands in the order of the values."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from sealhold.crypto.ope import OrderTerms
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import Leak, Op


class Order:
    """Terms of one column, one byte for each bit of its type."""

    name: ClassVar[str] = "order"
    suffix: ClassVar[str] = "_o"
    reversible: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset(
        {Op.RANGE, Op.SORT, Op.EXTREME, Op.EQUAL, Op.JOIN, Op.GROUP}
    )
    sql_type: str = "bytea"

    def __init__(self, terms: OrderTerms, ordered: Callable[[bytes], tuple[int, int]]) -> None:
        """Take what gives the unsigned integer of a value, and its bits, which are the type's."""
        self._terms = terms
        self._ordered = ordered

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak(
                "the order of all values, which are equal, and how often each occurs",
                "where values lie close together, or their spread is known, order gives most away",
            ),
            Leak("for each two values, the first bit in which they differ", "the same"),
            Leak("one bit in 255 by itself, wherever a byte of a term is 0 or 255", ""),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        if not values:
            return []
        numbers, sizes = zip(*map(self._ordered, values), strict=True)
        return self._terms.terms(numbers, sizes[0])

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del stored, places
        raise TypeRefusedError(f"`{self.name}` keeps no value")
