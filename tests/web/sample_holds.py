"""Duties to keep in the sample vault: there are none."""

from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.holds import HeldProfile, HoldPlan, HoldShown, HoldView, HoldWish
from sealhold.model.personrecords import AttachmentsView, AttachmentView, RecordPage
from sealhold.model.staying import StayView
from tests.web.sample_state import Part


class SampleHolds(Part):
    """No duty, and nothing that is held."""

    def plan(self, wish: HoldWish) -> HoldPlan:
        raise NotFoundError(wish.app)

    def add(self, token: str, wish: HoldWish, passphrase: str) -> HoldView:
        raise NotFoundError(f"{token} {wish.app} {len(passphrase)}")

    def all(self) -> tuple[HoldView, ...]:
        return ()

    def show(self, id_text: str) -> HoldShown:
        raise NotFoundError(id_text)

    def lift(self, token: str, id_text: str, passphrase: str) -> HoldShown:
        raise NotFoundError(f"{token} {id_text} {len(passphrase)}")

    def staying(self, token: str, id_text: str) -> tuple[StayView, ...]:
        raise DeniedError(token + id_text)

    def of_mine(self, token: str) -> tuple[StayView, ...]:
        raise DeniedError(token)

    def profile(self, token: str, id_text: str, purpose: str) -> HeldProfile:
        raise DeniedError(f"{token} {id_text} {purpose}")

    def records(
        self, token: str, id_text: str, purpose: str, collection: str, after: str, limit: int
    ) -> RecordPage:
        raise DeniedError(f"{token} {id_text} {purpose} {collection} {after} {limit}")

    def attachments(
        self, token: str, id_text: str, purpose: str, collection: str, record: str
    ) -> AttachmentsView:
        raise DeniedError(f"{token} {id_text} {purpose} {collection} {record}")

    def attachment(
        self, token: str, id_text: str, purpose: str, collection: str, record: str, number: int
    ) -> AttachmentView:
        raise DeniedError(f"{token} {id_text} {purpose} {collection} {record} {number}")
