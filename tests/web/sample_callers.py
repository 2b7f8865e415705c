"""Who calls the sample vault: one app, and nobody else."""

from collections.abc import Mapping

from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Id16
from sealhold.model.mine import MineView
from sealhold.model.people import ErasedView
from sealhold.model.principals import (
    CredentialView,
    NewToken,
    OfficerView,
    PasskeyView,
    PrincipalKind,
)
from tests.web.sample_asking import TOKEN
from tests.web.sample_logins import SamplePersonLogins
from tests.web.sample_state import Part


class SampleCallers(Part):
    """One token is known; no person and no officer has one."""

    @property
    def person_logins(self) -> SamplePersonLogins:
        return SamplePersonLogins(self._vault)

    def kind(self, token: str) -> PrincipalKind:
        if token != TOKEN or self._vault.locked:
            raise DeniedError("no such token")
        return PrincipalKind.APP

    def refused(self, token: str) -> None:
        assert token

    def credentials(self, app_text: str) -> tuple[CredentialView, ...]:
        assert app_text
        return ()

    def check_body(self, token: str, body: bytes) -> None:
        assert token
        assert body is not None

    def add_credential(self, app_text: str, passphrase: str, client: str = "") -> tuple[Id16, str]:
        raise DeniedError(f"{app_text} {len(passphrase)} {client}")

    def end_credential(self, app_text: str, id_text: str) -> CredentialView:
        raise DeniedError(app_text + id_text)

    def person_token(self, token: str, id_text: str) -> NewToken:
        raise DeniedError(token + id_text)

    def link(self, token: str, id_text: str) -> NewToken:
        raise DeniedError(token + id_text)

    def revoke_person_tokens(self, token: str, id_text: str) -> int:
        raise DeniedError(token + id_text)

    def officers(self) -> tuple[OfficerView, ...]:
        return ()

    def add_officer(self, name: str, passphrase: str) -> tuple[OfficerView, NewToken]:
        raise DeniedError(f"{name} {len(passphrase)}")

    def revoke_officer(self, id_text: str) -> OfficerView:
        raise DeniedError(id_text)


class SamplePasskeys:
    """Passkeys, of which nobody here has one."""

    def to_make(self, token: str, origin: str, app_name: str) -> Mapping[str, Plain]:
        raise DeniedError(token + origin + app_name)

    def add(self, token: str, origin: str, answer: str, name: str) -> None:
        raise DeniedError(token + origin + answer + name)

    def all(self, token: str) -> tuple[PasskeyView, ...]:
        raise DeniedError(token)

    def remove(self, token: str, slot: int) -> None:
        raise DeniedError(f"{token} {slot}")

    def to_show(self, origin: str) -> Mapping[str, Plain]:
        return {"rpId": origin, "challenge": "AA", "allowCredentials": []}

    def sign_in(self, origin: str, answer: str) -> NewToken:
        raise DeniedError(origin + answer)


class SampleMine:
    """A person's own page, of which this vault has none."""

    def enter(self, link: str) -> NewToken:
        raise DeniedError(link)

    def leave(self, token: str) -> None:
        assert token

    def show(self, token: str) -> MineView:
        raise DeniedError(token)

    def erase(self, token: str) -> ErasedView:
        raise DeniedError(token)
