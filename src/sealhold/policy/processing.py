"""Processings as rules see them: what terms must say, what changes them, what a person said.

- A material change asks everybody anew: another program, purpose or basis; more data, recipients,
  transfers, time or output; more risk. A label or narrower terms ask nobody.
- What a person said is a consent, or the like of one under another basis: the state machine is that
  of `policy/consent.py`, and a choice is how it looks against the terms of today.
- After a no nobody is asked for 90 days, unless the terms changed materially.
- Consent always needs a yes. On other bases a no stops a strict processing too, and so does saying
  nothing; a duty by law and vital interests it does not stop.

Source: docs/spec/26-processings.md sections 1 to 3.
"""

import re
from collections.abc import Iterator
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, UnsayableError
from sealhold.model.ids import ID_BYTES
from sealhold.model.processing import Assessment, ChoiceState, Outcome, Risk, Terms, Wish
from sealhold.model.quantities import Instant
from sealhold.model.records import Sensitivity
from sealhold.policy import dpv
from sealhold.policy.bases import LegalBasis, SpecialBasis, suffices
from sealhold.policy.consent import ConsentState, Standing
from sealhold.policy.fatigue import BLOCKED_FOR
from sealhold.policy.limits import UNSTOPPABLE
from sealhold.policy.names import has_hidden

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
MAX_NAME: Final = 80  # characters
MAX_TEXT: Final = 2_000  # characters
MAX_SCOPE: Final = 100  # fields, collections, recipients or transfers
MAX_DAYS: Final = 36_500
MAX_OUTPUT: Final = 32_768  # bytes, so that base64 of it fits into a form
RISKS: Final = tuple(Risk)

_SAID: Final = {
    ConsentState.GIVEN: ChoiceState.ALLOWED,
    ConsentState.RENEWED: ChoiceState.ALLOWED,
    ConsentState.REFUSED: ChoiceState.DENIED,
    ConsentState.WITHDRAWN: ChoiceState.WITHDRAWN,
}
_STEPS: Final = {
    (ChoiceState.PENDING, Wish.ALLOW): ConsentState.GIVEN,
    (ChoiceState.PENDING, Wish.DENY): ConsentState.REFUSED,
    (ChoiceState.ALLOWED, Wish.WITHDRAW): ConsentState.WITHDRAWN,
    (ChoiceState.ALLOWED, Wish.DENY): ConsentState.WITHDRAWN,  # a no is a no
    (ChoiceState.DENIED, Wish.ALLOW): ConsentState.GIVEN,
    (ChoiceState.WITHDRAWN, Wish.ALLOW): ConsentState.GIVEN,
}


def basis_of(terms: Terms) -> LegalBasis:
    """Return the basis that a processing rests on."""
    return LegalBasis(terms.basis)


def special_of(terms: Terms) -> SpecialBasis | None:
    """Return what it rests on besides, for special categories of data."""
    return SpecialBasis(terms.special) if terms.special else None


def check_terms(terms: Terms) -> None:
    """Return if `terms` can be those of a processing.

    Raises:
        InvalidError: they break a rule; the message names it, never what was said.
        UnknownPurposeError: the purpose is none.
    """
    dpv.require(terms.purpose)
    for fault in _faults(terms):
        raise InvalidError(fault)


def check_assessment(assessment: Assessment) -> None:
    """Return if `assessment` can be recorded.

    Raises:
        InvalidError: it breaks a rule.
    """
    if not DIGEST.fullmatch(assessment.digest):
        raise InvalidError("a document is named by its SHA-256 digest, in 64 hex digits")
    text = assessment.text
    if not 0 < len(text.strip()) <= len(text) <= MAX_TEXT or has_hidden(text):
        raise InvalidError(f"a reason has 1 to {MAX_TEXT} characters, and none that is hidden")


def _faults(terms: Terms) -> Iterator[str]:
    """Yield each rule that terms break."""
    yield from _faulty_bases(terms)
    if not _is_line(terms.name):
        yield f"a name has 1 to {MAX_NAME} characters, and none that is hidden"
    if not DIGEST.fullmatch(terms.code):
        yield "a program is named by its SHA-256 digest, in 64 hex digits"
    if not terms.fields and not terms.collections:
        yield "a processing uses a field or a collection"
    if max(map(len, _sets(terms))) > MAX_SCOPE:
        yield f"a processing names at most {MAX_SCOPE} of each kind"
    if not all(_is_line(each) for named in _sets(terms) for each in named):
        yield f"what is named has 1 to {MAX_NAME} characters, and none that is hidden"
    if not (0 <= terms.retention_days <= MAX_DAYS and 0 <= terms.output_bytes <= MAX_OUTPUT):
        yield f"a term has 0 to {MAX_DAYS} days, and a result 0 to {MAX_OUTPUT} bytes"
    if any(len(text) > MAX_TEXT or has_hidden(text) for text in _texts(terms)):
        yield f"a text has at most {MAX_TEXT} characters, and none that is hidden"


def _faulty_bases(terms: Terms) -> Iterator[str]:
    if terms.basis not in {each.value for each in LegalBasis}:
        yield f"`basis` is one of {_names(LegalBasis)}"
    elif basis_of(terms) is LegalBasis.LEGITIMATE_INTEREST and not terms.balancing.strip():
        yield "a legitimate interest is stored with its balancing test"
    if terms.special not in {"", *(each.value for each in SpecialBasis)}:
        yield f"`special` is empty, or one of {_names(SpecialBasis)}"


def _names(bases: type[LegalBasis] | type[SpecialBasis]) -> str:
    return ", ".join(f"`{each.value}`" for each in bases)


def widened(before: Terms, after: Terms) -> tuple[str, ...]:
    """Return what makes `after` a material change of `before`; nothing if nobody is asked anew."""
    found = {
        "code": after.code != before.code,
        "purpose": after.purpose != before.purpose,
        "basis": (after.basis, after.special) != (before.basis, before.special),
        "controller": _controller(after) != _controller(before),
        "fields": not after.fields <= before.fields,
        "collections": not after.collections <= before.collections,
        "recipients": not after.recipients <= before.recipients,
        "transfers": not after.transfers <= before.transfers,
        "retention": after.retention_days > before.retention_days,
        "automated": after.automated and not before.automated,
        "risk": RISKS.index(after.risk) > RISKS.index(before.risk),
        "output": after.output_bytes > before.output_bytes,
        "strict": before.strict and not after.strict,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def needs_assessment(terms: Terms) -> bool:
    """Return whether nothing may be done before an assessment ended well."""
    return terms.risk is Risk.HIGH or terms.automated


def is_settled(terms: Terms, outcome: Outcome | None) -> bool:
    """Return whether an assessment with this outcome lets a processing begin."""
    return not needs_assessment(terms) or outcome is Outcome.LOW_RISK


def bases_carry(terms: Terms, sensitive: frozenset[str]) -> bool:
    """Return whether the bases carry what is used; `sensitive` is of a special category."""
    used = {*map(str, terms.fields), *map(str, terms.collections)}
    kind = Sensitivity.SPECIAL if used & sensitive else Sensitivity.ORDINARY
    return suffices(basis_of(terms), special_of(terms), kind)


def no_stops(terms: Terms) -> bool:
    """Return whether a person's no stops it; then it needs their yes as well."""
    basis = basis_of(terms)
    if basis in UNSTOPPABLE:
        return False
    return basis is LegalBasis.CONSENT or terms.strict


def choice_state(standing: Standing, now: Instant, notice: str) -> ChoiceState:
    """Return what a person has said to the terms with the digest `notice`."""
    if standing.notice != notice:
        return ChoiceState.PENDING  # INVARIANT: what was said to other terms counts for nothing
    said = _SAID.get(standing.state, ChoiceState.PENDING)
    if said is ChoiceState.ALLOWED and not standing.permits(now, notice):
        return ChoiceState.PENDING
    return said


def stepped(state: ChoiceState, wish: Wish) -> ConsentState | None:
    """Return what becomes of a consent by `wish`; None if that is what holds already.

    Raises:
        UnsayableError: there is no yes that could be withdrawn.
    """
    if (state, wish) in _STEPS:
        return _STEPS[state, wish]
    if wish is Wish.WITHDRAW and state is not ChoiceState.WITHDRAWN:
        raise UnsayableError("there is no yes to withdraw")
    return None


def may_ask(standing: Standing, at: Instant, now: Instant, notice: str) -> bool:
    """Return whether a person who said something `at` may be asked for a yes to these terms."""
    match choice_state(standing, now, notice):
        case ChoiceState.PENDING:
            return True
        case ChoiceState.ALLOWED:
            return False
        case ChoiceState.DENIED | ChoiceState.WITHDRAWN:
            return now - at >= BLOCKED_FOR


def why(terms: Terms) -> str:
    """Return, to the person, what their choice does."""
    match basis_of(terms):
        case LegalBasis.CONSENT:
            return "It is done only if you say yes, and no longer than you say so."
        case LegalBasis.LEGAL_OBLIGATION:
            return "A law demands it, so a no does not stop it."
        case LegalBasis.VITAL_INTERESTS:
            return "It is done to save a life, so a no does not stop it."
        case _ if terms.strict:
            return "It rests on another basis than your consent, and is done only if you say yes."
        case _:
            return "It rests on another basis than your consent, so a no does not stop it."


def terms_document(processing: bytes, edition: int, terms: Terms) -> dict[str, Plain]:
    """Return what a person is shown of a processing, as its digest covers it. 16 bytes of id.

    Raises:
        InvalidError: `processing` is no id.
    """
    if len(processing) != ID_BYTES:
        raise InvalidError("not the id of a processing")
    circumstances = terms.circumstances
    return {
        "automated": terms.automated,
        "basis": terms.basis,
        "code": terms.code,
        "collections": sorted(terms.collections),
        "controller": [circumstances.controller.identifier, circumstances.controller.name],
        "edition": edition,
        "fields": sorted(terms.fields),
        "name": terms.name,
        "output_bytes": terms.output_bytes,
        "processing": processing.hex(),
        "purpose": terms.purpose,
        "recipients": sorted(terms.recipients),
        "retention_days": terms.retention_days,
        "risk": terms.risk.value,
        "service": circumstances.service,
        "special": terms.special,
        "strict": terms.strict,
        "transfers": sorted(terms.transfers),
    }


def _sets(terms: Terms) -> tuple[frozenset[str], ...]:
    return (
        frozenset(map(str, terms.fields)),
        frozenset(map(str, terms.collections)),
        terms.recipients,
        terms.transfers,
    )


def _texts(terms: Terms) -> Iterator[str]:
    circumstances = terms.circumstances
    yield terms.balancing
    yield circumstances.service
    yield circumstances.collection
    yield circumstances.method
    yield circumstances.storage_location
    yield circumstances.processing_location
    yield circumstances.jurisdiction
    yield circumstances.withdrawal
    for body in (circumstances.controller, circumstances.authority):
        yield from (body.identifier, body.name, body.address, body.contact)


def _controller(terms: Terms) -> tuple[str, str]:
    body = terms.circumstances.controller
    return body.identifier, body.name


def _is_line(text: str) -> bool:
    is_short = 0 < len(text.strip()) <= len(text) <= MAX_NAME
    return is_short and not has_hidden(text) and "\n" not in text
