"""The slots of one key block: where a key of a person's record lies, and what it is for.

Source: docs/spec/25-records-of-people.md section 3.
"""

from enum import IntEnum, unique
from typing import NamedTuple

from sealhold.crypto.seal import KEY_BYTES

SLOTS = 64  # of a block at most
FEW = 16  # up to which keys are added one at a time: the block is written anew with each of them
SLOT_BYTES = 1 + KEY_BYTES  # what the key is for, and the key
EMPTY = bytes(SLOT_BYTES)  # a slot without a key


@unique
class For(IntEnum):
    """What a key in a block is for. Append only; the number is the first byte of a slot."""

    CURRENT = 1  # the version of a record that is in force
    OLDER = 2  # one that another replaced
    ATTACHED = 3  # an attachment of a record


class Slot(NamedTuple):
    """Where a record's key is kept."""

    block: int
    slot: int


class OpenBlock:
    """A block as it was read, and what is being made of it."""

    __slots__ = ("plain", "v")

    def __init__(self, plain: bytes, v: int) -> None:
        self.plain = bytearray(plain)  # slots of 33 bytes, up to the last that is not empty
        self.v = v  # of its row; 0 if there is none yet

    def __contains__(self, at: int) -> bool:
        """Whether a slot has a key."""
        return 0 <= at * SLOT_BYTES < len(self.plain) and self.plain[at * SLOT_BYTES] != 0

    def room(self, most: int) -> int:
        """Return how many slots are empty, of so many."""
        return room_of(self.plain, most)

    def first(self, most: int) -> int | None:
        """Return the first empty slot, of so many: so a block is as short as can be."""
        uses = self.plain[::SLOT_BYTES]
        at = uses.find(0)
        if at < 0:
            at = len(uses)
        return at if at < most else None

    def put(self, at: int, slot: bytes) -> None:
        """Put `slot` in its place, or `EMPTY`."""
        start = at * SLOT_BYTES
        self.plain[start : start + SLOT_BYTES] = slot  # at the end it is added
        while self.plain and self.plain[-SLOT_BYTES] == 0:
            del self.plain[-SLOT_BYTES:]


def room_of(plain: bytes | bytearray, most: int) -> int:
    """Return how many slots are empty, of so many."""
    uses = plain[::SLOT_BYTES]
    return max(0, most - len(uses)) + uses.count(0)
