"""Whether a processing may use data of one person now: plain values in, yes or no out.

- Default deny. The rules are asked in one order, and the first that fails is the reason.
- One field too many refuses all of them; fields that were kept as long as they may be are left out.
- The reason is for the person and the owner. The app learns yes or no.

Source: docs/spec/26-processings.md section 4.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sealhold.model.ids import Collection, FieldName, Purpose
from sealhold.model.people import Mask
from sealhold.model.processing import ChoiceState, Outcome, ProcessingState, Terms
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.bases import LegalBasis
from sealhold.policy.consent import Standing as ConsentStanding
from sealhold.policy.decision import Decision, Reason, refused, sentence
from sealhold.policy.facts import Standing
from sealhold.policy.limits import NO_LIMITS, Limits, limits_stop
from sealhold.policy.processing import (
    bases_carry,
    basis_of,
    choice_state,
    is_settled,
    no_stops,
)
from sealhold.policy.profiles import Allowed, Parties, covers, masking

_NONE: Final[frozenset[FieldName]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseAsk:
    """What a program wants of one person now."""

    code: str  # digest of the program that wants it
    purpose: Purpose
    fields: frozenset[FieldName]
    collection: Collection | None = None  # of records, if it wants no fields


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFacts:
    """All that there is to know of it at one moment."""

    now: Instant
    parties: Parties
    state: ProcessingState | None  # None: there is no such processing of this app
    terms: Terms
    notice: str  # digest of the terms that a yes must be to
    outcome: Outcome | None  # of the assessment of these terms
    allowed: Allowed  # what the app's schema lets each field be used for
    sensitive: frozenset[str]  # fields and collections of a special category
    choice: ConsentStanding  # what the person said
    limits: Limits = NO_LIMITS
    over: frozenset[FieldName] = _NONE  # fields kept as long as they may be
    reads_left: int = 1
    within: frozenset[str] | None = None  # what a narrowed lease is bounded to
    # of the fields that the purpose does not get whole
    masks: Mapping[FieldName, Mask] = field(default_factory=dict)


def decide_use(ask: UseAsk, facts: UseFacts) -> Decision:
    """Return whether `ask` is permitted by `facts`, and why."""
    # INVARIANT: the order of the rules decides the reason, never the yes.
    failed = next((reason for reason, holds in _RULES if not holds(ask, facts)), None)
    if failed is not None:
        return refused(failed)
    return Decision(
        permit=True,
        fields=ask.fields - facts.over,
        because=(),
        code=Reason.GRANTED,
        sentence=sentence(Reason.GRANTED),
        obligations=masking(facts.masks, facts.terms.retention_days),
    )


def _is_active(_ask: UseAsk, facts: UseFacts) -> bool:
    return facts.state is ProcessingState.ACTIVE


def _is_the_program(ask: UseAsk, facts: UseFacts) -> bool:
    # THREAT T251: one byte of the program changed, and it is another program
    return ask.code == facts.terms.code


def _is_asked_for(ask: UseAsk, _facts: UseFacts) -> bool:
    return bool(ask.fields) or ask.collection is not None


def _within(ask: UseAsk, facts: UseFacts) -> bool:
    """Return whether processing, schema and lease each cover all that is asked for."""
    terms, collection = facts.terms, ask.collection
    wanted = {*map(str, ask.fields), *([collection] if collection else ())}
    if facts.within is not None and not wanted <= facts.within:
        return False
    if collection is not None and collection not in terms.collections:
        return False
    return ask.fields <= terms.fields and ask.fields <= facts.allowed.keys()


def _purpose_fits(ask: UseAsk, facts: UseFacts) -> bool:
    if not dpv.narrower(ask.purpose, facts.terms.purpose):
        return False
    allowed = facts.allowed
    return all(covers(allowed[field], ask.purpose) for field in ask.fields if field in allowed)


def _has_consent(_ask: UseAsk, facts: UseFacts) -> bool:
    return basis_of(facts.terms) is not LegalBasis.CONSENT or _is_allowed(facts)


def _has_choice(_ask: UseAsk, facts: UseFacts) -> bool:
    return not no_stops(facts.terms) or _is_allowed(facts)


def _is_allowed(facts: UseFacts) -> bool:
    # THREAT T252: a yes to other terms, a claim of the app's, or one that ended is no yes
    return choice_state(facts.choice, facts.now, facts.notice) is ChoiceState.ALLOWED


def _is_not_objected(ask: UseAsk, facts: UseFacts) -> bool:
    said = Limits(objected=facts.limits.objected)
    return limits_stop(said, ask.purpose, basis_of(facts.terms)) is None


def _is_not_restricted(ask: UseAsk, facts: UseFacts) -> bool:
    return limits_stop(Limits(restricted=facts.limits.restricted), ask.purpose) is None


def _is_in_term(ask: UseAsk, facts: UseFacts) -> bool:
    return not ask.fields or not ask.fields <= facts.over


_RULES: Final[tuple[tuple[Reason, Callable[[UseAsk, UseFacts], bool]], ...]] = (
    (Reason.APP_NOT_ACTIVE, lambda _, facts: facts.parties.app is Standing.ACTIVE),
    (Reason.SUBJECT_NOT_ACTIVE, lambda _, facts: facts.parties.subject is Standing.ACTIVE),
    (Reason.PROCESSING_NOT_ACTIVE, _is_active),
    (Reason.OTHER_CODE, _is_the_program),
    (Reason.NOT_ASSESSED, lambda _, facts: is_settled(facts.terms, facts.outcome)),
    (Reason.NOTHING_ASKED, _is_asked_for),
    (Reason.OUT_OF_SCOPE, _within),
    (Reason.OTHER_PURPOSE, _purpose_fits),
    (Reason.NO_BASIS, lambda _, facts: bases_carry(facts.terms, facts.sensitive)),
    (Reason.OBJECTED, _is_not_objected),
    (Reason.NO_CONSENT, _has_consent),
    (Reason.NOT_ALLOWED, _has_choice),
    (Reason.RESTRICTED, _is_not_restricted),
    (Reason.RETENTION_OVER, _is_in_term),
    (Reason.NO_READS_LEFT, lambda _, facts: facts.reads_left > 0),
)
