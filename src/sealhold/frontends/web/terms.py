"""The terms of an allowance as form fields, and the narrower ones that a page offers.

- What a form says is read strictly: one unreadable field refuses the whole.
- Nothing here decides whether terms are narrow enough; the vault does. The page merely offers
  nothing wider than what was asked.

Source: docs/spec/20-faces.md section 3.
"""

from dataclasses import dataclass

from sealhold.frontends.web.formats import day, span
from sealhold.frontends.web.texts import text
from sealhold.frontends.web.visit import Fields
from sealhold.model.errors import InvalidError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, Instant, MicroBits, Millis, show_bits
from sealhold.model.shown import Mode, RequestCard, Terms

SHORTER = (Millis(90 * DAY), Millis(30 * DAY), Millis(7 * DAY), DAY)
ANSWERS = (24, 12, 6, 3, 1)  # budgets are offered as so many answers
WIDEST_FIRST = (Mode.UNTIL, Mode.EACH, Mode.ONCE)
MAX_DIGITS = 18  # of any number in a form


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice in a field."""

    value: str
    words: str
    chosen: bool


def read_terms(fields: Fields, asked: Terms) -> Terms:
    """Return the terms that a form or query says; an empty one says what was asked.

    Raises:
        InvalidError: a field is not what the form offered.
    """
    if "mode" not in fields:
        return asked
    try:
        mode = Mode(fields.one("mode"))
    except ValueError as err:
        raise InvalidError("`mode` is none of the modes") from err
    wanted = frozenset(map(FieldName, fields.many("field")))
    if not wanted <= asked.fields:
        raise InvalidError("a field that was not asked for")
    return Terms(
        mode=mode,
        until=Instant(_number(fields.one("until"), asked.until)),
        budget=MicroBits(_number(fields.one("budget"), asked.budget)),
        fields=wanted,
        coarsen=_number(fields.one("coarsen"), asked.coarsen),
    )


def write_terms(terms: Terms) -> tuple[tuple[str, str], ...]:
    """Return `terms` as the fields that `read_terms` reads."""
    return (
        ("mode", terms.mode.value),
        ("until", str(terms.until)),
        ("budget", str(terms.budget)),
        ("coarsen", str(terms.coarsen)),
        *(("field", name) for name in sorted(terms.fields)),
    )


def mode_options(asked: Terms, chosen: Terms) -> tuple[Option, ...]:
    """Return the modes that are no wider than the asked one."""
    offered = WIDEST_FIRST[WIDEST_FIRST.index(asked.mode) :]
    return tuple(
        Option(value=mode.value, words=text(f"terms.{mode.value}"), chosen=mode is chosen.mode)
        for mode in offered
    )


def until_options(asked: Terms, chosen: Terms, now: Instant) -> tuple[Option, ...]:
    """Return the asked end and shorter ones, and the chosen one wherever it lies."""
    ends = {asked.until: text("terms.asked_end", day=day(asked.until))}
    for length in SHORTER:
        # Whole minutes, so that the same choice is the same value on the next page.
        end = Instant((now + length) // 60_000 * 60_000)
        if end < asked.until:
            ends[end] = text("terms.sooner", span=span(length), day=day(end))
    if chosen.until not in ends:
        near = [end for end in ends if abs(end - chosen.until) < DAY and end != asked.until]
        for end in near:
            del ends[end]
        ends[chosen.until] = text("terms.asked_end", day=day(chosen.until))
    return tuple(
        Option(value=str(end), words=ends[end], chosen=end == chosen.until)
        for end in sorted(ends, reverse=True)
    )


def budget_options(card: RequestCard, chosen: Terms) -> tuple[Option, ...]:
    """Return the asked budget and lower ones, each said in bits and whole answers."""
    asked, each = card.asked_terms.budget, max(card.cost_per_answer, 1)
    caps = {asked, chosen.budget}
    caps |= {MicroBits(each * number) for number in ANSWERS if each * number < asked}
    return tuple(
        Option(
            value=str(cap),
            words=text("terms.budget", bits=show_bits(cap), answers=_answers(cap // each)),
            chosen=cap == chosen.budget,
        )
        for cap in sorted(caps, reverse=True)
    )


def _answers(number: int) -> str:
    return text("terms.one_answer") if number == 1 else text("terms.answers", number=number)


def _number(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidError("a term is not a whole number")
    return int(text)
