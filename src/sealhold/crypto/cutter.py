"""Where a large object is cut: after the content, so that an edit moves few cuts.

- Chunks have 16 to 256 KiB, about 60 on average. A cut follows each byte where a rolling mark of
  the last 16 bytes is zero in all 16 bits; from 64 KiB on, zero in its upper 14 is enough.
- A byte's part in the mark comes from a secret table, so sizes tell nothing to who lacks it.
- The mark of a place is the XOR of the last 16 table values, the i-th before it shifted up by i.
  XOR carries nothing from lane to lane, so marks of many places are computed in one wide integer.

Source: docs/spec/02-sealing.md section 7; Xia et al., FastCDC, 2016.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from blake3 import blake3

from sealhold.crypto.digest import framed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

MIN_CHUNK = 16 * 1024
TURN = 64 * 1024  # from here on a cut comes easily
MAX_CHUNK = 256 * 1024

_WINDOW = 16  # bytes that a mark depends on, and bits of a mark
_BLOCK = 32 * 1024  # places whose marks are computed at once: what a processor cache holds
_ZERO = re.compile(rb"\x00")
_EASY_LOW = 4  # the lower byte of an easy mark is below this: its upper 6 bits are zero


def _lane_mask(shift: int) -> int:
    lane = (0xFFFF >> shift).to_bytes(2, "little")
    return int.from_bytes(lane * (_BLOCK + _WINDOW), "little")


@cache
def _rounds() -> tuple[tuple[int, int], ...]:
    """Return mask and shift of each round: a quarter megabyte, made when content is first cut.

    Each round adds to every mark the one `step` places before, shifted up by `step` bits.
    """
    return tuple((_lane_mask(step), 16 * step + step) for step in (1, 2, 4, 8))


class Cutter:
    """Finds the cuts of one secret seed of 32 bytes."""

    __slots__ = ("_high", "_low")

    def __init__(self, seed: Secret) -> None:
        table = blake3(framed(Tag.CHUNK_SEED), key=seed.reveal()).digest(512)
        self._low, self._high = table[:256], table[256:]

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield `data` chunk by chunk; nothing for no data."""
        return self.cut_stream((data,))

    def cut_stream(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the joined `pieces` chunk by chunk; how they were split makes no difference."""
        held = bytearray()
        for piece in pieces:
            held += piece
            start = 0
            while len(held) - start >= MAX_CHUNK:
                end = self._end(held, start)
                yield bytes(held[start:end])
                start = end
            del held[:start]
        start = 0
        while start < len(held):
            end = self._end(held, start)
            yield bytes(held[start:end])
            start = end

    def _end(self, data: bytearray, start: int) -> int:
        stop = min(len(data), start + MAX_CHUNK)
        turn = start + TURN
        for first in range(start + MIN_CHUNK, stop, _BLOCK):
            for place, is_hard in self._marks(data, first, min(first + _BLOCK, stop)):
                if is_hard or place >= turn:
                    return place + 1
        return stop

    def _marks(self, data: bytearray, first: int, last: int) -> Iterator[tuple[int, bool]]:
        """Yield each place from `first` to before `last` with an easy mark, and if it is hard."""
        block = data[first - _WINDOW : last]
        lanes = bytearray(2 * len(block))
        lanes[0::2] = block.translate(self._low)
        lanes[1::2] = block.translate(self._high)
        marks = int.from_bytes(lanes, "little")
        for mask, shift in _rounds():
            marks ^= (marks & mask) << shift
        # The shifts leave marks of places beyond the block above the wanted bytes.
        found = (marks & ((1 << 8 * len(lanes)) - 1)).to_bytes(len(lanes), "little")
        low = found[0::2]
        for hit in _ZERO.finditer(found[1::2], _WINDOW):
            if low[hit.start()] < _EASY_LOW:
                yield first - _WINDOW + hit.start(), low[hit.start()] == 0
