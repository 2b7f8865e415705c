"""Rooms of a pairing at a relay: its rendezvous, each of eight places that are written once.

- No token: the id alone lets in. A message goes into the first free place; the same one again is
  there once.

Source: docs/spec/13-pairing.md section 2; docs/spec/14-relay.md section 7.
"""

from sealhold.model.errors import CarrierFullError, InvalidError, TakenError
from sealhold.net.relay.calling import Caller
from sealhold.net.relay.meetingcalls import Meeting
from sealhold.sharing.devices.pairingwire import ROOM_BYTES, ROOM_MESSAGES, RoomId


class RelayMeetings:
    """Rooms at one relay."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def at(self, room: RoomId) -> "_RelayRoom":
        """Return a room."""
        return _RelayRoom(Meeting(self._caller, room))


class _RelayRoom:
    """One rendezvous."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    def post(self, message: bytes) -> None:
        """Add a message in the first place that is free.

        Raises:
            CarrierFullError: the room has 8 messages, or the relay too many rooms.
            CarrierRefusedError: somebody burnt the room.
            CarrierAwayError: no answer; whether it was added is unknown.
            InvalidError: a message of no such length.
        """
        if not 0 < len(message) <= ROOM_BYTES:
            raise InvalidError(f"a message of {len(message)} bytes, 1 to {ROOM_BYTES} are taken")
        for place in range(ROOM_MESSAGES):
            try:
                self._meeting.put(place, message)
            except TakenError:
                continue
            return
        raise CarrierFullError("a room has 8 messages")

    def fetch(self, after: int) -> list[bytes]:
        """Return what came after the first `after`, up to the first place that is free.

        Raises:
            CarrierRefusedError: somebody burnt the room.
            CarrierAwayError: no answer.
        """
        found: list[bytes] = []
        for place in range(after, ROOM_MESSAGES):
            said = self._meeting.get(place, 0)
            if said is None:
                break
            found.append(said)
        return found
