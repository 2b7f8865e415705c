"""A mailbox at a relay, as a carrier.

- What is put is equal to what its name says or is refused; what comes back is unchecked.
- Parts of packs are asked for only where the relay gives them out; else the pack comes whole.

Source: docs/spec/14-relay.md sections 1 and 5.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from sealhold.model.encoding import Plain, unpack
from sealhold.model.errors import (
    CarrierAwayError,
    InvalidEncodingError,
    InvalidError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.calling import Call, Caller, RelayAddress, checked
from sealhold.net.relay.names import MAX_SEQ as MAX_NUMBER
from sealhold.net.relay.names import Sort, item_in, item_of, log_of, split
from sealhold.net.spec import Abilities, Heads, Listed, Putting

PAGE: Final = 1_000  # names in an answer
POLL: Final = 50.0  # seconds of one question; the relay holds it up to 60
_TAKEN = 412
_CREATED = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPlace:
    """A mailbox at a relay, and the token of this device for it."""

    address: RelayAddress
    box: Id16
    token: str = field(repr=False)
    ranges: bool = False  # whether this relay gives out parts of packs
    deletes: bool = False  # whether this token may delete


class RelayCarrier:
    """One mailbox. Methods block; several threads may call at once."""

    def __init__(
        self,
        place: RelayPlace,
        *,
        caller: Caller | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a mailbox; nothing is connected to. Several may share a caller of one relay."""
        self.abilities = Abilities(ranges=place.ranges, pushes=True, deletes=place.deletes)
        self._place = place
        self._caller = caller or Caller(place.address)
        self._seconds = seconds
        self._root = f"/v1/m/{place.box.hex()}"

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        path = self._path(name)
        call = Call(
            method="PUT", path=path, token=self._place.token, body=bytes(data), is_put_once=True
        )
        reply = self._caller.call(call)
        if reply.status == _TAKEN:
            return Putting.TAKEN
        is_new = checked(reply, f"object `{name}`").status == _CREATED
        return Putting.CREATED if is_new else Putting.EXISTS

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        if offset < 0 or (length is not None and length < 0):
            raise InvalidError("a range begins at 0 or later and is not negative")
        if self.abilities.ranges and length and item_of(name).sort is Sort.PACK:
            return self._part(name, offset, length)
        takes_array = item_of(name).sort is Sort.PACK
        call = Call(
            method="GET",
            path=self._path(name),
            token=self._place.token,
            takes_array=takes_array,
        )
        whole = checked(self._caller.call(call), f"object `{name}`").body
        end = max(len(whole), offset) if length is None else offset + length
        if end > len(whole):
            raise TamperedError(f"object `{name}` has {len(whole)} bytes; asked up to {end}")
        return whole if end - offset == len(whole) else whole[offset:end]

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        coarse, at, last = _coarse(self._within(prefix)), after, ""
        while True:
            path = f"{self._root}/names?prefix={quote(coarse)}&limit={PAGE}"
            if _is_item(at, self._place.box):
                path += f"&after={quote(self._within(at))}"
            page = self._listed(self._told(path))
            for each in page:
                # THREAT T449: a list that does not go on in order would have no end
                if each.name <= last:
                    raise CarrierAwayError("the relay lists in no order")
                last = str(each.name)
                if each.name.startswith(prefix) and each.name > after:
                    yield each
            if len(page) < PAGE or (last > prefix and not last.startswith(prefix)):
                return
            at = last

    def delete(self, name: ObjectName) -> None:
        self._asked("DELETE", self._path(name), f"that `{name}` is deleted")

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        if self._within(box):
            raise InvalidError(f"`{box[:40]}` is no mailbox")
        if cursor and not (cursor.isascii() and cursor.isdigit() and int(cursor) <= MAX_NUMBER):
            raise InvalidError("a cursor is of another carrier")
        ends, at = self._seconds() + seconds, int(cursor or 0)
        while True:
            wait = int(min(POLL, max(0.0, ends - self._seconds())))
            came, names = self._news(at, wait)
            if names and came <= at:
                raise CarrierAwayError("the relay answers in no form that is known")
            if came < at:  # it was put back to an older day: all is told anew
                at = 0
                continue
            is_first, at = at == 0, came
            if names or ends - self._seconds() < 1:
                return Heads(str(at), tuple(names), begins=is_first)

    def entries(self, log: str, first: int) -> list[bytes]:
        box, name = log_of(log)
        if box != self._place.box:
            raise InvalidError(f"`{log[:40]}` is in another mailbox")
        found = self._told(f"{self._root}/log/{name.hex()}?from={first}")
        if not all(isinstance(each, bytes) for each in found):
            raise CarrierAwayError("the relay answers in no form that is known")
        return list(found)

    def wait(self, prefix: str, after: str, seconds: float) -> bool:
        ends = self._seconds() + seconds
        cursor, _ = self._news(MAX_NUMBER, 0)
        while next(self.list_after(prefix, after), None) is None:
            left = ends - self._seconds()
            if left < 1:
                return False
            cursor = int(self.heads(f"m/{self._place.box.hex()}/", str(cursor), left).cursor)
        return True

    def close(self) -> None:
        self._caller.close()

    def _news(self, after: int, wait: int) -> tuple[int, list[Listed]]:
        told = self._told(f"{self._root}/heads?after={after}&wait={wait}", wait)
        match told:
            case [int() as cursor, list() as names] if 0 <= cursor <= MAX_NUMBER:
                return cursor, self._listed(names)
            case _:
                raise CarrierAwayError("the relay answers in no form that is known")

    def _part(self, name: ObjectName, offset: int, length: int) -> bytes:
        span = f"bytes={offset}-{offset + length - 1}"
        call = Call(method="GET", path=self._path(name), token=self._place.token, span=span)
        try:
            reply = checked(self._caller.call(call), f"object `{name}`")
        except InvalidError as err:
            raise TamperedError(f"object `{name}` ends before {offset + length}") from err
        if len(reply.body) != length:
            raise CarrierAwayError("the relay gives out other bytes than were asked for")
        return reply.body

    def _asked(self, method: str, path: str, what: str, wait: float = 0.0) -> bytes:
        call = Call(method=method, path=path, token=self._place.token, wait=wait)
        return checked(self._caller.call(call), what).body

    def _told(self, path: str, wait: float = 0.0) -> list[Plain]:
        try:
            told = unpack(self._asked("GET", path, "what is there", wait))
        except (InvalidEncodingError, ObjectNotFoundError) as err:
            raise CarrierAwayError("the relay answers in no form that is known") from err
        if not isinstance(told, list):
            raise CarrierAwayError("the relay answers in no form that is known")
        return told

    def _listed(self, told: list[Plain]) -> list[Listed]:
        found = []
        for each in told:
            match each:
                case [str() as within, int() as size] if size >= 0:
                    pass
                case _:
                    raise CarrierAwayError("the relay answers in no form that is known")
            try:
                found.append(Listed(item_in(self._place.box, within).whole(), size))
            except InvalidError as err:
                raise CarrierAwayError("the relay lists what no name is") from err
        return found

    def _path(self, name: ObjectName) -> str:
        item = item_of(name)
        if item.box != self._place.box:
            raise InvalidError(f"`{name[:40]}` is in another mailbox")
        return f"{self._root}/{item.within()}"

    def _within(self, prefix: str) -> str:
        box, within = split(prefix)
        if box != self._place.box:
            raise InvalidError(f"`{prefix[:40]}` is in another mailbox")
        return within


def _coarse(within: str) -> str:
    """Return the longest part of a prefix that a relay lists by."""
    parts = within.split("/")
    if len(parts) == 1 or parts[0] not in list(Sort):
        return ""
    is_listed = len(parts) > 2 and parts[0] in {Sort.LOG, Sort.PACK}  # noqa: PLR2004  # reason: sort, name, rest
    return "/".join(parts[:2]) if is_listed else parts[0]


def _is_item(name: str, box: Id16) -> bool:
    try:
        return item_of(name).box == box
    except InvalidError:
        return False
