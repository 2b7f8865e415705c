"""The two senders of calls: one that blocks, and one for `async`.

- They differ in how they wait, and in nothing else: what is sent and when is said in `call` and
  `course`.
- A token goes over TLS that is verified, or to this machine; to no proxy that the environment
  names, and nowhere that an answer points to.

Source: docs/spec/31-client.md sections 1 and 4.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from sealhold.client.call import Answer, Call, Pages, Stream
from sealhold.client.course import Lost, Patience, course, refusal
from sealhold.client.errors import UnavailableError, UntrustedError, UsageError, VaultError
from sealhold.client.proof import ClientKey, Proving
from sealhold.client.tokens import Token, token_of
from sealhold.client.world import chance

T = TypeVar("T")
HERE = ("localhost", "127.0.0.1", "::1")
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 4.0  # the server closes an idle connection after five
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    name = parts.hostname or ""
    is_here = name in HERE or name.endswith(".localhost")
    # THREAT T300: a token does not travel in the clear
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise UsageError("a vault is at an https address, or at an http one of this machine")
    if not name or parts.username or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise UsageError("a vault's address is a scheme, a name and a port")
    return f"{parts.scheme}://{parts.netloc}"


def _settings(url: str, trust: ssl.SSLContext | None, seconds: float) -> dict[str, Any]:
    return {
        "base_url": _origin(url),
        "verify": trust or ssl.create_default_context(),
        "timeout": httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        "limits": httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        "follow_redirects": False,
        "trust_env": False,
    }


def _parts(call: Call[T], token: Token, key: ClientKey | None) -> dict[str, Any]:
    headers = {
        "authorization": f"Bearer {token.reveal()}",
        "accept-encoding": "identity",
        **call.headers,
    }
    if call.media:
        headers["content-type"] = call.media
    return {
        "method": call.method,
        "url": call.path,
        "params": call.query or None,
        "headers": headers,
        "content": call.body,
        "auth": Proving(key, token) if key else None,
    }


def _answer(response: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status_code, headers=headers, body=response.content)


def _refuse(response: httpx.Response) -> NoReturn:
    """Raise what an answer says.

    Raises:
        VaultError: always.
    """
    error: VaultError = refusal(_answer(response))
    raise error


def _lost(err: httpx.TransportError) -> Lost:
    """Return that no answer came.

    Raises:
        UsageError: the call was not put together as it must be.
        UntrustedError: because whoever is there has no certificate that is trusted.
    """
    if isinstance(err.__cause__, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(err):
        raise UntrustedError("the vault's certificate is not trusted") from None
    if isinstance(err, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        raise UsageError("this cannot be sent") from None
    return Lost(was_sent=not isinstance(err, NOT_SENT))


class _Sender:
    """What both senders hold beside their connections."""

    def __init__(
        self, token: str | Token, patience: Patience | None, key: ClientKey | None
    ) -> None:
        self._token = token_of(token)
        self._key = key
        self._patience = patience or Patience()

    def holding(self, token: str | Token) -> Self:
        """Return the same connections with another token; who made the first closes them.

        Raises:
            UsageError: the token is none.
        """
        other = copy(self)
        other._token = token_of(token)  # noqa: SLF001  reason: it is one of ours
        return other


class Vault(_Sender):
    """Sends calls with the token of an app or of a person; several threads may use it."""

    def __init__(
        self,
        url: str,
        token: str | Token,
        *,
        trust: ssl.SSLContext | None = None,
        seconds: float = 30.0,
        patience: Patience | None = None,
        key: ClientKey | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Take what is needed to call; nothing is sent yet.

        Args:
            url: scheme, name and port, `https://vault.example`; plain HTTP on this machine only.
            token: of an app or a person.
            trust: which certificates count; without it, those that this machine trusts.
            seconds: how long one try may take.
            patience: how often a call is tried.
            key: of this client, if the token is bound to it.
            transport: what carries the calls, in place of a socket.

        Raises:
            UsageError: the address is none, or not safe; or the token is none.
        """
        super().__init__(token, patience, key)
        self._wire = httpx.Client(**_settings(url, trust, seconds), transport=transport)

    def __call__(self, call: Call[T]) -> T:
        """Send a call, and return what the vault says.

        Raises:
            VaultError: it says no, or cannot be asked.
        """
        tries = course(call, self._patience, chance)
        pause = next(tries)
        while True:
            time.sleep(pause)
            try:
                pause = tries.send(self._send(call))
            except StopIteration as ended:
                done: T = ended.value
                return done

    def each(self, pages: Pages[T]) -> Iterator[T]:
        """Yield all that the pages bring.

        Raises:
            VaultError: the vault says no, or cannot be asked.
        """
        after, is_last = "", False
        while not is_last:
            found, after = self(pages.page(after))
            is_last = not after
            yield from found

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[Iterator[bytes]]:
        """Give the pieces of a long answer; it is asked for once.

        Raises:
            VaultError: the vault says no.
            UnavailableError: no answer came, or it broke off.
        """
        try:
            # THREAT T304: what comes back goes through memory alone, into no file and no cache
            with self._wire.stream(**_parts(stream.call, self._token, self._key)) as response:
                if not response.is_success:
                    response.read()
                    _refuse(response)
                yield response.iter_bytes()
        except httpx.TransportError as err:
            _lost(err)
            raise UnavailableError("the answer broke off", code="BROKEN_OFF") from None

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _send(self, call: Call[T]) -> Answer | Lost:
        try:
            return _answer(self._wire.request(**_parts(call, self._token, self._key)))
        except httpx.TransportError as err:
            return _lost(err)


class AsyncVault(_Sender):
    """Sends the same calls in an event loop of asyncio."""

    def __init__(
        self,
        url: str,
        token: str | Token,
        *,
        trust: ssl.SSLContext | None = None,
        seconds: float = 30.0,
        patience: Patience | None = None,
        key: ClientKey | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take what is needed to call, as `Vault` does.

        Raises:
            UsageError: the address is none, or not safe; or the token is none.
        """
        super().__init__(token, patience, key)
        self._wire = httpx.AsyncClient(**_settings(url, trust, seconds), transport=transport)

    async def __call__(self, call: Call[T]) -> T:
        """Send a call, and return what the vault says.

        Raises:
            VaultError: it says no, or cannot be asked.
        """
        tries = course(call, self._patience, chance)
        pause = next(tries)
        while True:
            await asyncio.sleep(pause)
            try:
                pause = tries.send(await self._send(call))
            except StopIteration as ended:
                done: T = ended.value
                return done

    async def each(self, pages: Pages[T]) -> AsyncIterator[T]:
        """Yield all that the pages bring.

        Raises:
            VaultError: the vault says no, or cannot be asked.
        """
        after, is_last = "", False
        while not is_last:
            found, after = await self(pages.page(after))
            is_last = not after
            for one in found:
                yield one

    @asynccontextmanager
    async def stream(self, stream: Stream) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the pieces of a long answer; it is asked for once.

        Raises:
            VaultError: the vault says no.
            UnavailableError: no answer came, or it broke off.
        """
        try:
            async with self._wire.stream(**_parts(stream.call, self._token, self._key)) as response:
                if not response.is_success:
                    await response.aread()
                    _refuse(response)
                yield response.aiter_bytes()
        except httpx.TransportError as err:
            _lost(err)
            raise UnavailableError("the answer broke off", code="BROKEN_OFF") from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> Answer | Lost:
        try:
            return _answer(await self._wire.request(**_parts(call, self._token, self._key)))
        except httpx.TransportError as err:
            return _lost(err)
