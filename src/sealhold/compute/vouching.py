"""What the evidence in a proof is worth to its reader: the verifiers' word, and no other.

- Evidence of all six kinds is appraised by `attest.appraising`, bound to this proof's statement,
  nonce and key. What the statement claims of its machine is only compared with that.
- What was not judged, for want of collateral or of a library, counts for nothing.
- It is judged at the time at which the answer left, for collateral lives for days and proofs for
  years; a reader who names an age is judged for at their own time.
- The verifiers are loaded when there is evidence for them, so who makes proofs does not carry them.

Source: docs/spec/10-proof.md section 5; docs/spec/21-evidence.md section 3.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sealhold.compute.attest import eat
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import GOOD, STATES, VENDOR_ROOTS, Policy
from sealhold.compute.attest.spec import BoundDigest, Evidence, ReferenceValues, Result, Status
from sealhold.compute.evidence import (
    Claim,
    Confidentiality,
    challenge_of,
    check_software,
    measurement_of,
)
from sealhold.compute.evidence_first import BYTES as FIRST_BYTES
from sealhold.compute.evidence_first import appraise_first
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import (
    BadProofError,
    EvidenceUnavailableError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.quantities import DAY, Instant, Millis

if TYPE_CHECKING:
    from sealhold.compute.attest.collateral import Collateral

REGISTER: Final = 23  # of a TPM: any program may set it back, so it holds one run at a time
SOFTWARE: Final = "a software key vouches for the machine, no hardware does"
HARDWARE: Final = "hardware vouches for the machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a reader brings to judge evidence with, and takes."""

    collateral: tuple[bytes, ...] = ()  # the content of each file
    measurements: frozenset[bytes] = frozenset()  # of machines or programs that the reader knows
    states: frozenset[str] = frozenset()  # of a platform, taken besides `UpToDate`
    roots: frozenset[bytes] = frozenset()  # SHA-256 of vendors' roots, trusted besides the pinned
    max_age: Millis | None = None  # at the reader's time; None: judged when the answer left

    def __post_init__(self) -> None:
        if not self.states <= STATES:
            raise InvalidError(f"`{min(self.states - STATES)}` is no state that can be taken")
        if self.max_age is not None and self.max_age <= 0:
            raise InvalidError("evidence must be allowed some age")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Evidence that came along, and what it must be bound to."""

    claim: Claim  # what the statement says
    evidence: bytes
    nonce: str | None  # the recipient's; None if it is not shown
    statement: bytes  # 32 bytes
    session: PublicKey  # that signed the statement
    runtime: bytes  # 32 bytes, as the statement says it
    code: bytes  # 32 bytes, as the statement says it
    left: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What evidence is worth."""

    told: str
    result: Result | None = None  # of the appraisal
    is_software: bool = False  # taken as the word of software without one
    confidentiality: Confidentiality = field(default="none")

    @property
    def is_judged(self) -> bool:
        """Whether anything stands behind the claim."""
        return self.is_software or self.result is not None

    @property
    def is_affirmed(self) -> bool:
        """Whether hardware vouches, and nothing is against it."""
        found = self.result
        return found is not None and found.hw_rooted and found.status is Status.AFFIRMING


def worth_of(vouched: Vouched, terms: Terms, at: Instant) -> Worth:
    """Return what the evidence in a proof is worth at `at`, the reader's time.

    Raises:
        BadProofError: it is refused, or is not what the statement says of it.
        InvalidEncodingError: it is not of its form.
        BadSignatureError: what it says was signed by nobody that it names.
    """
    claim, kind = vouched.claim, Kind(vouched.claim.kind)
    if kind is Kind.SW:
        check_software(claim)
        if vouched.nonce is None:
            return _software(claim, f"{SOFTWARE}; to which nonce is not shown")
        if len(vouched.evidence) == FIRST_BYTES:
            raw, session = vouched.nonce.encode(), vouched.session
            appraise_first(vouched.evidence, claim, raw, vouched.statement, session)
            return _software(claim, SOFTWARE)
    elif vouched.nonce is None:
        return _unjudged(kind, "to which nonce is not shown")
    try:
        return _appraised(vouched, kind, challenge_of(vouched.nonce), terms, at)
    except EvidenceUnavailableError as err:
        return _unjudged(kind, str(err))


def meets(worth: Worth, demanded: str, *, sealed: bool = False) -> bool:
    """Return whether evidence is of the kind that a reader demands, or above it."""
    if worth.result is None:
        return worth.is_software and demanded == "sw" and not sealed
    from sealhold.compute.attest.appraising import satisfies  # noqa: PLC0415  # reason: see above

    return satisfies(worth.result, Kind(demanded), sealed=sealed)


def _software(claim: Claim, told: str) -> Worth:
    return Worth(told=told, is_software=True, confidentiality=_least(claim, "glass"))


def _unjudged(kind: Kind, why: str) -> Worth:
    # THREAT T178: what is not appraised is not shown as hardware, whoever signed the claim.
    return Worth(told=f"`{kind}` is claimed, was not judged and counts for nothing: {why}")


def _appraised(vouched: Vouched, kind: Kind, nonce: bytes, terms: Terms, at: Instant) -> Worth:
    from sealhold.compute.attest.appraising import appraise  # noqa: PLC0415  # reason: see above

    try:
        collateral = _collateral(kind, vouched, terms)
    except InvalidEncodingError as err:
        return _unjudged(kind, f"the collateral does not fit: {err}")
    # THREAT T178: evidence of another answer fits neither its nonce nor its statement nor its key.
    binding = BoundDigest(statement=vouched.statement, session_key=vouched.session)
    evidence = Evidence(
        kind=kind, data=vouched.evidence, nonce=nonce, report_data=binding.report_data(nonce)
    )
    ran = measurement_of(vouched.runtime, vouched.code)
    result = appraise(
        evidence,
        nonce,
        ReferenceValues(
            binding=binding,
            asked_at=vouched.left,
            measurements=terms.measurements | _expected(kind, ran),
        ),
        now=vouched.left if terms.max_age is None else at,
        collateral=collateral,
        policy=_policy(kind, terms),
    )
    if result.lacks:
        return _unjudged(kind, f"it needs {result.lacks}, which you did not bring")
    if result.status is Status.CONTRAINDICATED:
        raise BadProofError("; ".join(result.reasons))
    _check_shown(kind, vouched, result, collateral, ran)
    return Worth(
        told=_told(result),
        result=result,
        confidentiality=_least(vouched.claim, result.confidentiality),
    )


def _told(result: Result) -> str:
    if result.kind is Kind.SW:
        return SOFTWARE
    who = HARDWARE if result.hw_rooted else "a key of no vendor whom you trust vouches for it"
    told = f"`{result.kind}`, {result.status.name.lower()}: {who}"
    return "; ".join((told, *result.reasons))


def _policy(kind: Kind, terms: Terms) -> Policy:
    roots = VENDOR_ROOTS.get(kind, frozenset()) | terms.roots
    return Policy(
        states=frozenset({GOOD}) | terms.states,
        max_age=DAY if terms.max_age is None else terms.max_age,
        roots={kind: roots},
    )


def _collateral(kind: Kind, vouched: Vouched, terms: Terms) -> "Collateral | None":
    """Return what evidence is judged with.

    Raises:
        InvalidEncodingError: the files are not what this kind needs.
    """
    from sealhold.compute.attest import collateral  # noqa: PLC0415  # reason: see above

    if kind is not Kind.SW:
        return collateral.load(kind, terms.collateral) if terms.collateral else None
    # the statement names the device's key by its digest, which is compared afterwards
    key = _device_key(vouched.evidence)
    return None if key is None else collateral.SwCollateral(key)


def _device_key(token: bytes) -> bytes | None:
    """Return the key that a software token calls its device's; None if it is not a token."""
    try:
        return eat.read(cose.read(token, tagged=True).payload).device_key
    except InvalidEncodingError:
        return None  # the verifier says what is wrong with it


def _expected(kind: Kind, ran: bytes) -> frozenset[bytes]:
    """Return the measurements that follow from the statement itself."""
    match kind:
        case Kind.SW:
            return frozenset({ran})
        case Kind.TPM2:
            return frozenset({sha256(ran)})  # a quote of the one register
        case _:
            return frozenset()


def _check_shown(
    kind: Kind, vouched: Vouched, result: Result, collateral: "Collateral | None", ran: bytes
) -> None:
    """Return if the evidence shows the key or measurement, and the run, that the statement names.

    Raises:
        BadProofError: it shows others.
    """
    from sealhold.compute.attest.collateral import SwCollateral, TpmCollateral  # noqa: PLC0415  # reason: see above

    match collateral:
        case SwCollateral():
            shown = collateral.device_key
        case TpmCollateral():
            shown = collateral.key
        case _:
            shown = result.measurement
    # THREAT T178: a quote by another machine than the statement names is not this answer's.
    if sha256(shown) != vouched.claim.digest:
        raise BadProofError("evidence of another device")
    # THREAT T157: the register of runs must show the runtime and program of this answer.
    if kind is Kind.TPM2 and result.claims.get(f"pcr{REGISTER}") != ran.hex():
        raise BadProofError(f"register {REGISTER} does not show what the statement says ran")
    if kind is Kind.SW and result.measurement != ran:
        raise BadProofError("evidence of another program or runtime")


def _least(claim: Claim, found: Confidentiality) -> Confidentiality:
    """Return the lesser of what is claimed and what the evidence supports."""
    # THREAT T178: what was not shown to be sealed counts as glass, whatever the statement claims.
    told = {claim.confidentiality, found}
    if "none" in told:
        return "none"
    return "glass" if "glass" in told else "sealed"
