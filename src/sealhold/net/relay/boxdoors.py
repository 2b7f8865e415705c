"""What is answered of what lies in mailboxes: each request decided by its token and nothing else.

- What is not there, not allowed and not a mailbox look alike to whoever has no token for it: 403.
- An answer is bytes or CBOR of ids, lengths and numbers; no words, and nothing of who asks.

Source: docs/spec/14-relay.md section 5.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from sealhold.crypto.digest import fingerprint
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    BadSignatureError,
    BadTokenError,
    ConflictError,
    InvalidEncodingError,
    InvalidError,
    ObjectNotFoundError,
    StoreFullError,
    TamperedError,
    UnavailableError,
)
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.net.relay.meeting import NoRoomError
from sealhold.net.relay.names import DELETABLE, MAX_SEQ, MOST, Item, Sort, item_in
from sealhold.net.relay.papers import RANK, Rights
from sealhold.net.relay.rates import Rate, Rates
from sealhold.net.relay.slots import SMALL
from sealhold.net.relay.spec import Bearer, Holding, Stored
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError

LONGEST_WAIT: Final = 60.0  # seconds of one poll
PAGE: Final = 1_000  # names in an answer
RUN_BYTES: Final = 4_194_304  # of entries in an answer, or one entry
RATE: Final = Rate(200, 2_000)  # calls of a token
MOST_LEFT: Final = 256  # keys that lie in a mailbox into which others leave them
MOST_LEFT_BYTES: Final = 67_108_864
_RANGE = re.compile(r"bytes=([0-9]{1,8})-([0-9]{1,8})")
_HEX = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


Where = TypeVar("Where", bound=Holding)


@dataclass(slots=True)
class BoxDoors(Generic[Where]):
    """The doors to what lies in mailboxes."""

    keeping: Where
    ranges: bool = False  # whether parts of packs are given out
    rates: Rates = field(default_factory=lambda: Rates(RATE))

    def answer(self, head: Head, body: Body) -> Answer:
        """Return the answer to a request; an error of what lies below is a status.

        Raises:
            RefusedError: no.
        """
        try:
            return self._answer(head, body)
        except (BadTokenError, BadSignatureError) as err:
            raise RefusedError(403) from err
        except ObjectNotFoundError as err:
            raise RefusedError(404) from err
        except ConflictError as err:
            raise RefusedError(409) from err
        except (InvalidError, InvalidEncodingError) as err:
            raise RefusedError(400) from err
        except (StoreFullError, NoRoomError) as err:
            raise RefusedError(507) from err
        except (UnavailableError, TamperedError) as err:
            raise RefusedError(503) from err

    def end(self) -> None:
        """Wake who waits at these doors; who waits for news is woken where it is kept."""

    def _answer(self, head: Head, body: Body) -> Answer:
        match head.path.split("/")[1:]:
            case ["v1", "m", box, *rest] if rest:
                return self._lying(head, id_of(box), rest, body)
            case _:
                raise RefusedError(404)

    def _lying(self, head: Head, box: Id16, rest: list[str], body: Body) -> Answer:
        match rest:
            case ["names"]:
                return self._names(head, box)
            case ["heads"]:
                return self._heads(head, box)
            case ["log", log]:
                return self._run(head, box, id_of(log), body)
            case _:
                return self._object(head, item_in(box, "/".join(rest)), body)

    # --- what lies in them ---

    def _object(self, head: Head, item: Item, body: Body) -> Answer:
        match head.method:
            case "PUT":
                return self._put(head, item, body)
            case "GET":
                self._allowed(head, item.box, Rights.READ)
                return self._get(head, item, body)
            case "HEAD":
                self._allowed(head, item.box, Rights.READ)
                return Answer(200, length=self.keeping.size(item))
            case "DELETE" if item.sort in DELETABLE:
                # THREAT T446: a token that writes does not delete
                self._allowed(head, item.box, Rights.ADMIN)
                self.keeping.delete(item)
                return Answer(200)
            case _:
                raise RefusedError(405)

    def _put(self, head: Head, item: Item, body: Body) -> Answer:
        self._may_put(head, item)
        if head.headers.get("if-none-match") != "*":
            raise RefusedError(428)
        data = body(MOST[item.sort])
        if not data:
            raise RefusedError(400)
        # THREAT T444: a pack is what its name says, so nobody can take a name with other bytes
        if item.sort is Sort.PACK and fingerprint(data) != item.name:
            raise RefusedError(400)
        match self.keeping.put(item, data):
            case Stored.CREATED:
                return Answer(201)
            case Stored.SAME:
                return Answer(200)
            case Stored.TAKEN:
                return Answer(412)
            case Stored.FULL:
                return Answer(507)

    def _get(self, head: Head, item: Item, body: Body) -> Answer:
        size = self.keeping.size(item)
        asked = _RANGE.fullmatch(head.headers.get("range", ""))
        # THREAT T450: parts of packs would tell where which chunk lies
        if asked is None or not self.ranges or item.sort is not Sort.PACK:
            _make_room(size, body)
            return Answer(200, self.keeping.get(item))
        first, last = int(asked[1]), int(asked[2])
        if first > last or last >= size:
            raise RefusedError(416)
        _make_room(last + 1 - first, body)
        return Answer(206, self.keeping.get(item, first, last + 1 - first))

    def _names(self, head: Head, box: Id16) -> Answer:
        check_method(head, "GET")
        self._allowed(head, box, Rights.READ)
        told = head.query.get("after", "")
        after = item_in(box, told) if told else None
        limit = min(number_in(head, "limit", PAGE), PAGE)
        found = self.keeping.names(box, head.query.get("prefix", ""), after, limit)
        return Answer(200, pack([[item.within(), size] for item, size in found]))

    def _heads(self, head: Head, box: Id16) -> Answer:
        check_method(head, "GET")
        self._allowed(head, box, Rights.READ)
        after = number_in(head, "after", 0)
        seconds = min(number_in(head, "wait", 0), LONGEST_WAIT)
        if seconds:
            self.keeping.wait(box, after, seconds)
        news = self.keeping.news(box, after, PAGE)
        told = [[item.within(), size] for item, size in news.items]
        return Answer(200, pack([news.cursor, told]))

    def _run(self, head: Head, box: Id16, log: Id16, body: Body) -> Answer:
        check_method(head, "GET")
        self._allowed(head, box, Rights.READ)
        first = number_in(head, "from", 0)
        before = Item(box, Sort.LOG, log, first - 1) if first else None
        told = self.keeping.names(box, f"{Sort.LOG}/{log.hex()}", before, PAGE)
        _make_room(sum(size for _, size in told), body)
        return Answer(200, pack(self.keeping.entries(box, log, first, RUN_BYTES)))

    # --- who asks ---

    def _allowed(self, head: Head, box: Id16, least: Rights) -> None:
        _check(self._bearer(head), box, least)

    def _may_put(self, head: Head, item: Item) -> None:
        bearer = self._bearer(head)
        if bearer.rights is not Rights.LEAVE:
            _check(bearer, item.box, Rights.WRITE)
            return
        # THREAT T539: who may leave something puts new names, and neither lists nor reads
        if bearer.of != item.box or item.sort is not Sort.KEY:
            raise RefusedError(403)
        # THREAT T540: who may leave something does not fill the account of who reads it
        lying = self.keeping.names(item.box, Sort.KEY.value, None, MOST_LEFT)
        if len(lying) >= MOST_LEFT or sum(size for _, size in lying) >= MOST_LEFT_BYTES:
            raise RefusedError(507)

    def _bearer(self, head: Head) -> Bearer:
        scheme, _, token = head.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise RefusedError(403)
        bearer = self.keeping.bearer(token)
        # THREAT T447: one token cannot keep the relay busy for all others
        if not self.rates.takes(bearer.token):
            raise RefusedError(429)
        return bearer


def _make_room(size: int, body: Body) -> None:
    # THREAT T447: what is long takes room before it is read
    if size > SMALL:
        body.room()


def _check(bearer: Bearer, box: Id16, least: Rights) -> None:
    # THREAT T445: a token is good for one mailbox, and for what it was made for
    if bearer.of != box or bearer.rights not in RANK:
        raise RefusedError(403)
    if RANK.index(bearer.rights) < RANK.index(least):
        raise RefusedError(403)


def id_of(told: str) -> Id16:
    """Return the id that a part of an address tells.

    Raises:
        RefusedError: none.
    """
    if not _HEX.fullmatch(told):
        raise RefusedError(404)
    found = bytes.fromhex(told)
    return Id16(found[:ID_BYTES])


def number_in(head: Head, name: str, default: int) -> int:
    """Return the number of a question.

    Raises:
        RefusedError: it is none.
    """
    told = head.query.get(name)
    if told is None:
        return default
    if not _NUMBER.fullmatch(told) or int(told) > MAX_SEQ:
        raise RefusedError(400)
    return int(told)


def check_method(head: Head, method: str) -> None:
    """Return if a request is made by `method`.

    Raises:
        RefusedError: it is not.
    """
    if head.method != method:
        raise RefusedError(405)
