"""Rooms where two devices leave messages for each other before they know one another.

- A room has at most 8 messages of at most 4,096 bytes, in the order in which they came; the same
  bytes added again are one message.
- A place is not trusted: it may lose, repeat or invent messages. Whoever reads, judges.

Source: docs/spec/13-pairing.md section 2.
"""

from threading import Lock
from typing import Protocol

from sealhold.model.errors import CarrierFullError, InvalidError, ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting
from sealhold.sharing.devices.pairingwire import ROOM_BYTES, ROOM_MESSAGES, RoomId


class Rendezvous(Protocol):
    """One room. Methods block; they may be repeated."""

    def post(self, message: bytes) -> None:
        """Add a message of 1 to 4,096 bytes.

        Raises:
            CarrierFullError: the room has 8 messages.
            CarrierRefusedError: somebody burnt the room.
            CarrierAwayError: no answer; whether it was added is unknown.
            InvalidError: a message of no such length.
        """
        ...

    def fetch(self, after: int) -> list[bytes]:
        """Return the messages that came after the first `after`, in order.

        Raises:
            CarrierRefusedError: somebody burnt the room.
            CarrierAwayError: no answer.
        """
        ...


class Meetings(Protocol):
    """A place with rooms."""

    def at(self, room: RoomId) -> Rendezvous:
        """Return a room; it need not have been used before."""
        ...


class MemoryMeetings:
    """Rooms in this process."""

    def __init__(self) -> None:
        self._rooms: dict[RoomId, _MemoryRoom] = {}

    def at(self, room: RoomId) -> "_MemoryRoom":
        """Return a room."""
        return self._rooms.setdefault(room, _MemoryRoom())


class _MemoryRoom:
    """A list of messages."""

    def __init__(self) -> None:
        self._messages: list[bytes] = []
        self._turn = Lock()

    def post(self, message: bytes) -> None:
        """Add a message.

        Raises:
            CarrierFullError: the room has 8 messages.
        """
        _check(message)
        with self._turn:
            if message in self._messages:
                return
            if len(self._messages) >= ROOM_MESSAGES:
                raise CarrierFullError("a room has 8 messages")
            self._messages.append(message)

    def fetch(self, after: int) -> list[bytes]:
        """Return what came after the first `after`."""
        with self._turn:
            return self._messages[after:]


class CarrierMeetings:
    """Rooms as objects of a carrier: a folder, a stick, a bucket."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._posted: set[ObjectName] = set()

    def at(self, room: RoomId) -> "_CarrierRoom":
        """Return a room."""
        return _CarrierRoom(self._carrier, room, self._posted)

    def clear(self) -> None:
        """Take away what was posted from here, where the carrier can.

        Not at once: the other side may not yet have read why it ended. Ten minutes are enough.

        Raises:
            CarrierAwayError: no answer.
            CarrierRefusedError: this token may not delete.
        """
        if self._carrier.abilities.deletes:
            for name in sorted(self._posted):
                self._carrier.delete(name)
        self._posted.clear()


class _CarrierRoom:
    """Objects `rv/ID/0` to `rv/ID/7`."""

    def __init__(self, carrier: Carrier, room: RoomId, posted: set[ObjectName]) -> None:
        self._carrier = carrier
        self._prefix = f"rv/{room.hex()}/"
        self._posted = posted

    def post(self, message: bytes) -> None:
        """Add a message under the first free number.

        Raises:
            CarrierFullError: the room has 8 messages.
            CarrierAwayError: no answer; whether it was added is unknown.
        """
        _check(message)
        for number in range(ROOM_MESSAGES):
            name = ObjectName(f"{self._prefix}{number}")
            created = self._carrier.put_new(name, message) is Putting.CREATED
            if created or self._read(name) == message:  # the same: an answer got lost
                self._posted.add(name)
                return
        raise CarrierFullError("a room has 8 messages")

    def fetch(self, after: int) -> list[bytes]:
        """Return what came after the first `after`, up to the first gap.

        Raises:
            CarrierAwayError: no answer.
        """
        sizes = {each.name: each.size for each in self._carrier.list_after(self._prefix)}
        found: list[bytes] = []
        for number in range(after, ROOM_MESSAGES):
            name = ObjectName(f"{self._prefix}{number}")
            if name not in sizes:
                break
            # THREAT T466: what is too large is not read; it is nothing, which ends the pairing.
            found.append(self._read(name) if 0 < sizes[name] <= ROOM_BYTES else b"")
        return found

    def _read(self, name: ObjectName) -> bytes:
        try:
            return self._carrier.get(name, 0, None)
        except ObjectNotFoundError:
            return b""


def _check(message: bytes) -> None:
    """Let a message pass that a room takes.

    Raises:
        InvalidError: it is empty or too long.
    """
    if not 0 < len(message) <= ROOM_BYTES:
        raise InvalidError(f"a message of {len(message)} bytes, 1 to {ROOM_BYTES} are taken")
