"""From what was found to what it is worth: the one place where a result is made.

- A verifier notes faults and doubts; a fault refuses, a doubt keeps from AFFIRMING. Here the
  challenge, debug, age, measurement and root are judged alike for every kind.
- What no signature covers is not repeated in a result.

Source: docs/spec/21-evidence.md sections 3 and 6.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.kinds import HIDING, Kind
from sealhold.compute.attest.policy import SKEW, Policy
from sealhold.compute.attest.spec import (
    Confidentiality,
    Evidence,
    Integrity,
    ReferenceValues,
    Result,
    Status,
)
from sealhold.model.errors import InvalidEncodingError, InvalidError, TamperedError
from sealhold.model.quantities import Instant


@dataclass(slots=True, kw_only=True)
class Look:
    """What a verifier has found so far; filled in the order of its checks."""

    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    verified: bool = False  # the evidence's own signature holds, under a key that is trusted
    hw_rooted: bool = False
    debug: bool = False
    measurement: bytes = b""
    tcb_status: str = ""
    advisories: tuple[str, ...] = ()
    signed_at: Instant | None = None  # the evidence's own word on when it was made
    ends: list[Instant] = field(default_factory=list)
    lacks: str = ""  # what of the collateral was not brought
    claims: dict[str, str] = field(default_factory=dict)

    def fault(self, text: str, *, unless: bool = False) -> None:
        """Note that the evidence is refused for this, unless something holds."""
        if not unless:
            self.faults.append(text)

    def needs(self, what: str) -> InvalidEncodingError:
        """Return the error that ends a look for which the collateral `what` was not brought."""
        self.lacks = what
        return InvalidEncodingError(f"needed: {what}")

    def doubt(self, text: str, *, unless: bool = False) -> None:
        """Note what keeps it from AFFIRMING, unless something holds."""
        if not unless:
            self.doubts.append(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an appraisal was asked."""

    kind: Kind  # of the verifier
    evidence: Evidence
    nonce: bytes
    reference: ReferenceValues
    policy: Policy
    now: Instant


class JudgedVerifier(ABC):
    """A verifier that says what it saw, and is judged here."""

    kind: Kind

    @abstractmethod
    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        """Do the checks of the kind, and note in `look` what they find.

        Raises:
            InvalidError: the evidence is not of its form, which is one more fault.
            TamperedError: it is not genuine, which is one more fault.
            EvidenceUnavailableError: a library that this kind needs is not installed.
        """

    def appraise(
        self,
        evidence: Evidence,
        nonce: bytes,
        reference_values: ReferenceValues,
        policy: Policy,
        now: Instant,
        collateral: Collateral | None,
    ) -> Result:
        """Return what `evidence` is worth as an answer to `nonce`, judged at `now`.

        Raises:
            EvidenceUnavailableError: a library that this kind needs is not installed.
        """
        case = Case(
            kind=self.kind,
            evidence=evidence,
            nonce=nonce,
            reference=reference_values,
            policy=policy,
            now=now,
        )
        look = _begun(case)
        try:
            self.look_at(look, case, collateral)
        except (InvalidError, TamperedError) as err:
            look.fault(str(err))
            look.verified = look.hw_rooted = False
        _common(case, look)
        return _result(case, look)


def _begun(case: Case) -> Look:
    look = Look()
    evidence = case.evidence
    # THREAT T153: evidence is read as what its verifier is for, never as what it calls itself.
    look.fault(f"evidence of kind `{evidence.kind}`", unless=evidence.kind is case.kind)
    # THREAT T150: evidence that answered another challenge, or is of another answer, is refused.
    look.fault("the nonce is another", unless=bool(case.nonce) and evidence.nonce == case.nonce)
    wanted = case.reference.binding.report_data(case.nonce)
    look.fault("bound to something else", unless=evidence.report_data == wanted)
    return look


def _common(case: Case, look: Look) -> None:
    # THREAT T154: a debug machine is refused whatever its signatures say.
    look.fault("debug: its memory can be read and written from outside", unless=not look.debug)
    asked, now = case.reference.asked_at, case.now
    made = min(asked, look.signed_at) if look.signed_at is not None else asked
    latest = max(asked, look.signed_at) if look.signed_at is not None else asked
    # THREAT T155: age counts from the challenge, or from an earlier time that is signed.
    look.fault("older than the policy allows", unless=now - made <= case.policy.max_age)
    look.fault("from the future", unless=latest - now <= SKEW)
    look.ends.append(Instant(made + case.policy.max_age))
    known = case.reference.measurements
    if known and look.verified:
        look.fault("a program that is not known", unless=look.measurement in known)
    look.doubt("the program was compared with nothing", unless=bool(known))
    # THREAT T153: software is told as software, and is never AFFIRMING.
    look.doubt("no hardware vouches for this", unless=look.hw_rooted)


def _result(case: Case, look: Look) -> Result:
    if look.faults or not look.verified:
        status = Status.CONTRAINDICATED
    elif look.doubts:
        status = Status.WARNING
    else:
        status = Status.AFFIRMING
    rooted = look.verified and look.hw_rooted
    return Result(
        kind=case.kind,
        status=status,
        hw_rooted=rooted,
        debug=look.debug,
        measurement=look.measurement if look.verified else b"",
        tcb_status=look.tcb_status if look.verified else "",
        advisories=look.advisories if look.verified else (),
        integrity=_integrity(status, rooted=rooted),
        confidentiality=_confidentiality(case.kind, status, look),
        not_after=min(look.ends),
        reasons=(*look.faults, *look.doubts),
        lacks=look.lacks if len(look.faults) == 1 else "",
        claims=MappingProxyType(dict(look.claims) if look.verified else {}),
    )


def _integrity(status: Status, *, rooted: bool) -> Integrity:
    if status is Status.CONTRAINDICATED:
        return "none"
    return "hw" if rooted else "sw"


def _confidentiality(kind: Kind, status: Status, look: Look) -> Confidentiality:
    """Return `sealed` only where hardware that hides its memory has nothing against it."""
    if not look.verified:
        return "none"
    # THREAT T154: a platform with known weaknesses, debug and software are glass to their owner.
    return "sealed" if kind in HIDING and status is Status.AFFIRMING else "glass"
