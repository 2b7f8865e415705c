"""COSE_Sign1: one signature over a payload and its header, in CBOR, EdDSA or ES384.

- There is one way to write a message: definite lengths, the shortest heads, no key twice. What
  does not encode to the very same bytes again is refused, so no byte can change unnoticed.
- The algorithm stands in the signed header, which holds nothing else. What stands in the other
  header is not signed; a reader who wants every byte signed asks that it be empty.
- The key is the caller's, and so is its kind: an EdDSA message is not checked with a P-384 key.

Source: docs/spec/21-evidence.md section 2; RFC 9052 sections 4.2 and 4.4; RFC 9053 section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import cbor2

from sealhold.crypto.foreignsign import Curve, Hash, verify_ecdsa_joined
from sealhold.crypto.sign import PublicKey, SigningKey, verify_raw
from sealhold.model.encoding import Plain
from sealhold.model.errors import BadSignatureError, InvalidEncodingError

MAX_MESSAGE = 65_536  # bytes; a document of a Nitro enclave has about 5,000
CONTEXT = "Signature1"
ALGORITHM = 1  # the header parameter that names it
TAG = 0xD2  # one byte: tag 18, COSE_Sign1
PARTS = 4


class Algorithm(IntEnum):
    """How a message is signed; numbers of the COSE registry."""

    EDDSA = -8
    ES384 = -35


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign1:
    """A message whose form was checked and whose signature was not."""

    algorithm: Algorithm
    protected: bytes  # the signed header as it was sent
    unprotected: Mapping[Plain, Plain]  # signed by nobody
    payload: bytes
    signature: bytes


def exact(data: bytes) -> Plain:
    """Return the value of CBOR that is written in the one shortest way; maps in any order.

    Raises:
        InvalidEncodingError: not CBOR, written in another way, or followed by anything.
    """
    if len(data) > MAX_MESSAGE:
        raise InvalidEncodingError(f"{len(data)} bytes, at most {MAX_MESSAGE}")
    try:
        value = cbor2.loads(data)
        again = cbor2.dumps(value)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError) as err:
        raise InvalidEncodingError("not CBOR") from err
    # THREAT T151: a length written long, a key twice and bytes behind the end are all refused.
    if again != data:
        raise InvalidEncodingError("not CBOR in its one form")
    return value


def read(data: bytes, *, tagged: bool) -> Sign1:
    """Return the message in `data`; `tagged` says whether tag 18 stands before it.

    Raises:
        InvalidEncodingError: not such a message in its one form, or of another algorithm.
    """
    if tagged:
        if data[:1] != bytes([TAG]):
            raise InvalidEncodingError("not tagged as a signed message")
        data = data[1:]
    match exact(data):
        case [bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as seal]:
            pass
        case _:
            raise InvalidEncodingError("not a message with one signature")
    return Sign1(
        algorithm=_algorithm(protected),
        protected=protected,
        unprotected=unprotected,
        payload=payload,
        signature=seal,
    )


def signed_bytes(protected: bytes, payload: bytes, aad: bytes = b"") -> bytes:
    """Return the bytes that are signed: context, header, outside data and payload."""
    return cbor2.dumps([CONTEXT, protected, aad, payload])


def verify(message: Sign1, public: bytes, *, algorithm: Algorithm) -> None:
    """Return if `message` was signed with `algorithm` by `public`.

    Args:
        message: what `read` returned.
        public: 32 bytes for EdDSA, the DER of a P-384 key for ES384.
        algorithm: the one that the key is for; the message's own word does not choose.

    Raises:
        BadSignatureError: it was not.
    """
    if message.algorithm is not algorithm:
        raise BadSignatureError(f"signed as {message.algorithm.name}, not {algorithm.name}")
    covered = signed_bytes(message.protected, message.payload)
    match algorithm:
        case Algorithm.EDDSA:
            verify_raw(PublicKey(public), covered, message.signature)
        case Algorithm.ES384:
            verify_ecdsa_joined(
                public, covered, message.signature, curve=Curve.P384, digest=Hash.SHA384
            )


def sign(payload: bytes, key: SigningKey) -> bytes:
    """Return the tagged message with `payload`, signed by `key`; nothing in it is unsigned."""
    protected = cbor2.dumps({ALGORITHM: int(Algorithm.EDDSA)})
    signature = key.sign_raw(signed_bytes(protected, payload))
    return bytes([TAG]) + cbor2.dumps([protected, {}, payload, signature])


def _algorithm(protected: bytes) -> Algorithm:
    match exact(protected):
        case {1: int() as number, **rest} if not rest:
            pass
        case _:
            raise InvalidEncodingError("the signed header names an algorithm and nothing else")
    try:
        return Algorithm(number)
    except ValueError as err:
        raise InvalidEncodingError(f"algorithm {number} is not read here") from err
