"""What a relay answers: each request decided by its token or its signature, and by nothing else.

- Addresses of clients, user agents and other headers are not read.

Source: docs/spec/14-relay.md section 5.
"""

from dataclasses import dataclass, field
from typing import Final

from sealhold.model.encoding import pack
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.net.relay.boxdoors import LONGEST_WAIT, BoxDoors, check_method, id_of, number_in
from sealhold.net.relay.linkdoors import LinkDoors
from sealhold.net.relay.meeting import MAX_MESSAGE, PLACES, Meetings, OverError
from sealhold.net.relay.papers import MAX_PAPER, Act, Paper, read
from sealhold.net.relay.rates import Rate, Rates
from sealhold.net.relay.spec import Keeping
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError

PAPERS: Final = Rate(2, 50)  # papers of a mailbox, right or wrong


@dataclass(slots=True)
class Doors(BoxDoors[Keeping]):
    """Every door of one relay."""

    papers: Rates = field(default_factory=lambda: Rates(PAPERS))
    meetings: Meetings = field(default_factory=Meetings)
    links: LinkDoors | None = None  # where this relay serves link shares

    def end(self) -> None:
        """Wake who waits for a message of a rendezvous."""
        self.meetings.end()

    def _answer(self, head: Head, body: Body) -> Answer:
        match head.path.split("/")[1:]:
            case ["v1", "health"] if head.method == "GET":
                self.keeping.usage(Id16(bytes(ID_BYTES)))  # of nobody: whether rows can be read
                # THREAT T606: asking whether it runs lets nobody in
                return Answer(200, b"ok\n", lets_in=False)
            case ["s", _] | ["v1", "s", *_] if self.links is not None:
                return self.links.answer(head, body, self._bearer)
            case ["v1", "account"] if head.method == "GET":
                return self._usage(head)
            case ["v1", "rv", which, *place]:
                return self._meet(head, id_of(which), place, body)
            case ["v1", "m", box, *rest]:
                return self._in_box(head, id_of(box), rest, body)
            case _:
                raise RefusedError(404)

    def _in_box(self, head: Head, box: Id16, rest: list[str], body: Body) -> Answer:
        match rest:
            case []:
                return self._open(head, box, body)
            case ["tokens"]:
                return self._paper(head, box, body)
            case _:
                return self._lying(head, box, rest, body)

    # --- mailboxes ---

    def _open(self, head: Head, box: Id16, body: Body) -> Answer:
        check_method(head, "PUT")
        bearer = self._bearer(head)
        if bearer.rights is not None:
            raise RefusedError(403)
        sent = read(bytes(body(MAX_PAPER)))
        paper = sent.paper
        if paper.act is not Act.OPEN or paper.box != box:
            raise RefusedError(403)
        sent.check(paper.key)
        held = self.keeping.box(box)
        if held is None:
            is_open = self.keeping.open(bearer.of, box, paper.key, paper.number)
            return Answer(201 if is_open else 507)
        if held.key != paper.key:
            raise RefusedError(403)
        return Answer(200)

    def _paper(self, head: Head, box: Id16, body: Body) -> Answer:
        check_method(head, "POST")
        if not self.papers.takes(box):
            raise RefusedError(429)
        sent = read(bytes(body(MAX_PAPER)))
        held = self.keeping.box(box)
        if held is None or sent.paper.box != box or sent.paper.act is Act.OPEN:
            raise RefusedError(403)
        # THREAT T446: the key in force alone; an older one, and that of another mailbox, is none
        sent.check(held.key)
        if sent.paper.number <= held.number:
            return Answer(409, pack(held.number))  # so that the next one can be larger
        return self._done(sent.paper)

    def _done(self, paper: Paper) -> Answer:
        match paper.act:
            case Act.MINT:
                token = self.keeping.mint(paper.box, paper.rights, paper.number)
                return Answer(507) if token is None else Answer(201, token.encode("ascii"))
            case Act.DROP:
                self.keeping.drop(paper.box, paper.tokens, paper.number)
            case Act.REKEY:
                self.keeping.rekey(paper.box, paper.key, paper.number)
            case Act.END:
                self.keeping.end(paper.box, paper.number)
            case Act.OPEN:
                raise RefusedError(403)
        return Answer(200)

    def _usage(self, head: Head) -> Answer:
        bearer = self._bearer(head)
        if bearer.rights is not None:
            raise RefusedError(403)
        usage = self.keeping.usage(bearer.of)
        told = {"quota": usage.quota, "used": usage.used, "boxes": usage.boxes}
        return Answer(200, pack(told))

    # --- rendezvous ---

    def _meet(self, head: Head, which: Id16, told: list[str], body: Body) -> Answer:
        if not told and head.method == "DELETE":
            self.meetings.burn(which)
            return Answer(200)
        if len(told) != 1 or told[0] not in set(map(str, range(PLACES))):
            raise RefusedError(404)
        place = int(told[0])
        try:
            if head.method == "PUT":
                message = bytes(body(MAX_MESSAGE))
                return Answer(201 if self.meetings.put(which, place, message) == message else 412)
            check_method(head, "GET")
            wait = min(number_in(head, "wait", 0), LONGEST_WAIT)
            said = self.meetings.get(which, place, wait)
        except OverError as err:
            raise RefusedError(403) from err
        if said is None:
            raise RefusedError(404)
        return Answer(200, said)
