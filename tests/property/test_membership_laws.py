"""Laws of a membership log: one state for one set of entries, whatever order and quarrel."""

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.memberentries import EntryId, EntryKind, Setting
from sealhold.sharing.devices.membership import MembershipLog, state
from sealhold.sharing.devices.memberstate import Membership, Standing
from sealhold.sharing.devices.strikes import Verdict, judge
from tests.unit.member_devices import COLLECTION, ROOT_ID, device
from tests.unit.member_story import Story, family

NAMES = ("laptop", "desk", "server", "phone")
KINDS = ("remove", "remove", "add", "role", "epoch", "policy", "enter")

Step = tuple[int, int, int, int, tuple[int, ...]]  # kind, actor, other, number, behind which
steps = st.lists(
    st.tuples(
        st.integers(0, len(KINDS) - 1),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(10, 13),
        st.lists(st.integers(0, 30), max_size=3).map(tuple),
    ),
    max_size=12,
)


def told(some: Sequence[Step]) -> Story:
    """Return a log in which devices act behind whatever they saw, whether they may or not."""
    story = family()
    known: list[EntryId] = list(story.data)
    for kind, one, two, number, behind in some:
        actor, other = NAMES[one], NAMES[two]
        after = {known[each % len(known)] for each in behind} or set(story.log.heads)
        after |= {story.grants.get(actor, known[0])}
        act = KINDS[kind]
        try:
            if act == "remove":
                found = story.remove(actor, other, after)
            elif act == "add":
                found = story.add(actor, other, number, after=after)
            elif act == "role":
                found = story.role(actor, other, number, Role.FULL, after)
            elif act == "epoch":
                found = story.epoch(actor, "efgh"[number % 4], " ".join(NAMES[: one + 1]), after)
            elif act == "policy":
                found = story.policy(actor, "rule", bytes([number]), after)
            else:
                found = story.enter(actor, number, after)
        except (KeyError, ValueError, TamperedError):
            continue
        known.append(found)
    return story


@given(steps, st.randoms(use_true_random=False))
def test_entries_come_to_one_state_in_whatever_order_they_arrive(
    some: list[Step], chance: Random
) -> None:
    story = told(some)
    mixed = list(story.data.values())
    chance.shuffle(mixed)

    assert state(mixed, COLLECTION, ROOT_ID) == story.state()


@given(steps, st.integers(0, 30))
def test_the_state_at_a_point_is_that_of_a_log_that_ends_there(
    some: list[Step], number: int
) -> None:
    story = told(some)
    at = list(story.data)[number % len(story.data)]
    log = MembershipLog(COLLECTION, ROOT_ID)
    before = [at]
    for each in before:
        before += [one for one in story.log.entry(each).draft.parents if one not in before]
    for each in reversed(before):
        log.add(story.data[each])

    assert log.state() == story.state([at])


@given(steps, st.sampled_from(NAMES), st.integers(0, 30), st.integers(0, 3))
def test_nothing_that_a_removed_device_adds_anywhere_is_of_effect(
    some: list[Step], name: str, number: int, act: int
) -> None:
    """Behind its removal or before it, whatever it says but a removal of somebody else."""
    story = told(some)
    before = story.state()
    member = before.members.get(device(name).id)
    if member is None or member.standing is not Standing.REMOVED or name not in story.grants:
        return
    grant = story.grants[name]
    nth = [*story.data][number % len(story.data)]
    places = [story.log.heads, {nth, grant}, {grant}]
    after = places[number % len(places)]
    if act == 0:
        story.add(name, "tablet", 20, after=after)
    elif act == 1:
        story.epoch(name, "x", "laptop", after)
    else:
        story.policy(name, f"thief {act}", b"x", after)

    assert effects(story.state()) == effects(before)


@given(steps)
def test_an_epoch_that_wins_was_given_to_those_alone_who_hold_keys(some: list[Step]) -> None:
    found = told(some).state()

    assert found.epoch is None or found.epoch.recipients <= found.holders().keys()


@given(steps)
def test_whoever_writes_behind_all_counts_if_it_is_an_admin_in_good_standing(
    some: list[Step],
) -> None:
    story = told(some)
    before = story.state()
    for name in NAMES:
        grant = before.admin_grant(device(name).id)
        if grant is None:
            continue
        body = Setting(f"by {name}", b"1")
        found = story.put(name, EntryKind.POLICY, body, grant=grant)
        assert found not in story.state().void
        assert story.state().policies[f"by {name}"] == b"1"


@given(
    st.dictionaries(st.integers(0, 8), st.frozensets(st.integers(0, 8)), min_size=1),
    st.permutations(range(9)),
)
def test_removals_are_judged_alike_whatever_they_are_called(
    drawn: dict[int, frozenset[int]], names: list[int]
) -> None:
    voided_by = {each: (others & drawn.keys()) - {each} for each, others in drawn.items()}
    verdicts, rings = judge(voided_by, frozenset())

    for each, others in voided_by.items():
        ended = {verdicts[other] for other in others}
        if verdicts[each] is Verdict.COUNTS:
            assert ended <= {Verdict.VOID}
        elif verdicts[each] is Verdict.VOID:
            assert ended - {Verdict.VOID}
        else:
            (ring,) = (ring for ring in rings if each in ring)
            assert others & ring
            assert all(verdicts[other] is Verdict.VOID for other in others - ring)
    renamed = {names[each]: {names[other] for other in voided_by[each]} for each in voided_by}
    again, _ = judge(renamed, frozenset())
    assert again == {names[each]: verdict for each, verdict in verdicts.items()}


def effects(found: Membership) -> object:
    """Return all that others act on."""
    return (
        {device: (member.standing, member.certificate) for device, member in found.members.items()},
        found.epoch,
        found.policies,
        found.tokens,
        found.ledgers,
    )
