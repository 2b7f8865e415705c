"""A share space is made equal to what is to be shown in it, sealed anew under keys of its own.

- Ids of objects and versions follow from the share's secret, so nobody else connects them with the
  owner's, and a second look finds what is there already.
- What is shown no more is erased from the space. Contents are durable before a version names them.

Source: docs/spec/52-share-spaces.md section 3.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from msgspec import structs

from sealhold.crypto.digest import mac16
from sealhold.crypto.tags import Tag
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.bodytaking import Packer, Pending
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.erasing import erase
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.treeops import ROOT
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.usekeys import sealed_for_use, use_key

PORTION_ITEMS = 500
_ID_NAME = 16  # digits of an id that is a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object that is to be shown."""

    source: bytes  # what it is at the owner: an id that stays
    version: bytes  # which version of it
    name: str  # empty: an id that tells nothing
    folder: tuple[str, ...]  # names from the top down
    read: Callable[[], Iterator[bytes]]  # what is shown of it
    mode: int = 0o644
    mtime: int = 0  # ns since 1970; 0 where no time is to be seen


@dataclass(slots=True)
class Mirrored:
    """What became of a space."""

    shown: int = 0  # objects
    written: int = 0
    renamed: int = 0
    erased: int = 0
    things: dict[bytes, bytes] = field(default_factory=dict)  # by source: id in the space


def shown_id(record: Record, source: bytes, erased: Container[bytes] = ()) -> bytes:
    """Return the id of an object in the space of a share, 16 bytes: not one that was erased."""
    # THREAT T548: without the share's secret it tells nothing of what it is made from
    ids = (mac16(record.secret, Tag.SHOWN, source, _count(again)) for again in count())
    return next(each for each in ids if each not in erased)


def mirror(devices: Devices, opened: Open, record: Record, items: Iterable[Item]) -> Mirrored:
    """Make a space equal to `items`, durably, portion by portion.

    Args:
        devices: of the owner.
        opened: the space.
        record: of the share.
        items: everything that is to be shown; each source once.

    Raises:
        NoEpochError: nothing can be written now.
        StoreFullError: no room.
    """
    done, work = Mirrored(), _Work(opened, record)
    for portion in _portions(work.wanted(items, done)):
        work.write(portion, done)
    left = set(opened.replica.state.tree.shown()) - set(done.things.values())
    left -= set(work.folders.values())
    if left:
        erase(devices, opened, left)
    done.shown, done.erased = len(done.things), len(left)
    return done


@dataclass(frozen=True, slots=True)
class _New:
    """A version that is not there yet."""

    item: Item
    thing: bytes
    version: bytes


class _Work:
    def __init__(self, opened: Open, record: Record) -> None:
        self._opened, self._record = opened, record
        rules = repr((record.clauses.precision, sorted(record.clauses.omit))).encode()
        self._rules = rules
        self._digests = Digests(opened.about.secret)
        self.folders: dict[tuple[str, ...], bytes] = {(): ROOT}
        self._fresh: set[bytes] = set()  # folders that are not placed yet

    def wanted(self, items: Iterable[Item], done: Mirrored) -> Iterator[_New]:
        """Yield what is not there yet, and what has another name."""
        state = self._opened.replica.state
        for each in items:
            self._folder(each.folder)
            thing = done.things[each.source] = shown_id(self._record, each.source, state.erased)
            item = each if each.name else replace(each, name=thing.hex()[:_ID_NAME])
            standing = state.versions.standing(thing).shown
            version, is_there = self._version(item, b"" if standing is None else standing.id)
            if not is_there or not self._stands(thing, item):
                yield _New(item, thing, version)

    def _stands(self, thing: bytes, item: Item) -> bool:
        """Return whether an object has the name and the folder that it is to have."""
        place = self._opened.replica.state.tree.place_of(thing)
        parent = self._folder(item.folder)
        return place is not None and (place.parent, place.name) == (parent, item.name)

    def _folder(self, path: tuple[str, ...]) -> bytes:
        """Return the id of a folder."""
        if path not in self.folders:
            self._folder(path[:-1])
            source = b"folder" + "/".join(path).encode("utf-8", "surrogateescape")
            state = self._opened.replica.state
            thing = self.folders[path] = shown_id(self._record, source, state.erased)
            if state.tree.place_of(thing) is None:
                self._fresh.add(thing)
        return self.folders[path]

    def _place_folders(self, draft: Draft) -> None:
        for path, thing in self.folders.items():  # those above come first
            if thing in self._fresh:
                draft.place(thing, self.folders[path[:-1]], path[-1], is_folder=True)
        self._fresh.clear()

    def _version(self, item: Item, standing: bytes) -> tuple[bytes, bool]:
        """Return the id of a version, and whether it is the one that stands.

        What was shown before and is to be shown again is a new version.
        """
        told = (item.source, item.version, self._rules)
        version = before = b""
        for again in count():
            before = version
            version = mac16(self._record.secret, Tag.SHOWN, *told, _count(again))
            if version not in self._opened.replica.state:
                break
        return (before, True) if before and before == standing else (version, False)

    def write(self, portion: list[_New], done: Mirrored) -> None:
        """Write some versions, durably."""
        state, draft = self._opened.replica.state, Draft(self._opened.replica)
        with self._opened.bodies.packer() as packer:
            taken: list[tuple[_New, Pending | None, bytes]] = []
            for new in portion:
                if new.version in state:
                    taken.append((new, None, b""))
                    continue
                taken.append((new, *self._take(packer, new)))
            packer.finish()
            self._place_folders(draft)
            for new, pending, digest in taken:
                parent = self._folder(new.item.folder)
                if state.tree.place_of(new.thing) is None:
                    draft.place(new.thing, parent, new.item.name)
                elif not self._stands(new.thing, new.item):
                    draft.move(new.thing, parent, new.item.name)
                    done.renamed += 1
                if pending is not None:
                    content = packer.content(pending, digest)
                    whole = _stamped(content, new.item)
                    heads = state.versions.standing(new.thing).heads
                    draft.put(new.thing, whole, heads, new.version)
                    done.written += 1
        draft.commit()

    def _take(self, packer: Packer, new: _New) -> tuple[Pending, bytes]:
        pieces = new.item.read()
        if self._record.clauses.tier is Tier.KEY_PER_USE:
            key = use_key(self._record.secret, new.thing, new.version)
            pieces = sealed_for_use(pieces, key, new.thing, new.version)
        counted = self._digests.start()

        def through() -> Iterator[bytes]:
            for piece in pieces:
                counted.update(piece)
                yield piece

        pending = packer.take(through())
        return pending, counted.digest()


def _stamped(content: Content, item: Item) -> Content:
    return structs.replace(content, mode=item.mode, mtime=item.mtime)


def _count(again: int) -> bytes:
    return again.to_bytes(4, "big")


def _portions(news: Iterable[_New]) -> Iterator[list[_New]]:
    portion: list[_New] = []
    for new in news:
        portion.append(new)
        if len(portion) >= PORTION_ITEMS:
            yield portion
            portion = []
    if portion:
        yield portion
