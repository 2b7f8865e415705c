"""Letters between people: durable until they are left, taken once, kept where nobody is known."""

from collections.abc import Iterator

import pytest

from tests.unit.two_people import Person, people


@pytest.fixture(scope="module")
def both() -> Iterator[list[Person]]:
    with people("Anna", "Ben") as found:
        anna, ben = found
        anna.knows(ben), ben.knows(anna)
        yield found


def test_a_letter_reaches_somebody_while_both_are_seldom_on(both: list[Person]) -> None:
    anna, ben = both
    anna.letters.send(anna.one("Ben"), "note", b"first")

    assert ben.round().taken == 0  # it was not left yet
    assert anna.round().left == 1
    assert ben.round().taken == 1
    assert ben.got.pop() == ("Anna", b"first")
    assert ben.round().taken == 0
    assert anna.round().left == 0
