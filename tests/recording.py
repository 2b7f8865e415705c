"""Records all that a relay is shown, and makes of it a trace in which random ids are numbered.

- `Recorder` is the `watch` of a server: `running(watch=recorder)`.
- `fields` are names as in docs/spec/relay-view.toml. Whatever has no name there gets one of its
  own, so that a test which compares the two finds it.
- `trace()` is what a relay can tell two vaults by: operations, numbers and size classes, with each
  id by the order in which it first came. Two vaults of one shape have the same.
"""

import re
from dataclasses import dataclass, field

import cbor2

from sealhold.net.relay.names import Item, Sort, item_of
from sealhold.net.relay.papers import read
from sealhold.net.relay.wire import Head

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_BOX = re.compile(r"/v1/m/([0-9a-f]{32})(?:/(.*))?")
_MEETING = re.compile(r"/v1/rv/([0-9a-f]{32})(?:/([0-7]))?")
_LINK = re.compile(r"/v1/s/([0-9a-f]{32})(?:/([0-9]+|open|ready))?")
_CALLS = ("tokens", "names", "heads")
_LOG = re.compile(r"log/([0-9a-f]{32})")


@dataclass(slots=True)
class Seen:
    """One call, as a relay can tell it."""

    operation: str
    ids: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    size: int = 0  # class of the body


@dataclass(slots=True)
class Recorder:
    """What a relay was shown, call by call."""

    fields: set[str] = field(default_factory=set)
    calls: list[Seen] = field(default_factory=list)

    def __call__(self, head: Head, body: bytes) -> None:
        self.fields |= {"path:operation", *(f"header:{name}" for name in head.headers)}
        self.fields |= {f"query:{name}" for name in head.query}
        seen = Seen(head.method, size=class_of(len(body)))
        self._path(head, body, seen)
        for name, value in head.query.items():
            _tell(seen, name, value)
        if "authorization" in head.headers:
            seen.ids.append(head.headers["authorization"])
        seen.numbers.append(head.headers.get("range", ""))
        self.calls.append(seen)

    def trace(self) -> list[tuple[str, tuple[int, ...], tuple[str, ...], int]]:
        """Return each call, with ids numbered in the order in which they came."""
        known: dict[str, int] = {}
        return [
            (
                seen.operation,
                tuple(known.setdefault(each, len(known)) for each in seen.ids),
                tuple(seen.numbers),
                seen.size,
            )
            for seen in self.calls
        ]

    def _path(self, head: Head, body: bytes, seen: Seen) -> None:
        box, meeting = _BOX.fullmatch(head.path), _MEETING.fullmatch(head.path)
        link = _LINK.fullmatch(head.path)
        if head.path in {"/v1/health", "/v1/account"}:
            seen.operation += f" {head.path}"
        elif meeting:
            seen.operation += " rv"
            seen.ids.append(meeting[1])
            seen.numbers.append(meeting[2] or "")
            self.fields |= {"path:rendezvous"} | ({"path:place"} if meeting[2] else set())
            self.fields |= {"size:message"} if body else set()
        elif link:
            seen.operation += " link"
            seen.ids.append(link[1])
            seen.numbers.append(link[2] or "")
            self._link(link[2] or "", body)
        elif box:
            seen.ids.append(box[1])
            self.fields.add("path:box")
            self._in_box(f"m/{box[1]}/", box[2] or "", body, seen)
        else:
            self.fields.add(f"path:{head.path}")

    def _link(self, within: str, body: bytes) -> None:
        self.fields |= {"path:link"} | ({"path:piece"} if within.isdigit() else set())
        if within == "open":
            self.fields.add("link:proof")
        elif within:
            self.fields |= {"size:link"} if body else set()
        elif body:
            self.fields |= {f"link:{name}" for name in cbor2.loads(body)}

    def _in_box(self, box: str, within: str, body: bytes, seen: Seen) -> None:
        log = _LOG.fullmatch(within)
        if within in {"", *_CALLS}:
            seen.operation += f" {within or 'box'}"
            if body:
                self._paper(body, seen)
        elif log:
            seen.operation += " entries"
            seen.ids.append(log[1])
            self.fields |= {"path:sort", "path:log"}
        else:
            self._item(item_of(box + within), body, seen)

    def _item(self, item: Item, body: bytes, seen: Seen) -> None:
        seen.operation += f" {item.sort}"
        seen.ids.append(item.name.hex())
        self.fields.add("path:sort")
        if item.sort is Sort.LOG:
            seen.numbers.append(str(item.seq))
            self.fields |= {"path:log", "path:seq", *header_of(body)}
        else:
            self.fields.add("path:id")
        if body:
            self.fields.add(f"size:{item.sort}")

    def _paper(self, body: bytes, seen: Seen) -> None:
        sent = read(body)
        told = cbor2.loads(sent.said)
        self.fields |= {"paper:signature", "size:paper", *(f"paper:{name}" for name in told)}
        seen.ids.extend(each.hex() for each in (sent.paper.key, *sent.paper.tokens))
        seen.numbers += [sent.paper.act.value, sent.paper.rights.value]


def header_of(entry: bytes) -> set[str]:
    """Return the fields of the clear header that an entry of a log begins with."""
    try:
        header = cbor2.loads(entry) if entry else {}
    except cbor2.CBORDecodeError:
        return set()
    return {f"entry:{name}" for name in header} if isinstance(header, dict) else set()


def class_of(length: int) -> int:
    """Return the smallest size m * 2**e, m in 4 to 7, from 512 on, that `length` fits."""
    if length == 0:
        return 0
    sizes = (part << power for power in range(7, 21) for part in range(4, 8))
    return next((size for size in sizes if size >= length), 8_388_608)


def _tell(seen: Seen, name: str, value: str) -> None:
    ids = _ID.findall(value)
    seen.ids.extend(ids)
    seen.numbers.append(f"{name}={_ID.sub('', value)}")
