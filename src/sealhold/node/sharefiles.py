"""Files of synced folders, and documents, as a share takes them: what is in it, what is shown.

- A share names files and folders by their ids, so a new name or place changes nothing; what comes
  into a shared folder later is in it.

Source: docs/spec/52-share-spaces.md section 3.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final
from zipfile import BadZipFile, ZipFile

from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Collection, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.described import Described
from sealhold.policy.sharefacts import Thing
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.namespace import Shown
from sealhold.sharing.peers.mirror import Item

FILES: Final = Collection("files")
_TYPES: Final = {
    "photo": {".jpg", ".jpeg", ".png", ".heic", ".webp", ".tif", ".tiff"},
    "document": {".pdf", ".docx", ".odt", ".xlsx", ".ods", ".pptx", ".odp"},
    "note": {".md", ".txt"},
    "sound": {".mp3", ".m4a", ".ogg", ".flac", ".wav"},
    "video": {".mp4", ".mov", ".mkv", ".webm"},
}
_METADATA: Final = (b"Exif\x00\x00", b"http://ns.adobe.com/xap/", b"eXIf", b"EXIF")
_TRACKED: Final = (b"<w:ins ", b"<w:del ", b"<text:tracked-changes")
_TEXTS: Final = ("word/document.xml", "content.xml")  # of office documents
_LOOKED_AT: Final = 1 << 18  # bytes of the begin of a picture
_DOCUMENT: Final = 1 << 24  # bytes of a document, and of its text


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An object that may be shared, and what is shown of it."""

    id: Id16
    thing: Thing
    describe: Callable[[], Described]  # looks into it
    item: Item
    path: str  # as its owner sees it
    came: Instant
    is_document: bool = False  # edited by several people at once


class SharedFiles:
    """The files of the owner's folders, and the documents. For one thread."""

    def __init__(
        self, devices: Devices, reach: Callable[[Open], None] = lambda _opened: None
    ) -> None:
        """Begin; `reach` has contents read from where they lie that are not here."""
        self._devices, self._reach = devices, reach

    def named(self, text: str) -> Id16:
        """Return the file or folder that `COLLECTION/PATH` names, or a collection's top folder.

        Raises:
            NotFoundError: there is none.
        """
        name, _, path = text.strip("/").partition("/")
        for opened in self._collections():
            if opened.about.name != name:
                continue
            if not path:
                return Id16(opened.about.id)
            for thing, shown in _shown(opened).items():
                if "/".join(shown.path) == path:
                    return Id16(thing)
        raise NotFoundError(f"no synced file, folder or document is called `{text[:200]}`")

    def every(self, ids: frozenset[Id16]) -> Iterator[Offered]:
        """Yield the files that `ids` are, or that lie below them.

        Raises:
            TamperedError: a content is not what was written.
        """
        for opened in self._collections():
            shown = _shown(opened)
            by_path = {each.path: thing for thing, each in shown.items()}
            state, is_reached = opened.replica.state, False
            for thing, each in shown.items():
                standing = state.versions.standing(thing).shown
                above = _above(each, by_path, Id16(opened.about.id), ids)
                if each.is_folder or standing is None or above is None:
                    continue
                content = state.content(standing.id)
                if content.kind in {Kind.FILE, Kind.DOCUMENT}:
                    if content.manifest is not None and not is_reached:
                        self._reach(opened)
                        is_reached = True
                    yield _offered(opened, each, content, standing.id, standing.time.ms, above)

    def _collections(self) -> Iterator[Open]:
        for opened in self._devices.collections():
            if opened.about.holds in {Holds.FILES, Holds.DOCUMENTS} and not opened.is_foreign:
                yield opened


def _shown(opened: Open) -> dict[bytes, Shown]:
    state = opened.replica.state
    return state.tree.shown(state.versions.edited_over_deletes())


def _above(
    shown: Shown, by_path: dict[tuple[str, ...], bytes], top: Id16, ids: frozenset[Id16]
) -> int | None:
    """Return how many names of a path lie above what is shared; None if it is not in the share."""
    for depth in range(len(shown.path), 0, -1):
        if by_path.get(shown.path[:depth]) in ids:
            return depth - 1
    return 0 if top in ids else None


def _offered(  # reason: what a file is made of
    opened: Open, shown: Shown, content: Content, version: bytes, came: int, above: int
) -> Offered:
    thing = Thing(id=Id16(shown.object), dataset=FILES)
    is_document = content.kind is Kind.DOCUMENT
    kind = "note" if is_document else _type_of(shown.path[-1])

    def describe() -> Described:
        hidden = _hidden(kind, lambda most: _begin(opened, content, most))
        return Described(thing=thing, type=kind, hidden=hidden)

    return Offered(
        id=thing.id,
        path="/".join((opened.about.name, *shown.path)),
        came=Instant(came),
        is_document=is_document,
        thing=thing,
        describe=describe,
        item=Item(
            source=opened.about.id + thing.id,
            version=version,
            name=shown.path[-1],
            folder=shown.path[above:-1],
            read=lambda: opened.bodies.read(content),
            mode=content.mode & 0o777,
            mtime=content.mtime,
        ),
    )


def _begin(opened: Open, content: Content, most: int) -> bytes:
    """Return the first `most` bytes of a content."""
    found = b""
    for piece in opened.bodies.read(content):
        found += piece
        if len(found) >= most:
            break
    return found[:most]


def _type_of(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return next((kind for kind, endings in _TYPES.items() if ending in endings), "file")


def _hidden(kind: str, begin: Callable[[int], bytes]) -> frozenset[str]:
    """Return what a file holds beside what is seen: in pictures and office documents."""
    if kind == "photo" and any(mark in begin(_LOOKED_AT) for mark in _METADATA):
        return frozenset({"metadata"})
    if kind == "document":
        with suppress(BadZipFile), ZipFile(BytesIO(begin(_DOCUMENT))) as parts:
            names = [each for each in _TEXTS if each in parts.namelist()]
            for name in names:
                with parts.open(name) as part:
                    told = part.read(_DOCUMENT)
                if any(mark in told for mark in _TRACKED):
                    return frozenset({"tracked changes"})
    return frozenset()
