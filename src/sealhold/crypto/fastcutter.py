"""Where much content is cut: as `cutter.py` does, at the rate of a disk.

- Chunks have 16 to 256 KiB, about 75 on average (FastCDC 2020, normalised by one bit).
- The seed alters each entry of the library's gear table by the same 63 bits. That hides where cuts
  fall from who sees lengths in passing; it is no cipher, and no carrier is shown a length: chunks
  stand in padded packs under a sealed table.
- Cuts of this and of `cutter.py` have nothing in common: a content is cut by one of them.

Source: docs/spec/02-sealing.md section 7; Xia et al., IEEE TPDS 31 (2020).
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sealhold.crypto.cutter import MAX_CHUNK, MIN_CHUNK, TURN
from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

_SEED_BYTES: Final = 8
_SEED_BITS: Final = 63  # the library shifts the seed up by one, in 64 bits


class FastCutter:
    """Finds the cuts of one secret seed of 32 bytes; each thread has its own."""

    __slots__ = ("_machine",)

    def __init__(self, seed: Secret) -> None:
        from pyfastcdc import FastCDC  # noqa: PLC0415  # reason: a vault that is idle needs none

        drawn = int.from_bytes(keyed(seed, Tag.FAST_CUT)[:_SEED_BYTES]) >> (64 - _SEED_BITS)
        self._machine = FastCDC(
            TURN,
            min_size=MIN_CHUNK,
            max_size=MAX_CHUNK,
            normalized_chunking=1,
            seed=drawn or 1,  # zero would be the table that everybody has
        )

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield `data` chunk by chunk; nothing for no data."""
        if len(data) <= MIN_CHUNK:
            if data:
                yield data
            return
        for chunk in self._machine.cut_buf(data):
            yield bytes(chunk.data)

    def cut_stream(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the joined `pieces` chunk by chunk; how they were split makes no difference."""
        held = b""
        for piece in pieces:
            held += piece
            if len(held) <= MAX_CHUNK:
                continue
            start = 0
            for chunk in self._machine.cut_buf(held):
                if len(held) - chunk.offset <= MAX_CHUNK:
                    break  # its end may lie in what comes next
                yield bytes(chunk.data)
                start = chunk.offset + chunk.length
            held = held[start:]
        yield from self.cut(held)
