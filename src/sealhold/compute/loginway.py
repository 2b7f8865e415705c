"""The way to a provider and back: a sign-in begins, a browser comes back, an account is proven.

- Authorization code with PKCE (S256). State, nonce and verifier are drawn for each sign-in and kept
  in memory for ten minutes; the answer to one uses it up, whether it holds or not.
- Whoever comes back must be the browser that began, at the provider with which it began. The
  address to come back to names the provider, and is the very same in both requests.
- Only `openid` is asked for: no name, no address of mail. The access token is thrown away.
- Who may enter by an account is said elsewhere.

Source: docs/spec/30-access.md sections 9 and 10; RFC 9700.
"""

from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode

from sealhold.compute.providers import Providers
from sealhold.crypto import idtoken
from sealhold.crypto.idtoken import Expected
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import DeniedError
from sealhold.model.logins import Begun, CameBack, Provider
from sealhold.model.quantities import MINUTE, Instant

MOST = 4_096  # sign-ins that wait; the oldest goes
TERM = 10 * MINUTE
MAX_CODE = 2_048  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waits:
    """A sign-in that began."""

    provider: Provider
    nonce: str
    verifier: str
    browser: str
    origin: str
    redirect: str
    begun_at: Instant


class LoginWay:
    """Sign-ins that began and are not over; several threads may call."""

    def __init__(self, providers: Providers, clock: Clock, entropy: Entropy) -> None:
        self._providers = providers
        self._clock = clock
        self._entropy = entropy
        self._waiting: dict[str, _Waits] = {}
        self._turn = Lock()

    def begin(self, provider: Provider, origin: str, back: str) -> Begun:
        """Return where a browser goes to sign in; `back` is the page of ours that it comes to.

        Raises:
            ProviderAwayError: the provider does not answer.
            BusyError: too many ask at this moment.
        """
        described = self._providers.described(provider)
        state, nonce, verifier, browser = (idtoken.fresh(self._entropy) for _ in range(4))
        waits = _Waits(
            provider=provider,
            nonce=nonce,
            verifier=verifier,
            browser=browser,
            origin=origin,
            redirect=f"{origin}{back}",
            begun_at=self._clock(),
        )
        with self._turn:
            self._waiting[state] = waits
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
        asked = {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": waits.redirect,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": idtoken.challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in described.authorize else "?"
        return Begun(url=f"{described.authorize}{joint}{urlencode(asked)}", browser=browser)

    def proven(self, came: CameBack, origin: str) -> tuple[Provider, str]:
        """Return the account that an answer proves, and the provider with which it began.

        Raises:
            DeniedError: it proves none; the same for every reason.
            ProviderAwayError: the provider does not answer.
            BusyError: too many ask at this moment.
        """
        waits = self._taken(came, origin)
        provider = waits.provider
        given = self._providers.exchanged(provider, came.code, waits.verifier, waits.redirect)
        key = self._providers.key(provider, idtoken.head_of(given.id_token))
        expected = Expected(
            issuer=provider.issuer,
            client=provider.client,
            nonce=waits.nonce,
            begun_at=waits.begun_at,
            now=self._clock(),
        )
        return provider, idtoken.subject_of(given.id_token, key, expected, given.access_token)

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
