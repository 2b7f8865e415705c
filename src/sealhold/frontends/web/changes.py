"""What differs between two readings of one request, in the words of the eight parts.

- The parts are compared as the owner reads them, so a change that shows is a change that is named.

Source: docs/spec/20-faces.md section 3.
"""

from dataclasses import dataclass

from sealhold.frontends.web.formats import bits, count, day, grouped
from sealhold.frontends.web.texts import text
from sealhold.model.quantities import show_bits
from sealhold.model.shown import RequestCard

Fact = tuple[int, str, str]  # part, key of its label, what it reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that reads otherwise now."""

    part: int  # of the consent screen, 1 to 7
    label: str
    before: str
    after: str


def changes(before: RequestCard, after: RequestCard) -> tuple[Change, ...]:
    """Return what reads otherwise in `after`, in the order of the parts."""
    old = {(part, label): reads for part, label, reads in _facts(before)}
    return tuple(
        Change(part=part, label=text(label), before=old[part, label], after=reads)
        for part, label, reads in _facts(after)
        if old[part, label] != reads
    )


def _facts(card: RequestCard) -> tuple[Fact, ...]:
    answer, code, terms = card.answer, card.code, card.asked_terms
    answers = text(
        "moved.answers_are",
        first=answer.first,
        last=answer.last,
        unit=answer.unit,
        step=answer.step,
        number=count(answer.alternatives),
        default=answer.default,
    )
    read = text(
        "moved.read_are",
        number=count(card.objects),
        collection=card.collection,
        selection=card.selection,
    )
    program = text(
        "moved.program_is",
        name=code.name,
        version=code.version,
        author=code.author,
        digest=grouped(code.digest),
    )
    asked = text(
        "moved.terms_are",
        mode=terms.mode.value,
        until=day(terms.until),
        budget=show_bits(terms.budget),
    )
    return (
        (1, "moved.asker", card.asker.name),
        (1, "moved.key", f"{' '.join(card.asker.key_words)}, {grouped(card.asker.key_digest)}"),
        (2, "moved.purpose", f"{card.purpose_words} ({card.purpose})"),
        (2, "moved.reason", card.reason),
        (3, "moved.answer", answer.label),
        (3, "moved.answers", answers),
        (4, "moved.per_answer", bits(card.cost_per_answer)),
        (4, "moved.per_object", bits(card.cost_per_object)),
        (5, "moved.read", read),
        (5, "moved.fields", ", ".join(column.name for column in card.fields)),
        (6, "moved.program", program),
        (6, "moved.isolation", f"{code.isolation} {code.evidence}"),
        (7, "moved.terms", asked),
        (7, "moved.schedule", card.schedule),
        (7, "moved.destination", card.destination),
        (7, "moved.kept", text("moved.days", days=card.retention_days)),
        (7, "moved.basis", card.legal_basis),
    )
