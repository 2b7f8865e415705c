"""What a relay answers about link shares: to their owners, and to whoever has a link.

- What is not there and what was not proven look alike.
- Everything a browser gets says what it may do with it: nothing but the page runs.

Source: docs/spec/53-link-shares.md sections 4 and 5.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sealhold.model.errors import DeniedError, ObjectNotFoundError
from sealhold.model.ids import Id16
from sealhold.net.relay.boxdoors import check_method, id_of
from sealhold.net.relay.linkpage import PAGE, PAGE_HEADERS, PLAIN_HEADERS
from sealhold.net.relay.linkspec import (
    MAX_PIECES,
    PIECE,
    PROOF_BYTES,
    GoneError,
    LinkKeeping,
    read_terms,
)
from sealhold.net.relay.rates import Rate, Rates
from sealhold.net.relay.spec import Bearer, Stored
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError

TRIES: Final = Rate(2, 10)  # of one link
MAX_TERMS: Final = 1_024
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,3}")
_TICKET: Final = re.compile(r"Bearer ([0-9a-f]{32})")
_STORED: Final = {
    Stored.CREATED: 201,
    Stored.SAME: 200,
    Stored.TAKEN: 412,
    Stored.FULL: 507,
}
GONE: Final = 410


@dataclass(slots=True)
class LinkDoors:
    """The doors to the link shares of one relay."""

    keeping: LinkKeeping
    rates: Rates = field(default_factory=lambda: Rates(TRIES))

    def answer(self, head: Head, body: Body, bearer: Callable[[Head], Bearer]) -> Answer:
        """Return the answer to a request below `/s/` or `/v1/s/`.

        Raises:
            RefusedError: no.
        """
        match head.path.split("/")[1:]:
            case ["s", link] if head.method in {"GET", "HEAD"}:
                id_of(link)
                return Answer(200, PAGE, headers=PAGE_HEADERS)
            case ["v1", "s", link, "open"]:
                return self._open(head, id_of(link), body)
            case ["v1", "s", link, number] if head.method == "GET":
                return self._piece(head, id_of(link), number_of(number), body)
            case ["v1", "s", link, *rest]:
                return self._owners(head, id_of(link), rest, body, bearer)
            case _:
                raise RefusedError(404)

    def _open(self, head: Head, link: Id16, body: Body) -> Answer:
        check_method(head, "POST")
        # THREAT T557: so many tries a second at one link, whoever makes them
        if not self.rates.takes(link):
            raise RefusedError(429)
        proof = bytes(body(PROOF_BYTES))
        try:
            ticket, count = self.keeping.open(link, proof)
        except DeniedError as err:
            raise RefusedError(403) from err
        except GoneError as err:
            return Answer(GONE, err.why.value.encode("ascii"), headers=PLAIN_HEADERS)
        return Answer(200, f"{ticket.hex()} {count}".encode("ascii"), headers=PLAIN_HEADERS)

    def _piece(self, head: Head, link: Id16, number: int, body: Body) -> Answer:
        told = _TICKET.fullmatch(head.headers.get("authorization", ""))
        if told is None:
            raise RefusedError(403)
        body.room()
        try:
            data = self.keeping.piece(bytes.fromhex(told[1]), link, number)
        except DeniedError as err:
            raise RefusedError(403) from err
        except GoneError as err:
            return Answer(GONE, err.why.value.encode("ascii"), headers=PLAIN_HEADERS)
        return Answer(200, data, headers=PLAIN_HEADERS)

    def _owners(
        self,
        head: Head,
        link: Id16,
        rest: list[str],
        body: Body,
        bearer: Callable[[Head], Bearer],
    ) -> Answer:
        found = bearer(head)
        # THREAT T559: an account alone puts, ends and asks, and of its own links alone
        if found.rights is not None:
            raise RefusedError(403)
        match head.method, rest:
            case "PUT", []:
                stored = self.keeping.begin(found.of, link, read_terms(bytes(body(MAX_TERMS))))
                return Answer(403 if stored is Stored.TAKEN else _STORED[stored])
            case "PUT", [number]:
                if head.headers.get("if-none-match") != "*":
                    raise RefusedError(428)
                data = body(PIECE)
                return Answer(_STORED[self.keeping.put(found.of, link, number_of(number), data)])
            case "POST", ["ready"]:
                return Answer(200 if self.keeping.ready(found.of, link) else 409)
            case "GET", []:
                return Answer(200, self.keeping.told(found.of, link).told())
            case "DELETE", []:
                self.keeping.end(found.of, link)
                return Answer(200)
            case _:
                raise RefusedError(405)


def number_of(told: str) -> int:
    """Return the number of a piece.

    Raises:
        ObjectNotFoundError: it is none.
    """
    if not _NUMBER.fullmatch(told) or int(told) >= MAX_PIECES:
        raise ObjectNotFoundError("no such piece")
    return int(told)
