"""Quotes of Intel's enclaves (SGX) and trust domains (TDX): form by hand, chain by dcap-qvl.

- The form is read by hand and fits to the last byte: header, report, signature, quoting enclave,
  and the certificates in their one PEM form. The library skips over much of that; here no byte of
  a quote is free. One kind of padding is taken: zeros up to the size Intel's service hands out.
- The library verifies signatures, certificates, revocation lists and TCB level against collateral
  that came in a file. It is asked for claims without a policy: what is good enough is not its word.
- The root is pinned by the caller. What the library says it verified must be what was read here.
- Nothing is fetched, and the time is an argument.

Source: docs/spec/21-evidence.md section 5; Intel SGX and TDX DCAP quote formats, versions 3 to 5.
"""

import json
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sealhold.crypto import x509
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    BadChainError,
    BadSignatureError,
    EvidenceUnavailableError,
    InvalidEncodingError,
)
from sealhold.model.quantities import Instant

try:
    import dcap_qvl
except ImportError:  # the extra `attest` is not installed
    dcap_qvl = None  # told when it is needed

MAX_QUOTE = 16_384  # bytes
MAX_COLLATERAL = 131_072  # bytes; genuine ones have 14,000 to 19,000
PADDED = 5_006  # bytes to which the service of a TDX host fills its buffer
ECDSA_P256 = 2  # the one kind of attestation key

_HEADER = struct.Struct("<HHI")  # version, kind of key, TEE
_HEADER_BYTES = 48
_SGX_BODY, _TD10_BODY, _TD15_BODY = 384, 584, 648
_QE_BODY = 384
_SIGNATURE, _KEY = 64, 64
_PEM_CHAIN, _QE_DATA = 5, 6  # types of certification data
_TD_BODIES = {2: _TD10_BODY, 3: _TD15_BODY}  # by the type that version 5 names
_WORSE = (  # states of a platform, each worse than the one before
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
)
_CHAIN = 3  # leaf, platform or processor authority, root


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quote whose form was checked and whose signatures were not."""

    tee: Literal["sgx", "tdx"]
    raw: bytes  # without padding
    body: bytes  # the report, as it is signed
    root: x509.Certificate  # the last of its chain; pinned by nobody yet

    @property
    def is_debug(self) -> bool:
        """Whether its memory can be read and written from outside."""
        if self.tee == "sgx":
            return bool(self.body[48] & 0x02)
        return bool(self.body[120] & 0x01)

    @property
    def report_data(self) -> bytes:
        """The 64 bytes that the program had signed."""
        return self.body[320:384] if self.tee == "sgx" else self.body[520:584]

    @property
    def measurement(self) -> bytes:
        """MRENCLAVE, 32 bytes; or MRTD and RTMR0 to RTMR3, 240 bytes."""
        if self.tee == "sgx":
            return self.body[64:96]
        return self.body[136:184] + self.body[328:520]

    @property
    def attributes(self) -> bytes:
        """Attributes of the enclave, 16 bytes, or of the trust domain, 8 bytes."""
        return self.body[48:64] if self.tee == "sgx" else self.body[120:128]

    @property
    def is_movable(self) -> bool:
        """Whether a service is bound to a trust domain, which may move it to another machine."""
        return any(self.body[600:648])

    @property
    def signer(self) -> bytes:
        """MRSIGNER of an enclave, 32 bytes, or MRSIGNERSEAM of a trust domain, 48 bytes."""
        return self.body[128:160] if self.tee == "sgx" else self.body[64:112]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a verified quote's platform stands, by Intel's word in the collateral."""

    status: str  # of platform and quoting enclave together
    advisories: tuple[str, ...]
    not_after: Instant  # when the first part of the collateral ends


class _Cursor:
    """Takes a quote apart from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            InvalidEncodingError: there are fewer.
        """
        piece = self._data[self.at : self.at + count]
        if len(piece) != count:
            raise InvalidEncodingError("the quote ends too early")
        self.at += count
        return piece

    def number(self, count: int) -> int:
        """Return the next `count` bytes as a little-endian number."""
        return int.from_bytes(self.take(count), "little")


def read_quote(data: bytes) -> Quote:
    """Return the quote in `data`.

    Raises:
        InvalidEncodingError: not version 3 (SGX), 4 or 5 (TDX), or not fitting to the last byte.
    """
    if len(data) > MAX_QUOTE:
        raise InvalidEncodingError(f"a quote of {len(data)} bytes, at most {MAX_QUOTE}")
    cursor = _Cursor(data)
    tee, body = _front(cursor)
    end = cursor.number(4) + cursor.at
    cursor.take(_SIGNATURE + _KEY)
    nested_end = None
    if data[0] > 3:  # noqa: PLR2004  # reason: version 3 has no envelope around the enclave's part
        if cursor.number(2) != _QE_DATA:
            raise InvalidEncodingError("the quoting enclave's report is missing")
        nested_end = cursor.number(4) + cursor.at
    cursor.take(_QE_BODY + _SIGNATURE)
    cursor.take(cursor.number(2))
    if cursor.number(2) != _PEM_CHAIN:
        raise InvalidEncodingError("the quote does not bring its certificates")
    text = cursor.take(cursor.number(4))
    # THREAT T151: what no signature covers (lengths, text around certificates, what follows) has
    # one form, so a quote cannot be changed, cut or lengthened unnoticed.
    if cursor.at != end or (nested_end is not None and cursor.at != nested_end):
        raise InvalidEncodingError("lengths within the quote do not fit")
    padding = data[cursor.at :]
    if padding and (tee != "tdx" or len(data) != PADDED or any(padding)):
        raise InvalidEncodingError("something follows the quote")
    chain = x509.read_pem(text.removesuffix(b"\x00"))
    if len(chain) != _CHAIN or x509.to_pem(chain) != text.removesuffix(b"\x00"):
        raise InvalidEncodingError("the certificates of the quote are not in their one form")
    return Quote(tee=tee, raw=data[: cursor.at], body=body, root=chain[-1])


def verify_quote(
    quote: Quote, collateral: bytes, roots: Collection[bytes], at: Instant
) -> Standing:
    """Return how the platform stands, if the quote is genuine at `at`.

    Args:
        quote: what `read_quote` returned.
        collateral: the JSON document with Intel's certificates, lists, TCB info and identity.
        roots: SHA-256 of each root certificate that is trusted.
        at: the time to judge by.

    Raises:
        InvalidEncodingError: the collateral is not of its form.
        BadSignatureError: a signature, level or time does not fit.
        BadChainError: the quote's root is not pinned.
        EvidenceUnavailableError: the library is not installed.
    """
    if dcap_qvl is None:
        raise EvidenceUnavailableError("dcap-qvl is not installed")
    # THREAT T152: the root is the caller's to pin, never the library's or the quote's.
    if quote.root.digest not in roots:
        raise BadChainError(f"the root `{quote.root.digest.hex()[:16]}` is not pinned")
    if len(collateral) > MAX_COLLATERAL:
        raise InvalidEncodingError(f"collateral of {len(collateral)} bytes")
    seconds = at // 1000
    try:
        documents = dcap_qvl.QuoteCollateralV3.from_json(collateral.decode())
        told = dcap_qvl.QuoteVerifier(quote.root.der).verify_with_policy(
            quote.raw, documents, seconds, dcap_qvl.QuotePolicy.claims_only(seconds)
        )
        claims = json.loads(told.to_json())
    except UnicodeDecodeError as err:
        raise InvalidEncodingError("collateral is not JSON") from err
    except ValueError as err:
        reason = str(err).splitlines()[0].removeprefix("Verification failed: ")
        raise BadSignatureError(f"not genuine at this time: {reason[:120]}") from err
    except BaseException as err:
        # A fault of the library arrives as a panic, which is no `Exception`.
        if type(err).__name__ != "PanicException":
            raise
        raise BadSignatureError("not genuine: the library failed on it") from err
    return _standing(quote, claims, at)


def _front(cursor: _Cursor) -> tuple[Literal["sgx", "tdx"], bytes]:
    version, key, tee = _HEADER.unpack(cursor.take(_HEADER_BYTES)[: _HEADER.size])
    if key != ECDSA_P256:
        raise InvalidEncodingError("the quote's key is not ECDSA P-256")
    match version, tee:
        case (3, 0x00):
            return "sgx", cursor.take(_SGX_BODY)
        case (4, 0x81):
            return "tdx", cursor.take(_TD10_BODY)
        case (5, 0x81):
            size = _TD_BODIES.get(cursor.number(2))
            if size is None or cursor.number(4) != size:
                raise InvalidEncodingError("a report of a kind that is not read here")
            return "tdx", cursor.take(size)
        case _:
            raise InvalidEncodingError("a quote of a version that is not read here")


def _standing(quote: Quote, claims: Plain, at: Instant) -> Standing:
    """Return what the claims say, if they are about what was read from the quote.

    Raises:
        BadSignatureError: they are about something else, or not of their form.
    """
    try:
        (report,) = claims["report"].values()
        if quote.tee == "sgx":
            seen = report["mr_enclave"]
            flags = report["attributes"]
        else:
            report = report.get("base", report)
            names = ("mr_td", "rt_mr0", "rt_mr1", "rt_mr2", "rt_mr3")
            seen = "".join(report[name] for name in names)
            flags = report["td_attributes"]
        told = (seen, flags, report["report_data"])
        levels = claims["tcb"]["status"], claims["qe"]["tcb_level"]["tcbStatus"]
        advisories = {*claims["tcb"]["advisory_ids"], *claims["qe"]["tcb_level"]["advisoryIDs"]}
        ends = min(claims["earliest_expiration_date"], claims["qe_iden_earliest_expiration_date"])
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise BadSignatureError("the library's claims are not of their form") from err
    read = (quote.measurement.hex(), quote.attributes.hex(), quote.report_data.hex())
    if told != read:
        raise BadSignatureError("the library verified another report than was read")
    if at // 1000 > ends:
        raise BadSignatureError("not genuine at this time: collateral expired")
    # THREAT T156: the worse of both counts, and what is not known here is worse than all.
    status = max(levels, key=lambda level: _WORSE.index(level) if level in _WORSE else len(_WORSE))
    return Standing(
        status=status, advisories=tuple(sorted(advisories)), not_after=Instant(ends * 1000)
    )
