"""The carrier that lies does what its verbs say, so that tests which rely on it try something."""

import pytest

from sealhold.model.errors import ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting
from tests.lying import Liar, Verb

BOX = "m/" + "5e" * 16 + "/"
LOG = f"{BOX}log/{'0a' * 16}/"
ENTRIES = r".*/log/.*"


def entry(seq: int) -> ObjectName:
    return ObjectName(f"{LOG}{seq:016x}")


def seen(side: Carrier) -> list[bytes]:
    return [side.get(each.name) for each in side.list_after(BOX)]


def fill(side: Carrier, *numbers: int) -> None:
    for number in numbers:
        assert side.put_new(entry(number), b"entry %d" % number) is Putting.CREATED


def test_without_a_lie_it_carries() -> None:
    liar = Liar()
    one, two = liar.side("one"), liar.side("two")
    fill(one, 0, 1)

    assert seen(two) == [b"entry 0", b"entry 1"]
    assert two.entries(LOG, 1) == [b"entry 1"]
    assert two.put_new(entry(0), b"entry 0") is Putting.EXISTS
    assert two.put_new(entry(0), b"other") is Putting.TAKEN
    assert [each.name for each in two.heads(BOX).names] == [entry(1)]


def test_it_drops_what_it_says_it_kept() -> None:
    liar = Liar()
    liar.lie(Verb.DROP, ENTRIES, "one")
    fill(liar.side("one"), 0)

    assert seen(liar.side("one")) == []
    with pytest.raises(ObjectNotFoundError):
        liar.side("two").get(entry(0))


def test_it_delays_until_it_is_told_to_show() -> None:
    liar = Liar()
    liar.lie(Verb.DELAY)
    fill(liar.side("one"), 0)

    assert seen(liar.side("one")) == [b"entry 0"]
    assert seen(liar.side("two")) == []
    liar.release()
    assert seen(liar.side("two")) == [b"entry 0"]


def test_it_shows_the_later_before_the_earlier() -> None:
    liar = Liar()
    liar.lie(Verb.REORDER)
    fill(liar.side("one"), 0, 1)

    assert seen(liar.side("two")) == [b"entry 1"]
    fill(liar.side("one"), 2)
    assert seen(liar.side("two")) == [b"entry 0", b"entry 1"]


def test_it_replays_the_first_under_the_next_name() -> None:
    liar = Liar()
    fill(liar.side("one"), 0, 1)
    liar.lie(Verb.REPLAY)

    assert liar.side("two").entries(LOG, 0) == [b"entry 0", b"entry 1", b"entry 0"]


def test_it_rolls_back_to_the_mark_and_shows_nothing_since() -> None:
    liar = Liar()
    fill(liar.side("one"), 0)
    liar.mark()
    fill(liar.side("one"), 1)
    liar.lie(Verb.ROLL_BACK, r".*", "two")

    assert seen(liar.side("one")) == [b"entry 0", b"entry 1"]
    assert seen(liar.side("two")) == [b"entry 0"]


def test_it_forks_at_the_mark_and_takes_one_name_twice() -> None:
    liar = Liar()
    fill(liar.side("one"), 0)
    liar.mark()
    liar.lie(Verb.FORK)
    for name in ("one", "two"):
        assert liar.side(name).put_new(entry(1), name.encode()) is Putting.CREATED

    assert seen(liar.side("one")) == [b"entry 0", b"one"]
    assert seen(liar.side("two")) == [b"entry 0", b"two"]


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        (Verb.TRUNCATE, [b"ent", b"ent"]),
        (Verb.SWAP, [b"entry 1", b"entry 0"]),
    ],
)
def test_it_gives_other_bytes_than_were_put(verb: Verb, told: list[bytes]) -> None:
    liar = Liar()
    fill(liar.side("one"), 0, 1)
    liar.lie(verb, ENTRIES, "two")

    assert seen(liar.side("two")) == told
    assert seen(liar.side("one")) == [b"entry 0", b"entry 1"]


def test_it_forges_bytes_of_equal_length() -> None:
    liar = Liar()
    fill(liar.side("one"), 0)
    liar.lie(Verb.FORGE)
    [forged] = seen(liar.side("two"))

    assert len(forged) == len(b"entry 0")
    assert forged != b"entry 0"


def test_it_withholds_from_whom_it_is_told_to() -> None:
    liar = Liar()
    fill(liar.side("one"), 0, 1)
    liar.lie(Verb.WITHHOLD, r".*1", "two")

    assert seen(liar.side("two")) == [b"entry 0"]
    assert seen(liar.side("one")) == [b"entry 0", b"entry 1"]


def test_it_takes_two_of_one_name_and_tells_each_side_another() -> None:
    liar = Liar()
    liar.lie(Verb.EQUIVOCATE)
    for name in ("one", "two"):
        assert liar.side(name).put_new(entry(0), name.encode()) is Putting.CREATED

    assert seen(liar.side("one")) == [b"one"]
    assert seen(liar.side("two")) == [b"two"]


def test_it_floods_with_names_that_lead_nowhere() -> None:
    liar = Liar()
    fill(liar.side("one"), 0)
    liar.lie(Verb.FLOOD, r".*", "two")

    assert len(list(liar.side("two").list_after(BOX))) > 900
    assert seen(liar.side("one")) == [b"entry 0"]


def test_who_repents_tells_the_truth_of_what_was_kept() -> None:
    liar = Liar()
    liar.lie(Verb.WITHHOLD)
    liar.lie(Verb.DELAY)
    fill(liar.side("one"), 0)
    liar.repent()

    assert seen(liar.side("two")) == [b"entry 0"]
