"""Behind `sealhold evidence appraise`: evidence from a file, judged offline, told in plain values.

- Files, keys and a time come in; nothing else is asked. The reader says what the evidence must be
  bound to: a statement of ours, or report data of another protocol.
- The verdict is like that of a proof: 0 is as demanded, 3 holds but is less, 6 is refused.

Source: docs/spec/21-evidence.md section 12.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.audit.verdict import ALTERED, HELD, UNTRUSTED
from sealhold.compute.attest.appraising import appraise, satisfies
from sealhold.compute.attest.collateral import load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import GOOD, Policy
from sealhold.compute.attest.spec import AsGiven, Bound, Evidence, ReferenceValues, Result, Status
from sealhold.model.errors import UsageError
from sealhold.model.quantities import Instant, rfc3339

KINDS = tuple(kind.value for kind in Kind)
MAX_EVIDENCE = 65_536  # bytes; genuine ones have at most 5,006


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reader says beside the evidence."""

    kind: str  # of the evidence
    nonce: bytes
    statement: bytes | None  # what it must be bound to; None for `report_data` as given
    session_key: bytes
    report_data: bytes
    measurements: Sequence[bytes]
    collateral: Sequence[bytes]  # the content of each file
    states: Sequence[str]  # of a platform, taken besides `UpToDate`
    demand: str  # the kind that is wanted at least
    sealed: bool
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """A result as it is shown."""

    kind: str
    status: str
    hw_rooted: bool
    debug: bool
    integrity: str
    confidentiality: str
    measurement: str
    tcb_status: str
    advisories: tuple[str, ...]
    not_after: str
    reasons: tuple[str, ...]
    claims: dict[str, str]
    sentence: str
    exit_code: int


def appraise_file(data: bytes, asked: Asked) -> Appraisal:
    """Return what the evidence in `data` is worth to who asks so.

    Raises:
        UsageError: there is no such kind.
        InvalidError: collateral or a state is not of its form.
        EvidenceUnavailableError: a library that this kind needs is not installed.
    """
    kind, demand = _kind(asked.kind), _kind(asked.demand)
    binding: Bound | AsGiven = (
        AsGiven(asked.report_data)
        if asked.statement is None
        else Bound(statement=asked.statement, session_key=asked.session_key)
    )
    evidence = Evidence(
        kind=kind,
        data=data,
        nonce=asked.nonce,
        report_data=binding.report_data(asked.nonce),
    )
    result = appraise(
        evidence,
        asked.nonce,
        ReferenceValues(
            binding=binding, asked_at=asked.at, measurements=frozenset(asked.measurements)
        ),
        now=asked.at,
        collateral=load(kind, asked.collateral),
        policy=Policy(states=frozenset({GOOD, *asked.states})),
    )
    return _shown(result, meets=satisfies(result, demand, sealed=asked.sealed))


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError as err:
        raise UsageError(f"`{text}` is none of {', '.join(KINDS)}") from err


def _shown(result: Result, *, meets: bool) -> Appraisal:
    if result.status is Status.CONTRAINDICATED:
        code, sentence = ALTERED, "Do not rely on this machine."
    elif not meets:
        code, sentence = UNTRUSTED, "It holds, but is less than you demand."
    elif result.hw_rooted:
        code, sentence = HELD, "Hardware vouches for this machine."
    else:
        code, sentence = HELD, "It holds as the word of software; no hardware vouches for it."
    return Appraisal(
        kind=result.kind.value,
        status=result.status.name.lower(),
        hw_rooted=result.hw_rooted,
        debug=result.debug,
        integrity=result.integrity,
        confidentiality=result.confidentiality,
        measurement=result.measurement.hex(),
        tcb_status=result.tcb_status,
        advisories=result.advisories,
        not_after=rfc3339(result.not_after),
        reasons=result.reasons,
        claims=dict(result.claims),
        sentence=sentence,
        exit_code=code,
    )
