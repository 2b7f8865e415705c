"""What a relay keeps of a link share, and what it needs of the place where it keeps it.

- Methods block; several threads may call at once.

Source: docs/spec/53-link-shares.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.net.relay.spec import Stored

GATE_BYTES: Final = 32
TICKET_BYTES: Final = 16
PROOF_BYTES: Final = 32
ADDED: Final = 16  # bytes that sealing adds to each piece
HEAD: Final = 4_096 + ADDED  # bytes of piece 0
PIECE: Final = 1_048_576 + ADDED  # bytes of a content piece but the last
STEP: Final = 65_536  # the last one is a whole number of these, sealed
MAX_PIECES: Final = 4_096
MAX_WRONG: Final = 100  # tries, before a link is closed for good
_FIELDS: Final = {"gate", "until", "most", "pieces", "size"}
_TOLD: Final = {"end", "until", "most", "opened", "wrong", "pieces", "times"}
MAX_MOST: Final = (1 << 31) - 1


class End(StrEnum):
    """What became of a link."""

    FILLING = "filling"  # its pieces are not all there
    READY = "ready"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"  # as often as it might be
    CLOSED = "closed"  # after too many wrong tries


class GoneError(Exception):
    """A link opens no more."""

    def __init__(self, why: End) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerms:
    """What its owner says of a link when it begins."""

    gate: bytes  # SHA-256 of the proof
    until: Instant
    most: int  # openings; 0: any number
    pieces: int  # with the head
    size: int  # bytes of all, sealed

    def length(self, number: int) -> int:
        """Return how long a piece is, in bytes; 0 if there is no such piece."""
        if number == 0:
            return HEAD
        if 0 < number < self.pieces - 1:
            return PIECE
        return self.size - HEAD - PIECE * (self.pieces - 2) if number == self.pieces - 1 else 0

    def told(self) -> bytes:
        """Return the terms as they are sent."""
        return pack({name: getattr(self, name) for name in sorted(_FIELDS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTold:
    """What a relay tells the owner of a link."""

    end: End
    until: Instant
    most: int
    opened: int
    wrong: int  # tries that were wrong
    pieces: int
    times: tuple[Instant, ...]  # of the openings

    def told(self) -> bytes:
        """Return it as it is sent."""
        names = sorted(_TOLD - {"end", "times"})
        whole: dict[str, Plain] = {name: getattr(self, name) for name in names}
        return pack(whole | {"end": self.end.value, "times": list(self.times)})


class LinkKeeping(Protocol):
    """Keeps link shares.

    Any method may raise StoreUnavailableError: no answer, effect unknown, it may be repeated.
    """

    def begin(self, account: Id16, link: Id16, terms: LinkTerms) -> Stored:
        """Make a link that has no pieces yet, and charge its room; TAKEN if it is another's."""
        ...

    def put(self, account: Id16, link: Id16, number: int, data: bytes | bytearray) -> Stored:
        """Keep a piece, durably; TAKEN if it is none of this link."""
        ...

    def ready(self, account: Id16, link: Id16) -> bool:
        """Open a link to whoever has it; false if a piece is missing."""
        ...

    def told(self, account: Id16, link: Id16) -> LinkTold:
        """Return what became of a link.

        Raises:
            ObjectNotFoundError: the account has no such link.
        """
        ...

    def end(self, account: Id16, link: Id16) -> None:
        """Have a link open no more, and forget its pieces; an unknown one is no error."""
        ...

    def open(self, link: Id16, proof: bytes) -> tuple[bytes, int]:
        """Count an opening; return a ticket and the count of pieces.

        Raises:
            DeniedError: no such link, or another proof.
            GoneError: it opens no more.
        """
        ...

    def piece(self, ticket: bytes, link: Id16, number: int) -> bytes:
        """Return a piece.

        Raises:
            DeniedError: the ticket is none, or its hour is over.
            GoneError: the link opens no more.
            ObjectNotFoundError: no such piece.
        """
        ...


def read_terms(data: bytes) -> LinkTerms:
    """Return the terms in `data`.

    Raises:
        InvalidEncodingError: they are none.
    """
    match unpack(data):
        case {
            "gate": bytes() as gate,
            "until": int() as until,
            "most": int() as most,
            "pieces": int() as pieces,
            "size": int() as size,
            **more,
        } if not more and len(gate) == GATE_BYTES:
            pass
        case _:
            raise InvalidEncodingError("not the terms of a link")
    terms = LinkTerms(gate=gate, until=Instant(until), most=most, pieces=pieces, size=size)
    last = terms.length(pieces - 1) - ADDED
    # THREAT T559: each length follows from two numbers, so no more is taken than was charged
    if (
        not (0 <= most <= MAX_MOST and 1 < pieces <= MAX_PIECES)
        or not 0 < last <= PIECE - ADDED
        or last % STEP
    ):
        raise InvalidEncodingError("not the terms of a link")
    return terms


def read_told(data: bytes) -> LinkTold:
    """Return what a relay told of a link.

    Raises:
        InvalidEncodingError: it is in no form that is known.
    """
    told = unpack(data)
    if not isinstance(told, Mapping) or told.keys() != _TOLD:
        raise InvalidEncodingError("not what is told of a link")
    times, end = told["times"], told["end"]
    numbers = {name: told[name] for name in _TOLD - {"times", "end"}}
    whole = [*numbers.values(), *(times if isinstance(times, list) else [None])]
    if end not in list(End) or not all(type(each) is int and each >= 0 for each in whole):
        raise InvalidEncodingError("not what is told of a link")
    return LinkTold(
        end=End(end),
        until=Instant(numbers["until"]),
        most=numbers["most"],
        opened=numbers["opened"],
        wrong=numbers["wrong"],
        pieces=numbers["pieces"],
        times=tuple(map(Instant, times)),
    )
