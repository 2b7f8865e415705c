"""The mark of `he-sum` beside a cell: in which block at the agent the value of this cell was put.

- 0 in a cell that is new, so each statement that writes a value writes the mark too, and what the
  provider takes back of a write it takes back of its mark. A fold writes the number of a block.
- -1 stands beside a value that no block can hold.
- Nothing is learned from a mark but what the agent is told anyway. A false one leads to a block
  that does not have the row, or to an older value of it, as an older cell put back would.

Source: docs/spec/64-sums-at-an-agent.md section 2.
"""

import struct
from collections.abc import Sequence
from typing import ClassVar, Final

from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import Leak, Op

SUFFIX: Final = "_s"
NO_BLOCK: Final = 0
NEVER: Final = -1
number: Final = struct.Struct(">i")


class SumMark:
    """The marks of one column."""

    name: ClassVar[str] = "he-sum"
    suffix: ClassVar[str] = SUFFIX
    reversible: ClassVar[bool] = False
    answers: ClassVar[frozenset[Op]] = frozenset({Op.SUM})
    exact: ClassVar[bool] = True
    sql_type: str = "integer"

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak("how many rows there are, and in which block each is", ""),
            Leak("for each sum, which rows were added up", "who knows some values learns others"),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        return [number.pack(NO_BLOCK)] * len(values)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del stored, places
        raise TypeRefusedError(f"`{self.name}` keeps no value beside the cell")
