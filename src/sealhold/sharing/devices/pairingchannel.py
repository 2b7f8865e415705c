"""The channel of a pairing: sealed frames in rooms that only the two sides can name.

- Each direction has its own key and its own rooms; a frame says by its seal which one it is, so
  none can be left out, repeated, moved or sent back.
- A message is cut into frames; how many a direction may have is bounded.

Source: docs/spec/13-pairing.md section 5.
"""

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidEncodingError
from sealhold.sharing.devices.pairingwire import (
    ROOM_BYTES,
    ROOM_MESSAGES,
    Direction,
    Posted,
    RoomId,
    Said,
    read_said,
    room,
    write_said,
)

PART_BYTES = 4_000  # of a message in one frame; nonce, tag and `more` are 29
MAX_FRAMES = 32  # of one direction
MAX_MESSAGE = 81_920  # bytes
_WHOLE, _MORE = b"\x00", b"\x01"


class _Way:
    """One direction: its key, and the place of each frame."""

    __slots__ = ("_direction", "_seed", "sealer")

    def __init__(self, session: Secret, direction: Direction) -> None:
        self._direction = direction
        self._seed = derive(session, Tag.PAIRING_ROOMS, direction.value)
        self.sealer = Sealer(derive(session, Tag.PAIRING_CHANNEL, direction.value))

    def room(self, frame: int) -> RoomId:
        return room(self._seed.reveal(), self._direction, frame // ROOM_MESSAGES)

    def place(self, frame: int) -> bytes:
        # THREAT T461: a frame opens in its direction and at its number alone.
        return framed(Tag.PAIRING_FRAME, self._direction.value, frame.to_bytes(2))


class Outbox:
    """What one side says."""

    __slots__ = ("_entropy", "_next", "_way")

    def __init__(self, session: Secret, direction: Direction, entropy: Entropy) -> None:
        self._way = _Way(session, direction)
        self._entropy = entropy
        self._next = 0

    def send(self, said: Said) -> tuple[Posted, ...]:
        """Return a message as frames, each for its room.

        Raises:
            InvalidEncodingError: the direction has no frames left for it.
        """
        data = write_said(said)
        ends = range(PART_BYTES, len(data) + PART_BYTES, PART_BYTES)
        if self._next + len(ends) > MAX_FRAMES:
            raise InvalidEncodingError("a pairing has no room for so much")
        return tuple(
            self._frame((_WHOLE if end >= len(data) else _MORE) + data[end - PART_BYTES : end])
            for end in ends
        )

    def _frame(self, plain: bytes) -> Posted:
        frame, self._next = self._next, self._next + 1
        sealed = self._way.sealer.seal(plain, self._way.place(frame), self._entropy)
        return Posted(self._way.room(frame), sealed)


class Inbox:
    """What the other side says. A frame that does not open ends it."""

    __slots__ = ("_next", "_parts", "_way")

    def __init__(self, session: Secret, direction: Direction) -> None:
        """Prepare to read; `direction` is that of the other side."""
        self._way = _Way(session, direction)
        self._parts: list[bytes] = []
        self._next = 0

    @property
    def has_begun(self) -> bool:
        """Whether a frame was taken."""
        return self._next > 0

    @property
    def room(self) -> RoomId:
        """Where the next frame will lie."""
        return self._way.room(self._next)

    def take(self, data: bytes) -> Said | None:
        """Take the next frame; return the message that it ends, if it does.

        Raises:
            InvalidEncodingError: too large, too many, or no message.
            SealBrokenError: changed, moved, or of somebody else.
        """
        if len(data) > ROOM_BYTES or self._next >= MAX_FRAMES:
            raise InvalidEncodingError("a pairing has no room for so much")
        plain = self._way.sealer.open(data, self._way.place(self._next))
        self._next += 1
        if plain[:1] not in (_WHOLE, _MORE):
            raise InvalidEncodingError("not a frame of a pairing")
        self._parts.append(plain[1:])
        if sum(map(len, self._parts)) > MAX_MESSAGE:
            raise InvalidEncodingError("a pairing has no room for so much")
        if plain[:1] == _MORE:
            return None
        whole = b"".join(self._parts)
        self._parts.clear()
        return read_said(whole)
