"""What differs between two readings of one request, in the words of the eight parts.

- The parts are compared as the owner reads them, so a change that shows is a change that is named.

Source: docs/spec/20-faces.md section 3.
"""

from dataclasses import dataclass

from sealhold.frontends.web.formats import bits, count, day, grouped
from sealhold.model.quantities import show_bits
from sealhold.model.shown import RequestCard

Fact = tuple[int, str, str]  # part, label, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that reads otherwise now."""

    part: int  # of the consent screen, 1 to 7
    label: str
    before: str
    after: str


def changes(before: RequestCard, after: RequestCard) -> tuple[Change, ...]:
    """Return what reads otherwise in `after`, in the order of the parts."""
    old = {(part, label): text for part, label, text in _facts(before)}
    return tuple(
        Change(part=part, label=label, before=old[part, label], after=text)
        for part, label, text in _facts(after)
        if old[part, label] != text
    )


def _facts(card: RequestCard) -> tuple[Fact, ...]:
    answer, code, terms = card.answer, card.code, card.asked_terms
    return (
        (1, "Who asks", card.asker.name),
        (1, "Key", " ".join(card.asker.key_words) + ", " + grouped(card.asker.key_digest)),
        (2, "Purpose", f"{card.purpose_words} ({card.purpose})"),
        (2, "Their words", card.reason),
        (3, "Answer", answer.label),
        (
            3,
            "Possible answers",
            f"{answer.first} to {answer.last} {answer.unit} in steps of {answer.step},"
            f" {count(answer.alternatives)} in all, {answer.default} on failure",
        ),
        (4, "Told per answer", bits(card.cost_per_answer)),
        (4, "Told per object", bits(card.cost_per_object)),
        (5, "Read by the program", f"{count(card.objects)} of {card.collection}, {card.selection}"),
        (5, "Fields", ", ".join(column.name for column in card.fields)),
        (6, "Program", f"{code.name} {code.version} by {code.author}, {grouped(code.digest)}"),
        (6, "Isolation", f"{code.isolation} {code.evidence}"),
        (
            7,
            "Asked terms",
            f"{terms.mode.value}, until {day(terms.until)}, at most {show_bits(terms.budget)} bits",
        ),
        (7, "Schedule", card.schedule),
        (7, "Destination", card.destination),
        (7, "Kept by them", f"{card.retention_days} days"),
        (7, "Legal basis", card.legal_basis),
    )
