"""Versions of a file on several devices: which is shown, and how a conflict ends."""

from typing import Any

import pytest

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.conflict import Version, Versions, resolution
from sealhold.sharing.devices.logicaltime import (
    MAX_MS,
    MAX_STEP,
    LogicalClock,
    LogicalTime,
    checked_time,
    following,
    is_skewed,
)
from sealhold.sharing.devices.profile import Item, Profile, Which, choose

NOTE = b"n" * 16
LAPTOP, PHONE = b"L" * 16, b"P" * 16


def version(
    number: int, *after: int, ms: int, device: bytes = LAPTOP, content: bytes | None = b"text"
) -> Version:
    return Version(
        id=bytes([number]) * 16,
        object=NOTE,
        parents=frozenset(bytes([each]) * 16 for each in after),
        time=LogicalTime(ms, 0),
        device=device,
        content=content,
    )


def test_edits_at_the_same_time_are_siblings_and_the_later_one_is_shown() -> None:
    of_laptop = version(2, 1, ms=20, content=b"by laptop")
    of_phone = version(3, 1, ms=20, device=PHONE, content=b"by phone")
    versions = Versions([version(1, ms=10), of_laptop, of_phone])

    assert versions.standing(NOTE).shown == of_phone
    assert versions.standing(NOTE).siblings == (of_laptop,)
    assert versions.in_conflict() == [NOTE]


def test_a_delete_that_did_not_know_of_an_edit_loses_and_is_told() -> None:
    edit = version(2, 1, ms=20)
    versions = Versions([version(1, ms=10), edit, version(3, 1, ms=99, device=PHONE, content=None)])

    found = versions.standing(NOTE)

    assert (found.shown, found.is_edit_over_delete, found.is_deleted) == (edit, True, False)
    assert versions.edited_over_deletes() == {NOTE}
    assert not found.is_in_conflict


def test_a_delete_that_knew_of_the_edit_holds() -> None:
    versions = Versions([version(1, ms=10), version(2, 1, ms=20, content=None)])

    assert versions.standing(NOTE).is_deleted
    assert versions.edited_over_deletes() == frozenset()


def test_the_same_edit_on_two_devices_is_no_conflict() -> None:
    versions = Versions([version(1, ms=10), version(2, ms=11, device=PHONE)])

    assert not versions.standing(NOTE).is_in_conflict
    assert len(versions.standing(NOTE).heads) == 2


def test_an_edit_of_what_is_shown_leaves_the_sibling_to_be_decided_on() -> None:
    versions = Versions([version(1, ms=10, content=b"a"), version(2, ms=11, content=b"b")])

    versions.add(version(3, 2, ms=12, content=b"c"))

    assert [each.content for each in versions.standing(NOTE).siblings] == [b"a"]


def test_what_does_not_stand_cannot_be_chosen() -> None:
    found = Versions([version(1, ms=10), version(2, 1, ms=11)]).standing(NOTE)

    with pytest.raises(InvalidError):
        resolution(found, bytes([1]) * 16)


def test_time_goes_on_when_the_clock_goes_back() -> None:
    told = iter([1_000, 400, 400, 2_000])
    clock = LogicalClock(lambda: Instant(next(told)))

    times = [clock.tick() for _ in range(4)]

    assert times == sorted(set(times))
    assert times[-1] == (2_000, 0)


def test_what_follows_a_time_of_another_device_is_after_it_however_fast_its_clock() -> None:
    clock = LogicalClock(lambda: Instant(1_000))

    clock.saw(LogicalTime(9_000_000, 7))

    assert clock.tick() == (9_000_000, 8)


def test_a_clock_that_is_days_off_is_flagged() -> None:
    assert is_skewed(LogicalTime(2 * DAY, 0), Instant(0))
    assert not is_skewed(LogicalTime(DAY, 0), Instant(0))


def test_steps_within_a_millisecond_flow_over_into_the_next() -> None:
    assert following(LogicalTime(5, MAX_STEP), Instant(0)) == (6, 0)


@pytest.mark.parametrize(
    "fields", [(-1, 0), (MAX_MS + 1, 0), (0, MAX_STEP + 1), (True, 0), ("1", 0)]
)
def test_what_is_no_time_is_refused(fields: tuple[object, object]) -> None:
    with pytest.raises(InvalidError):
        checked_time(*fields)


@pytest.mark.parametrize(
    "said",
    [{"which": Which.RECENT}, {"which": Which.ALL, "days": 3}, {"which": Which.ALL, "budget": -1}],
)
def test_a_profile_that_contradicts_itself_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        Profile(**said)


def test_a_device_of_few_files_fetches_what_is_pinned_first_and_keeps_what_it_alone_has() -> None:
    def item(number: int, **how: Any) -> Item:  # noqa: ANN401 - fields of an item
        fields: dict[str, Any] = {"size": 10, "used": Instant(number), "is_here": False, **how}
        return Item(version=bytes([number]) * 16, **fields)

    server = frozenset([b"S" * 16])
    items = [
        item(1, is_pinned=True, holders=server),
        item(2, holders=server),
        item(3, is_here=True, holders=server),
        item(4, is_here=True, holders=frozenset([PHONE])),
        item(5, is_here=True, holders=server, is_pending=True),
    ]

    found = choose(Profile(which=Which.INDEX, budget=30), items, server, Instant(9))

    assert found.fetch == (bytes([1]) * 16,)
    assert found.evict == (bytes([3]) * 16,)
    assert found.stuck == {bytes([4]) * 16, bytes([5]) * 16}
