"""The door for sign-ins through a provider: one begins, a browser comes back, and is let in once.

- Authorization code with PKCE (S256). State, nonce and verifier are drawn for each sign-in and kept
  in memory for ten minutes; the answer to one uses it up, whether it holds or not.
- Whoever comes back must be the browser that began, at the provider with which it began. The
  address to come back to names the provider, and is the very same in both requests.
- Only `openid` is asked for: no name, no address of mail. The access token is thrown away.
- It opens a session or an officer's token while the vault is open. It opens no vault, and stands
  for no passphrase.

Source: docs/spec/30-access.md section 9; RFC 9700.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode

from sealhold.compute.providers import Providers, Speak
from sealhold.crypto import idtoken
from sealhold.crypto.idtoken import Expected
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    DeniedError,
    InvalidIdError,
    LockedError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import ID_BYTES, Id16, Kind, parse_id
from sealhold.model.logins import Begun, CameBack, Entered, LoginView, Provider
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.vault.core import Core
from sealhold.vault.logins import Logins as LoginRows
from sealhold.vault.turnedaway import Refused

MOST = 4_096  # sign-ins that wait; the oldest goes
TERM = 10 * MINUTE
SESSION_TERM = 12 * HOUR
MAX_CODE = 2_048  # characters
BACK = "/login/back/"  # behind it: the provider's name
REFUSED = "a sign-in through a provider was refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waits:
    """A sign-in that began."""

    provider: Provider
    nonce: str
    verifier: str
    browser: str
    origin: str
    begun_at: Instant


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
        self._providers = Providers(speak, core.clock)
        self._rows = LoginRows(core)
        self._refused = refused
        self._verify = verify
        self._clock: Clock = core.clock
        self._entropy: Entropy = core.entropy
        self._waiting: dict[str, _Waits] = {}
        self._turn = Lock()

    def begin(self, name: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with a provider.

        Raises:
            NotFoundError: there is no such provider.
            ProviderAwayError: it does not answer.
        """
        provider = self._provider(name)
        described = self._providers.described(provider)
        state, nonce, verifier, browser = (idtoken.fresh(self._entropy) for _ in range(4))
        waits = _Waits(
            provider=provider,
            nonce=nonce,
            verifier=verifier,
            browser=browser,
            origin=origin,
            begun_at=self._clock(),
        )
        with self._turn:
            self._waiting[state] = waits
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
        asked = {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": _redirect(origin, provider),
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": idtoken.challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in described.authorize else "?"
        return Begun(url=f"{described.authorize}{joint}{urlencode(asked)}", browser=browser)

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
            waits = self._taken(came, origin)
            sub = self._proven(waits, came)
            until = Instant(self._clock() + SESSION_TERM)
            return self._rows.enter(waits.provider, sub, until)
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

    def _taken(self, came: CameBack, origin: str) -> _Waits:
        """Return the sign-in that an answer is to, which is used up.

        Raises:
            DeniedError: none that began here, or in another browser, or with another provider.
        """
        with self._turn:
            waits = self._waiting.pop(came.state, None)
        if waits is None or self._clock() >= waits.begun_at + TERM or waits.origin != origin:
            raise DeniedError("no such sign-in began here, or it is over")
        # THREAT T312: an answer counts in the browser that asked, so nobody is signed in by a link
        if not idtoken.same(waits.browser, came.browser):
            raise DeniedError("the sign-in began in another browser")
        # THREAT T313: an answer counts at the provider that was asked, by address and by its name
        if waits.provider.name != came.provider:
            raise DeniedError("the sign-in began with another provider")
        names_itself = self._providers.described(waits.provider).names_itself
        if (came.issuer or names_itself) and came.issuer != waits.provider.issuer:
            raise DeniedError("the answer is another provider's")
        if came.error or not 0 < len(came.code) <= MAX_CODE:
            raise DeniedError("the provider said no")
        return waits

    def _proven(self, waits: _Waits, came: CameBack) -> str:
        """Return the account that an answer proves.

        Raises:
            DeniedError: it proves none.
            ProviderAwayError: the provider does not answer.
        """
        provider, redirect = waits.provider, _redirect(waits.origin, waits.provider)
        given = self._providers.exchanged(provider, came.code, waits.verifier, redirect)
        key = self._providers.key(provider, idtoken.head_of(given.id_token))
        expected = Expected(
            issuer=provider.issuer,
            client=provider.client,
            nonce=waits.nonce,
            begun_at=waits.begun_at,
            now=self._clock(),
        )
        return idtoken.subject_of(given.id_token, key, expected, given.access_token)

    def _provider(self, name: str) -> Provider:
        found = self._configured.get(name)
        if found is None:
            raise NotFoundError("no such provider is set up in `config.toml`")
        return found


def _redirect(origin: str, provider: Provider) -> str:
    return f"{origin}{BACK}{provider.name}"


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
