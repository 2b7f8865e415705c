"""The rights of people in the sample vault: nobody asked for anything, and nothing was breached."""

from collections.abc import Iterator

from sealhold.model.errors import DeniedError, NotFoundError
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
from tests.web.sample_state import Part


class SampleRights(Part):
    """Empty registers."""

    def receipt(self, token: str, id_text: str) -> ErasedView:
        raise DeniedError(token + id_text) if token else NotFoundError(id_text)

    def export(self, token: str, id_text: str, passphrase: str) -> Iterator[bytes]:
        raise DeniedError(f"{token} {id_text} {len(passphrase)}")

    def erase(self, token: str, id_text: str, passphrase: str) -> ErasedView:
        raise DeniedError(f"{token} {id_text} {len(passphrase)}")

    def bring(self, app_text: str, data: bytes, key_text: str) -> BroughtView:
        raise NotFoundError(f"{app_text} {len(data)} {key_text}")

    def ask(self, token: str, wish: RightsWish) -> RightsView:
        raise DeniedError(f"{token} {wish}")

    def requests(self, token: str) -> tuple[RightsView, ...]:
        return () if token != "-" else (self.request(token, ""),)

    def request(self, token: str, id_text: str) -> RightsView:
        raise NotFoundError(token + id_text)

    def step(self, token: str, id_text: str, step: RightsStep) -> RightsView:
        raise NotFoundError(f"{token} {id_text} {step}")

    def breaches(self) -> tuple[BreachView, ...]:
        return ()

    def breach(self, id_text: str) -> BreachView:
        raise NotFoundError(id_text)

    def enter_breach(self, token: str, about: str, aware_at: Instant | None) -> BreachView:
        raise DeniedError(f"{token} {about} {aware_at}")

    def scope(
        self,
        token: str,
        id_text: str,
        app_text: str,
        since: Instant,
        until: Instant,
        stolen: str = "",
    ) -> BreachView:
        raise NotFoundError(f"{token} {id_text} {app_text} {since} {until} {stolen}")

    def notify(
        self, token: str, id_text: str, notice: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        raise NotFoundError(f"{token} {id_text} {notice} {reasons}")

    def spare(
        self, token: str, id_text: str, addressee: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        raise NotFoundError(f"{token} {id_text} {addressee} {reasons}")

    def close_breach(self, token: str, id_text: str, *, again: bool) -> BreachView:
        raise NotFoundError(f"{token} {id_text} {again}")

    def recipients(self) -> tuple[RecipientView, ...]:
        return ()

    def add_recipient(self, token: str, app_text: str, name: str, contact: str) -> RecipientView:
        raise NotFoundError(f"{token} {app_text} {name} {contact}")

    def remove_recipient(self, token: str, id_text: str) -> RecipientView:
        raise NotFoundError(token + id_text)

    def notices(self, token: str, limit: int) -> tuple[RecipientNoticeView, ...]:
        return () if token != "-" else (self.delivered(token, str(limit)),)

    def delivered(self, token: str, id_text: str) -> RecipientNoticeView:
        raise NotFoundError(token + id_text)

    def ropa(self, role: str, *, as_csv: bool) -> bytes:
        return b"name" if as_csv else b'{"role":"' + role.encode() + b'"}'
