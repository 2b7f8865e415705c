"""What evidence needs beside itself to be checked, read from files and from nowhere else.

- Intel: one JSON document with certificates, revocation lists, TCB info and identity. AMD: the
  chip's certificate in DER, and those of its two authorities in PEM. Nitro: the root in DER.
- Software: the public key of the device, 32 bytes. A TPM: the public key that signs, in PEM; or
  the area that describes it, and the certificates from the endorsement key to a vendor's root.
- Files come in any order and are known by their content.

Source: docs/spec/21-evidence.md section 4.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.tpmforms import read_area
from sealhold.crypto import x509
from sealhold.model.errors import InvalidEncodingError

MAX_FILE = 131_072  # bytes; the largest genuine one has 19,000
KEY_BYTES = 32

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class IntelCollateral:
    """The JSON document of Intel's provisioning service, as dcap-qvl reads it."""

    document: bytes


@dataclass(frozen=True, slots=True)
class AmdCollateral:
    """The certificate of a chip (VCEK), then that of its product (ASK), then the root (ARK)."""

    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class NitroCollateral:
    """The root under which enclaves are certified."""

    root: x509.Certificate


@dataclass(frozen=True, slots=True)
class SwCollateral:
    """The key that the reader knows a device by."""

    device_key: bytes  # 32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TpmCollateral:
    """Why a reader takes a key for one of a genuine TPM."""

    key: bytes  # DER of the key that signs; the reader's own knowledge
    area: bytes = b""  # `TPMT_PUBLIC` of that key, which the reader saw activated under the next
    chain: tuple[x509.Certificate, ...] = ()  # endorsement key first, the vendor's root last


Collateral = IntelCollateral | AmdCollateral | NitroCollateral | SwCollateral | TpmCollateral


def load(kind: Kind, files: Sequence[bytes]) -> Collateral:
    """Return the collateral that `files`, the content of each, make for evidence of `kind`.

    Raises:
        InvalidEncodingError: they are not what this kind needs.
    """
    if any(len(file) > MAX_FILE for file in files):
        raise InvalidEncodingError(f"a file of collateral has at most {MAX_FILE} bytes")
    match kind:
        case Kind.SGX | Kind.TDX:
            return IntelCollateral(_only(files, "one JSON document"))
        case Kind.SNP:
            found = [each for file in files for each in _certificates(file)]
            return AmdCollateral(tuple(sorted(found, key=_height)))
        case Kind.NITRO:
            return NitroCollateral(_certificates(_only(files, "the root certificate"))[-1])
        case Kind.SW:
            return SwCollateral(_key(_only(files, "the device's public key")))
        case Kind.TPM2:
            return _tpm(files)


def _tpm(files: Sequence[bytes]) -> TpmCollateral:
    """Return the key, described or plain, and the certificates among `files`.

    Raises:
        InvalidEncodingError: there is not exactly one key.
    """
    found = [each for file in files if _is_certificate(file) for each in _certificates(file)]
    others = [file for file in files if not _is_certificate(file)]
    key = _only(others, "the key that signs, in PEM or as the TPM describes it")
    chain = tuple(sorted(found, key=_height))
    if key.startswith(_PUBLIC_KEY):
        return TpmCollateral(key=_from_pem(key), chain=chain)
    area = key[2:] if int.from_bytes(key[:2]) == len(key) - 2 else key
    return TpmCollateral(key=read_area(area).key, area=area, chain=chain)


def _from_pem(text: bytes) -> bytes:
    lines = text.strip().splitlines()
    try:
        return b64decode(b"".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("not a public key in PEM") from err


def _only(files: Sequence[bytes], what: str) -> bytes:
    if len(files) != 1:
        raise InvalidEncodingError(f"{len(files)} files of collateral; needed: {what}")
    return files[0]


def _is_certificate(file: bytes) -> bool:
    return file.startswith((b"0\x82", _CERTIFICATE))


def _certificates(file: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file in PEM, DER, or DER in base64.

    Raises:
        InvalidEncodingError: it holds none.
    """
    if file.startswith(_CERTIFICATE):
        return x509.read_pem(file)
    if file.startswith(b"0"):
        return (x509.read_der(file),)
    try:
        return (x509.read_der(b64decode(file.strip(), validate=True)),)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("a file of collateral is no certificate") from err


def _height(certificate: x509.Certificate) -> int:
    """Return 0 for a leaf, 1 for an authority and 2 for one that issued itself."""
    if not certificate.is_authority:
        return 0
    return 2 if certificate.is_self_issued else 1


def _key(file: bytes) -> bytes:
    key = file if len(file) == KEY_BYTES else _digits(file)
    if len(key) != KEY_BYTES:
        raise InvalidEncodingError(f"a device key of {len(key)} bytes, not {KEY_BYTES}")
    return key


def _digits(file: bytes) -> bytes:
    try:
        return bytes.fromhex(file.decode())
    except ValueError as err:
        raise InvalidEncodingError("a file of collateral is no key in hex digits") from err
