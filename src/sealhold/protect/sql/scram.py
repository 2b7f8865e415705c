"""The messages of SCRAM-SHA-256, with and without channel binding, for both ends. No I/O.

- `ServerLogin` judges a client of ours; `ClientLogin` logs in at the provider, and is done only
  when the provider has shown that it keeps the verifier.
- A name that nobody has goes the whole way, with a verifier of its own that nothing fits: it ends
  where a wrong password ends, with the same words.
- `-PLUS` binds the login to the certificate that the client saw. A client that could have used it
  and says that it was not offered was lied to: refused.

Source: docs/spec/56-postgresql-proxy.md section 2; RFC 5802 section 7, RFC 7677.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

from sealhold.crypto.digest import equal
from sealhold.crypto.scram import (
    KEY_BYTES,
    ClientKeys,
    Verifier,
    proof,
    proves,
    signature,
)
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError, LoginRefusedError

PLAIN: Final = "SCRAM-SHA-256"
PLUS: Final = "SCRAM-SHA-256-PLUS"
BINDING: Final = b"tls-server-end-point"
NONCE_BYTES: Final = 18
MAX_MESSAGE: Final = 4096  # bytes; ours have about 100
_SCHEME: Final = "SCRAM-SHA-256"
_PARTS: Final = 4


def spelled(verifier: Verifier) -> str:
    """Return a verifier as PostgreSQL stores it."""
    salt, stored, server = (
        b64encode(each).decode() for each in (verifier.salt, verifier.stored, verifier.server)
    )
    return f"{_SCHEME}${verifier.rounds}:{salt}${stored}:{server}"


def parse_verifier(text: str) -> Verifier:
    """Return the verifier of a text as PostgreSQL stores it.

    Raises:
        InvalidError: it is none.
    """
    try:
        scheme, head, keys = text.split("$")
        rounds, salt = head.split(":")
        stored, server = keys.split(":")
        found = Verifier(_unbase(salt), int(rounds), _unbase(stored), _unbase(server))
    except (ValueError, binascii.Error) as err:
        raise InvalidError("not a SCRAM-SHA-256 verifier") from err
    if scheme != _SCHEME or not found.salt or found.rounds < 1:
        raise InvalidError("not a SCRAM-SHA-256 verifier")
    if len(found.stored) != KEY_BYTES or len(found.server) != KEY_BYTES:
        raise InvalidError("not a SCRAM-SHA-256 verifier")
    return found


class ServerLogin:
    """The server's end of one login. `endpoint` is empty where there is no TLS to bind to."""

    def __init__(self, verifier: Verifier, entropy: Entropy, endpoint: bytes) -> None:
        self._verifier = verifier
        self._entropy = entropy
        self._endpoint = endpoint
        self._header = b""
        self._bare = b""
        self._first = b""
        self._nonce = b""

    def mechanisms(self) -> tuple[str, ...]:
        """Return what is offered, the best first."""
        return (PLUS, PLAIN) if self._endpoint else (PLAIN,)

    def first(self, mechanism: str, message: bytes) -> bytes:
        """Take the client's first message and return the server's.

        Raises:
            LoginRefusedError: out of form, or a binding that does not fit what was offered.
        """
        if mechanism not in self.mechanisms() or len(message) > MAX_MESSAGE:
            raise LoginRefusedError("no such mechanism")
        try:
            flag, authzid, bare = message.split(b",", 2)
            name, nonce = bare.split(b",")[:2]
        except ValueError as err:
            raise LoginRefusedError("a login message is out of form") from err
        if authzid or not name.startswith(b"n=") or not _is_nonce(nonce):
            raise LoginRefusedError("a login message is out of form")
        # THREAT T641: who stripped the offer of channel binding shows here: the client says that it
        # could have bound and saw no offer, or binds under a mechanism that has none
        wanted = b"p=" + BINDING if mechanism == PLUS else b"n"
        if flag != wanted and not (mechanism == PLAIN and flag == b"y" and not self._endpoint):
            raise LoginRefusedError("the channel binding of the login does not fit")
        self._header = flag + b",,"
        self._bare = bare
        self._nonce = nonce[2:] + b64encode(self._entropy(NONCE_BYTES))
        rounds = b"%d" % self._verifier.rounds
        self._first = b"r=%b,s=%b,i=%b" % (self._nonce, b64encode(self._verifier.salt), rounds)
        return self._first

    def final(self, message: bytes) -> bytes:
        """Take the client's proof and return the server's.

        Raises:
            LoginRefusedError: the password is wrong, or the message out of form.
        """
        without, _, shown = message.rpartition(b",p=")
        bound = self._header
        if bound.startswith(b"p="):
            bound += self._endpoint
        expected = b"c=%b,r=%b" % (b64encode(bound), self._nonce)
        said = b",".join((self._bare, self._first, without))
        try:
            fits = proves(self._verifier, said, _unbase(shown))
        except (ValueError, binascii.Error):
            fits = False
        # the proof is computed in any case, so that neither check is told from the other
        if not (equal(without, expected) and fits and len(message) <= MAX_MESSAGE):
            raise LoginRefusedError("password authentication failed")
        return b"v=" + b64encode(signature(self._verifier.server, said))


class ClientLogin:
    """The client's end of one login: ours at the provider.

    Args:
        keys: makes the keys of the password for a salt and a count of rounds; may be remembered.
        entropy: for the nonce.
        endpoint: the hash of the provider's certificate; empty without TLS.
    """

    def __init__(
        self, keys: Callable[[bytes, int], ClientKeys], entropy: Entropy, endpoint: bytes
    ) -> None:
        self._keys = keys
        self._entropy = entropy
        self._endpoint = endpoint
        self._header = b""
        self._bare = b""
        self._expected = b""

    def first(self, offered: tuple[str, ...]) -> tuple[str, bytes]:
        """Return the mechanism that is chosen, and the first message.

        Raises:
            LoginRefusedError: the provider offers none of ours.
        """
        if self._endpoint and PLUS in offered:
            mechanism, flag = PLUS, b"p=" + BINDING
        elif PLAIN in offered:
            mechanism, flag = PLAIN, b"y" if self._endpoint else b"n"
        else:
            raise LoginRefusedError("the provider offers no SCRAM-SHA-256")
        self._header = flag + b",,"
        self._bare = b"n=,r=" + b64encode(self._entropy(NONCE_BYTES))
        return mechanism, self._header + self._bare

    def final(self, message: bytes) -> bytes:
        """Take the provider's first message and return our proof.

        Raises:
            LoginRefusedError: out of form, or another nonce than ours.
        """
        try:
            nonce, salt, rounds = message.split(b",")[:3]
            if not nonce.startswith(b"r=" + self._bare[5:]) or len(message) > MAX_MESSAGE:
                raise LoginRefusedError("the provider answers another login")
            if not (salt.startswith(b"s=") and rounds.startswith(b"i=")):
                raise LoginRefusedError("a login message of the provider is out of form")
            keys = self._keys(_unbase(salt[2:]), int(rounds[2:]))
        except (ValueError, binascii.Error) as err:
            raise LoginRefusedError("a login message of the provider is out of form") from err
        bound = self._header
        if bound.startswith(b"p="):
            bound += self._endpoint
        without = b"c=%b,%b" % (b64encode(bound), nonce)
        said = b",".join((self._bare, message, without))
        self._expected = b"v=" + b64encode(signature(keys.server, said))
        return without + b",p=" + b64encode(proof(keys, said))

    def check(self, message: bytes) -> None:
        """Take the provider's last message.

        Raises:
            LoginRefusedError: the provider does not know the password either.
        """
        # THREAT T642: who only plays the provider does not have the verifier
        if not self._expected or not equal(message, self._expected):
            raise LoginRefusedError("the provider has not shown that it knows us")


def _is_nonce(part: bytes) -> bool:
    return part.startswith(b"r=") and len(part) > 2 and part[2:].isascii()  # noqa: PLR2004  # reason: `r=`


def _unbase(text: str | bytes) -> bytes:
    return b64decode(text, validate=True)
