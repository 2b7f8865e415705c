"""SD-JWT with key binding: a signed document whose holder shows some of its claims, one by one.

- The issuer signs digests. A disclosure, `[salt, name, value]`, opens one of them; without its
  32-byte salt a digest tells nothing. Decoys fill up, so the number of digests is always the same.
- The holder signs whom a presentation is for, with that one's nonce, over all that is shown: it is
  of no use to anybody else, and nothing can be added to it or taken from it.
- A narrow profile, read strictly: EdDSA with Ed25519 only, exact headers, SHA-256, digests at the
  top level in order, strict JSON in its one form, base64url without padding or spare bits.
- Keys are the caller's to trust. A key in a token only says which one to try.

Source: docs/spec/10-proof.md section 6; RFC 9901; RFC 7515; RFC 8037.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify_raw
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import BadProofError, InvalidEncodingError, InvalidError
from sealhold.model.quantities import SECOND, Instant

MAX_TOKEN: Final = 65_536  # characters of a whole presentation; ours has about 4,000
MAX_DIGESTS: Final = 64
SALT_BYTES: Final = 32
BINDING_TYPE: Final = "kb+jwt"
MAX_AT: Final = 253_402_300_799  # seconds: the end of the year 9999, the last that has a date
RESERVED: Final = frozenset({"_sd", "_sd_alg", "...", "cnf"})

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+")
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One hidden claim and what opens it."""

    text: str  # base64url of `[salt, name, value]`, as it travels
    name: str
    value: Plain

    @property
    def digest(self) -> str:
        """Return what stands in the signed part for it."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A signed document with all its disclosures: what the holder keeps."""

    token: str
    claims: dict[str, Plain]  # what every reader sees
    disclosures: tuple[Disclosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Whom a presentation is for, as its holder signed it."""

    audience: str
    nonce: str
    at: Instant  # whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A presentation whose signatures and digests fit."""

    claims: dict[str, Plain]  # what every reader sees
    opened: dict[str, Plain]  # what the holder opened
    hidden: int  # digests that stay closed, decoys among them
    binding: Binding


def digest_of(disclosure: str) -> str:
    """Return the digest of a disclosure as it travels: base64url of its SHA-256."""
    return _write(sha256(disclosure.encode("ascii")))


def head_of(kind: str) -> str:
    """Return the one header of a token of this kind, as it travels."""
    return _write(to_json({"alg": "EdDSA", "typ": kind}))


def issue(
    kind: str,
    claims: Mapping[str, Plain],
    hidden: Mapping[str, Plain],
    *,
    key: SigningKey,
    holder: PublicKey,
    digests: int,
    entropy: Entropy,
) -> str:
    """Return the credential of `claims`, with `hidden` ones that the holder can open.

    Args:
        kind: the `typ` of the signed part, which no other document has.
        claims: what every reader sees.
        hidden: what the holder may open.
        key: the issuer's.
        holder: the key that presentations are signed with.
        digests: how many there are in all; decoys fill up.
        entropy: 32 bytes for each digest.

    Raises:
        InvalidError: a reserved or double name, or more claims than digests.
    """
    names = {*claims, *hidden}
    if len(names) != len(claims) + len(hidden) or names & RESERVED:
        raise InvalidError("a claim stands twice, or has a reserved name")
    if not len(hidden) <= digests <= MAX_DIGESTS:
        raise InvalidError(f"{len(hidden)} hidden claims do not fit {digests} digests")
    texts = [
        _write(to_json([_write(entropy(SALT_BYTES)), name, value]))
        for name, value in hidden.items()
    ]
    decoys = [_write(sha256(entropy(SALT_BYTES))) for _ in range(digests - len(texts))]
    # THREAT T177: sorted and filled up, so that neither place nor number of digests says anything.
    payload = {
        **claims,
        "_sd": sorted([*map(digest_of, texts), *decoys]),
        "_sd_alg": "sha-256",
        "cnf": {"jwk": jwk(holder)},
    }
    return "~".join((_sign(kind, payload, key), *texts, ""))


def read(credential: str, kind: str, issuer: PublicKey) -> Credential:
    """Return a credential with all its disclosures, as `issue` made it.

    Raises:
        InvalidEncodingError: not of this kind, or not in its one form.
        BadSignatureError: `issuer` did not sign it.
        BadProofError: a disclosure is not one of it.
    """
    token, texts, binding = _split(credential)
    if binding:
        raise InvalidEncodingError("a presentation, not the credential itself")
    payload = _open(token, kind, issuer)
    claims, _, _ = _parts(payload)
    return Credential(token=token, claims=claims, disclosures=_fitting(payload, texts))


def present(
    credential: Credential,
    names: Collection[str],
    *,
    holder: SigningKey,
    audience: str,
    nonce: str,
    at: Instant,
) -> str:
    """Return a presentation that opens the claims in `names` and no other.

    Raises:
        InvalidError: the credential has no such claim.
    """
    chosen = [each for each in credential.disclosures if each.name in set(names)]
    if len(chosen) != len(set(names)):
        raise InvalidError("the credential has no such claim")
    shown = "~".join((credential.token, *(each.text for each in chosen), ""))
    bound = {"aud": audience, "iat": at // SECOND, "nonce": nonce, "sd_hash": digest_of(shown)}
    return shown + _sign(BINDING_TYPE, bound, holder)


def read_unverified(presentation: str) -> dict[str, Plain]:
    """Return what a presentation claims to every reader; nothing is checked but form.

    Raises:
        InvalidEncodingError: not a token.
    """
    return _claims(_split(presentation)[0].split(".")[1])


def disclosed_unverified(presentation: str) -> tuple[Disclosure, ...]:
    """Return what a presentation opens; nothing is checked but form.

    Raises:
        InvalidEncodingError: not a token, or a disclosure is none.
    """
    return tuple(map(read_disclosure, _split(presentation)[1]))


def open_presented(presentation: str, kind: str, issuer: PublicKey) -> Presented:
    """Return what a presentation says, once each signature and each digest in it fits.

    Raises:
        InvalidEncodingError: not of this kind, or not in its one form.
        BadSignatureError: the issuer or the holder did not sign it.
        BadProofError: a disclosure is not one of it, or what is shown is not what was signed.
    """
    token, texts, binding = _split(presentation)
    payload = _open(token, kind, issuer)
    claims, digests, holder = _parts(payload)
    disclosures = _fitting(payload, texts)
    # THREAT T176: without the holder's signature a copy would serve whoever found it.
    if not binding:
        raise InvalidEncodingError("the holder has not signed it for anybody")
    bound = _open(binding, BINDING_TYPE, holder)
    match bound:
        case {"aud": str() as audience, "iat": int() as at, "nonce": str() as nonce, **rest} if (
            rest.keys() == {"sd_hash"} and type(at) is int and 0 <= at <= MAX_AT
        ):
            pass
        case _:
            raise InvalidEncodingError("not a binding of a holder")
    # THREAT T175: what the holder signed is all that stands before, so nothing comes or goes.
    if bound["sd_hash"] != digest_of(presentation[: -len(binding)]):
        raise BadProofError("what is shown is not what its holder signed")
    return Presented(
        claims=claims,
        opened={each.name: each.value for each in disclosures},
        hidden=len(digests) - len(disclosures),
        binding=Binding(audience=audience, nonce=nonce, at=Instant(at * SECOND)),
    )


def jwk(public: bytes) -> dict[str, Plain]:
    """Return an Ed25519 public key as a JSON Web Key."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _write(public)}


def _split(text: str) -> tuple[str, list[str], str]:
    """Return the issuer's token, the disclosures, and the holder's token or nothing.

    Raises:
        InvalidEncodingError: not a token with disclosures.
    """
    if len(text) > MAX_TOKEN or not text.isascii():
        raise InvalidEncodingError(f"more than {MAX_TOKEN} characters, or not ASCII")
    token, *rest = text.split("~")
    if not rest or token.count(".") != 2:  # noqa: PLR2004  # reason: a JWS has three parts
        raise InvalidEncodingError("not a token with disclosures")
    *texts, binding = rest
    if len(texts) > MAX_DIGESTS:
        raise InvalidEncodingError(f"{len(texts)} disclosures, at most {MAX_DIGESTS}")
    return token, texts, binding


def _sign(kind: str, payload: Plain, key: SigningKey) -> str:
    signed = f"{head_of(kind)}.{_write(to_json(payload))}"
    return f"{signed}.{_write(key.sign_raw(signed.encode('ascii')))}"


def _open(token: str, kind: str, key: PublicKey) -> dict[str, Plain]:
    """Return the payload of a token that `key` signed as a document of `kind`.

    Raises:
        InvalidEncodingError: not a token of this kind.
        BadSignatureError: `key` did not sign it.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  # reason: a JWS has three parts
        raise InvalidEncodingError("not a token")
    head, payload, signature = parts
    # THREAT T175: one header and no other: no `none`, no second algorithm, no `crit`, no own key.
    if head != head_of(kind):
        raise InvalidEncodingError("not the header that this kind of token has")
    verify_raw(key, f"{head}.{payload}".encode("ascii"), _read(signature))
    return _claims(payload)


def _claims(payload: str) -> dict[str, Plain]:
    data = _read(payload)
    found = from_json(data, limit=MAX_TOKEN)
    if not isinstance(found, dict) or to_json(found) != data:
        raise InvalidEncodingError("not the one form of a token's claims")
    return found


def _parts(payload: Mapping[str, Plain]) -> tuple[dict[str, Plain], list[str], PublicKey]:
    """Return the claims that are shown to all, the digests, and the holder's key.

    Raises:
        InvalidEncodingError: not the claims of a token with disclosures.
    """
    claims = {name: value for name, value in payload.items() if name not in RESERVED}
    match payload:
        case {
            "_sd": list() as digests,
            "_sd_alg": "sha-256",
            "cnf": {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": str() as text, **more}, **others},
        } if not (more or others or "..." in payload or _nests(claims)):
            holder = _read(text)
        case _:
            raise InvalidEncodingError("not the claims of a token with disclosures")
    if len(holder) != PUBLIC_BYTES or len(digests) > MAX_DIGESTS:
        raise InvalidEncodingError("not the claims of a token with disclosures")
    if not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in digests):
        raise InvalidEncodingError("a digest is none")
    if digests != sorted(set(digests)):
        raise InvalidEncodingError("digests out of order, or one twice")
    return claims, digests, PublicKey(holder)


def _fitting(payload: Mapping[str, Plain], texts: Collection[str]) -> tuple[Disclosure, ...]:
    """Return the disclosures in `texts`, each of which must open a digest of its own.

    Raises:
        BadProofError: one of them does not.
    """
    found = tuple(map(read_disclosure, texts))
    names = [each.name for each in found]
    # THREAT T175: of another token, made up, or shown twice: none of it opens anything here.
    for each in found:
        if each.digest not in payload["_sd"]:
            raise BadProofError(f"the disclosure of `{each.name}` is none of this token")
    if len(set(names)) != len(names) or set(names) & {*payload, *RESERVED}:
        raise BadProofError("a claim is disclosed twice, or stands in the token already")
    return found


def read_disclosure(text: str) -> Disclosure:
    """Return the claim that a disclosure opens.

    Raises:
        InvalidEncodingError: not a disclosure of a named claim.
    """
    match from_json(_read(text), limit=MAX_TOKEN):
        case [str(), str() as name, value] if not _nests(value):
            return Disclosure(text=text, name=name, value=value)
        case _:
            raise InvalidEncodingError("not a disclosure of a named claim")


def _nests(value: Plain) -> bool:
    """Return whether digests stand anywhere below: this profile has them at the top only."""
    if isinstance(value, dict):
        return bool(value.keys() & RESERVED) or any(map(_nests, value.values()))
    return isinstance(value, list) and any(map(_nests, value))


def _write(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _read(text: str) -> bytes:
    """Return the bytes of base64url text in its one form.

    Raises:
        InvalidEncodingError: it is none.
    """
    if not _TEXT.fullmatch(text) or len(text) % 4 == 1:
        raise InvalidEncodingError("not base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _write(data) != text:
        raise InvalidEncodingError("base64url with bits to spare")
    return data
