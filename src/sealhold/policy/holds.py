"""Duties to keep what an erasure would take: on which grounds, what for, and who reads it.

- A ground is one of Article 17(3), a term of the Data Privacy Vocabulary; the list is closed.
- The purpose follows from the ground, so nobody can declare another: what a law demands is kept
  for `LegalCompliance`, what claims need for `DisputeManagement`.
- A hold is about what it names, until the day that it names.

Source: docs/spec/32-holds.md; Regulation (EU) 2016/679, Article 17(3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import InvalidError
from sealhold.model.ids import FieldName, Purpose
from sealhold.model.quantities import DAY, Instant
from sealhold.model.staying import StayView
from sealhold.policy import dpv
from sealhold.policy.decision import Decision, Reason, refused, sentence
from sealhold.policy.justifications import Ground
from sealhold.policy.limits import CLAIMS

COMPLIANCE: Final = Purpose("LegalCompliance")
LETTERS: Final = {  # of Article 17(3), and the words that a person reads
    Ground.ERASURE_EXPRESSION: ("a", "freedom of expression and information"),
    Ground.ERASURE_REQUIRED_BY_LAW: ("b", "a law demands that it is kept"),
    Ground.ERASURE_PUBLIC_INTEREST: ("b", "a task in the public interest needs it"),
    Ground.ERASURE_AUTHORITY: ("b", "an official authority needs it"),
    Ground.ERASURE_PUBLIC_HEALTH: ("c", "public health needs it"),
    Ground.ERASURE_ARCHIVING: ("d", "an archive, research or statistics in the public interest"),
    Ground.ERASURE_CLAIMS: ("e", "legal claims need it"),
}
STEM: Final = "eu-gdpr:JustificationA17"
LONGEST: Final = 36_525 * DAY  # a hundred years: none of these duties is without end


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUse:
    """What somebody wants of what is held, and how that stands at this moment."""

    is_there: bool  # held, of a person whose erasure has ended
    is_standing: bool  # the hold was not lifted
    until: Instant
    ground: Ground
    has_it: bool  # what is asked for is among what is held


def ground_of(text: str) -> Ground:
    """Return the ground that a DPV term, or its end, names.

    Raises:
        InvalidError: none of Article 17(3).
    """
    for each in LETTERS:
        if text in {each.value, each.value.removeprefix(STEM)}:
            return each
    known = ", ".join(each.value.removeprefix(STEM) for each in LETTERS)
    raise InvalidError(f"a ground is one of {known}")


def purpose_of(ground: Ground) -> Purpose:
    """Return what the held may be read for."""
    return CLAIMS if ground is Ground.ERASURE_CLAIMS else COMPLIANCE


def stay_of(ground: Ground, law: str, until: Instant, items: Mapping[str, int]) -> StayView:
    """Return what stays of a person on a ground, as they read it."""
    letter, why = LETTERS[ground]
    return StayView(
        ground=ground.value,
        letter=letter,
        why=why,
        purpose=purpose_of(ground),
        law=law,
        until=until,
        items=items,
    )


def check_end(until: Instant, now: Instant) -> None:
    """Return if a hold may last until then.

    Raises:
        InvalidError: that is over, or more than a hundred years away.
    """
    if not now < until <= now + LONGEST:
        raise InvalidError("a hold ends on a day to come, within a hundred years")


def decide_keeping(until: Instant, now: Instant, fields: frozenset[FieldName]) -> Decision:
    """Return whether a hold keeps something of a person who is being erased."""
    return _yes(fields) if now < until else refused(Reason.RETENTION_OVER)


def decide_held(
    use: HeldUse, purpose: Purpose, now: Instant, fields: frozenset[FieldName] = frozenset()
) -> Decision:
    """Return whether an officer may read something that is held, for `purpose`."""
    if not use.is_there:
        return refused(Reason.SUBJECT_NOT_ACTIVE)
    if not use.is_standing or now >= use.until:
        return refused(Reason.RETENTION_OVER)
    if not use.has_it:
        return refused(Reason.OUT_OF_SCOPE)
    # THREAT T319: what is kept for a duty serves nothing else, whoever asks
    if not dpv.narrower(purpose, purpose_of(use.ground)):
        return refused(Reason.OTHER_PURPOSE)
    return _yes(fields)


def _yes(fields: frozenset[FieldName]) -> Decision:
    return Decision(
        permit=True,
        fields=fields,
        because=(),
        code=Reason.GRANTED,
        sentence=sentence(Reason.GRANTED),
        obligations=None,
    )
