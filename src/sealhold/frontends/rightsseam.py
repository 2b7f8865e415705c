"""What a face may ask of the vault about the rights of people: a part of the contract in `seam.py`.

`token` is that of an officer, a person or an app; empty, it is the owner who asks, whom the face
has signed in.

Source: docs/spec/27-rights.md section 7.
"""

from collections.abc import Iterator
from typing import Protocol

from sealhold.model.people import ErasedView
from sealhold.model.quantities import Instant
from sealhold.model.rights import (
    BreachView,
    BroughtView,
    Reason,
    RecipientNoticeView,
    RecipientView,
    RightsStep,
    RightsView,
    RightsWish,
)


class Rights(Protocol):
    """Receipts of erasures, rights requests and breaches."""

    def receipt(self, token: str, id_text: str) -> ErasedView:
        """Return the receipt of an erasure."""
        ...

    def export(self, token: str, id_text: str, passphrase: str) -> Iterator[bytes]:
        """Return all that is kept of a person, as a ZIP that is made while it is read.

        Raises:
            WrongPassphraseError: the owner is not proven.
            BusyError: too many exports are under way.
        """
        ...

    def erase(self, token: str, id_text: str, passphrase: str) -> ErasedView:
        """Erase a person: themselves, by an officer, or by the owner, who says the passphrase."""
        ...

    def bring(self, app_text: str, data: bytes, key_text: str) -> BroughtView:
        """Take in an export as a new person of an app; `key_text` is who signed it, in hex digits.

        Raises:
            InvalidError: no export, not what was signed, or it does not fit.
        """
        ...

    def ask(self, token: str, wish: RightsWish) -> RightsView:
        """Enter what a person asks for."""
        ...

    def requests(self, token: str) -> tuple[RightsView, ...]:
        """Return all rights requests, or the person's own."""
        ...

    def request(self, token: str, id_text: str) -> RightsView:
        """Return one rights request."""
        ...

    def step(self, token: str, id_text: str, step: RightsStep) -> RightsView:
        """Enter what was done about a rights request.

        Raises:
            OutOfOrderError: it may not follow.
            UnjustifiedError: it lacks its justification.
        """
        ...

    def breaches(self) -> tuple[BreachView, ...]:
        """Return all breaches."""
        ...

    def breach(self, id_text: str) -> BreachView:
        """Return one breach."""
        ...

    def enter_breach(self, token: str, about: str, aware_at: Instant | None) -> BreachView:
        """Enter a breach."""
        ...

    def scope(  # reason: who asks, of which breach, by what, and when
        self,
        token: str,
        id_text: str,
        app_text: str,
        since: Instant,
        until: Instant,
        stolen: str = "",
    ) -> BreachView:
        """Compute how far a breach reached by an app, or by the token `stolen` of a person."""
        ...

    def notify(
        self, token: str, id_text: str, notice: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        """Enter that a notice of a breach went out."""
        ...

    def spare(
        self, token: str, id_text: str, addressee: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        """Enter that authority or persons need not be told of a breach."""
        ...

    def close_breach(self, token: str, id_text: str, *, again: bool) -> BreachView:
        """Enter that nothing remains to be done, or, `again`, that something came to light."""
        ...

    def recipients(self) -> tuple[RecipientView, ...]:
        """Return all recipients."""
        ...

    def add_recipient(self, token: str, app_text: str, name: str, contact: str) -> RecipientView:
        """Enter a recipient of an app's data."""
        ...

    def remove_recipient(self, token: str, id_text: str) -> RecipientView:
        """Take a recipient out."""
        ...

    def notices(self, token: str, limit: int) -> tuple[RecipientNoticeView, ...]:
        """Return notices that did not arrive yet: all, or those of the app that asks."""
        ...

    def delivered(self, token: str, id_text: str) -> RecipientNoticeView:
        """Note that a notice arrived."""
        ...

    def ropa(self, role: str, *, as_csv: bool) -> bytes:
        """Return the record of processing activities, as JSON-LD or as a table.

        Raises:
            InvalidError: `role` is neither controller nor processor, nor empty.
        """
        ...
