"""Old versions go and their packs with them; what stands, is held or is named anew stays."""

import random

import pytest

from sealhold.model.errors import InvalidEncodingError
from sealhold.model.quantities import DAY
from sealhold.sharing.devices import tending
from sealhold.sharing.devices.ops import PackOp, ThinOp, decode, encode
from tests.unit.aged_devices import aged, box, packs, rewrite, rounds, tend
from tests.unit.replicas import Shelf


def text(seed: int, size: int = 200_000) -> bytes:
    return random.Random(seed).randbytes(size)


def test_versions_of_a_month_ago_are_thinned_once_and_everywhere() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, other = found
        thing = one.write("a.bin", text(0))
        for number in range(1, 4):
            time.now += 3_600_000
            rewrite(one, thing, text(number))
        rounds(found, shelf, 2)
        assert tending.to_thin(one.devices, one.files()) == {}
        time.now += 40 * DAY
        rounds(found, shelf, 2)
        drop = tending.to_thin(one.devices, one.files())
        assert {each: len(gone) for each, gone in drop.items()} == {thing: 3}
        assert tend(one, shelf).thinned == 3
        assert tend(one, shelf).thinned == 0
        rounds(found, shelf, 2)
        for each in found:
            state = each.files().replica.state
            assert state.thinned.of(state.versions) == set(drop[thing])
            assert tending.to_thin(each.devices, each.files()) == {}
            assert each.shown() == {"a.bin": text(3)}
            each.again()
        # what stands beside is told still: its row is there
        state = other.files().replica.state
        assert len(state.versions.of(thing)) == 4


def test_what_is_held_is_never_thinned_and_a_clock_that_is_behind_thins_nothing() -> None:
    with aged(1) as ((one,), time):
        thing = one.write("a.bin", text(0))
        rewrite(one, thing, text(1))
        rewrite(one, thing, text(2))
        time.now += 40 * DAY
        tending.hold(one.files(), thing, is_held=True)
        assert tending.to_thin(one.devices, one.files()) == {}
        tending.hold(one.files(), thing, is_held=False)
        assert tending.to_thin(one.devices, one.files())
        one.write("later.txt", b"x")
        time.now -= 3 * DAY
        assert tending.to_thin(one.devices, one.files()) == {}


def test_packs_that_are_mostly_dead_are_written_anew_and_go_a_day_later() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, _ = found
        thing = one.write("a.bin", text(0))
        both = text(100, 60_000)
        rewrite(one, thing, text(1, 500_000) + both)
        keep = rewrite(one, thing, both)
        rounds(found, shelf, 2)
        before = packs(one, shelf)
        tend(one, shelf)
        time.now += 40 * DAY
        rounds(found, shelf, 2)
        tend(one, shelf)
        time.now += 2 * DAY
        tend(one, shelf)
        rounds(found, shelf, 1)
        time.now += 2 * DAY
        rounds(found, shelf, 1)
        done = tend(one, shelf)
        assert done.deleted >= 2
        after = packs(one, shelf)
        assert sum(after.values()) < sum(before.values()) / 3
        for each in found:
            assert each.shown() == {"a.bin": both}
            each.again()
            rounds([each], shelf, 1)
            assert each.shown() == {"a.bin": both}
        assert one.files().replica.state.versions.standing(thing).shown is not None
        assert keep in one.files().replica.state


def test_a_pack_stays_while_a_device_that_was_away_names_what_was_to_go() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, away = found
        thing = one.write("a.bin", text(0))
        rewrite(one, thing, text(1))
        rewrite(one, thing, text(2))
        rounds(found, shelf, 2)
        time.now += 40 * DAY
        rounds(found, shelf, 2)
        tend(one, shelf)
        time.now += 2 * DAY
        tend(one, shelf)
        rounds([one], shelf, 1)
        time.now += 2 * DAY
        assert one.files().replica.state.packs.said
        # the other one puts an old content back, unheard of: its chunks are known, so none is sent
        rewrite(away, thing, text(0))
        assert tend(one, shelf).deleted == 0
        rounds([away, one, away], shelf, 2)
        time.now += 2 * DAY
        tend(one, shelf)
        rounds(found, shelf, 2)
        time.now += 2 * DAY
        tend(one, shelf)
        for each in found:
            each.again()
            rounds([each], shelf, 1)
            assert each.shown() == {"a.bin": text(0)}


def test_a_pack_that_comes_before_the_entry_that_names_it_is_not_taken_for_dead() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, other = found
        rounds(found, shelf, 2)
        other.write("b.bin", text(5))
        opened = other.files()
        opened.bodies.give(shelf, box(other.files()), [])
        assert len(packs(one, shelf)) == 1
        done = tend(one, shelf)
        assert (done.dead, done.rewritten) == (0, 0)
        rounds(found, shelf, 2)
        time.now += 2 * DAY
        assert tend(one, shelf).dead == 0
        assert one.shown() == {"b.bin": text(5)}


@pytest.mark.parametrize(
    "told",
    [
        [7, bytes(16), []],
        [7, bytes(16), [b"short"]],
        [7, bytes(15), [bytes(16)]],
        [8, bytes(32), None, [[0, 1]]],
        [8, bytes(32), bytes(32), [[0, 1]]],
        [8, bytes(32), b"n" * 32, []],
        [8, bytes(32), b"n" * 32, [[0, -1]]],
        [8, bytes(32), b"n" * 32, [[0, 1 << 23]]],
        [8, bytes(31), None, []],
    ],
    ids=range(9),
)
def test_what_is_not_as_it_must_be_is_refused(told: list[object]) -> None:
    with pytest.raises(InvalidEncodingError):
        decode(told)


def test_operations_come_back_as_they_were() -> None:
    for op in (
        ThinOp(b"o" * 16, (b"v" * 16, b"w" * 16)),
        PackOp(b"a" * 32, None, ()),
        PackOp(b"a" * 32, b"b" * 32, ((37, 40), (99, 1_000))),
    ):
        assert decode(encode(op)) == op
