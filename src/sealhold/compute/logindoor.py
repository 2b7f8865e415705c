"""The door for sign-ins of owner and officers through a provider that the owner set up.

- How somebody gets there and back is `compute/loginway.py`'s; here is who may enter.
- It opens a session or an officer's token while the vault is open. It opens no vault, and stands
  for no passphrase.

Source: docs/spec/30-access.md section 9; RFC 9700.
"""

from collections.abc import Callable, Mapping

from sealhold.compute.loginway import LoginWay
from sealhold.compute.providers import Providers, Speak
from sealhold.model.errors import (
    DeniedError,
    InvalidIdError,
    LockedError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import ID_BYTES, Id16, Kind, parse_id
from sealhold.model.logins import Begun, CameBack, Entered, LoginView, Provider
from sealhold.model.quantities import HOUR, Instant
from sealhold.vault.core import Core
from sealhold.vault.logins import Logins as LoginRows
from sealhold.vault.turnedaway import Refused

SESSION_TERM = 12 * HOUR
BACK = "/login/back/"  # behind it: the provider's name
REFUSED = "a sign-in through a provider was refused"


class Logins:
    """What people do who sign in through a provider, and what the owner says of them."""

    def __init__(  # reason: parts are handed in
        self,
        core: Core,
        providers: Mapping[str, Provider],
        speak: Speak,
        refused: Refused,
        verify: Callable[[str], bool],
    ) -> None:
        self._configured = providers
        self._way = LoginWay(Providers(speak, core.clock), core.clock, core.entropy)
        self._rows = LoginRows(core)
        self._refused = refused
        self._verify = verify
        self._clock = core.clock

    def begin(self, name: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with a provider.

        Raises:
            NotFoundError: there is no such provider.
            ProviderAwayError: it does not answer.
        """
        return self._way.begin(self._provider(name), origin, f"{BACK}{name}")

    def finish(self, came: CameBack, origin: str) -> Entered:
        """Let in whoever came back from a provider, if the owner said that they may enter.

        Raises:
            UnboundLoginError: they are who they say, and nobody said that they may enter.
            DeniedError: it does not hold; the same for every other reason.
            LockedError: the vault was locked meanwhile.
            ProviderAwayError: the provider does not answer.
            AuditUnavailableError: the log cannot be written; nobody is let in.
        """
        try:
            provider, sub = self._way.proven(came, origin)
            until = Instant(self._clock() + SESSION_TERM)
            return self._rows.enter(provider, sub, until)
        except LockedError:
            raise
        except DeniedError:
            self._refused.tell(REFUSED)
            raise

    def all(self) -> tuple[LoginView, ...]:
        """Return who may enter, the newest first."""
        return self._rows.all()

    def preview(self, name: str, sub: str, officer_text: str) -> LoginView:
        """Return what `add` would keep.

        Raises:
            NotFoundError: there is no such provider or officer.
            ConflictError: this account enters already.
            InvalidError: `sub` is no name of an account, or the id is none.
        """
        return self._rows.check(self._provider(name), sub, _officer(officer_text))

    def add(self, name: str, sub: str, officer_text: str, passphrase: str) -> LoginView:
        """Let an account enter: as the owner, or as the officer that is named.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: there is no such provider or officer.
            ConflictError: this account enters already.
            InvalidError: `sub` is no name of an account, or the id is none.
        """
        provider, officer = self._provider(name), _officer(officer_text)
        # THREAT T314: who may enter is said with the passphrase, by nobody who is signed in only
        if not self._verify(passphrase):
            raise WrongPassphraseError
        return self._rows.add(provider, sub, officer)

    def remove(self, name: str, sub: str) -> LoginView:
        """Let an account enter no more; an officer's token that it made ends.

        Raises:
            NotFoundError: there is no such login.
        """
        return self._rows.remove(name, sub)

    def _provider(self, name: str) -> Provider:
        found = self._configured.get(name)
        if found is None:
            raise NotFoundError("no such provider is set up in `config.toml`")
        return found


def _officer(text: str) -> Id16 | None:
    """Return the officer that is named, if one is.

    Raises:
        InvalidIdError: `text` is no whole id.
    """
    if not text:
        return None
    found = parse_id(Kind.OFFICER, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError("whole officer", text)
    return Id16(found)
