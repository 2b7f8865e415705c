"""What is told of devices, what they sync, and how a round went.

Source: docs/spec/11-exchange-and-op-log.md; docs/spec/12-membership.md.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant
from sealhold.model.shown.documents import ArrivedView


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """A device of the owner."""

    id: str  # 32 hex digits
    name: str
    role: str  # admin, full, limited or blind
    standing: str  # member, suspended or removed
    reason: str  # why it is no member in good standing; empty if it is
    is_here: bool  # this very one


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionView:
    """What is synced together."""

    id: str
    name: str
    holds: str  # home, files, documents or records
    objects: int
    folder: str  # of this device; empty: none
    conflicts: int
    waiting: int  # objects whose key has not come
    devices: int  # members in good standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierView:
    """A place that devices sync through."""

    id: str
    kind: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderView:
    """What came of a look through a folder."""

    collection: str
    path: str
    created: int  # taken from the folder
    edited: int
    moved: int
    deleted: int
    written: int  # put into the folder
    renamed: int
    removed: int
    busy: tuple[str, ...]
    failed: tuple[str, ...]
    held: int  # deletes of so many files wait for a yes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsView:
    """What came of the records of the vault in a round."""

    given: int  # new or changed here
    withdrawn: int  # taken away here
    written: int  # new or changed elsewhere
    removed: int  # taken away elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """How a round of syncing went."""

    taken: int  # entries
    given: int
    taken_bytes: int
    given_bytes: int
    content_bytes: int  # of those, packs: contents of files
    troubles: tuple[str, ...]  # each a sentence
    away: tuple[str, ...]  # carriers that did not answer
    behind: tuple[str, ...]  # of which logs others have more
    folders: tuple[FolderView, ...]
    records: RecordsView
    verified: tuple[str, ...]  # the devices whose newest entries were checked
    documents: tuple[ArrivedView, ...] = ()  # edits that came
    near: tuple[str, ...] = ()  # devices of the home network that were exchanged with


@dataclass(frozen=True, slots=True, kw_only=True)
class LanView:
    """What was chosen about the home network, and who is there."""

    is_on: bool
    can: bool  # whether this device may: a limited one has not what finds the others
    addresses: tuple[str, ...]  # of this machine, at which it serves while somebody watches
    chosen: tuple[str, ...]  # by the owner; empty: all that are private
    room: int  # bytes that may be kept for the others
    kept: int  # bytes that are
    near: tuple[str, ...]  # devices that are announced now


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """A file of which versions stand beside each other."""

    path: str
    collection: str
    versions: tuple[tuple[str, str, str], ...]  # id, device, time


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureView:
    """What a device that was removed had, and what it cannot have."""

    device: str
    name: str
    collections: tuple[str, ...]
    entries: int  # that the others have heard of from it
    objects: int  # whose content it could read when it was removed
    versions: int = 0  # of contents whose keys it had, those of the history too
    last: int | None = None  # when it was last heard of, by its own clock, in milliseconds
    partly: tuple[str, ...] = ()  # collections of which it said that it keeps some contents alone
    still: tuple[str, ...] = ()  # collections of other people that do not end by the removal
    receipt: str = ""  # the signed paper; empty while nothing was removed
    issuer: str = ""  # the key that signed it


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantElsewhereView:
    """What was allowed on another device, as that device told it last."""

    id: str  # 32 hex digits
    device: str  # its name
    app_name: str
    what: str
    purpose: str
    state: str
    granted_at: Instant
    until: Instant
    is_ending: bool  # it was ended from afar, and its device has not heard of that
