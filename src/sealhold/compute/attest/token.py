"""A result as a token: an EAT attestation result (EAR) as CWT, signed by whoever appraised.

- Who trusts the appraiser's key need not appraise again. The token names evidence and policy by
  digest, says until when it holds, and carries every flag of the result.
- Status and trust vector use the tiers of AR4SI. Software has no claim on hardware (0), and a
  machine whose owner can look in is at best a warning on opaqueness.

Source: docs/spec/21-evidence.md section 10; draft-ietf-rats-ear; RFC 8392.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import msgspec

import sealhold
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import SKEW, Policy
from sealhold.compute.attest.spec import Confidentiality, Evidence, Integrity, Result, Status
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import BadSignatureError, InvalidEncodingError
from sealhold.model.quantities import Instant

PROFILE = "urn:sealhold:ear:1"
DEVELOPER = "sealhold"


class Claim(IntEnum):
    """Numbers of the claims; those from 1000 on are of the draft, the last is for private use."""

    ISSUED = 6
    NONCE = 10
    PROFILE = 265
    PARTS = 266
    STATUS = 1000
    VECTOR = 1001
    POLICY = 1003
    VERIFIER = 1004
    FLAGS = -75_011


class Trust(IntEnum):
    """Places of the trust vector that are filled here."""

    EXECUTABLES = 2
    HARDWARE = 4
    RUNTIME_OPAQUE = 5


_Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Short = Annotated[str, msgspec.Meta(max_length=64)]


class Flags(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What of a result the draft has no claim for."""

    advisories: Annotated[tuple[_Short, ...], msgspec.Meta(max_length=64)]
    confidentiality: Confidentiality
    debug: bool
    evidence: _Digest  # SHA-256 of the evidence's data
    hw_rooted: bool
    integrity: Integrity
    measurement: Annotated[bytes, msgspec.Meta(max_length=256)]
    not_after: int  # milliseconds since 1970
    report_data: Annotated[bytes, msgspec.Meta(max_length=1024)]
    tcb_status: _Short


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was verified."""

    kind: Kind
    status: Status
    nonce: bytes
    policy: str  # hex digest
    issued_at: Instant
    flags: Flags


def issue(
    result: Result, evidence: Evidence, policy: Policy, *, now: Instant, key: SigningKey
) -> bytes:
    """Return the token on `result`, which `evidence` was given under `policy`."""
    flags = Flags(
        advisories=result.advisories,
        confidentiality=result.confidentiality,
        debug=result.debug,
        evidence=sha256(evidence.data),
        hw_rooted=result.hw_rooted,
        integrity=result.integrity,
        measurement=result.measurement,
        not_after=result.not_after,
        report_data=evidence.report_data,
        tcb_status=result.tcb_status,
    )
    part = {
        int(Claim.STATUS): int(result.status),
        int(Claim.VECTOR): _vector(result),
        int(Claim.POLICY): [f"urn:sealhold:appraisal-policy:{policy.digest.hex()}"],
        int(Claim.FLAGS): msgspec.to_builtins(flags, builtin_types=(bytes,)),
    }
    claims = {
        int(Claim.ISSUED): now // 1000,
        int(Claim.NONCE): evidence.nonce,
        int(Claim.PROFILE): PROFILE,
        int(Claim.PARTS): {result.kind.value: part},
        int(Claim.VERIFIER): {0: DEVELOPER, 1: sealhold.__version__},
    }
    return cose.sign(pack(claims), key)


def read(token: bytes, public: bytes, *, now: Instant) -> Token:
    """Return what `token` says, if the holder of `public` signed it and it holds at `now`.

    Raises:
        InvalidEncodingError: not such a token.
        BadSignatureError: signed by another, altered, ended, or of the future.
    """
    message = cose.read(token, tagged=True)
    if message.unprotected:
        raise InvalidEncodingError("something in it is signed by nobody")
    # THREAT T158: a result is believed for the appraiser's key, and only for that.
    cose.verify(message, public, algorithm=cose.Algorithm.EDDSA)
    found = _read(unpack(message.payload))
    if found.issued_at > now + SKEW:
        raise BadSignatureError("a token of the future")
    # THREAT T155: a result ends when the evidence or its collateral does.
    if now > found.flags.not_after:
        raise BadSignatureError("the token ended")
    return found


def _read(tree: Plain) -> Token:
    match tree:
        case {
            6: int() as issued,
            10: bytes() as nonce,
            265: str() as profile,
            266: dict() as parts,
            1004: {0: str(), 1: str(), **more},
            **rest,
        } if not rest and not more and profile == PROFILE and len(parts) == 1:
            pass
        case _:
            raise InvalidEncodingError("not the claims of a result")
    (name, part), *_ = parts.items()
    match part:
        case {1000: int() as status, 1001: dict() as vector, 1003: [str() as policy], **rest}:
            pass
        case _:
            raise InvalidEncodingError("a claim of a result is not of its form")
    try:
        found = Token(
            kind=Kind(name),
            status=Status(status),
            nonce=nonce,
            policy=policy.rpartition(":")[2],
            issued_at=Instant(issued * 1000),
            flags=msgspec.convert(rest.pop(int(Claim.FLAGS), None), Flags, strict=True),
        )
    except (ValueError, msgspec.ValidationError) as err:
        raise InvalidEncodingError("a claim of a result is not of its form") from err
    if rest or vector != _vector_of(found.kind, found.status, found.flags):
        raise InvalidEncodingError("claims of a result that do not fit each other")
    return found


def _vector(result: Result) -> dict[int, int]:
    return _vector_of(result.kind, result.status, result)


def _vector_of(kind: Kind, status: Status, flags: Result | Flags) -> dict[int, int]:
    """Return the trust vector that follows from a result."""
    bad = int(Status.CONTRAINDICATED)
    hardware = 0 if kind is Kind.SW else int(Status.WARNING)
    if flags.hw_rooted:
        hardware = int(status)
    opaque = int(Status.AFFIRMING if flags.confidentiality == "sealed" else Status.WARNING)
    return {
        int(Trust.EXECUTABLES): int(status) if flags.measurement else bad,
        int(Trust.HARDWARE): hardware,
        int(Trust.RUNTIME_OPAQUE): bad if flags.debug else opaque,
    }
