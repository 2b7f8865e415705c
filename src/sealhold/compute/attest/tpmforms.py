"""The structures of a TPM 2.0 that stand in a quote, read by hand, to the last byte.

- `TPMS_ATTEST` of a quote, `TPMT_SIGNATURE` with ECDSA or RSASSA, `TPMT_PUBLIC` of the key that
  signs. All numbers are big-endian. SHA-256 is the one hash that is taken.
- A quote tells a hash over registers (PCR), so their values travel beside it.

Source: docs/spec/21-evidence.md section 9; TPM 2.0 Library, part 2, sections 10 to 12.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.crypto.foreignsign import (
    Curve,
    Hash,
    Scheme,
    point_key,
    rsa_key,
    verify_ecdsa,
    verify_rsa,
)
from sealhold.model.errors import InvalidEncodingError

MAGIC: Final = 0xFF544347  # says that the TPM itself made the structure
QUOTE: Final = 0x8018
SHA256: Final = 0x000B
ECDSA, RSASSA, NULL = 0x0018, 0x0014, 0x0010
RSA, ECC = 0x0001, 0x0023
P256: Final = 0x0003
EXPONENT: Final = 65_537  # what a zero stands for
PCRS: Final = 24
PCR_BYTES: Final = 32
RESETTABLE: Final = frozenset({16, 23})  # any program may set these back
MAX_FIELD: Final = 1_024  # bytes; an RSA signature has at most 512

# What a key must be, so that it signs nothing but what its TPM made: fixed to the TPM and to its
# parent, made inside, restricted, for signing; and not for decrypting.
_NEEDED: Final = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 18
_DECRYPT: Final = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What a quote says."""

    challenge: bytes  # the qualifying data
    registers: tuple[int, ...]  # which of the SHA-256 bank, ascending
    digest: bytes  # 32 bytes over their values
    resets: int
    restarts: int
    firmware: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicArea:
    """The key that signs quotes, as its TPM describes it."""

    key: bytes  # DER
    name: bytes  # 34 bytes: hash algorithm and hash of the area
    signs_quotes_only: bool


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            InvalidEncodingError: there are fewer.
        """
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise InvalidEncodingError("a structure of the TPM ends too early")
        self._at += count
        return piece

    def number(self, count: int) -> int:
        """Return the next `count` bytes as a number."""
        return int.from_bytes(self.take(count))

    def sized(self) -> bytes:
        """Return the next bytes after their length.

        Raises:
            InvalidEncodingError: they are too many.
        """
        count = self.number(2)
        if count > MAX_FIELD:
            raise InvalidEncodingError(f"a field of {count} bytes, at most {MAX_FIELD}")
        return self.take(count)

    def end(self) -> None:
        """Return if nothing is left.

        Raises:
            InvalidEncodingError: something is.
        """
        # THREAT T151: what follows a structure would be signed by nobody, or read by nobody.
        if self._at != len(self._data):
            raise InvalidEncodingError("something follows a structure of the TPM")


def read_quote(attest: bytes) -> Quoted:
    """Return what the `TPMS_ATTEST` in `attest` says.

    Raises:
        InvalidEncodingError: not made by a TPM, not a quote, or of other registers than SHA-256.
    """
    cursor = _Cursor(attest)
    # THREAT T157: a restricted key signs nothing with this beginning but what its TPM made.
    if cursor.number(4) != MAGIC:
        raise InvalidEncodingError("not made by a TPM")
    if cursor.number(2) != QUOTE:
        raise InvalidEncodingError("not a quote")
    cursor.sized()  # the signer's name under its parents, which nobody here can recompute
    challenge = cursor.sized()
    cursor.take(8)
    resets, restarts, safe = cursor.number(4), cursor.number(4), cursor.number(1)
    if safe > 1:
        raise InvalidEncodingError("a yes or no that is neither")
    firmware = cursor.number(8)
    if cursor.number(4) != 1 or cursor.number(2) != SHA256:
        raise InvalidEncodingError("not one selection of SHA-256 registers")
    bits = int.from_bytes(cursor.take(_select(cursor.number(1))), "little")
    digest = cursor.sized()
    cursor.end()
    registers = tuple(place for place in range(PCRS) if bits >> place & 1)
    if not registers or len(digest) != PCR_BYTES:
        raise InvalidEncodingError("a quote of no register, or of another hash")
    return Quoted(
        challenge=challenge,
        registers=registers,
        digest=digest,
        resets=resets,
        restarts=restarts,
        firmware=firmware,
    )


def verify(attest: bytes, signature: bytes, key: bytes) -> None:
    """Return if `signature`, a `TPMT_SIGNATURE`, is by `key` over `attest`.

    Raises:
        InvalidEncodingError: not a signature of a kind that is taken.
        BadSignatureError: it does not fit.
    """
    cursor = _Cursor(signature)
    scheme = cursor.number(2)
    if cursor.number(2) != SHA256:
        raise InvalidEncodingError("a signature over another hash than SHA-256")
    if scheme == ECDSA:
        pair = int.from_bytes(cursor.sized()), int.from_bytes(cursor.sized())
        cursor.end()
        verify_ecdsa(key, attest, pair, curve=Curve.P256, digest=Hash.SHA256)
    elif scheme == RSASSA:
        value = cursor.sized()
        cursor.end()
        verify_rsa(key, attest, value, scheme=Scheme.PKCS1, digest=Hash.SHA256)
    else:
        raise InvalidEncodingError("a signature of a kind that is not taken")


def read_area(area: bytes) -> PublicArea:
    """Return the key that the `TPMT_PUBLIC` in `area` describes.

    Raises:
        InvalidEncodingError: not a signing key of a kind that is taken.
    """
    cursor = _Cursor(area)
    kind = cursor.number(2)
    if cursor.number(2) != SHA256:
        raise InvalidEncodingError("a key named by another hash than SHA-256")
    attributes = cursor.number(4)
    cursor.sized()  # the policy under which it is used
    if cursor.number(2) != NULL:
        raise InvalidEncodingError("a key for more than signing")
    key = _ecc(cursor) if kind == ECC else _rsa(cursor, kind)
    cursor.end()
    return PublicArea(
        key=key,
        name=SHA256.to_bytes(2) + sha256(area),
        signs_quotes_only=attributes & _NEEDED == _NEEDED and not attributes & _DECRYPT,
    )


def extended(digests: Iterable[bytes]) -> bytes:
    """Return a register's 32-byte value after `digests` were extended into it, from zero."""
    value = bytes(PCR_BYTES)
    for digest in digests:
        value = sha256(value, digest)
    return value


def composite(registers: Mapping[int, bytes]) -> bytes:
    """Return the 32-byte digest that a quote of these registers tells."""
    return sha256(*(registers[place] for place in sorted(registers)))


def _select(count: int) -> int:
    if count != PCRS // 8:
        raise InvalidEncodingError(f"a selection of {count} bytes, not {PCRS // 8}")
    return count


def _scheme(cursor: _Cursor, wanted: int) -> None:
    if cursor.number(2) != wanted or cursor.number(2) != SHA256:
        raise InvalidEncodingError("a key that is not bound to one way of signing")


def _ecc(cursor: _Cursor) -> bytes:
    _scheme(cursor, ECDSA)
    if cursor.number(2) != P256 or cursor.number(2) != NULL:
        raise InvalidEncodingError("a key of another curve than P-256")
    return point_key(Curve.P256, cursor.sized(), cursor.sized())


def _rsa(cursor: _Cursor, kind: int) -> bytes:
    if kind != RSA:
        raise InvalidEncodingError("a key of a kind that is not taken")
    _scheme(cursor, RSASSA)
    bits, exponent = cursor.number(2), cursor.number(4)
    modulus = cursor.sized()
    if len(modulus) * 8 != bits:
        raise InvalidEncodingError("a key of another length than it says")
    return rsa_key(modulus, exponent or EXPONENT)
