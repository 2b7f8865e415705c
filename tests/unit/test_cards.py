"""Recovery cards: any that are enough give the secret, whatever else is among them."""

from collections.abc import Callable
from itertools import combinations
from os import urandom

import pytest

from sealhold.crypto import cards
from sealhold.crypto.secret import Secret
from sealhold.model.errors import CardError, InvalidError

SECRET = Secret(bytes(range(32)), "recovery secret")


@pytest.fixture(scope="module")
def made() -> tuple[str, ...]:
    return cards.make(SECRET, 3, 5, urandom)


def test_any_three_of_five_cards_give_the_secret(made: tuple[str, ...]) -> None:
    assert {len(card.split()) for card in made} == {33}
    assert len(set(made)) == 5
    for chosen in combinations(made, 3):
        assert cards.join(reversed(chosen)) == SECRET
    assert cards.join(made) == SECRET
    assert cards.join([made[0].upper(), *made]) == SECRET  # one twice, as it was shouted


@pytest.mark.parametrize(("needed", "count"), [(2, 2), (2, 16), (16, 16), (5, 8)])
def test_sets_of_each_size_work(needed: int, count: int) -> None:
    made = cards.make(SECRET, needed, count, urandom)

    assert cards.join(made[-needed:]) == SECRET


@pytest.mark.parametrize(("needed", "count"), [(1, 1), (1, 5), (3, 2), (2, 17), (0, 3), (-1, 4)])
def test_sets_that_none_can_have_are_refused(needed: int, count: int) -> None:
    with pytest.raises(InvalidError):
        cards.make(SECRET, needed, count, urandom)


def test_too_few_cards_are_told_how_many_lack(made: tuple[str, ...]) -> None:
    with pytest.raises(CardError, match="3 cards are needed, 2 were given"):
        cards.join([made[1], made[1], made[4]])
    with pytest.raises(CardError, match="no card"):
        cards.join([])


def test_cards_of_two_sets_do_not_join(made: tuple[str, ...]) -> None:
    other = cards.make(SECRET, 3, 5, urandom)

    with pytest.raises(CardError):
        cards.join([made[0], made[1], other[2]])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda words: ["acid", *words[1:]], "card 2: a word is wrong"),
        (lambda words: [words[1], words[0], *words[2:]], "card 2: a word is wrong"),
        (lambda words: words[:-1], "card 2: a word is wrong"),
        (lambda words: words[:5], "card 2: 5 words"),
        (lambda words: ["sealhold", *words[1:]], "card 2: `sealhold` is on no card"),
    ],
)
def test_a_card_that_was_copied_wrong_is_named(
    made: tuple[str, ...], wrong: Callable[[list[str]], list[str]], told: str
) -> None:
    words = " ".join(wrong(made[2].split()))
    if words == made[2]:
        pytest.fail("the card was not changed")

    with pytest.raises(CardError, match=told):
        cards.join([made[0], words, made[4]])
