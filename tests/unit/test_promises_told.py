"""A run tells by name how each promise stands; and a transcript names what is random, no more."""

import pytest

from tests.promises import PROMISE, note_promises, outcomes_of, promises, standing
from tests.scenarios.people_site import Answer
from tests.scenarios.promised import STORIES
from tests.scenarios.transcribed import Transcript

ONE, TWO = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
JSON = {"content-type": "application/json", "date": "today"}


class Report:
    """What is left of a test."""

    def __init__(self, *marks: str) -> None:
        self.user_properties = [(PROMISE, mark) for mark in marks]


def test_there_are_eleven_and_each_has_its_story_on_both_stores() -> None:
    assert [*promises()] == [f"P{number}" for number in range(1, 12)]
    assert STORIES.keys() == promises().keys()
    for mark, story in STORIES.items():
        assert (story.__doc__ or "").startswith(f"{mark}: ")


def test_a_promise_holds_if_all_its_tests_did_and_is_told_by_name() -> None:
    stats = {"passed": [Report("P1"), Report("P1", "P5"), Report()], "skipped": [Report("P2")]}

    told = list(standing(outcomes_of(stats)))

    assert told == [
        "P1  holds: app keys lie under the vault's own (2 of 2 tests)",
        "P5  holds: a firewall before both stores (1 of 1 tests)",
    ]


@pytest.mark.parametrize("how", ["failed", "error"])
def test_one_test_that_failed_is_enough_for_a_promise_not_to_hold(how: str) -> None:
    stats = {"passed": [Report("P11")] * 5, how: [Report("P11")]}

    (told,) = standing(outcomes_of(stats))

    assert told.startswith("P11 DOES NOT HOLD: data tied to nobody stays outside")
    assert "(5 of 6 tests)" in told


def test_a_test_carries_its_promises_into_its_report(request: pytest.FixtureRequest) -> None:
    item = pytest.Function.from_parent(request.node.parent, name="x", callobj=lambda: None)
    item.add_marker(pytest.mark.promise("P3"))
    item.add_marker(pytest.mark.timeout(5))

    note_promises(item)

    assert item.user_properties == [(PROMISE, "P3")]


def told(*answers: tuple[str, str]) -> list[str]:
    """Return the transcript of some calls: a path, and the body that came."""
    found = Transcript()
    for path, body in answers:
        found.tell("GET", path, None, Answer(200, JSON, body.encode()))
    return found.lines


def test_what_is_random_or_of_the_moment_is_named_in_the_order_it_comes() -> None:
    first = told((f"/v1/subjects/{ONE}", f'{{"at": 1795359718875, "of": "{TWO}"}}'))
    second = told((f"/v1/subjects/{TWO}", f'{{"at": 1795359999999, "of": "{ONE}"}}'))

    assert first == second
    assert [line.strip() for line in first[0].splitlines()] == [
        "GET /v1/subjects/<id 1>",
        "200 {'content-type': 'application/json'}",
        '{"at": <time>, "of": "<id 2>"}',
    ]


@pytest.mark.parametrize(
    "other",
    [
        (f"/v1/subjects/{ONE}", f'{{"of": "{ONE}", "n": 1}}'),  # the same id, not another one
        (f"/v1/subjects/{ONE}", f'{{"of": "{TWO}", "n": 2}}'),
        (f"/v1/subjects/{ONE}/profile", f'{{"of": "{TWO}", "n": 1}}'),
        (f"/v1/subjects/{ONE}", f'{{"of": "{TWO}", "n": 1, "more": null}}'),
        (f"/v1/subjects/{ONE}", ""),
    ],
)
def test_all_else_is_compared(other: tuple[str, str]) -> None:
    assert told((f"/v1/subjects/{ONE}", f'{{"of": "{TWO}", "n": 1}}')) != told(other)
