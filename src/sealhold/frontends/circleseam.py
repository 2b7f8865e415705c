"""What a face may ask of the vault about devices, sharing, old versions and keys.

A part of the contract in `seam.py`, whose rules hold here too. `WrongPassphraseError` is raised
where the owner is not proven, `BusyError` where a round of syncing has the devices in hand.

Source: docs/spec/20-faces.md section 9.
"""

from typing import Protocol

from sealhold.model.quantities import Instant
from sealhold.model.shown.circle import (
    CardLook,
    DevicePage,
    DevicesView,
    KeepingView,
    ReceivedPage,
    ShareChoices,
    SharePage,
    ShareWish,
    SharingView,
)
from sealhold.model.shown.contacts import OwnCardView
from sealhold.model.shown.devices import ExposureView
from sealhold.model.shown.pasts import HistoryView, RestoreView
from sealhold.model.shown.shares import PreviewView, RevokedView


class Devices(Protocol):
    """The devices of the owner."""

    def look(self) -> DevicesView:
        """Return the devices and what they sync; while a round runs, as they were before."""
        ...

    def begin(self, name: str, passphrase: str) -> None:
        """Become the first device of the owner.

        Raises:
            ConflictError: it is a device already.
            InvalidError: a name of no such length.
        """
        ...

    def show(self, id_text: str) -> DevicePage:
        """Return one device, and what it has."""
        ...

    def rename(self, id_text: str, name: str) -> None:
        """Call a device otherwise.

        Raises:
            InvalidError: a name of no such length.
        """
        ...

    def remove(self, id_text: str, stamp: str, passphrase: str) -> ExposureView:
        """Remove a device everywhere; return what it had.

        Raises:
            ConflictError: it has other things than were shown, or is this one.
            DeniedError: this device may not.
        """
        ...

    def choose(self, version: str) -> None:
        """End a conflict in favour of one version."""
        ...

    def sync(self, *, deletes: bool = False) -> None:
        """Begin a round, and return at once."""
        ...


class Sharing(Protocol):
    """The people that the owner knows, and what goes between them."""

    def look(self) -> SharingView:
        """Return them.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        ...

    def card(self, name: str = "") -> OwnCardView:
        """Return the own card, brought up to date.

        Raises:
            InvalidError: a name that could mislead, or nobody said one yet.
            DeniedError: there is none yet, and this device may make none.
        """
        ...

    def read(self, text: str) -> CardLook:
        """Return the card in a text; nothing is kept.

        Raises:
            InvalidError: there is none in it, or it is not whole.
        """
        ...

    def add(self, text: str, name: str, passphrase: str) -> str:
        """Take in a card that the owner brought; return the contact's id."""
        ...

    def verify(self, contact: str, words: str, passphrase: str) -> None:
        """Take a contact for verified by the words that they read out.

        Raises:
            DeniedError: they are those of no card that is known of them.
        """
        ...

    def allow(self, contact: str, passphrase: str) -> None:
        """Have letters to a contact go to the relays that their newest card names."""
        ...

    def forget(self, contact: str) -> None:
        """Forget a contact."""
        ...

    def choices(self) -> ShareChoices:
        """Return what a share may be made of."""
        ...

    def preview(self, wish: ShareWish) -> PreviewView:
        """Return what a share would do; nothing is changed.

        Raises:
            InvalidError: the values do not agree, or nothing is in it.
            DeniedError: a person is not verified, or paused.
        """
        ...

    def make(self, wish: ShareWish, digest: str, meant: tuple[str, ...], passphrase: str) -> str:
        """Make a share as it was shown; return its id.

        Raises:
            ConflictError: it would do something else now, or a finding has no answer.
        """
        ...

    def share(self, id_text: str) -> SharePage:
        """Return a share that was given, with what taking it back would do."""
        ...

    def revoke(self, id_text: str) -> RevokedView:
        """Take a share back."""
        ...

    def accept(self, offer_text: str, passphrase: str) -> None:
        """Take an invitation on: its places are called from now on."""
        ...

    def received(self, id_text: str) -> ReceivedPage:
        """Return a share by another person."""
        ...

    def open(self, id_text: str, path: str, action: str, purpose: str) -> bytes | None:
        """Return an object that is shared; None: its owner's device has to answer first.

        Raises:
            DeniedError: it is not permitted, or was taken back.
            InvalidError: several purposes are possible, or it is too large for a page.
        """
        ...


class Pasts(Protocol):
    """Old versions of synced files; a spot is `COLLECTION/PATH`."""

    def collections(self) -> tuple[str, ...]:
        """Return the names of the collections of files."""
        ...

    def history(self, spot: str, at: Instant | None = None) -> HistoryView:
        """Return the versions of a file, or the files of a folder as they are or were."""
        ...

    def preview(self, spot: str, at: Instant, *, exact: bool) -> RestoreView:
        """Return what putting something back would do; nothing is changed."""
        ...

    def restore(self, spot: str, at: Instant, *, exact: bool, shown: str) -> RestoreView:
        """Put something back as it was shown.

        Raises:
            ConflictError: it would do something else now than was shown.
        """
        ...


class Circle(Protocol):
    """All of these."""

    @property
    def devices(self) -> Devices:
        """The devices of the owner."""
        ...

    @property
    def sharing(self) -> Sharing:
        """People and shares."""
        ...

    @property
    def pasts(self) -> Pasts:
        """Old versions."""
        ...

    def keeping(self) -> KeepingView:
        """Return what keeps the keys of the vault."""
        ...
