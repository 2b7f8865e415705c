"""Versions of a file, those that were made at the same time, and which of them is shown.

- A version names those that it follows. What no version follows stands; several that stand are
  siblings, and all of them are kept.
- Shown is the sibling with the greatest (logical time, device), so the same on every replica.
- A delete is a version without content. Against an edit that did not know of it the edit wins,
  and that is flagged. Siblings of equal content are no conflict.
- A conflict ends by a version that follows all siblings, and by nothing else.
- The same set of versions gives the same standing, in whichever order it arrived.

Source: docs/spec/47-folders.md section 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from sealhold.model.errors import InvalidError
from sealhold.sharing.devices.logicaltime import LogicalTime


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One state of a file's content, or that it was deleted."""

    id: bytes  # 16 random bytes
    object: bytes  # 16 bytes
    parents: frozenset[bytes]  # the versions that it follows
    time: LogicalTime
    device: bytes  # 16 bytes: who made it
    content: bytes | None  # keyed digest of content, mode and type; None: deleted

    @property
    def order(self) -> tuple[LogicalTime, bytes, bytes]:
        """Return what siblings are compared by; the id ends a tie that no honest device makes."""
        return (self.time, self.device, self.id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of one file."""

    shown: Version | None  # None: deleted, or no version is known
    siblings: tuple[Version, ...]  # other content that stands, greatest first
    deletes: tuple[Version, ...]  # deletes that stand, greatest first
    equal: frozenset[bytes] = frozenset()  # what else stands with the content that is shown

    @property
    def is_deleted(self) -> bool:
        """Return whether nothing is shown because it was deleted."""
        return self.shown is None and bool(self.deletes)

    @property
    def is_in_conflict(self) -> bool:
        """Return whether a person has to choose."""
        return bool(self.siblings)

    @property
    def is_edit_over_delete(self) -> bool:
        """Return whether it is shown though a device deleted it, for another edited it."""
        return self.shown is not None and bool(self.deletes)

    @property
    def heads(self) -> frozenset[bytes]:
        """Return the ids of all that stands: what a version that ends the conflict follows."""
        own = () if self.shown is None else (self.shown,)
        return frozenset(each.id for each in (*own, *self.siblings, *self.deletes)) | self.equal


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a version that ends a conflict is made of."""

    parents: frozenset[bytes]
    content: bytes | None


def heads(versions: Iterable[Version]) -> list[Version]:
    """Return the versions of one file that no other follows, greatest first.

    A version that says to follow one that is not before it is taken as if it did not.
    """
    known = _by_id(versions)
    followed = {
        parent
        for each in known.values()
        for parent in each.parents
        # INVARIANT: no circle of versions, so that something always stands.
        if parent in known and known[parent].time < each.time
    }
    standing = [each for each in known.values() if each.id not in followed]
    return sorted(standing, key=lambda each: each.order, reverse=True)


def _by_id(versions: Iterable[Version]) -> dict[bytes, Version]:
    """Return one version for each id: of two that claim it, the same one everywhere."""
    known: dict[bytes, Version] = {}
    for each in versions:
        had = known.get(each.id)
        if had is None or _weight(each) > _weight(had):
            known[each.id] = each
    return known


def _weight(version: Version) -> tuple[LogicalTime, bytes, bytes, list[bytes]]:
    return (version.time, version.device, version.content or b"", sorted(version.parents))


def standing(versions: Iterable[Version]) -> Standing:
    """Return what holds of one file, from all its versions that are known."""
    stand = heads(versions)
    deletes = tuple(each for each in stand if each.content is None)
    # THREAT T472: a delete never hides content that it did not know of.
    alive = [each for each in stand if each.content is not None]
    if not alive:
        return Standing(None, (), deletes)
    shown, *others = alive
    siblings = tuple(each for each in others if each.content != shown.content)
    equal = frozenset(each.id for each in others if each.content == shown.content)
    return Standing(shown, siblings, deletes, equal)


def resolution(standing: Standing, chosen: bytes) -> Resolution:
    """Return what ends a conflict in favour of the version `chosen`, which must stand.

    Raises:
        InvalidError: it does not stand, or no longer.
    """
    own = () if standing.shown is None else (standing.shown,)
    for each in (*own, *standing.siblings, *standing.deletes):
        if each.id == chosen:
            return Resolution(standing.heads, each.content)
    if chosen in standing.equal and standing.shown is not None:
        return Resolution(standing.heads, standing.shown.content)
    raise InvalidError("that version does not stand")


class Versions:
    """The versions of all files of a collection. For one thread."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self._of: dict[bytes, set[Version]] = {}
        self._standing: dict[bytes, Standing] = {}
        for each in versions:
            self.add(each)

    def add(self, version: Version) -> bool:
        """Take in a version; return whether it was new."""
        of = self._of.setdefault(version.object, set())
        if version in of:
            return False
        of.add(version)
        self._standing.pop(version.object, None)
        return True

    def forget(self, thing: bytes) -> None:
        """Leave out all versions of a file that was erased."""
        self._of.pop(thing, None)
        self._standing.pop(thing, None)

    def of(self, thing: bytes) -> frozenset[Version]:
        """Return the versions of a file."""
        return frozenset(self._of.get(thing, ()))

    def objects(self) -> list[bytes]:
        """Return the objects of which a version is known, in the order of their ids."""
        return sorted(self._of)

    def standing(self, thing: bytes) -> Standing:
        """Return what holds of a file."""
        found = self._standing.get(thing)
        if found is None:
            found = self._standing[thing] = standing(self._of.get(thing, ()))
        return found

    def in_conflict(self) -> list[bytes]:
        """Return the files about which a person has to choose, in the order of their ids."""
        return sorted(each for each in self._of if self.standing(each).is_in_conflict)

    def edited_over_deletes(self) -> frozenset[bytes]:
        """Return the files that are shown though they were deleted: `edited` of the tree."""
        return frozenset(each for each in self._of if self.standing(each).is_edit_over_delete)
