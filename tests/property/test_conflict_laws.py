"""Laws of versions: every replica shows the same, and nothing that stands is dropped."""

from hypothesis import assume, given
from hypothesis import strategies as st

from sealhold.sharing.devices.conflict import Version, Versions, heads, resolution, standing
from sealhold.sharing.devices.logicaltime import LogicalTime

THING = b"t" * 16
DEVICES = [bytes([n]) * 16 for n in (1, 2, 3)]


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Draw versions made by devices that each know some of those before."""
    made: list[Version] = []
    for number in range(draw(st.integers(0, 9))):
        known = draw(st.sets(st.sampled_from(made))) if made else set()
        latest = max((each.time.ms for each in known), default=0)
        made.append(
            Version(
                id=number.to_bytes(16, "big"),
                object=THING,
                parents=frozenset(each.id for each in heads(known)),
                time=LogicalTime(latest + draw(st.integers(1, 2)), 0),
                device=draw(st.sampled_from(DEVICES)),
                content=draw(st.sampled_from([None, b"x", b"y", b"z"])),
            )
        )
    return made


anything = st.builds(
    Version,
    id=st.sampled_from([bytes([n]) * 16 for n in range(4)]),
    object=st.just(THING),
    parents=st.frozensets(st.sampled_from([bytes([n]) * 16 for n in range(4)])),
    time=st.builds(LogicalTime, st.integers(0, 2), st.just(0)),
    device=st.sampled_from(DEVICES),
    content=st.sampled_from([None, b"x", b"y"]),
)


@given(histories() | st.lists(anything, max_size=8), st.randoms(use_true_random=False))
def test_the_same_versions_in_any_order_stand_the_same(made: list[Version], chance: object) -> None:
    shuffled = made + made[:2]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # reason: hypothesis has no type for it

    assert Versions(shuffled).standing(THING) == standing(made)


@given(histories())
def test_content_that_nobody_followed_stands(made: list[Version]) -> None:
    stands = standing(made)
    followed = {parent for each in made for parent in each.parents}
    own = [each.content for each in (stands.shown, *stands.siblings) if each]

    for each in made:
        if each.id not in followed:
            assert each.id in stands.heads
            assert each.content is None or each.content in own


@given(histories())
def test_shown_is_the_greatest_of_what_stands_and_a_delete_never_beats_an_edit(
    made: list[Version],
) -> None:
    stands = standing(made)
    alive = [each for each in heads(made) if each.content is not None]

    if stands.shown is None:
        assert not alive
    else:
        greatest = max((each.time, each.device) for each in alive)
        assert (stands.shown.time, stands.shown.device) == greatest
    assert stands.is_deleted == (bool(made) and not alive)
    assert stands.is_edit_over_delete == (bool(alive) and bool(stands.deletes))


@given(histories(), st.data())
def test_a_resolution_ends_the_conflict_in_favour_of_what_was_chosen(
    made: list[Version], data: st.DataObject
) -> None:
    stand = heads(made)
    assume(stand)
    chosen = data.draw(st.sampled_from(stand))

    found = resolution(standing(made), chosen.id)
    ending = Version(
        id=b"e" * 16,
        object=THING,
        parents=found.parents,
        time=LogicalTime(99, 0),
        device=DEVICES[0],
        content=found.content,
    )
    after = standing([*made, ending])

    assert found.content == chosen.content
    assert (after.siblings, after.heads) == ((), frozenset([ending.id]))


@given(st.lists(anything, min_size=1, max_size=8))
def test_versions_that_follow_each_other_in_a_circle_still_stand(made: list[Version]) -> None:
    assert heads(made)
