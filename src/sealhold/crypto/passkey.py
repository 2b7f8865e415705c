"""Passkeys: what a browser is asked for, and whether what it answers holds.

- The person must have been verified by their device: a PIN, a finger, a face. That they were there
  is not enough.
- Site and origin are the vault's own, never what a request says; the challenge is one that was
  given out. A count that does not go up is a copied key, and refused.
- No attestation is asked for: who made the device is not our business.

Source: docs/spec/30-access.md section 7; W3C Web Authentication Level 3; verified by `webauthn`.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from sealhold.model.encoding import Plain
from sealhold.model.errors import BadTokenError, ExtraMissingError

CHALLENGE_BYTES = 32
MAX_ANSWER = 16_384  # characters; one of a security key has about 1,000
SECONDS = 300  # for a person to find their key
ED25519, ES256, RS256 = -8, -7, -257  # COSE, RFC 9053
NO = "a passkey does not hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The site that passkeys are for."""

    id: str  # the host of the pages
    origin: str

    @property
    def name(self) -> str:
        """What a device shows the person."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A passkey as it is kept: its id, its public key in COSE, how often it signed."""

    id: bytes
    public: bytes
    signed: int


def to_make(
    party: Party, challenge: bytes, user: bytes, name: str, known: Sequence[bytes]
) -> dict[str, Plain]:
    """Return what a browser is given to make a passkey; `known` are those of the same person."""
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": _text(user), "name": name, "displayName": name},
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (ED25519, ES256, RS256)],
        "timeout": SECONDS * 1000,
        "excludeCredentials": [{"type": "public-key", "id": _text(each)} for each in known],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "none",
    }


def to_show(party: Party, challenge: bytes) -> dict[str, Plain]:
    """Return what a browser is given to show a passkey of whoever is there."""
    return {
        "rpId": party.id,
        "challenge": _text(challenge),
        "timeout": SECONDS * 1000,
        "userVerification": "required",
        "allowCredentials": [],
    }


def challenge_of(answer: str) -> bytes:
    """Return the challenge that an answer claims to be to, unchecked.

    Raises:
        BadTokenError: not an answer.
    """
    try:
        said = json.loads(_bytes(_parsed(answer)["response"]["clientDataJSON"]))
        return _bytes(said["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError) as err:
        raise BadTokenError(NO) from err


def id_of(answer: str) -> bytes:
    """Return the id of the credential that an answer claims to be by, unchecked.

    Raises:
        BadTokenError: not an answer.
    """
    try:
        return _bytes(_parsed(answer)["id"])
    except (KeyError, TypeError) as err:
        raise BadTokenError(NO) from err


def made(party: Party, challenge: bytes, answer: str) -> Credential:
    """Return the passkey that a browser made.

    Raises:
        BadTokenError: the answer does not hold.
        ExtraMissingError: what verifies it is not installed.
    """
    webauthn, failures = _library()
    try:
        done = webauthn.verify_registration_response(
            credential=_parsed(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except failures as err:
        raise BadTokenError(NO) from err
    return Credential(
        id=done.credential_id, public=done.credential_public_key, signed=done.sign_count
    )


def shown(party: Party, challenge: bytes, answer: str, kept: Credential) -> Credential:
    """Return the passkey after it was shown, with the count that it gave.

    Raises:
        BadTokenError: the answer does not hold, or its count did not go up.
        ExtraMissingError: what verifies it is not installed.
    """
    webauthn, failures = _library()
    try:
        done = webauthn.verify_authentication_response(
            credential=_parsed(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=kept.public,
            credential_current_sign_count=kept.signed,
            require_user_verification=True,
        )
    except failures as err:
        raise BadTokenError(NO) from err
    if done.credential_id != kept.id:
        raise BadTokenError(NO)
    return Credential(id=kept.id, public=kept.public, signed=done.new_sign_count)


def _library() -> tuple[ModuleType, tuple[type[Exception], ...]]:
    """Return what verifies, and all that it raises at what does not hold.

    Raises:
        ExtraMissingError: it is not installed.
    """
    try:
        import webauthn  # noqa: PLC0415  # reason: 27 MB that no vault without passkeys needs
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415
    except ImportError as err:
        raise ExtraMissingError("passkeys need `sealhold[passkey]`") from err
    hostile = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
    return webauthn, (WebAuthnException, *hostile, *_of_cbor())


def _of_cbor() -> tuple[type[Exception], ...]:
    import cbor2  # noqa: PLC0415  # reason: beside the import above

    return (cbor2.CBORDecodeError,)


def _parsed(answer: str) -> dict[str, Plain]:
    if len(answer) > MAX_ANSWER:
        raise BadTokenError(NO)
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as err:
        raise BadTokenError(NO) from err
    if not isinstance(found, dict):
        raise BadTokenError(NO)
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: Plain) -> bytes:
    if not isinstance(text, str):
        raise BadTokenError(NO)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as err:
        raise BadTokenError(NO) from err
