"""Access tokens: bearer secrets that their holder can narrow and nobody can widen.

- `shv1_<id>_<caveat>..._<sig>`. The signature of a bare token is a keyed hash of its id; each
  caveat hashes the signature once more, so a caveat cannot be taken out, changed or reordered.
- Only the minting key can check a token. Nothing that is stored about one could mint one.
- Every caveat must be understood and hold, else the token is refused; all refusals look alike.

Source: docs/spec/03-keys.md section 7; Birgisson et al., Macaroons, 2014.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sealhold.crypto.digest import DIGEST_BYTES, equal, keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import BadTokenError, InvalidError
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.model.quantities import Instant

PREFIX = "shv1"
MAX_TOKEN = 4096  # characters; a header line of most servers ends at 8 KiB
MAX_CAVEATS = 16
PARTS = range(2, MAX_CAVEATS + 3)  # id, caveats, signature
REMEMBERED = 4_096  # tokens that were seen to hold
MAX_VALUE = 200  # characters of a caveat's value


class CaveatKind(StrEnum):
    """What a caveat bounds."""

    PURPOSE = "purpose"
    PROCESSING = "processing"
    SCOPE = "scope"
    SUBJECT = "subject"
    UNTIL = "until"  # milliseconds since 1970; the token ends at that instant
    USES = "uses"  # how often at most
    CLIENT = "client"  # digest of the key that the client must show


@dataclass(frozen=True, slots=True)
class Caveat:
    """One bound. It can only narrow what a token is good for.

    Raises:
        InvalidError: an empty, long or unprintable value, or a number that is none.
    """

    kind: CaveatKind
    value: str

    def __post_init__(self) -> None:
        if not self.value.isprintable() or not 0 < len(self.value) <= MAX_VALUE:
            raise InvalidError("a caveat is empty, too long or not printable")
        if self.kind in _NUMBERS and not (self.value.isascii() and self.value.isdigit()):
            raise InvalidError("a caveat is not a number")

    def encode(self) -> bytes:
        """Return the bytes that are hashed and carried."""
        return f"{self.kind.value}={self.value}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token taken apart, not yet checked."""

    id: Id16
    caveats: tuple[Caveat, ...]
    signature: bytes  # 32 bytes; as good as the token, so it is never logged


_NUMBERS = (CaveatKind.UNTIL, CaveatKind.USES)


def mint(key: Secret, token_id: Id16, caveats: Sequence[Caveat] = ()) -> str:
    """Return a new token under `key`, bound by `caveats`.

    Raises:
        InvalidError: more caveats than a token may carry.
    """
    signature = _signature(key, token_id, caveats)
    return _write(Token(id=token_id, caveats=tuple(caveats), signature=signature))


def attenuate(text: str, caveat: Caveat) -> str:
    """Return a narrower token; its holder needs no key for that.

    Raises:
        BadTokenError: `text` is not a token.
        InvalidError: it would carry more caveats than a token may.
    """
    token = parse(text)
    signature = _narrowed(token.signature, caveat)
    return _write(Token(id=token.id, caveats=(*token.caveats, caveat), signature=signature))


def parse(text: str) -> Token:
    """Return the parts of a token, unchecked: enough to look up what is known of its id.

    Raises:
        BadTokenError: not a token in its one written form.
    """
    if len(text) > MAX_TOKEN:
        raise BadTokenError("a token is too long")
    prefix, *parts = text.split("_", MAX_CAVEATS + 3)
    if prefix != PREFIX or len(parts) not in PARTS:
        raise BadTokenError("not an access token")
    token_id, *caveats, signature = [_decode(part) for part in parts]
    if len(token_id) != ID_BYTES or len(signature) != DIGEST_BYTES:
        raise BadTokenError("not an access token")
    return Token(id=Id16(token_id), caveats=tuple(map(_caveat, caveats)), signature=signature)


def check(key: Secret, text: str, *, now: Instant, admits: Callable[[Caveat], bool]) -> Token:
    """Return the token if `key` minted it and every caveat holds.

    `until` is checked here; each other caveat is shown to `admits`, which says whether this use
    is within it.

    Raises:
        BadTokenError: forged, widened, expired or used outside its bounds.
    """
    return _held(_minted(key, text), now, admits)


class Seen:
    """Checks tokens of one key, and remembers those that it minted; several threads may call.

    What a token is good for at this moment is asked each time: its caveats, and its row.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key
        self._minted: dict[str, Token] = {}

    def check(self, text: str, *, now: Instant, admits: Callable[[Caveat], bool]) -> Token:
        """Return the token, as `check` does.

        Raises:
            BadTokenError: forged, widened, expired or used outside its bounds.
        """
        token = self._minted.get(text)
        if token is None:
            token = _minted(self._key, text)
            if len(self._minted) >= REMEMBERED:
                self._minted.clear()
            self._minted[text] = token
        return _held(token, now, admits)


def _minted(key: Secret, text: str) -> Token:
    token = parse(text)
    # THREAT T02: the whole chain is computed anew, so a caveat left out changes the signature.
    if not equal(token.signature, _signature(key, token.id, token.caveats)):
        raise BadTokenError("an access token does not hold")
    return token


def _held(token: Token, now: Instant, admits: Callable[[Caveat], bool]) -> Token:
    for caveat in token.caveats:
        held = now < int(caveat.value) if caveat.kind is CaveatKind.UNTIL else admits(caveat)
        if not held:
            raise BadTokenError("an access token does not hold")
    return token


def _signature(key: Secret, token_id: bytes, caveats: Sequence[Caveat]) -> bytes:
    signature = keyed(key, Tag.TOKEN, token_id)
    for caveat in caveats:
        signature = _narrowed(signature, caveat)
    return signature


def _narrowed(signature: bytes, caveat: Caveat) -> bytes:
    return keyed(Secret(signature, "token signature"), Tag.TOKEN_CAVEAT, caveat.encode())


def _write(token: Token) -> str:
    parts = (token.id, *(caveat.encode() for caveat in token.caveats), token.signature)
    text = "_".join((PREFIX, *map(_encode, parts)))
    if len(token.caveats) > MAX_CAVEATS or len(text) > MAX_TOKEN:
        raise InvalidError("a token has too many caveats")
    return text


def _encode(part: bytes) -> str:
    return base64.b64encode(part, b"-.").decode().rstrip("=")


def _decode(part: str) -> bytes:
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), b"-.", validate=True)
    except (binascii.Error, ValueError) as err:
        raise BadTokenError("not an access token") from err
    if _encode(data) != part:
        raise BadTokenError("not an access token")
    return data


def _caveat(data: bytes) -> Caveat:
    try:
        kind, _, value = data.decode().partition("=")
        return Caveat(CaveatKind(kind), value)
    except (ValueError, InvalidError) as err:
        raise BadTokenError("a caveat that this version does not know") from err
