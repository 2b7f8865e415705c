"""ID tokens of OpenID providers: checked, never made; and the keys that providers publish.

- Four algorithms, by their names: ES256, RS256, PS256, EdDSA. A key is for one of them, by its type
  and by what it says itself; `none` and keyed hashes do not exist here.
- Each claim is held against what the sign-in was begun with. What is missing is wrong, what stands
  twice is wrong, and all of it is the same no.
- A key that does not fit is left out of a list, as RFC 7517 has it.

Source: docs/spec/30-access.md section 9; OpenID Connect Core 1.0 section 3.1.3.7; RFC 7515, 7517,
7518, 8037; RFC 8725.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from sealhold.crypto.digest import equal, sha256, sha512
from sealhold.crypto.foreignsign import (
    Curve,
    Hash,
    Scheme,
    point_key,
    rsa_key,
    verify_ecdsa_joined,
    verify_rsa,
)
from sealhold.crypto.sign import PublicKey, verify_raw
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain
from sealhold.model.errors import BadSignatureError, BadTokenError, InvalidEncodingError
from sealhold.model.quantities import SECOND, Instant

MAX_TOKEN = 16_384  # characters; one of a large company has 4,000
MAX_KEYS = 32  # of one provider; they publish two to four
MAX_SUB = 255  # characters, OpenID Connect Core section 2
LEEWAY = 60  # seconds that two clocks may differ by
LONGEST = 600  # seconds from the signing of a token to its use here
SECRET_BYTES = 32  # of state, nonce and verifier: 43 characters (RFC 7636 section 4.1)
PARTS = 3
NO = "an ID token does not hold"


class Alg(StrEnum):
    """How an ID token may be signed."""

    ES256 = "ES256"
    RS256 = "RS256"
    PS256 = "PS256"
    EDDSA = "EdDSA"


_KIND = {Alg.ES256: "EC", Alg.RS256: "RSA", Alg.PS256: "RSA", Alg.EDDSA: "OKP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key of a provider."""

    id: str  # empty: it has no name
    kind: str  # `EC` on P-256, `RSA`, or `OKP` on Ed25519
    alg: str  # the one that it is for; empty if it does not say
    public: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an ID token says of its own signature, unchecked."""

    alg: Alg
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a sign-in was begun with, and when it is now."""

    issuer: str
    client: str
    nonce: str
    begun_at: Instant
    now: Instant


def fresh(entropy: Entropy) -> str:
    """Return 43 characters that nobody guesses: a state, a nonce, a verifier."""
    return _text(entropy(SECRET_BYTES))


def challenge_of(verifier: str) -> str:
    """Return what a provider is told of a verifier: the method S256 of RFC 7636."""
    return _text(sha256(verifier.encode()))


def same(one: str, other: str) -> bool:
    """Return whether two secrets are equal, in a time that does not tell how far."""
    return equal(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def head_of(token: str) -> Head:
    """Return what an ID token says of its signature, unchecked.

    Raises:
        BadTokenError: not a signed token, or signed in a way that does not count here.
    """
    if len(token) > MAX_TOKEN or token.count(".") != PARTS - 1 or not token.isascii():
        raise BadTokenError(NO)
    head = _object(_bytes(token.partition(".")[0]))
    # THREAT T310: the list of algorithms is ours; what a token names chooses within it
    if head.get("alg") not in set(Alg) or "crit" in head:
        raise BadTokenError(NO)
    key = head.get("kid", "")
    if not isinstance(key, str):
        raise BadTokenError(NO)
    return Head(alg=Alg(head["alg"]), key=key)


def keys_of(document: bytes) -> tuple[Key, ...]:
    """Return the keys of a published list that an ID token can be signed with.

    Raises:
        BadTokenError: not a list of keys.
    """
    listed = _object(document).get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise BadTokenError(NO)
    found = (_key(each) for each in listed if isinstance(each, dict))
    return tuple(each for each in found if each is not None)


def fitting(keys: Sequence[Key], head: Head) -> Key | None:
    """Return the one key that a token was signed with, as it says; None if there is none."""
    # THREAT T310: a key is for its own kind of signature, whatever a token says
    fits = [
        each
        for each in keys
        if each.kind == _KIND[head.alg]
        and each.alg in {"", head.alg.value}
        and head.key in {"", each.id}
    ]
    return fits[0] if len(fits) == 1 else None


def subject_of(token: str, key: Key, expected: Expected, access_token: str) -> str:
    """Return whom a token of a provider is about, if it holds for this sign-in.

    Args:
        token: the ID token.
        key: the one that it says to be signed with.
        expected: what must stand in it.
        access_token: what came with it, and is not used for anything else.

    Raises:
        BadTokenError: it does not hold; the same for every reason.
    """
    head = head_of(token)
    signed, _, signature = token.rpartition(".")
    _verify(head.alg, key, signed.encode(), _bytes(signature))
    claims = _object(_bytes(signed.partition(".")[2]))
    _check_parties(claims, expected)
    _check_times(claims, expected)
    if "at_hash" in claims and not _is_of(claims["at_hash"], head.alg, access_token):
        raise BadTokenError(NO)
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUB or not sub.isascii():
        raise BadTokenError(NO)
    if not sub.isprintable():
        raise BadTokenError(NO)
    return sub


def _check_parties(claims: Mapping[str, Plain], expected: Expected) -> None:
    # THREAT T311: a token that was made by another provider, or for another program or sign-in
    audience = claims.get("aud")
    if claims.get("iss") != expected.issuer or audience not in (
        expected.client,
        [expected.client],
    ):
        raise BadTokenError(NO)
    if claims.get("azp", expected.client) != expected.client:
        raise BadTokenError(NO)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not same(nonce, expected.nonce):
        raise BadTokenError(NO)


def _check_times(claims: Mapping[str, Plain], expected: Expected) -> None:
    now, begun = expected.now // SECOND, expected.begun_at // SECOND
    made, ends = _number(claims, "iat"), _number(claims, "exp")
    # THREAT T312: a token from before this sign-in, or whose time is over, was taken elsewhere
    is_fresh = max(begun, now - LONGEST) - LEEWAY <= made <= now + LEEWAY
    if not is_fresh or ends <= now - LEEWAY:
        raise BadTokenError(NO)
    if "nbf" in claims and _number(claims, "nbf") > now + LEEWAY:
        raise BadTokenError(NO)


def _number(claims: Mapping[str, Plain], name: str) -> float:
    found = claims.get(name)
    if type(found) not in {int, float}:
        raise BadTokenError(NO)
    return float(found)  # type: ignore[arg-type]  # reason: one of the two, as the line above says


def _is_of(said: Plain, alg: Alg, access_token: str) -> bool:
    """Return whether a hash is the left half of that of the access token."""
    digest = sha512 if alg is Alg.EDDSA else sha256  # Ed25519 hashes with SHA-512
    whole = digest(access_token.encode())
    return isinstance(said, str) and same(said, _text(whole[: len(whole) // 2]))


def _verify(alg: Alg, key: Key, message: bytes, signature: bytes) -> None:
    if key.kind != _KIND[alg]:
        raise BadTokenError(NO)
    try:
        match alg:
            case Alg.ES256:
                verify_ecdsa_joined(
                    key.public, message, signature, curve=Curve.P256, digest=Hash.SHA256
                )
            case Alg.RS256:
                verify_rsa(key.public, message, signature, scheme=Scheme.PKCS1, digest=Hash.SHA256)
            case Alg.PS256:
                verify_rsa(key.public, message, signature, scheme=Scheme.PSS, digest=Hash.SHA256)
            case Alg.EDDSA:
                verify_raw(PublicKey(key.public), message, signature)
    except BadSignatureError as err:
        raise BadTokenError(NO) from err


def _key(said: Mapping[str, Plain]) -> Key | None:
    """Return a key of a list; None if it is for something else, or of a kind unknown here."""
    name, alg, use = said.get("kid", ""), said.get("alg", ""), said.get("use", "sig")
    if not (isinstance(name, str) and isinstance(alg, str)) or use != "sig":
        return None
    try:
        match said.get("kty"), said.get("crv"):
            case "EC", "P-256":
                public = point_key(Curve.P256, _bytes(said["x"]), _bytes(said["y"]))
                return Key(id=name, kind="EC", alg=alg, public=public)
            case "RSA", _:
                public = rsa_key(_bytes(said["n"]), int.from_bytes(_bytes(said["e"])))
                return Key(id=name, kind="RSA", alg=alg, public=public)
            case "OKP", "Ed25519":
                return Key(id=name, kind="OKP", alg=alg, public=_bytes(said["x"]))
            case _:
                return None
    except (KeyError, BadTokenError, InvalidEncodingError):
        return None


def _object(data: bytes) -> Mapping[str, Plain]:
    try:
        found = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as err:
        raise BadTokenError(NO) from err
    if not isinstance(found, dict):
        raise BadTokenError(NO)
    return found


def _unique(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):  # two readers would take two different ones
        raise ValueError(NO)
    return found


def _refuse(_text: str) -> NoReturn:
    raise ValueError(NO)


def _bytes(text: Plain) -> bytes:
    if not isinstance(text, str) or not text.isascii() or "=" in text:
        raise BadTokenError(NO)
    try:
        found = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as err:
        raise BadTokenError(NO) from err
    if _text(found) != text:  # characters that are none of the alphabet are passed over
        raise BadTokenError(NO)
    return found


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
