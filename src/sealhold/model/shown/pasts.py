"""What is told of old versions of synced files, of putting them back, thinning and erasing.

Source: docs/spec/47-folders.md sections 9 to 11; docs/spec/11-exchange-and-op-log.md section 10.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One version of a file."""

    id: str  # 32 hex digits
    device: str  # its name
    time: int  # ms since 1970, logical
    size: int  # bytes
    stands: str  # shown, beside (it stands and is not shown), deleted, or before
    content: str  # here, place (at one that answers), thinned, nowhere, or none of a delete


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file of a collection, as it is or was."""

    path: str
    size: int
    time: int  # ms since 1970, of the version
    device: str
    versions: int  # that are known
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """What is known of a file, or of all files of a collection."""

    collection: str
    path: str  # empty: the whole collection
    at: int  # the time that is meant; 0: now, and what was deleted
    versions: tuple[VersionView, ...]  # of one file, newest first
    files: tuple[FileView, ...]  # of a folder or a collection


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredView:
    """What one file or folder becomes, or became."""

    path: str
    what: str  # back, content, place, or content and place
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreView:
    """What putting something back to a time does, or did."""

    collection: str
    path: str
    at: int
    is_done: bool
    changes: tuple[RestoredView, ...]
    same: int
    made_since: tuple[str, ...]  # which stay, but with `exact`
    made_since_goes: bool
    lost: tuple[str, ...]  # whose content of then is gone

    @property
    def stamp(self) -> str:
        """A text that changes with what a restore does."""
        size = sum(each.size for each in self.changes)
        numbers = (len(self.changes), size, self.same, len(self.made_since), len(self.lost))
        return ".".join(map(str, numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinView:
    """What thinning does, or did, in one collection."""

    collection: str
    is_done: bool
    files: int  # of which old versions go
    versions: int
    size: int  # bytes of these versions, as files
    rewritten: int  # packs
    deleted: int  # packs, at places
    freed: int  # bytes of those
    waiting: int  # packs that go once all devices know
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseView:
    """What erasing a file or folder on all devices does, or how far it is."""

    collection: str
    path: str
    is_done: bool  # it was erased here
    files: tuple[str, ...]
    versions: int
    places: tuple[str, ...]  # where sealed bytes of it lie
    erased: int  # objects of the collection, ever
    outstanding: tuple[str, ...]  # devices that may still open it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """What this device keeps of one collection."""

    collection: str
    which: str  # all, index or recent
    days: int
    budget: int  # bytes; 0: no bound
    folder: str  # of this device; empty: none
    files: int
    here: int  # files whose content lies in the folder
    here_bytes: int
    pinned: tuple[str, ...]  # paths
    stuck: tuple[str, ...]  # not wanted, and known to lie on no device that keeps all
    over: int  # bytes above the budget that cannot go
    relied_on: tuple[str, ...]  # devices that keep all, and know that this one does not
