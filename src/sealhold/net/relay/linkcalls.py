"""What is asked of a relay about link shares: by their owner, and by whoever has a link.

Source: docs/spec/53-link-shares.md section 4.
"""

import re
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    InvalidEncodingError,
    InvalidError,
    LinkEndedError,
    LinkRefusedError,
    ObjectNotFoundError,
)
from sealhold.model.ids import Id16
from sealhold.net.relay.calling import Call, Caller, Reply, checked
from sealhold.net.relay.linkspec import MAX_PIECES, End, LinkTerms, LinkTold, read_told

_TICKET: Final = re.compile(rb"([0-9a-f]{32}) ([0-9]{1,4})")
_GONE, _FAST = 410, 429
_SAID: Final = {
    End.EXPIRED: "its time is over",
    End.REVOKED: "it was taken back",
    End.USED: "it was opened as often as it might be",
    End.CLOSED: "there were too many wrong tries",
    End.FILLING: "it is not ready yet",
}


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """The owner's side of one link."""

    caller: Caller
    token: str  # of their account
    link: Id16

    def begin(self, terms: LinkTerms) -> None:
        """Make the link.

        Raises:
            CarrierRefusedError: the token is of no account, or the name is another's.
            CarrierFullError: the account has no room.
            CarrierAwayError: no answer; it may be repeated.
        """
        self._ask("PUT", "", "a new link", terms.told())

    def put(self, number: int, piece: bytes) -> None:
        """Put a piece.

        Raises:
            CarrierRefusedError: the token is of no account.
            InvalidError: another piece is there.
            CarrierAwayError: no answer; it may be repeated.
        """
        self._ask("PUT", f"/{number}", "a piece of a link", piece, is_put_once=True)

    def ready(self) -> None:
        """Open it to whoever has it.

        Raises:
            ConflictError: a piece is missing.
            CarrierAwayError: no answer; it may be repeated.
        """
        self._ask("POST", "/ready", "a link", b"")

    def told(self) -> LinkTold:
        """Return what became of it.

        Raises:
            ObjectNotFoundError: the relay knows no such link any more.
            CarrierRefusedError: the token is of no account.
            CarrierAwayError: no answer.
        """
        try:
            return read_told(self._ask("GET", "", "link").body)
        except InvalidEncodingError as err:
            raise CarrierAwayError("the relay answers in no form that is known") from err

    def end(self) -> None:
        """Have it open no more, and its pieces deleted.

        Raises:
            CarrierRefusedError: the token is of no account.
            CarrierAwayError: no answer; it may be repeated.
        """
        self._ask("DELETE", "", "that a link ends")

    def _ask(
        self,
        method: str,
        rest: str,
        what: str,
        body: bytes | None = None,
        *,
        is_put_once: bool = False,
    ) -> Reply:
        path = f"/v1/s/{self.link.hex()}{rest}"
        call = Call(method=method, path=path, token=self.token, body=body, is_put_once=is_put_once)
        return checked(self.caller.call(call), what)


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was opened: its pieces can be had for an hour."""

    caller: Caller
    link: Id16
    ticket: str
    count: int

    def piece(self, number: int) -> bytes:
        """Return a sealed piece.

        Raises:
            LinkEndedError: it ended meanwhile.
            LinkRefusedError: the hour is over.
            CarrierAwayError: no answer.
        """
        path = f"/v1/s/{self.link.hex()}/{number}"
        return _yes(self.caller.call(Call(method="GET", path=path, token=self.ticket))).body


def open_link(caller: Caller, link: Id16, proof: bytes) -> Opened:
    """Open a link, which counts.

    Raises:
        LinkEndedError: it opens no more.
        LinkRefusedError: it is not there, or the key or passphrase is wrong.
        CarrierAwayError: no answer, and it may have been counted; or several tries came just now.
    """
    path = f"/v1/s/{link.hex()}/open"
    call = Call(method="POST", path=path, body=proof, is_repeatable=False)
    told = _TICKET.fullmatch(_yes(caller.call(call)).body)
    if told is None or not 1 < int(told[2]) <= MAX_PIECES:
        raise CarrierAwayError("the relay answers in no form that is known")
    return Opened(caller, link, told[1].decode("ascii"), int(told[2]))


def _yes(reply: Reply) -> Reply:
    if reply.status == _GONE:
        why = reply.body.decode("ascii", "replace")
        raise LinkEndedError(_SAID[End(why)] if why in _SAID else "it opens no more")
    if reply.status == _FAST:
        raise CarrierAwayError("several tries came just now: wait a few seconds")
    try:
        return checked(reply, "a link")
    except (CarrierRefusedError, ObjectNotFoundError, InvalidError) as err:
        raise LinkRefusedError("no such link, or another key or passphrase") from err
