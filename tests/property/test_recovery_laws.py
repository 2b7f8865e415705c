"""Laws of a recovery's window: no veto decides, no order matters, and what is over stays over."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.quantities import Instant
from sealhold.sharing.devices.recovery import (
    DAY_MS,
    FRESH_MS,
    NEVER,
    Course,
    DeviceUse,
    Facts,
    NewPolicy,
    Notice,
    RecoveryPolicy,
    ShownShare,
    Veto,
    judged,
)

START = Instant(1_700_000_000_000)
MINE, OTHER = b"r" * 16, b"o" * 16
ADMINS = frozenset({b"laptop", b"phone"})

times = st.integers(-2, 20).map(lambda half: Instant(START + half * DAY_MS // 2))
recoveries = st.sampled_from([MINE, MINE, MINE, OTHER])
freshness = st.sampled_from([None, 0, FRESH_MS, FRESH_MS + 1, -1])
vetoes = st.builds(
    Veto,
    recovery=recoveries,
    device=st.sampled_from([b"laptop", b"phone", b"removed"]),
    verified=freshness,
    heard=times,
)
shares = st.builds(ShownShare, recovery=recoveries, place=st.integers(0, 4), heard=times)
policies = st.builds(NewPolicy, generation=st.integers(0, 3), heard=times)
uses = st.builds(DeviceUse, device=st.just(b"phone"), verified=freshness, heard=times)
facts = st.builds(
    Facts,
    admins=st.just(ADMINS),
    vetoes=st.lists(vetoes, max_size=4).map(tuple),
    shares=st.lists(shares, max_size=7).map(tuple),
    policies=st.lists(policies, max_size=1).map(tuple),
    uses=st.lists(uses, max_size=2).map(tuple),
)
rules = st.builds(
    RecoveryPolicy,
    generation=st.just(1),
    needed=st.integers(1, 4),
    window_ms=st.integers(0, 6).map(lambda half: half * DAY_MS // 2),
    waiting_ms=st.integers(0, 3).map(lambda days: days * DAY_MS),
)
notices = st.builds(Notice, recovery=st.just(MINE), heard=st.just(START), by_heir=st.booleans())


@given(rule=rules, notice=notices, known=facts, now=times, data=st.data())
def test_the_order_in_which_papers_come_changes_nothing(
    rule: RecoveryPolicy, notice: Notice, known: Facts, now: Instant, data: st.DataObject
) -> None:
    mixed = Facts(
        admins=known.admins,
        vetoes=tuple(data.draw(st.permutations(known.vetoes))),
        shares=tuple(data.draw(st.permutations(known.shares))) * 2,
        policies=known.policies,
        uses=tuple(data.draw(st.permutations(known.uses))),
    )

    assert judged(rule, notice, mixed, now) == judged(rule, notice, known, now)


@given(rule=rules, notice=notices, known=facts, now=times, later=times)
def test_what_prevailed_or_ended_stays_so(
    rule: RecoveryPolicy, notice: Notice, known: Facts, now: Instant, later: Instant
) -> None:
    before = judged(rule, notice, known, min(now, later)).course

    if before in (Course.PREVAILS, Course.ENDED):
        assert judged(rule, notice, known, max(now, later)).course is before


@given(rule=rules, notice=notices, known=facts, now=times)
def test_what_was_heard_later_changes_nothing_of_today(
    rule: RecoveryPolicy, notice: Notice, known: Facts, now: Instant
) -> None:
    today = Facts(
        admins=known.admins,
        vetoes=tuple(each for each in known.vetoes if each.heard <= now),
        shares=tuple(each for each in known.shares if each.heard <= now),
        policies=tuple(each for each in known.policies if each.heard <= now),
        uses=tuple(each for each in known.uses if each.heard <= now),
    )

    if now >= START:
        assert judged(rule, notice, known, now) == judged(rule, notice, today, now)


@given(rule=rules, known=facts)
def test_no_number_of_vetoes_holds_off_enough_shares_for_longer_than_two_windows(
    rule: RecoveryPolicy, known: Facts
) -> None:
    owner = Notice(recovery=MINE, heard=START)
    known = replace(known, policies=())
    shown = {each.place for each in known.shares if each.recovery == MINE}
    end = Instant(START + max(2 * rule.window_ms, 20 * DAY_MS))

    stands = judged(rule, owner, known, end)

    assert (stands.course is Course.PREVAILS) == (len(shown) >= rule.needed)
    assert stands.holds_until <= end or stands.holds_until == NEVER


@given(rule=rules, known=facts, now=times)
def test_nothing_prevails_within_the_window_or_with_too_few_shares(
    rule: RecoveryPolicy, known: Facts, now: Instant
) -> None:
    stands = judged(rule, Notice(recovery=MINE, heard=START), known, now)
    shown = {each.place for each in known.shares if each.recovery == MINE and each.heard <= now}

    if stands.course is Course.PREVAILS:
        assert now >= START + rule.window_ms
        assert len(shown) >= rule.needed
        if stands.named and now < START + 2 * rule.window_ms:
            assert len(shown) > rule.needed


@given(rule=rules, known=facts, now=times)
def test_a_second_veto_changes_nothing(rule: RecoveryPolicy, known: Facts, now: Instant) -> None:
    owner = Notice(recovery=MINE, heard=START)
    one = Veto(recovery=MINE, device=b"laptop", verified=0, heard=START)
    alone = judged(rule, owner, replace(known, vetoes=(one,)), now)
    more = judged(rule, owner, replace(known, vetoes=(*known.vetoes, one)), now)

    assert (more.course, more.holds_until) == (alone.course, alone.holds_until)
