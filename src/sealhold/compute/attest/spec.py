"""What evidence is, and what a verifier of it promises: the contract of each file in `verifiers/`.

- A verifier is a function of its arguments: the clock, the collateral and what is trusted are
  among them. It opens no file and no socket, and remembers nothing.
- It never raises for what the evidence is. Broken, foreign, stale and debug evidence all have a
  result, and that is `CONTRAINDICATED` with a reason for each fault.
- Integrity and confidentiality are told apart: a machine whose owner reads all it computes can
  still compute rightly.
- What is not rooted in a vendor's hardware is never better than `WARNING`, whatever it says.

Suite: tests/conformance/test_verifiers.py. Source: docs/spec/21-evidence.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import Policy
from sealhold.crypto.digest import report_data, sha256
from sealhold.model.quantities import Instant

if TYPE_CHECKING:  # who only makes evidence needs no certificates
    from sealhold.compute.attest.collateral import Collateral

REPORT_DATA_BYTES = 64


class Status(IntEnum):
    """What evidence is worth; the numbers are the tiers of AR4SI."""

    AFFIRMING = 2
    WARNING = 32
    CONTRAINDICATED = 96


Integrity = Literal["hw", "sw", "none"]
Confidentiality = Literal["sealed", "glass", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a machine hands over, as it came."""

    kind: Kind
    data: bytes  # in the format of its kind
    nonce: bytes  # the challenge it says it answers
    report_data: bytes  # what it says it binds


class Binding(Protocol):
    """What evidence must be bound to, besides the nonce."""

    def report_data(self, nonce: bytes) -> bytes:
        """Return the bytes that must stand, signed, in the evidence."""
        ...

    def challenge(self, nonce: bytes) -> bytes:
        """Return the bytes that a TPM must have signed as its qualifying data."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundDigest:
    """A statement, by its SHA-256, and a key: what evidence in a proof is bound to."""

    statement: bytes  # 32 bytes
    session_key: bytes  # public

    def report_data(self, nonce: bytes) -> bytes:
        """Return the 64 bytes of section 2 of the specification."""
        # THREAT T150: nonce, statement and key stand in one hash, so evidence of one answer is
        # none of another, nor of the same one asked for again.
        return report_data(nonce, self.statement, self.session_key)

    def challenge(self, nonce: bytes) -> bytes:
        """Return 32 bytes; some TPMs take no more than 34."""
        return sha256(self.report_data(nonce))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A statement and a key: evidence is of this answer, for this key, after this nonce."""

    statement: bytes  # the bytes of the statement, for instance of a proof
    session_key: bytes  # public

    def report_data(self, nonce: bytes) -> bytes:
        """Return the 64 bytes of section 2 of the specification."""
        return self._digest.report_data(nonce)

    def challenge(self, nonce: bytes) -> bytes:
        """Return 32 bytes; some TPMs take no more than 34."""
        return self._digest.challenge(nonce)

    @property
    def _digest(self) -> BoundDigest:
        return BoundDigest(statement=sha256(self.statement), session_key=self.session_key)


@dataclass(frozen=True, slots=True)
class AsGiven:
    """Report data that another protocol made, known to the caller; it says nothing of ours."""

    value: bytes

    def report_data(self, nonce: bytes) -> bytes:  # noqa: ARG002  # reason: part of the protocol
        """Return the value."""
        return self.value

    def challenge(self, nonce: bytes) -> bytes:
        """Return the nonce itself."""
        return nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceValues:
    """What the evidence is compared with."""

    binding: Binding
    asked_at: Instant  # when the nonce was drawn; evidence is as old as that, unless it is older
    measurements: frozenset[bytes] = frozenset()  # those of known programs; none caps at WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verifier found; `reasons` has a sentence for all that keeps it from AFFIRMING."""

    kind: Kind
    status: Status
    hw_rooted: bool  # a chain of valid signatures ends in a pinned root of a hardware vendor
    debug: bool
    measurement: bytes  # empty unless a signature covers it
    tcb_status: str  # the vendor's word; empty where there is none
    advisories: tuple[str, ...]
    integrity: Integrity
    confidentiality: Confidentiality
    not_after: Instant  # it says nothing later than that
    reasons: tuple[str, ...]
    lacks: str = ""  # collateral that was not brought, if nothing else is against it
    claims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # for people


class Verifier(Protocol):
    """Appraises evidence of one kind; several threads may call at once."""

    kind: Kind

    def appraise(
        self,
        evidence: Evidence,
        nonce: bytes,
        reference_values: ReferenceValues,
        policy: Policy,
        now: Instant,
        collateral: "Collateral | None",
    ) -> Result:
        """Return what `evidence` is worth as an answer to `nonce`, judged at `now`.

        Raises:
            EvidenceUnavailableError: a library that this kind needs is not installed.
        """
        ...
