"""The window of a recovery, case by case."""

from dataclasses import replace

import pytest

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.recovery import (
    DAY_MS,
    FRESH_MS,
    MAX_WINDOW_MS,
    NEVER,
    WAITING_MS,
    WINDOW_MS,
    Course,
    DeviceUse,
    Facts,
    NewPolicy,
    Notice,
    RecoveryPolicy,
    ShownShare,
    Standing,
    Veto,
    judged,
)

START = Instant(1_700_000_000_000)
RULES = RecoveryPolicy(generation=1, needed=3)
MINE = b"r" * 16
OWNER = Notice(recovery=MINE, heard=START)
HEIR = Notice(recovery=MINE, heard=START, by_heir=True)
ADMINS = frozenset({b"laptop", b"phone"})
VETO = Veto(recovery=MINE, device=b"laptop", verified=1_000, heard=Instant(START + DAY_MS))


def shown(count: int) -> tuple[ShownShare, ...]:
    return tuple(ShownShare(recovery=MINE, place=at, heard=START) for at in range(count))


def at(days: float, facts: Facts, notice: Notice = OWNER) -> Standing:
    return judged(RULES, notice, facts, Instant(START + int(days * DAY_MS)))


def known(
    shares: int = 3,
    *vetoes: Veto,
    policies: tuple[NewPolicy, ...] = (),
    uses: tuple[DeviceUse, ...] = (),
) -> Facts:
    return Facts(admins=ADMINS, shares=shown(shares), vetoes=vetoes, policies=policies, uses=uses)


def test_enough_shares_prevail_after_the_window() -> None:
    assert at(2.99, known(3)) == Standing(
        course=Course.HELD, holds_until=Instant(START + WINDOW_MS), named=None
    )
    assert at(3, known(3)).course is Course.PREVAILS
    assert at(300, known(2)) == Standing(course=Course.HELD, holds_until=NEVER, named=None)


def test_a_share_that_is_shown_twice_is_one() -> None:
    twice = Facts(admins=ADMINS, shares=shown(2) + shown(2))

    assert at(9, twice).course is Course.HELD


def test_a_veto_doubles_the_window_and_names_its_device() -> None:
    assert at(3, known(3, VETO)) == Standing(
        course=Course.HELD, holds_until=Instant(START + 2 * WINDOW_MS), named=b"laptop"
    )
    assert at(5.99, known(3, VETO)).course is Course.HELD
    assert at(6, known(3, VETO)).course is Course.PREVAILS


def test_one_share_more_prevails_over_a_veto_after_the_plain_window() -> None:
    assert at(2.99, known(4, VETO)).course is Course.HELD
    assert at(3, known(4, VETO)).course is Course.PREVAILS


@pytest.mark.parametrize(
    "veto",
    [
        pytest.param(replace(VETO, verified=None), id="without verification of the user"),
        pytest.param(replace(VETO, verified=FRESH_MS + 1), id="verified too long before"),
        pytest.param(replace(VETO, verified=-1), id="verified afterwards"),
        pytest.param(replace(VETO, device=b"printer"), id="of a device that may not administer"),
        pytest.param(replace(VETO, recovery=b"o" * 16), id="against another recovery"),
        pytest.param(replace(VETO, heard=Instant(START + WINDOW_MS)), id="after the window"),
        pytest.param(replace(VETO, heard=Instant(START - 1)), id="before the notice"),
    ],
)
def test_a_veto_that_does_not_count_changes_nothing(veto: Veto) -> None:
    assert at(3, known(3, veto)) == at(3, known(3))


def test_the_first_veto_is_the_one_that_is_named() -> None:
    other = Veto(recovery=MINE, device=b"phone", verified=0, heard=START)

    assert at(4, known(3, VETO, other)).named == b"phone"


def test_a_newer_policy_of_the_present_root_ends_a_recovery_until_it_has_prevailed() -> None:
    newer = NewPolicy(generation=2, heard=Instant(START + 2 * DAY_MS))
    same = NewPolicy(generation=1, heard=START)
    late = NewPolicy(generation=2, heard=Instant(START + 4 * DAY_MS))

    assert at(1, known(3, policies=(newer,))).course is Course.HELD
    assert at(9, known(3, policies=(newer,))).course is Course.ENDED
    assert at(9, known(3, policies=(same,))).course is Course.PREVAILS
    assert at(9, known(3, policies=(late,))).course is Course.PREVAILS


def test_an_heir_waits_from_the_last_use_of_an_own_device() -> None:
    def used(before: int, verified: int | None = 0) -> Facts:
        use = DeviceUse(device=b"phone", verified=verified, heard=Instant(START - before))
        return known(3, uses=(use,))

    assert at(9, used(WAITING_MS - 1), HEIR).course is Course.UNOPENED
    assert at(9, used(WAITING_MS), HEIR).course is Course.PREVAILS
    assert at(9, used(DAY_MS, verified=None), HEIR).course is Course.PREVAILS
    assert at(9, used(DAY_MS)).course is Course.PREVAILS  # not for the owner


def test_a_sign_of_life_ends_the_recovery_of_an_heir() -> None:
    use = DeviceUse(device=b"phone", verified=0, heard=Instant(START + 2 * DAY_MS))

    assert at(9, known(3, uses=(use,)), HEIR).course is Course.ENDED
    assert at(9, known(3, VETO), HEIR).named == b"laptop"


@pytest.mark.parametrize(("needed", "window"), [(0, 0), (1, -1), (1, MAX_WINDOW_MS + 1)])
def test_a_policy_that_cannot_be_kept_is_refused(needed: int, window: int) -> None:
    with pytest.raises(InvalidError):
        RecoveryPolicy(generation=1, needed=needed, window_ms=window)
