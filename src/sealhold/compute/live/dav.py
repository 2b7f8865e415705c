"""Calendars and address books on a server, over CalDAV and CardDAV.

- From the address that is named the account's home and its collections are found (PROPFIND), or it
  is itself a collection.
- What changed is told by `sync-collection` where the server has it, else by a list of ETags. What
  changed is asked for in portions (REPORT multiget).
- A cursor holds for each collection its token, and for each of its files its ETag and the names of
  the items in it: an item is gone when no file names it any more.

Source: docs/spec/37-live.md section 5; RFC 4791, RFC 6352, RFC 6578.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sealhold.compute.live.asking import Answer, Asker
from sealhold.compute.live.saying import MAX_GONE, Ended, FailedError, Order, Shown, Up, shown
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.spec import Source
from sealhold.connectors.xmlsafe import children
from sealhold.model.errors import UnreadableSourceError

PORTION: Final = 100  # files asked for at once, and in a piece
MAX_COLLECTIONS: Final = 200
MAX_FILES: Final = 100_000
DAV: Final = "{DAV:}"
_XML: Final = {"Content-Type": "application/xml; charset=utf-8"}
_MULTI: Final = (207,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is different between calendars and address books."""

    name: str
    space: str  # of its elements
    home: str
    collection: str
    multiget: str
    data: str
    well_known: str
    reader: type[Source]
    thing: str


KINDS: Final = {
    "caldav": Kind(
        name="caldav",
        space="urn:ietf:params:xml:ns:caldav",
        home="calendar-home-set",
        collection="calendar",
        multiget="calendar-multiget",
        data="calendar-data",
        well_known="/.well-known/caldav",
        reader=ICalendar,
        thing="calendar",
    ),
    "carddav": Kind(
        name="carddav",
        space="urn:ietf:params:xml:ns:carddav",
        home="addressbook-home-set",
        collection="addressbook",
        multiget="addressbook-multiget",
        data="address-data",
        well_known="/.well-known/carddav",
        reader=VCard,
        thing="address book",
    ),
}


@dataclass(slots=True)
class _Kept:
    """What is known of one collection from pulls before."""

    token: str = ""
    files: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # ETag, names of items


@dataclass(frozen=True, slots=True)
class _Collection:
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer says of one file."""

    path: str
    status: int
    properties: dict[str, Element]


def speak(order: Order, up: Up) -> None:
    """Do what an order says.

    Raises:
        FailedError: it goes no further.
        DialError: there is no connection.
    """
    asker, kind = Asker(order), KINDS[order.kind]
    try:
        found = _collections(asker, kind, order)
        if order.is_check:
            names = ", ".join(each.title for each in found[:5])
            up.send(Shown(f"{len(found):,} {kind.thing}{'s' * (len(found) > 1)}: {names}"))
            return
        _read(asker, kind, order, found, up)
    except UnreadableSourceError as err:
        raise FailedError("form") from err


def _read(asker: Asker, kind: Kind, order: Order, found: list[_Collection], up: Up) -> None:
    """Give what changed in each collection, then what is gone."""
    kept = _state_of(order.cursor)
    before = {name for each in kept.values() for _, names in each.files.values() for name in names}
    for path in kept.keys() - {each.path for each in found}:
        del kept[path]
    for each in found:
        of_it = kept.setdefault(each.path, _Kept())
        _changes(asker, kind, each, of_it, up)
    left = {name for each in kept.values() for _, names in each.files.values() for name in names}
    gone = sorted(before - left)[:MAX_GONE]
    up.send(Ended("what is gone", _cursor_of(kept), gone))


def _changes(asker: Asker, kind: Kind, found: _Collection, kept: _Kept, up: Up) -> None:
    """Give the files of a collection that are new or changed, and forget those that are gone."""
    changed, gone, token = _since(asker, found, kept)
    missed = set(changed)
    for path in gone:
        kept.files.pop(path, None)
    for start in range(0, len(changed), PORTION):
        some = changed[start : start + PORTION]
        count = 0
        for told in _multiget(asker, kind, found, some):
            data = told.properties.get(f"{{{kind.space}}}{kind.data}")
            if data is None or not data.text:
                continue
            missed.discard(told.path)
            content = data.text.encode()
            content += b"" if content.endswith(b"\n") else b"\r\n"
            up.give(content)
            count += 1
            kept.files[told.path] = (_etag(told), _names(kind, content))
        if count:
            up.send(Ended(f"{found.title}, {count:,} files", ""))
    kept.token = "" if missed else token  # what was not given is asked for again


def _since(asker: Asker, found: _Collection, kept: _Kept) -> tuple[list[str], list[str], str]:
    """Return which files changed and which are gone since the last pull, and the token of now.

    Raises:
        FailedError: too many, or the server refuses.
    """
    synced = _synced(asker, found, kept.token)
    if synced is None and kept.token:  # the server forgot the token: all is compared
        kept.token = ""
        synced = _synced(asker, found, "")
    told, token, is_all = synced if synced is not None else (_listed(asker, found), "", True)
    there = {each.path: _etag(each) for each in told if each.status < 400}  # noqa: PLR2004  reason: what HTTP calls an error
    changed = [
        path
        for path, etag in there.items()
        if path not in kept.files or not etag or kept.files[path][0] != etag
    ]
    gone = [each.path for each in told if each.status >= 400]  # noqa: PLR2004  reason: as above
    if is_all:
        gone += [path for path in kept.files if path not in there]
    if len(there) > MAX_FILES:
        raise FailedError("size")
    return changed, gone, token


def _synced(asker: Asker, found: _Collection, token: str) -> tuple[list[_Told], str, bool] | None:
    """Return what `sync-collection` tells, its token, and whether that is all; None if refused.

    Raises:
        FailedError: it goes in a circle, or without end.
    """
    everything: list[_Told] = []
    first = token
    for _ in range(MAX_FILES // PORTION):
        body = (
            '<?xml version="1.0" encoding="utf-8"?><d:sync-collection xmlns:d="DAV:">'
            f"<d:sync-token>{escape(token)}</d:sync-token><d:sync-level>1</d:sync-level>"
            "<d:prop><d:getetag/></d:prop></d:sync-collection>"
        )
        fine = (207, 400, 403, 405, 409, 415, 501)
        answer = asker.ask("REPORT", found.path, body.encode(), _XML, fine)
        if answer.status not in _MULTI:
            return None
        told, now = _multistatus(asker, answer)
        everything += [each for each in told if each.path.rstrip("/") != found.path.rstrip("/")]
        is_cut = any(each.status == 507 for each in told)  # noqa: PLR2004  reason: RFC 6578 section 3.6
        if not now or len(everything) > MAX_FILES:
            return None
        if not is_cut:
            return [each for each in everything if each.status != 507], now, not first  # noqa: PLR2004  reason: as above
        if now == token:
            raise FailedError("cut")
        token = now
    raise FailedError("size")


def _listed(asker: Asker, found: _Collection) -> list[_Told]:
    """Return each file of a collection with its ETag."""
    told = _propfind(asker, found.path, 1, "<d:getetag/><d:resourcetype/>")
    return [
        each
        for each in told
        if each.path.rstrip("/") != found.path.rstrip("/") and not _is(each, f"{DAV}collection")
    ]


def _multiget(
    asker: Asker, kind: Kind, found: _Collection, paths: Sequence[str]
) -> Iterator[_Told]:
    hrefs = "".join(f"<d:href>{escape(each)}</d:href>" for each in paths)
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><k:{kind.multiget} xmlns:d="DAV:" '
        f'xmlns:k="{kind.space}"><d:prop><d:getetag/><k:{kind.data}/></d:prop>{hrefs}'
        f"</k:{kind.multiget}>"
    )
    asked = set(paths)
    told, _ = _multistatus(asker, asker.ask("REPORT", found.path, body.encode(), _XML, _MULTI))
    for each in told:
        if each.path in asked:  # THREAT T403: a file that nobody asked for is none of this place
            asked.discard(each.path)
            yield each


def _collections(asker: Asker, kind: Kind, order: Order) -> list[_Collection]:
    """Return the collections of the account, or the one that is named.

    Raises:
        FailedError: there is none.
    """
    start = order.path
    asked = "<d:resourcetype/><d:displayname/><d:current-user-principal/>" + _own(kind, kind.home)
    if start == "/":
        start = _well_known(asker, kind)
    here = _first(_propfind(asker, start, 0, asked))
    if _is(here, f"{{{kind.space}}}{kind.collection}"):
        return [_named(here)]
    home = _href(asker, here, f"{{{kind.space}}}{kind.home}")
    if not home:
        principal = _href(asker, here, f"{DAV}current-user-principal")
        if principal:
            there = _first(_propfind(asker, principal, 0, _own(kind, kind.home)))
            home = _href(asker, there, f"{{{kind.space}}}{kind.home}")
    told = _propfind(asker, home or start, 1, "<d:resourcetype/><d:displayname/>")
    found = [_named(each) for each in told if _is(each, f"{{{kind.space}}}{kind.collection}")]
    if not found:
        raise FailedError("absent")
    return sorted(found, key=lambda each: each.path)[:MAX_COLLECTIONS]


def _well_known(asker: Asker, kind: Kind) -> str:
    """Return where the server says that its calendars or address books begin.

    Raises:
        FailedError: it refuses.
    """
    asked = "<d:current-user-principal/>"
    try:
        return _answer(asker, kind.well_known, 0, asked).path
    except FailedError as err:
        if err.word in ("absent", "status"):
            return "/"
        raise


def _own(kind: Kind, name: str) -> str:
    return f'<k:{name} xmlns:k="{kind.space}"/>'


def _answer(asker: Asker, path: str, depth: int, asked: str) -> Answer:
    body = (
        '<?xml version="1.0" encoding="utf-8"?><d:propfind xmlns:d="DAV:">'
        f"<d:prop>{asked}</d:prop></d:propfind>"
    )
    return asker.ask("PROPFIND", path, body.encode(), {**_XML, "Depth": str(depth)}, _MULTI)


def _propfind(asker: Asker, path: str, depth: int, asked: str) -> list[_Told]:
    return _multistatus(asker, _answer(asker, path, depth, asked))[0]


def _multistatus(asker: Asker, answer: Answer) -> tuple[list[_Told], str]:
    """Return what is told of each file, and the token if there is one."""
    told, token = [], ""
    for _, child in children(BytesIO(answer.body), lambda _: False):
        if child.tag == f"{DAV}sync-token":
            token = (child.text or "").strip()
        if child.tag != f"{DAV}response":
            continue
        href = (child.findtext(f"{DAV}href") or "").strip()
        status = _code(child.findtext(f"{DAV}status")) or 200
        properties: dict[str, Element] = {}
        for each in child.iter(f"{DAV}propstat"):
            if _code(each.findtext(f"{DAV}status")) in (0, 200):
                prop = each.find(f"{DAV}prop")
                properties |= {one.tag: one for one in (prop if prop is not None else ())}
        told.append(_Told(asker.path_of(href, answer.path), status, properties))
    return told, token


def _code(line: str | None) -> int:
    """Return the status in `HTTP/1.1 404 Not Found`, 0 if there is none."""
    words = (line or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else 0  # noqa: PLR2004  reason: digits of a status


def _is(told: _Told, kind: str) -> bool:
    found = told.properties.get(f"{DAV}resourcetype")
    return found is not None and found.find(kind) is not None


def _href(asker: Asker, told: _Told, name: str) -> str:
    found = told.properties.get(name)
    href = found.findtext(f"{DAV}href") if found is not None else None
    return asker.path_of(href.strip(), told.path) if href else ""


def _first(told: list[_Told]) -> _Told:
    if not told:
        raise FailedError("cut")
    return told[0]


def _named(told: _Told) -> _Collection:
    found = told.properties.get(f"{DAV}displayname")
    title = (found.text or "").strip() if found is not None else ""
    return _Collection(told.path, shown(title or told.path.rstrip("/").rpartition("/")[2]))


def _etag(told: _Told) -> str:
    found = told.properties.get(f"{DAV}getetag")
    return (found.text or "").strip()[:512] if found is not None else ""


def _names(kind: Kind, content: bytes) -> list[str]:
    """Return the own names of the items in a file, as the connector that reads it gives them."""
    try:
        batches = [*kind.reader().read(BytesIO(content), "", None)]
    except UnreadableSourceError:
        return []
    return [item.original_id for each in batches for item in each.items if item.original_id]


def _state_of(cursor: str | None) -> dict[str, _Kept]:
    if not cursor:
        return {}
    found = json.loads(cursor)["c"]
    return {
        path: _Kept(token, {name: (etag, names) for name, (etag, names) in files.items()})
        for path, (token, files) in found.items()
    }


def _cursor_of(kept: dict[str, _Kept]) -> str:
    plain = {path: (each.token, each.files) for path, each in kept.items()}
    return json.dumps({"v": 1, "c": plain}, separators=(",", ":"), ensure_ascii=False)
