"""A carrier that lies, for tests: each verb of the page's list, on demand, to whom it is told to.

- `Liar` keeps what is put truly, beside the lies; `side("phone")` is the carrier that one device
  has. A `Lie` names its verb, the names it is about (a regular expression over whole names) and the
  sides that are lied to; without sides, all are.
- Time is counted in marks: `mark()` remembers what there is now, for `ROLL_BACK` and `FORK`.
- To put a real relay before processes, hand `Served(liar.side(...))` to `tests.relaying.running`.
"""
# ruff: noqa: ARG002  # reason: `Served` has the methods of its contract

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import CarrierRefusedError, ObjectNotFoundError, TamperedError
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.names import Item, Sort, item_of
from sealhold.net.relay.papers import Rights
from sealhold.net.relay.spec import Bearer, Box, News, Stored, Usage
from sealhold.net.spec import Abilities, Heads, Listed, Putting


class Verb(StrEnum):
    """What it does wrong."""

    DROP = "drop"  # says that it kept what it did not
    DELAY = "delay"  # shows others what was put only after `release`
    REORDER = "reorder"  # shows what was put later before what was put earlier
    REPLAY = "replay"  # shows the bytes of the first again under the name of the next
    ROLL_BACK = "roll back"  # shows what there was at the mark
    FORK = "fork"  # since the mark shows each side what that side put, and nothing else
    TRUNCATE = "truncate"  # gives the first half
    SWAP = "swap"  # gives the bytes of another object of the same folder
    FORGE = "forge"  # gives bytes that nobody put, of the same length
    WITHHOLD = "withhold"  # shows some sides none of it
    EQUIVOCATE = "equivocate"  # takes two objects of one name, and gives each side another
    FLOOD = "flood"  # lists a thousand names that lead nowhere


@dataclass(frozen=True, slots=True)
class Lie:
    """One lie."""

    verb: Verb
    about: str = r".*"
    to: frozenset[str] = frozenset()  # sides; empty: all

    def holds(self, side: str, name: str) -> bool:
        return (not self.to or side in self.to) and re.fullmatch(self.about, name) is not None


@dataclass(slots=True)
class _Put:
    name: ObjectName
    data: bytes
    by: str
    is_late: bool = False  # others see it after `release`


@dataclass(slots=True)
class Liar:
    """The place itself; what it tells depends on its lies."""

    lies: list[Lie] = field(default_factory=list)
    puts: list[_Put] = field(default_factory=list)  # in order; all that was ever sent here
    deleted: list[ObjectName] = field(default_factory=list)
    _gone: set[int] = field(default_factory=set)  # places in `puts`
    _mark: int = 0
    _shown: dict[str, tuple[tuple[object, ...], dict[ObjectName, bytes]]] = field(
        default_factory=dict
    )
    lock: RLock = field(default_factory=RLock)

    def lie(self, verb: Verb, about: str = r".*", *to: str) -> None:
        """Begin a lie."""
        self.lies.append(Lie(verb, about, frozenset(to)))

    def repent(self) -> None:
        """Tell the truth from now on; what was delayed comes, what was dropped does not."""
        self.lies.clear()
        self.release()

    def release(self) -> None:
        """Show what was delayed until now."""
        for put in self.puts:
            put.is_late = False

    def mark(self) -> None:
        """Remember what there is now."""
        self._mark = len(self.puts)

    def side(self, name: str) -> "Side":
        """Return the carrier of one device."""
        return Side(self, name)

    def told(self, verb: Verb, side: str, name: str) -> bool:
        return any(lie.verb is verb and lie.holds(side, name) for lie in self.lies)

    def put(self, side: str, name: ObjectName, data: bytes) -> Putting:
        if self.told(Verb.DROP, side, name):
            return Putting.CREATED
        for held in self._visible(side, {name}).values():
            return Putting.EXISTS if held.data == data else Putting.TAKEN
        is_late = self.told(Verb.DELAY, side, name)
        self.puts.append(_Put(name, data, side, is_late))
        return Putting.CREATED

    def delete(self, name: ObjectName) -> None:
        self.deleted.append(name)
        self._gone |= {at for at, put in enumerate(self.puts) if put.name == name}

    def shown(self, side: str) -> dict[ObjectName, bytes]:
        """Return what a side is told there is, with what it is given for it."""
        late = sum(put.is_late for put in self.puts)
        now = (len(self.puts), len(self._gone), late, self._mark, *self.lies)
        if self._shown.get(side, ((), {}))[0] != now:
            self._shown[side] = now, self._shown_now(side)
        return self._shown[side][1]

    def _shown_now(self, side: str) -> dict[ObjectName, bytes]:
        visible = self._visible(side)
        kept = {name: put.data for name, put in visible.items()}
        told = {name: self._distorted(side, name, kept) for name in kept}
        for name in kept:
            told |= self._replayed(side, name, visible)
        if any(lie.verb is Verb.FLOOD and (not lie.to or side in lie.to) for lie in self.lies):
            told |= _flood(visible)
        return told

    def _visible(self, side: str, only: set[ObjectName] | None = None) -> dict[ObjectName, _Put]:
        found: dict[ObjectName, _Put] = {}
        for at, put in enumerate(self.puts):
            if at in self._gone or (only is not None and put.name not in only):
                continue
            if not self._is_hidden(side, at, put):
                found.setdefault(put.name, put)
        return found

    def _is_hidden(self, side: str, at: int, put: _Put) -> bool:
        since = at >= self._mark
        return (
            (put.is_late and put.by != side)
            or self.told(Verb.WITHHOLD, side, put.name)
            or (self.told(Verb.ROLL_BACK, side, put.name) and since)
            or (self.told(Verb.FORK, side, put.name) and since and put.by != side)
            or (self.told(Verb.EQUIVOCATE, side, put.name) and self._is_of_another(side, put))
            or (self.told(Verb.REORDER, side, put.name) and self._is_overtaken(at))
        )

    def _is_of_another(self, side: str, put: _Put) -> bool:
        own = any(each.name == put.name and each.by == side for each in self.puts)
        others = any(each.name == put.name and each.by != put.by for each in self.puts)
        return put.by != side and (own or not others)

    def _is_overtaken(self, at: int) -> bool:
        """Of each two that were put one after the other, the first comes when a third is there."""
        return at % 2 == 0 and at + 2 >= len(self.puts)

    def _distorted(self, side: str, name: ObjectName, told: dict[ObjectName, bytes]) -> bytes:
        data = told[name]
        if self.told(Verb.TRUNCATE, side, name):
            data = data[: len(data) // 2]
        if self.told(Verb.SWAP, side, name):
            folder = name.rpartition("/")[0]
            others = [each for each in told if each != name and each.startswith(folder)]
            data = told[others[0]] if others else data
        if self.told(Verb.FORGE, side, name):
            data = (fingerprint(data) * (len(data) // 32 + 1))[: len(data)]
        return data

    def _replayed(
        self, side: str, name: ObjectName, visible: dict[ObjectName, _Put]
    ) -> dict[ObjectName, bytes]:
        if not self.told(Verb.REPLAY, side, name):
            return {}
        item = item_of(name)
        if item.sort is not Sort.LOG:
            return {}
        following = Item(item.box, item.sort, item.name, item.seq + 1).whole()
        if following in visible:
            return {}
        first = Item(item.box, item.sort, item.name, 0).whole()
        return {following: visible[first].data} if first in visible else {}


def _flood(visible: dict[ObjectName, _Put]) -> dict[ObjectName, bytes]:
    if not visible:
        return {}
    box = item_of(next(iter(visible))).box
    made = (fingerprint(number.to_bytes(4)) for number in range(1_000))
    return {Item(box, Sort.LOG, each[:16], each[16]).whole(): each for each in made}


class Side:
    """What one device sees of a liar; a Carrier."""

    def __init__(self, liar: Liar, name: str) -> None:
        self.abilities = Abilities(ranges=True, pushes=False, deletes=True)
        self._liar = liar
        self._name = name

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        with self._liar.lock:
            return self._liar.put(self._name, name, bytes(data))

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        with self._liar.lock:
            shown = self._liar.shown(self._name)
        if name not in shown:
            raise ObjectNotFoundError(f"no object `{name}`")
        data = shown[name]
        end = max(len(data), offset) if length is None else offset + length
        if end > len(data):
            raise TamperedError(f"object `{name}` ends before {end}")
        return data[offset:end]

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        with self._liar.lock:
            shown = self._liar.shown(self._name)
        for name in sorted(shown):
            if name.startswith(prefix) and name > after:
                yield Listed(name, len(shown[name]))

    def delete(self, name: ObjectName) -> None:
        with self._liar.lock:
            self._liar.delete(name)

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        del seconds  # it tells nobody that something came
        listed = [each for each in self.list_after(box) if "/pack/" not in each.name]
        now = fingerprint("\n".join(each.name for each in listed).encode()).hex()
        newest = {
            each.name.rpartition("/")[0] if "/log/" in each.name else each.name: each
            for each in listed
        }
        return Heads(now, () if now == cursor else tuple(newest.values()), now != cursor)

    def entries(self, log: str, first: int) -> list[bytes]:
        with self._liar.lock:
            shown = self._liar.shown(self._name)
        found: list[bytes] = []
        while (name := ObjectName(f"{log}{first + len(found):016x}")) in shown:
            found.append(shown[name])
        return found

    def wait(self, prefix: str, after: str, seconds: float) -> bool:
        del seconds
        return next(self.list_after(prefix, after), None) is not None

    def close(self) -> None:
        """Keep nothing open."""


class Served:
    """A liar behind the doors of a real relay: hand it to `running(keeping=...)`.

    The token of a side is its name; each side sees what the liar tells it, by the relay's own API.
    As the doors say only which object is asked for, one relay serves one side.
    """

    def __init__(self, side: Side, box: Id16) -> None:
        self._side = side
        self._box = box
        self._states = [""]  # cursors of the side, in order; a number of ours is a place here

    def bearer(self, token: str) -> Bearer:
        return Bearer(Id16(fingerprint(token.encode())[:16]), Rights.ADMIN, self._box)

    def usage(self, account: Id16) -> Usage:
        return Usage(0, 0, 0)

    def box(self, box: Id16) -> Box | None:
        return None

    def open(self, account: Id16, box: Id16, key: bytes, number: int) -> bool:
        raise CarrierRefusedError

    def mint(self, box: Id16, rights: Rights, number: int) -> str | None:
        raise CarrierRefusedError

    def drop(self, box: Id16, tokens: Sequence[Id16], number: int) -> None:
        raise CarrierRefusedError

    def rekey(self, box: Id16, key: bytes, number: int) -> None:
        raise CarrierRefusedError

    def end(self, box: Id16, number: int) -> None:
        raise CarrierRefusedError

    def put(self, item: Item, data: bytes | bytearray) -> Stored:
        put = self._side.put_new(item.whole(), bytes(data))
        return {
            Putting.CREATED: Stored.CREATED,
            Putting.EXISTS: Stored.SAME,
            Putting.TAKEN: Stored.TAKEN,
        }[put]

    def get(self, item: Item, offset: int = 0, length: int | None = None) -> bytes:
        return self._side.get(item.whole(), offset, length)

    def size(self, item: Item) -> int:
        return len(self._side.get(item.whole()))

    def delete(self, item: Item) -> None:
        self._side.delete(item.whole())

    def names(
        self, box: Id16, within: str, after: Item | None, limit: int
    ) -> Sequence[tuple[Item, int]]:
        behind = after.whole() if after else ""
        listed = self._side.list_after(f"m/{box.hex()}/{within}", behind)
        return [(item_of(each.name), each.size) for each, _ in zip(listed, range(limit))]  # noqa: B905

    def news(self, box: Id16, after: int, limit: int) -> News:
        heads = self._side.heads(f"m/{box.hex()}/")
        if heads.cursor != self._states[-1]:
            self._states.append(heads.cursor)
        newest = len(self._states) - 1
        if newest <= after:
            return News(newest, [])
        return News(newest, [(item_of(each.name), each.size) for each in heads.names[:limit]])

    def entries(self, box: Id16, log: bytes, first: int, most: int) -> list[bytes]:
        return self._side.entries(f"m/{box.hex()}/log/{log.hex()}/", first)[: max(1, most >> 21)]

    def wait(self, box: Id16, after: int, seconds: float) -> None:
        """Tell nobody that something came."""
