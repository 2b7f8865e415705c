"""Speaks to OpenID providers: what they say of themselves, their keys, and tokens for a code.

- Everything is asked over HTTPS by a process that holds nothing, at public addresses alone, unless
  the owner said that a provider is in their own network.
- What a provider says of itself counts if it names the issuer that was written down. It is kept
  for an hour; so are its keys, which are asked for anew once if a token names another one.
- Two questions are asked at a time, of one provider and of those that the owner set up: whoever
  stands before the door makes the vault start no more processes. Of the providers that apps named
  eight are, so that a slow one keeps no other app's people waiting.

Source: docs/spec/30-access.md section 9; OpenID Connect Discovery 1.0; RFC 6749, 7636, 9207.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from urllib.parse import quote_plus, urlencode, urlsplit

from sealhold.crypto.idtoken import Head, Key, fitting, keys_of
from sealhold.model.clock import Clock
from sealhold.model.encoding import Plain, from_json
from sealhold.model.errors import (
    BadTokenError,
    BusyError,
    DeniedError,
    InvalidEncodingError,
    NotFetchedError,
    ProviderAwayError,
)
from sealhold.model.logins import Address, Provider
from sealhold.model.quantities import HOUR, MINUTE, Instant

Speak = Callable[[Address, int, bytes, str], bytes]

WELL_KNOWN = "/.well-known/openid-configuration"
HTTPS = 443
MOST = 262_144  # bytes of one answer; the longest known has 20,000
MAX_URL = 2_000  # characters
AT_ONCE = OF_ONE = 2
OF_APPS = 8  # at once; each is a process of 15 MB for up to 15 seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a provider says of itself."""

    authorize: str  # where browsers go
    token: Address
    keys: Address
    names_itself: bool  # in each answer (RFC 9207)
    in_body: bool  # whether the client's secret goes into the form


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a provider gives for a code."""

    id_token: str
    access_token: str


class Providers:
    """The providers that somebody set up; several threads may call."""

    def __init__(self, speak: Speak, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._speak = speak
        self._clock = clock
        self._at_once = at_once
        self._turn = Lock()
        self._asking = Counter[str]()
        self._described: dict[str, tuple[Provider, Instant, Described]] = {}
        self._keys: dict[str, tuple[Provider, Instant, tuple[Key, ...]]] = {}

    def described(self, provider: Provider) -> Described:
        """Return what a provider says of itself, of the last hour.

        Raises:
            ProviderAwayError: it says nothing, or not what it must.
            BusyError: too many ask at this moment.
        """
        with self._turn:
            of, at, found = self._described.get(provider.name, (None, Instant(0), None))
        # THREAT T437: what another issuer said under this name counts for nothing
        if of != provider or found is None or self._clock() >= at + HOUR:
            address = address_of(provider.issuer.removesuffix("/") + WELL_KNOWN, provider)
            found = _described(self._document(provider, address), provider)
            with self._turn:
                self._described[provider.name] = provider, self._clock(), found
        return found

    def key(self, provider: Provider, head: Head) -> Key:
        """Return the key that a token says to be signed with.

        Raises:
            BadTokenError: the provider has no such key, even if it is asked anew.
            ProviderAwayError: it does not answer.
            BusyError: too many ask at this moment.
        """
        with self._turn:
            of, at, keys = self._keys.get(provider.name, (provider, Instant(0), ()))
        now = self._clock()
        # THREAT T437: nor do keys that another issuer gave out under this name
        if of != provider:
            at, keys = Instant(0), ()
        found = fitting(keys, head) if now < at + HOUR else None
        # THREAT T310: names of keys that do not exist make the vault ask once in a minute at most
        if found is None and not at <= now < at + MINUTE:
            keys = keys_of(self._ask(provider, self.described(provider).keys))
            with self._turn:
                self._keys[provider.name] = provider, now, keys
            found = fitting(keys, head)
        if found is None:
            raise BadTokenError("an ID token names a key that the provider does not have")
        return found

    def exchanged(self, provider: Provider, code: str, verifier: str, redirect: str) -> Tokens:
        """Return what the provider gives for a code; whoever stole the code has no verifier.

        Raises:
            DeniedError: it gives nothing for it.
            BadTokenError: what it gives has no ID token.
            ProviderAwayError: it does not answer.
            BusyError: too many ask at this moment.
        """
        described = self.described(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": provider.client,
            "code_verifier": verifier,
        }
        authorization = ""
        if provider.secret and described.in_body:
            form["client_secret"] = provider.secret
        elif provider.secret:  # both are written as in a form first, RFC 6749 section 2.3.1
            pair = f"{quote_plus(provider.client)}:{quote_plus(provider.secret)}"
            authorization = f"Basic {b64encode(pair.encode()).decode()}"
        try:
            said = self._document(
                provider, described.token, urlencode(form).encode(), authorization
            )
        except ProviderAwayError as err:
            if isinstance(err.__cause__, NotFetchedError) and err.__cause__.reason == "status":
                raise DeniedError("the provider gives nothing for this code") from err
            raise
        id_token, access = said.get("id_token"), said.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access, str):
            raise BadTokenError("the provider sent no ID token")
        return Tokens(id_token=id_token, access_token=access)

    def _document(
        self, provider: Provider, address: Address, form: bytes = b"", authorization: str = ""
    ) -> Mapping[str, Plain]:
        try:
            found = from_json(self._ask(provider, address, form, authorization))
        except InvalidEncodingError as err:
            raise ProviderAwayError("the provider answers something else than JSON") from err
        if not isinstance(found, dict):
            raise ProviderAwayError("the provider answers something else than an object")
        return found

    def _ask(
        self, provider: Provider, address: Address, form: bytes = b"", authorization: str = ""
    ) -> bytes:
        with self._place(provider.name):
            try:
                return self._speak(address, MOST, form, authorization)
            except NotFetchedError as err:
                raise ProviderAwayError(f"the provider of sign-ins: {err}") from err

    @contextmanager
    def _place(self, name: str) -> Iterator[None]:
        with self._turn:
            # THREAT T437: a provider that is slow keeps two places, and leaves the others theirs
            if self._asking[name] >= OF_ONE or self._asking.total() >= self._at_once:
                raise BusyError("others sign in at this moment")
            self._asking[name] += 1
        try:
            yield
        finally:
            with self._turn:
                self._asking[name] -= 1
                if not self._asking[name]:
                    del self._asking[name]


def address_of(url: Plain, provider: Provider) -> Address:
    """Return the address in a URL.

    Raises:
        ProviderAwayError: none of HTTPS, or with something in it that has no place there.
    """
    if isinstance(url, str) and len(url) <= MAX_URL and url.isascii() and url.isprintable():
        try:
            parts = urlsplit(url)
            port = parts.port or HTTPS
        except ValueError:
            raise ProviderAwayError("the provider names no address") from None
        is_plain = " " not in url and "\\" not in url and not parts.fragment and "@" not in url
        if parts.scheme == "https" and parts.hostname and is_plain:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return Address(host=parts.hostname, port=port, path=path, is_near=provider.is_near)
    raise ProviderAwayError("the provider names no address of HTTPS")


def _described(said: Mapping[str, Plain], provider: Provider) -> Described:
    # THREAT T313: who says to be another issuer is not the one that the owner wrote down
    if said.get("issuer") != provider.issuer:
        raise ProviderAwayError("the provider says to be another issuer")
    if "S256" not in said.get("code_challenge_methods_supported", ["S256"]):
        raise ProviderAwayError("the provider knows no PKCE with S256")
    authorize = said.get("authorization_endpoint")
    address_of(authorize, provider)
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Described(
        authorize=str(authorize),
        token=address_of(said.get("token_endpoint"), provider),
        keys=address_of(said.get("jwks_uri"), provider),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        in_body="client_secret_basic" not in methods,
    )
