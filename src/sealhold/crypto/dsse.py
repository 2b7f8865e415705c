"""Signed documents: an envelope around the exact bytes that were signed.

- What is signed is the payload as it travels, with its type and both lengths before it, so a
  document of one type never passes for one of another and nothing is serialised twice.
- An envelope has one form: strict JSON with sorted keys and no spaces, standard base64 with
  padding, one signature per key in the order of the key ids. Any other form is refused.
- A key id is the SHA-256 of the 32-byte public key in hex. It says which key to try; it proves
  nothing, and whom to trust is always the caller's to say.
- A signature by a key that the caller does not name is neither checked nor counted.

Source: docs/spec/06-receipts.md section 1; DSSE v1.0.2 (secure-systems-lab).
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sealhold.crypto.sign import PublicKey, SigningKey, key_digest, verify_raw
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, InvalidError

MAX_SIGNATURES = 16  # a document has an issuer and at most a few parties beside it
SIGNATURE_BYTES = 64  # Ed25519


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose signatures were checked."""

    payload: bytes
    signers: tuple[PublicKey, ...]  # the public keys that signed, of those the caller named


@dataclass(frozen=True, slots=True)
class _Envelope:
    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]  # key id, signature


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: type and payload, each after its length."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Return the envelope of `payload`, signed by each of `keys`.

    Raises:
        InvalidError: no key, too many, or one twice.
    """
    message = pae(payload_type, payload)
    signatures = {key_digest(key.public): key.sign_raw(message) for key in keys}
    if len(signatures) != len(keys):
        raise InvalidError("a key signs a document once")
    return _write(_Envelope(payload_type, payload, tuple(signatures.items())))


def add_signature(envelope: bytes, payload_type: str, key: SigningKey) -> bytes:
    """Return `envelope` with one more signature over the same bytes.

    The signatures that are there already are not checked: open it first.

    Raises:
        InvalidEncodingError: not an envelope of this type in its one form.
        InvalidError: this key signed it already, or it is full.
    """
    found = _read(envelope, payload_type)
    name = key_digest(key.public)
    if name in dict(found.signatures):
        raise InvalidError("a key signs a document once")
    signature = key.sign_raw(pae(payload_type, found.payload))
    return _write(
        _Envelope(payload_type, found.payload, (*found.signatures, (name, signature))),
    )


def open(envelope: bytes, payload_type: str, publics: Collection[bytes]) -> Opened:  # noqa: A001  # reason: the verb of every seal here, always called as `dsse.open`
    """Return the payload that at least one of `publics` signed.

    Raises:
        InvalidEncodingError: not an envelope of this type in its one form.
        BadSignatureError: none of `publics` signed it, or a signature in its name does not fit.
    """
    found = _read(envelope, payload_type)
    known = {key_digest(public): PublicKey(public) for public in publics}
    message = pae(payload_type, found.payload)
    signers = []
    for name, signature in found.signatures:
        if name in known:
            # THREAT T53: a document that was altered fits no signature.
            verify_raw(known[name], message, signature)
            signers.append(known[name])
    if not signers:
        raise BadSignatureError("no key that is trusted here signed this document")
    return Opened(found.payload, tuple(signers))


def read_unverified(envelope: bytes) -> tuple[str, bytes, tuple[str, ...]]:
    """Return type, payload and key ids as the envelope claims them; nothing is checked but form.

    Raises:
        InvalidEncodingError: not an envelope in its one form.
    """
    found = _read(envelope, None)
    return found.payload_type, found.payload, tuple(name for name, _ in found.signatures)


def _write(envelope: _Envelope) -> bytes:
    if not 0 < len(envelope.signatures) <= MAX_SIGNATURES:
        raise InvalidError(f"{len(envelope.signatures)} signatures, from 1 to {MAX_SIGNATURES}")
    return to_json(
        {
            "payload": b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": name, "sig": b64encode(signature).decode()}
                for name, signature in sorted(envelope.signatures)
            ],
        }
    )


def _read(data: bytes, payload_type: str | None) -> _Envelope:
    match from_json(data):
        case {
            "payload": str() as payload,
            "payloadType": str() as kind,
            "signatures": [_, *_] as signatures,
        }:
            pass
        case _:
            raise InvalidEncodingError("not a signed document")
    if payload_type is not None and kind != payload_type:
        raise InvalidEncodingError(f"a document of type `{kind[:80]}`, not `{payload_type}`")
    if len(signatures) > MAX_SIGNATURES:
        raise InvalidEncodingError(f"{len(signatures)} signatures, at most {MAX_SIGNATURES}")
    found = _Envelope(kind, _base64(payload), tuple(_signature(each) for each in signatures))
    if len(dict(found.signatures)) != len(signatures):
        raise InvalidEncodingError("a key stands twice")
    # INVARIANT: two envelopes with equal contents are equal bytes, so what was signed and what
    # was kept cannot come apart.
    if _write(found) != data:
        raise InvalidEncodingError("not the one form of a signed document")
    return found


def _signature(value: Plain) -> tuple[str, bytes]:
    match value:
        case {"keyid": str() as name, "sig": str() as text}:
            signature = _base64(text)
        case _:
            raise InvalidEncodingError("not a signature")
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidEncodingError(f"a signature of {len(signature)} bytes")
    return name, signature


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("not base64") from err
