"""Proof of a client's own key, for tokens that the owner bound to it: a line beside each call.

- The key, how it signs and how it hashes come from the app, so nothing is loaded for it here:

      key = Ed25519PrivateKey.generate()  # of `cryptography`; keep it where no call can read it
      mine = ClientKey(key.public_key().public_bytes_raw(), key.sign, lambda b: sha256(b).digest())

- Each try of a call has a line of its own, which counts once.

Source: docs/spec/30-access.md section 11; docs/spec/31-client.md section 1.
"""

from collections.abc import Callable, Generator

import httpx

from sealhold.client.tokens import Token
from sealhold.client.world import nonce, now

HEADER = "sealhold-client"
TAG = "sealhold/client-proof/v1"


class ClientKey:
    """An Ed25519 key of a client. It shows nothing, and goes into no log."""

    __slots__ = ("_public", "_sha256", "_sign")

    def __init__(
        self,
        public: bytes,
        sign: Callable[[bytes], bytes],
        sha256: Callable[[bytes], bytes],
    ) -> None:
        """Take the 32 bytes of the public key, and what signs and hashes bytes."""
        self._public = public
        self._sign = sign
        self._sha256 = sha256

    @property
    def name(self) -> str:
        """What the owner binds a token to: the SHA-256 of the public key, in hex digits."""
        return self._sha256(self._public).hex()

    def line(self, method: str, target: str, token: Token, body: bytes) -> str:
        """Return the proof of one call; `target` is its address with its query."""
        parts = (str(now()), nonce().hex(), self._sha256(body).hex())
        held = self._sha256(token.reveal().encode()).hex()
        message = "\n".join((TAG, method, target, held, *parts)).encode()
        return ".".join(("v1", self._public.hex(), *parts, self._sign(message).hex()))

    def __repr__(self) -> str:
        return "ClientKey(...)"


class Proving(httpx.Auth):
    """Puts a proof beside the token of each request that is sent."""

    requires_request_body = True

    def __init__(self, key: ClientKey, token: Token) -> None:
        self._key = key
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request with its proof."""
        target = request.url.raw_path.decode("ascii")
        line = self._key.line(request.method, target, self._token, request.content)
        request.headers[HEADER] = line
        yield request
