"""What a face may ask of the vault about holds: a part of the contract in `seam.py`.

`token` is that of an officer or a person; empty, it is the owner who asks, whom the face has signed
in.

Source: docs/spec/32-holds.md section 7.
"""

from typing import Protocol

from sealhold.model.holds import HeldProfile, HoldPlan, HoldShown, HoldView, HoldWish
from sealhold.model.personrecords import AttachmentsView, AttachmentView, RecordPage
from sealhold.model.staying import StayView


class Holds(Protocol):
    """Duties to keep what an erasure would take, and what is held under them."""

    def plan(self, wish: HoldWish) -> HoldPlan:
        """Return what a hold would cover today; nothing changes.

        Raises:
            InvalidError: it is none that can be declared.
        """
        ...

    def add(self, token: str, wish: HoldWish, passphrase: str) -> HoldView:
        """Declare a hold.

        Raises:
            WrongPassphraseError: the owner is not proven.
            InvalidError: it is none that can be declared.
        """
        ...

    def all(self) -> tuple[HoldView, ...]:
        """Return all holds, those that end first before the others."""
        ...

    def show(self, id_text: str) -> HoldShown:
        """Return a hold and what is held under it."""
        ...

    def lift(self, token: str, id_text: str, passphrase: str) -> HoldShown:
        """End a hold: all that is held under it goes for good. Return what that was."""
        ...

    def staying(self, token: str, id_text: str) -> tuple[StayView, ...]:
        """Return what would stay of a person who is erased now, and on what ground."""
        ...

    def of_mine(self, token: str) -> tuple[StayView, ...]:
        """Return what would stay of whoever holds a token."""
        ...

    def profile(self, token: str, id_text: str, purpose: str) -> HeldProfile:
        """Return held fields of a profile, to an officer."""
        ...

    def records(  # reason: who asks, for what, of which, and where to go on
        self, token: str, id_text: str, purpose: str, collection: str, after: str, limit: int
    ) -> RecordPage:
        """Return held records of a collection, to an officer."""
        ...

    def attachments(
        self, token: str, id_text: str, purpose: str, collection: str, record: str
    ) -> AttachmentsView:
        """Return the held attachments of a record, without content, to an officer."""
        ...

    def attachment(  # reason: who asks, for what, and which one
        self, token: str, id_text: str, purpose: str, collection: str, record: str, number: int
    ) -> AttachmentView:
        """Return a held attachment, to an officer."""
        ...
