"""The bytes of a pairing: rooms, the messages of the key exchange, and those of the channel.

- Every reader is strict: one form, exact lengths, bounds before anything is put together.
- One side alone writes into a room, so whoever finds its own message has found a reflection.

Source: docs/spec/13-pairing.md sections 2, 4 and 6.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, unique
from typing import NewType

from sealhold.crypto.digest import tagged
from sealhold.crypto.hybrid import BOX_PUBLIC_BYTES
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError

RoomId = NewType("RoomId", bytes)  # 16 bytes

ROOM_MESSAGES = 8
ROOM_BYTES = 4096  # of one message
ROOM_ID_BYTES = 16
RANDOM_BYTES = 32  # rN and rM
SIGNING_BYTES = 32  # of an Ed25519 key
NEWCOMER_KEYS_BYTES = SIGNING_BYTES + BOX_PUBLIC_BYTES
MAX_INTRODUCTION = 16_384  # bytes; a chain of root and one device has about 7,000
MAX_REQUEST = 4_096
MAX_PAYLOAD = 65_536  # bytes; chain, certificate and carriers have about 10,000
BOX_OVERHEAD = 1_200  # bytes at most, by which a sealed box is longer
_VERSION = 1


@unique
class Direction(Enum):
    """Who writes."""

    NEWCOMER = b"N"
    MEMBER = b"M"


@unique
class Purpose(Enum):
    """What two sides meet for: who came for the one gets no further in the other."""

    DEVICE = b"device"  # one takes the other in
    CONTACT = b"contact"  # two people exchange their cards


@unique
class Reason(IntEnum):
    """Why a pairing is over. Append only: the number is sent."""

    STOPPED = 1  # a person stopped it
    WORDS = 2  # a person said that the words differ
    WRONG = 3  # a wrong try, and some are left
    BURNT = 4  # the last try was wrong
    LATE = 5  # it took too long
    BROKEN = 6  # a message was changed, cut, too large, or not the one that was due
    KEYS = 7  # the introduction or the keys are not those that were promised


@dataclass(frozen=True, slots=True)
class Posted:
    """A message, and the room in which it lies."""

    room: RoomId
    data: bytes


def room(seed: bytes, direction: Direction, number: int) -> RoomId:
    """Return the id of a room."""
    whole = tagged(Tag.PAIRING_ROOM, seed, direction.value, number.to_bytes(2))
    return RoomId(whole[:ROOM_ID_BYTES])


def reason_of(number: int) -> Reason:
    """Return the reason of a number; one that is not known is BROKEN."""
    return Reason(number) if number in list(Reason) else Reason.BROKEN


# --- the key exchange ---


@unique
class Step(IntEnum):
    """The kind of a message of the key exchange."""

    SHARE = 1
    ANSWER = 2
    CONFIRM = 3
    NOTICE = 4


def write_step(kind: Step, body: bytes) -> bytes:
    """Return a message of the key exchange."""
    return bytes([_VERSION, kind]) + body


def read_step(data: bytes) -> tuple[Step, bytes]:
    """Return kind and body of a message of the key exchange.

    Raises:
        InvalidEncodingError: another version or kind, or a length that no such message has.
    """
    if len(data) not in _STEP_BYTES or data[0] != _VERSION:
        raise InvalidEncodingError("not a message of a pairing")
    kind = _STEP_BYTES[len(data)]
    if data[1] != kind:
        raise InvalidEncodingError("not a message of a pairing")
    return kind, data[2:]


_STEP_BYTES = {35: Step.SHARE, 67: Step.ANSWER, 34: Step.CONFIRM, 3: Step.NOTICE}


# --- the channel ---


@unique
class Kind(IntEnum):
    """The kind of a message within the channel."""

    COMMIT = 1
    REVEAL = 2
    OPEN = 3
    REQUEST = 4
    ANSWER = 5
    RECEIPT = 6
    FAILED = 7


_PARTS = {  # least and most bytes of each part
    Kind.COMMIT: ((32, 32),),
    Kind.REVEAL: ((RANDOM_BYTES, RANDOM_BYTES), (1, MAX_INTRODUCTION)),
    Kind.OPEN: ((RANDOM_BYTES, RANDOM_BYTES), (NEWCOMER_KEYS_BYTES, NEWCOMER_KEYS_BYTES)),
    Kind.REQUEST: ((0, MAX_REQUEST),),
    Kind.ANSWER: ((1, MAX_PAYLOAD + BOX_OVERHEAD),),
    Kind.RECEIPT: ((32, 32),),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A message within the channel. Of FAILED `reason` counts, of all others the parts."""

    kind: Kind
    parts: tuple[bytes, ...] = ()
    reason: Reason = Reason.BROKEN


def write_said(said: Said) -> bytes:
    """Return a message as its bytes."""
    if said.kind is Kind.FAILED:
        return pack([int(said.kind), int(said.reason)])
    return pack([int(said.kind), *said.parts])


def read_said(data: bytes) -> Said:
    """Return the message that bytes of the channel are.

    Raises:
        InvalidEncodingError: not one, or a part is too short or too long.
    """
    found = unpack(data)
    if not isinstance(found, list) or not found or type(found[0]) is not int:
        raise InvalidEncodingError("not a message of a pairing")
    number, parts = found[0], found[1:]
    if number == Kind.FAILED and len(parts) == 1 and type(parts[0]) is int:
        return Said(Kind.FAILED, reason=reason_of(parts[0]))
    if number in _NUMBERS and _fit(parts, _PARTS[Kind(number)]):
        return Said(Kind(number), tuple(parts))
    raise InvalidEncodingError("not a message of a pairing")


_NUMBERS = frozenset(map(int, _PARTS))


def _fit(parts: list[object], bounds: tuple[tuple[int, int], ...]) -> bool:
    return len(parts) == len(bounds) and all(
        isinstance(part, bytes) and least <= len(part) <= most
        for part, (least, most) in zip(parts, bounds, strict=True)
    )
