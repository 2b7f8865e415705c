"""A rendezvous at a relay, as one of its two ends calls it.

- No token: the id alone, of 16 random bytes, lets in. What is said must be sealed by its ends.

Source: docs/spec/14-relay.md section 7.
"""

from typing import Final

from sealhold.model.errors import InvalidError, ObjectNotFoundError, TakenError
from sealhold.model.ids import ID_BYTES
from sealhold.net.relay.calling import Call, Caller, checked
from sealhold.net.relay.meeting import MAX_MESSAGE, PLACES

POLL: Final = 50  # seconds of one question
_TAKEN: Final = 412


class Meeting:
    """Eight places, each written once."""

    def __init__(self, caller: Caller, which: bytes) -> None:
        """Take a caller of the relay, and the 16 bytes of the rendezvous.

        Raises:
            InvalidError: it has another length.
        """
        if len(which) != ID_BYTES:
            raise InvalidError("a rendezvous has 16 bytes")
        self._caller = caller
        self._root = f"/v1/rv/{which.hex()}"

    def put(self, place: int, message: bytes) -> None:
        """Write a message of at most 4,096 bytes; the same again is no error.

        Raises:
            TakenError: another message is there.
            InvalidError: it is too long, or there is no such place.
            CarrierRefusedError: the rendezvous was burnt.
            CarrierFullError: the relay has too many open.
            CarrierAwayError: no answer.
        """
        if place not in range(PLACES) or len(message) > MAX_MESSAGE:
            raise InvalidError("a rendezvous has eight places for 4,096 bytes")
        call = Call(method="PUT", path=f"{self._root}/{place}", body=message)
        reply = self._caller.call(call)
        if reply.status == _TAKEN:
            raise TakenError("another message is in this place")
        checked(reply, "a message of a rendezvous")

    def get(self, place: int, seconds: float) -> bytes | None:
        """Return a message, waiting up to 50 seconds for it; None if it is not there.

        Raises:
            CarrierRefusedError: the rendezvous was burnt.
            CarrierAwayError: no answer.
        """
        wait = int(min(POLL, max(0.0, seconds)))
        path = f"{self._root}/{place}?wait={wait}"
        try:
            reply = self._caller.call(Call(method="GET", path=path, wait=wait))
            return checked(reply, "a message of a rendezvous").body
        except ObjectNotFoundError:
            return None

    def burn(self) -> None:
        """Let nobody go on there.

        Raises:
            CarrierAwayError: no answer.
        """
        checked(self._caller.call(Call(method="DELETE", path=self._root)), "a rendezvous")
