"""What pages show of devices, sharing and keys as a whole, beside the views of each thing.

Source: docs/spec/20-faces.md section 9.
"""

from dataclasses import dataclass

from sealhold.model.quantities import Instant
from sealhold.model.shown.contacts import ContactView, LetterView
from sealhold.model.shown.devices import (
    CarrierView,
    CollectionView,
    ConflictView,
    DeviceView,
    ExposureView,
    RoundView,
)
from sealhold.model.shown.keys import KeysView
from sealhold.model.shown.shares import ReceivedView, RevokedView, ShareView, UseView


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncView:
    """The round that runs, or the last one since the vault was opened."""

    is_running: bool
    doing: str = ""  # what is being done now
    ended: Instant | None = None  # None: there was none yet
    outcome: RoundView | None = None  # None: it failed, or there was none
    trouble: str = ""  # why it failed
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesView:
    """This vault among the devices of its owner."""

    is_begun: bool  # whether it is a device at all; if not, all else is empty
    devices: tuple[DeviceView, ...] = ()  # this one first
    collections: tuple[CollectionView, ...] = ()
    places: tuple[CarrierView, ...] = ()
    conflicts: tuple[ConflictView, ...] = ()
    sync: SyncView = SyncView(is_running=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """One device, and what it has."""

    device: DeviceView
    exposure: ExposureView
    stamp: str  # changes with what it has; given back with a yes to removing it


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An invitation of another person that waits for a yes."""

    id: str
    name: str
    owner: str
    places: tuple[str, ...]  # that are called from a yes on


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPage:
    """A share by another person, and what may be asked of it."""

    view: ReceivedView
    actions: tuple[str, ...]
    purposes: tuple[tuple[str, str], ...]  # id and words
    is_asked: bool  # each use is asked for at a device of its owner
    is_answer: bool  # the data stays there: there is nothing to open


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePage:
    """A share that was given, with its uses and what taking it back would do."""

    view: ShareView
    uses: tuple[UseView, ...]
    revocation: RevokedView


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingView:
    """The people that the owner knows, and what goes between them."""

    name: str  # what others call the owner; empty: nobody said
    words: tuple[str, ...]  # of the own card; empty: there is none
    contacts: tuple[ContactView, ...]
    letters: tuple[LetterView, ...]
    shares: tuple[ShareView, ...]
    offers: tuple[OfferView, ...]
    received: tuple[ReceivedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLook:
    """A card that was brought, before it is added."""

    name: str  # as they call themselves
    words: tuple[str, ...]
    devices: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWish:
    """A share as somebody writes it down on a page."""

    name: str
    people: tuple[str, ...]  # ids of contacts
    objects: tuple[str, ...]  # `COLLECTION/PATH`
    actions: tuple[str, ...]
    purposes: tuple[str, ...]
    begins: Instant  # said with the preview, so that what is made is what was shown
    ends: Instant | None
    most: int  # uses; 0: not counted
    tier: str  # empty: the default
    fixes: tuple[str, ...] = ()  # findings whose fix was taken


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareChoices:
    """What a share may be made of."""

    contacts: tuple[ContactView, ...]  # verified, and not paused
    collections: tuple[str, ...]
    purposes: tuple[tuple[str, str], ...]  # id and words
    tiers: tuple[tuple[str, str], ...]  # word and label


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingView:
    """What keeps the keys of the vault; no byte of one."""

    way: str  # passphrase, keyfile, environment ...
    strength: str  # what destroying a slot is worth here
    slots: str  # where slots lie
    has_recovery: bool  # a recovery secret opens it, too
    keys: KeysView
