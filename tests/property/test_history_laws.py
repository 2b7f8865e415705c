"""Laws of history and profiles: what must stay stays, and what a time looked like comes back."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.quantities import DAY, Instant, utc
from sealhold.sharing.devices.conflict import Version, heads, standing
from sealhold.sharing.devices.history import RULE, restored, standing_at, to_drop, tree_at
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.namespace import Tree
from sealhold.sharing.devices.profile import Choice, Item, Profile, Which, choose
from sealhold.sharing.devices.treeops import ROOT, delete, move, place

NOW = Instant(1_700_000_000_000)
THING, DEVICE = b"t" * 16, b"d" * 16
LASTING = frozenset([b"S" * 16])


@st.composite
def chains(draw: st.DrawFn) -> list[Version]:
    """Draw the versions of one file over years, each following the one before."""
    ages = sorted(draw(st.sets(st.integers(-DAY, 900 * DAY), max_size=40)), reverse=True)
    return [
        Version(
            id=number.to_bytes(16, "big"),
            object=THING,
            parents=frozenset([(number - 1).to_bytes(16, "big")] if number else ()),
            time=LogicalTime(NOW - age, 0),
            device=DEVICE,
            content=draw(st.sampled_from([None, b"x", b"y"])),
        )
        for number, age in enumerate(ages)
    ]


@given(chains(), st.sets(st.integers(0, 40)))
def test_what_is_young_held_or_stands_is_never_dropped(
    versions: list[Version], numbers: set[int]
) -> None:
    held = {number.to_bytes(16, "big") for number in numbers}

    dropped = to_drop(versions, NOW, held=held)

    assert not dropped & held
    assert not dropped & {each.id for each in heads(versions)}
    assert all(NOW - each.time.ms >= RULE.every for each in versions if each.id in dropped)


@given(chains())
def test_each_old_day_and_each_month_before_keeps_its_last_version(
    versions: list[Version],
) -> None:
    dropped = to_drop(versions, NOW)

    last: dict[object, Version] = {}
    for each in versions:
        age = NOW - each.time.ms
        if each.content is None:
            continue
        day = utc(Instant(each.time.ms)).date()
        if age >= RULE.daily:
            last[day.year, day.month] = each
        elif age >= RULE.every:
            last[day] = each
    old = {each.id for each in versions if NOW - each.time.ms >= RULE.every}
    kept = old - dropped - {each.id for each in versions if each.content is None}
    wanted = {each.id for each in last.values()} | {each.id for each in heads(versions)}
    assert kept <= wanted
    assert not wanted & dropped


@given(chains(), st.integers(0, 30))
def test_thinning_twice_is_thinning_once(versions: list[Version], days: int) -> None:
    later = Instant(NOW + days * DAY)

    assert to_drop(versions, NOW) <= to_drop(versions, later) | {
        each.id for each in versions if each.content is None
    }
    assert to_drop(list(reversed(versions)), NOW) == to_drop(versions, NOW)


@given(chains(), st.integers(-DAY, 900 * DAY))
def test_a_file_stood_at_a_time_as_its_last_version_until_then_says(
    versions: list[Version], age: int
) -> None:
    at = Instant(NOW - age)
    until = [each for each in versions if each.time.ms <= at]

    assert standing_at(versions, at) == standing(until)
    assert not until or standing_at(versions, at).heads == {until[-1].id}


def test_a_folder_is_restored_with_the_names_and_contents_of_then() -> None:
    folder, file, other = (bytes([n]) * 16 for n in (1, 2, 3))
    ops = [
        place(folder, ROOT, "trip", LogicalTime(1, 0), DEVICE, is_folder=True),
        place(file, folder, "old", LogicalTime(2, 0), DEVICE),
        place(other, ROOT, "beside", LogicalTime(3, 0), DEVICE),
        move(file, LogicalTime(8, 0), DEVICE, parent=ROOT, name="new"),
        delete(folder, LogicalTime(9, 0), DEVICE),
    ]
    made = {
        file: [_version(10, file, 2, b"then"), _version(11, file, 7, b"now", 10)],
        other: [_version(12, other, 3, b"other")],
    }

    def versions(thing: bytes) -> list[Version]:
        return made.get(thing, [])

    then = restored(ops, versions, Instant(5), top=folder)
    whole = restored(ops, versions, Instant(5), dropped={made[file][0].id})

    assert {each.path for each in then.shown.values()} == {("trip",), ("trip", "old")}
    assert then.versions == {file: made[file][0]}
    assert set(whole.versions) == {other}
    assert whole.dropped == {file}
    assert restored(ops, versions, Instant(9)).shown.keys() == {file, other}
    assert restored(ops, versions, Instant(9), top=folder).shown == {}
    assert tree_at(ops, Instant(9)).shown() == Tree(ops).shown()


def _version(number: int, thing: bytes, ms: int, content: bytes, after: int = 0) -> Version:
    return Version(
        id=bytes([number]) * 16,
        object=thing,
        parents=frozenset([bytes([after]) * 16]),
        time=LogicalTime(ms, 0),
        device=DEVICE,
        content=content,
    )


profiles = st.one_of(
    st.builds(
        Profile,
        which=st.sampled_from([Which.ALL, Which.INDEX]),
        tags=st.frozensets(st.sampled_from("ab")),
        budget=st.none() | st.integers(0, 60),
    ),
    st.builds(
        Profile,
        which=st.just(Which.RECENT),
        days=st.integers(1, 30),
        budget=st.none() | st.integers(0, 60),
    ),
)
items = st.lists(
    st.builds(
        Item,
        version=st.integers(0, 1 << 40).map(lambda n: n.to_bytes(16, "big")),
        size=st.integers(0, 20),
        used=st.integers(0, 60).map(lambda days: Instant(NOW - days * DAY)),
        is_here=st.booleans(),
        is_pinned=st.booleans(),
        is_pending=st.booleans(),
        tags=st.frozensets(st.sampled_from("abc")),
        holders=st.frozensets(st.sampled_from([b"S" * 16, b"P" * 16])),
    ),
    max_size=12,
    unique_by=lambda each: each.version,
)


@given(profiles, items)
def test_a_content_that_is_let_go_is_held_by_one_that_keeps_all(
    profile: Profile, all_of: list[Item]
) -> None:
    choice = choose(profile, all_of, LASTING, NOW)

    by_id = {each.version: each for each in all_of}
    for version in choice.evict:
        assert by_id[version].is_here
        assert by_id[version].holders & LASTING
        assert not by_id[version].is_pending
    assert not any(by_id[version].is_here for version in choice.fetch)


@given(profiles, items)
def test_a_device_stays_within_its_budget_but_for_what_nobody_else_keeps(
    profile: Profile, all_of: list[Item]
) -> None:
    choice = choose(profile, all_of, LASTING, NOW)

    after = sum(each.size for each in all_of if _is_there(each, choice))
    if profile.budget is not None:
        assert after - choice.over <= profile.budget
        bound = sum(it.size for it in all_of if it.is_here and it.version not in choice.evict)
        assert choice.over <= bound
    else:
        assert choice.over == 0


@given(profiles, items)
def test_a_choice_is_the_same_in_any_order_and_once_done_nothing_is_left_to_do(
    profile: Profile, all_of: list[Item]
) -> None:
    choice = choose(profile, all_of, LASTING, NOW)
    done = [
        Item(
            version=each.version,
            size=each.size,
            used=each.used,
            is_here=_is_there(each, choice),
            is_pinned=each.is_pinned,
            is_pending=each.is_pending,
            tags=each.tags,
            holders=each.holders | LASTING,
        )
        for each in all_of
        if each.holders & LASTING
    ]
    alone = choose(profile, [each for each in all_of if each.holders & LASTING], LASTING, NOW)

    assert choose(profile, list(reversed(all_of)), LASTING, NOW) == choice
    if len(done) == len(all_of) and not any(each.is_pending for each in all_of):
        again = choose(profile, done, LASTING, NOW)
        assert (alone, again.fetch, again.evict) == (choice, (), ())


def _is_there(item: Item, choice: Choice) -> bool:
    return (item.is_here or item.version in choice.fetch) and item.version not in choice.evict
