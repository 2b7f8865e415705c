"""The terms of an allowance as form fields, and what changed between two readings."""

from dataclasses import replace

import pytest

from sealhold.frontends.web.changes import changes
from sealhold.frontends.web.terms import (
    budget_options,
    mode_options,
    read_terms,
    until_options,
    write_terms,
)
from sealhold.frontends.web.visit import MAX_SHOWN, Fields, ShownCards
from sealhold.model.errors import InvalidError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import Mode
from tests.web.sample_data import NOW, bits, green_request

ASKED = green_request().asked_terms


def test_what_was_written_is_read_back() -> None:
    narrow = replace(ASKED, coarsen=4, budget=bits(3), fields=frozenset({FieldName("mode")}))

    assert read_terms(Fields(write_terms(narrow)), ASKED) == narrow


def test_no_fields_say_what_was_asked() -> None:
    assert read_terms(Fields(), ASKED) == ASKED


@pytest.mark.parametrize(
    "change",
    [
        ("mode", "always"),
        ("until", "tomorrow"),
        ("until", "-1"),
        ("budget", "1e9"),
        ("budget", "٣"),
        ("coarsen", "9" * 19),
        ("field", "home_address"),
    ],
)
def test_one_unreadable_field_refuses_the_whole(change: tuple[str, str]) -> None:
    pairs = [pair for pair in write_terms(ASKED) if pair[0] != change[0]]

    with pytest.raises(InvalidError):
        read_terms(Fields((*pairs, change)), ASKED)


def test_nothing_wider_than_asked_is_offered() -> None:
    card = green_request()

    ends = [int(option.value) for option in until_options(ASKED, ASKED, NOW)]
    caps = [int(option.value) for option in budget_options(card, ASKED)]

    assert max(ends) == ASKED.until
    assert max(caps) == ASKED.budget
    assert [option.value for option in mode_options(ASKED, ASKED)] == ["once"]


def test_a_lasting_request_may_be_narrowed_to_once() -> None:
    lasting = replace(ASKED, mode=Mode.UNTIL)

    assert [option.value for option in mode_options(lasting, lasting)] == ["until", "each", "once"]


def test_a_chosen_end_stays_on_offer_as_time_goes_on() -> None:
    chosen = replace(ASKED, until=Instant((NOW + 7 * DAY) // 60_000 * 60_000))

    later = until_options(ASKED, chosen, Instant(NOW + 5 * 60_000))

    assert [option.value for option in later if option.chosen] == [str(chosen.until)]


def test_budgets_are_said_in_whole_answers() -> None:
    words = [option.words for option in budget_options(green_request(), ASKED)]

    assert words == ["20 bits, 4 answers", "15 bits, 3 answers", "5 bits, 1 answer"]


def test_what_reads_otherwise_is_named_with_its_part() -> None:
    card = green_request()
    moved = replace(card, destination="elsewhere", cost_per_answer=MicroBits(6_000_000))

    found = changes(card, moved)

    assert [(one.part, one.label) for one in found] == [(4, "Told per answer"), (7, "Destination")]
    assert changes(card, card) == ()


def test_a_session_remembers_a_bounded_number_of_cards() -> None:
    shown, card = ShownCards(), green_request()
    for at in range(MAX_SHOWN + 1):
        shown.remember(replace(card, digest=str(at)))

    assert shown.recall("0") is None
    assert shown.recall(str(MAX_SHOWN)) is not None
