"""Signatures that hardware and certificate authorities make: ECDSA and RSA, checked, never made.

- A public key comes as the DER of its SubjectPublicKeyInfo. The caller names curve or scheme and
  hash; a key of another kind is refused, not tried.
- Hashes are SHA-256, SHA-384 and SHA-512. Curves are P-256 and P-384, RSA has 2048 to 4096 bits.
- What fits neither is a `BadSignatureError`, whatever the library calls it.

Source: docs/spec/21-evidence.md section 3; FIPS 186-5; RFC 8017.
"""

from enum import Enum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from sealhold.model.errors import BadSignatureError, InvalidEncodingError

MIN_RSA, MAX_RSA = 2048, 4096  # bits; a longer key is only slow


class Hash(Enum):
    """The hash under a signature."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Curve(Enum):
    """The curve of an ECDSA key."""

    P256 = "secp256r1"
    P384 = "secp384r1"


class Scheme(Enum):
    """How an RSA signature is padded."""

    PKCS1 = "pkcs1"
    PSS = "pss"  # MGF1 with the same hash, a salt as long as the digest


ALGORITHMS = {
    Hash.SHA256: hashes.SHA256(),
    Hash.SHA384: hashes.SHA384(),
    Hash.SHA512: hashes.SHA512(),
}
_CURVES = {Curve.P256: ec.SECP256R1, Curve.P384: ec.SECP384R1}
_WIDTH = {Curve.P256: 32, Curve.P384: 48}  # bytes of a coordinate, and of r and s


def point_key(curve: Curve, x: bytes, y: bytes) -> bytes:
    """Return the DER of the public key at the point (x, y), big-endian numbers.

    Raises:
        InvalidEncodingError: the point is not on the curve.
    """
    try:
        numbers = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), _CURVES[curve]()
        )
        key = numbers.public_key()
    except ValueError as err:
        raise InvalidEncodingError("a point that is not on its curve") from err
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_key(modulus: bytes, exponent: int) -> bytes:
    """Return the DER of the RSA public key with this big-endian modulus.

    Raises:
        InvalidEncodingError: there is no such key.
    """
    try:
        key = rsa.RSAPublicNumbers(exponent, int.from_bytes(modulus)).public_key()
    except ValueError as err:
        raise InvalidEncodingError("not an RSA key") from err
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def verify_ecdsa(
    public: bytes, message: bytes, signature: tuple[int, int], *, curve: Curve, digest: Hash
) -> None:
    """Return if `signature`, the numbers r and s, is by `public` over `message`.

    Raises:
        BadSignatureError: it is not, or the key is of another kind.
    """
    key = _load(public)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != curve.value:
        raise BadSignatureError(f"the key is none of curve {curve.value}")
    r, s = signature
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(ALGORITHMS[digest]))
    except (InvalidSignature, ValueError) as err:
        raise BadSignatureError("an ECDSA signature does not fit") from err


def verify_ecdsa_joined(
    public: bytes, message: bytes, signature: bytes, *, curve: Curve, digest: Hash
) -> None:
    """Return if `signature`, r and s joined at full width, is by `public` over `message`.

    Raises:
        BadSignatureError: it is not, has another length, or the key is of another kind.
    """
    width = _WIDTH[curve]
    if len(signature) != 2 * width:
        raise BadSignatureError(f"an ECDSA signature of {len(signature)} bytes, not {2 * width}")
    pair = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
    verify_ecdsa(public, message, pair, curve=curve, digest=digest)


def verify_rsa(
    public: bytes, message: bytes, signature: bytes, *, scheme: Scheme, digest: Hash
) -> None:
    """Return if `signature` is by `public` over `message`.

    Raises:
        BadSignatureError: it is not, or the key is of another kind or length.
    """
    key = _load(public)
    if not isinstance(key, rsa.RSAPublicKey) or not MIN_RSA <= key.key_size <= MAX_RSA:
        raise BadSignatureError(f"the key is no RSA key of {MIN_RSA} to {MAX_RSA} bits")
    algorithm = ALGORITHMS[digest]
    how = (
        padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        if scheme is Scheme.PSS
        else padding.PKCS1v15()
    )
    try:
        key.verify(signature, message, how, algorithm)
    except (InvalidSignature, ValueError) as err:
        raise BadSignatureError("an RSA signature does not fit") from err


def _load(public: bytes) -> object:
    try:
        return load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise BadSignatureError("what should be a public key is none") from err
