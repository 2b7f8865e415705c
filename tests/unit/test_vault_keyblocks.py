"""Key blocks: slots are given out, marked, emptied and given out again; puts share no block."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import ConflictError, SealBrokenError
from sealhold.stores.spec import Delete, Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.keyblocks import (
    KEY_BLOCKS,
    REMEMBERED,
    Held,
    KeyBlocks,
    block_rows,
    open_block,
    record_keys,
)
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import EMPTY, FEW, SLOTS, For, Slot
from tests.unit.people_vault import Crowd, crowd


@pytest.fixture(scope="module")
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


@pytest.fixture
def keys(many: Crowd) -> SubjectKeys:
    return many.vault.core.keyring.subject(many.people.make(many.one).subject)


@pytest.fixture
def blocks(many: Crowd) -> KeyBlocks:
    return KeyBlocks(many.vault.core.store, many.vault.core.entropy)


def dek(number: int) -> bytes:
    return number.to_bytes(32, "big")


def held(blocks: KeyBlocks, keys: SubjectKeys, *places: Slot, wanted: int = 0) -> Held:
    found = blocks.hold(keys, places, wanted)
    assert isinstance(found, Held)
    return found


def put(many: Crowd, blocks: KeyBlocks, keys: SubjectKeys, count: int) -> list[Slot]:
    """Keep keys 1 to `count`, and return where."""
    mine = held(blocks, keys, wanted=count)
    places = [mine.put(dek(number), For.CURRENT) for number in range(1, count + 1)]
    many.commit(*mine.ops())
    mine.kept()
    mine.release()
    return places


def sizes(many: Crowd, keys: SubjectKeys) -> dict[int, int]:
    """Return how many slots each block of a person has up to its last key."""
    rows = [each for each in scan_all(many.store, KEY_BLOCKS) if each.row[0] == keys.subject]
    return {each.row[1]: len(open_block(keys, each.row[1], each)) for each in rows}


def test_64_keys_share_a_block_and_each_comes_out_again(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    places = put(many, blocks, keys, SLOTS + 1)

    assert [place.block for place in places] == [1] * SLOTS + [2]
    assert [place.slot for place in places] == [*range(SLOTS), 0]
    rows = block_rows(many.store, keys, places)
    found = [key.reveal() for key in record_keys(keys, For.CURRENT, places, rows)]
    assert found == [dek(number) for number in range(1, SLOTS + 2)]


def test_a_block_is_as_short_as_its_last_key_and_goes_with_it(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    places = put(many, blocks, keys, 3)
    assert sizes(many, keys) == {1: 3}
    for gone, left in ((places[2:], {1: 2}), (places[:2], {})):
        mine = held(blocks, keys, *gone)
        for place in gone:
            mine.free(place)
        many.commit(*mine.ops())
        mine.kept()
        mine.release()

        assert sizes(many, keys) == left


def test_an_emptied_slot_is_given_out_again(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    places = put(many, blocks, keys, SLOTS)
    mine = held(blocks, keys, places[7], wanted=1)
    mine.free(places[7])

    assert mine.put(dek(99), For.CURRENT) == places[7]
    assert sizes(many, keys) == {1: SLOTS}
    mine.release()


def test_puts_that_come_together_take_different_blocks(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    put(many, blocks, keys, 1)
    flights = [held(blocks, keys, wanted=1) for _ in range(5)]
    places = [flight.put(dek(9), For.CURRENT) for flight in flights]

    many.commit(*(op for flight in flights for op in flight.ops()))

    assert len({place.block for place in places}) == 5
    assert sum(sizes(many, keys).values()) == 6
    for flight in flights:
        flight.kept()
        flight.release()
    more = held(blocks, keys, wanted=1)
    assert more.put(dek(1), For.CURRENT).block in {place.block for place in places}
    more.release()


def test_who_needs_a_block_that_is_held_waits_until_it_is_let_go(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    (place,) = put(many, blocks, keys, 1)
    first = held(blocks, keys, place)

    waits = blocks.hold(keys, [place])

    assert not isinstance(waits, Held)
    assert not waits.done()
    first.release()
    assert waits.done()
    held(blocks, keys, place).release()


def test_a_change_that_failed_leaves_nothing_remembered(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    mine = held(blocks, keys, wanted=1)
    mine.put(dek(1), For.CURRENT)
    mine.release()

    assert sizes(many, keys) == {}
    assert put(many, blocks, keys, 1) == [Slot(1, 0)]


def test_a_key_is_for_what_its_slot_says(many: Crowd, blocks: KeyBlocks, keys: SubjectKeys) -> None:
    (place,) = put(many, blocks, keys, 1)
    mine = held(blocks, keys, place)
    mine.turn(place, For.OLDER)
    many.commit(*mine.ops())
    mine.release()
    rows = block_rows(many.store, keys, [place])

    assert [each.reveal() for each in record_keys(keys, For.OLDER, [place], rows)] == [dek(1)]
    for other in (For.CURRENT, For.ATTACHED):
        with pytest.raises(SealBrokenError):
            list(record_keys(keys, other, [place], rows))


@pytest.mark.parametrize("place", [Slot(1, 1), Slot(1, 64), Slot(1, -1), Slot(2, 0), Slot(-1, 0)])
def test_a_slot_without_a_key_gives_none(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys, place: Slot
) -> None:
    put(many, blocks, keys, 1)

    with pytest.raises(SealBrokenError):
        list(record_keys(keys, For.CURRENT, [place], block_rows(many.store, keys, [place])))
    mine = held(blocks, keys, place)
    for change in (mine.free, lambda at: mine.turn(at, For.OLDER)):
        with pytest.raises(ConflictError):
            change(place)
    mine.release()


def test_a_process_that_comes_later_finds_what_has_room(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    places = put(many, blocks, keys, SLOTS + 2)
    mine = held(blocks, keys, places[3])
    mine.free(places[3])
    many.commit(*mine.ops())
    mine.release()

    later = put(many, KeyBlocks(many.store, many.vault.core.entropy), keys, 2)

    assert len(set(later) - set(places)) == 1
    assert places[3] in later


def test_a_block_that_does_not_open_is_passed_over(
    many: Crowd, blocks: KeyBlocks, keys: SubjectKeys
) -> None:
    put(many, blocks, keys, 1)
    many.bend(Put(KEY_BLOCKS.name, (keys.subject, 1, 1, bytes(64))))
    fresh = KeyBlocks(many.store, many.vault.core.entropy)

    assert put(many, fresh, keys, 1) == [Slot(2, 0)]
    with pytest.raises(SealBrokenError):
        fresh.hold(keys, [Slot(1, 0)])
    held(fresh, keys, Slot(2, 0)).release()  # nothing stayed held
    many.bend(Delete(KEY_BLOCKS.name, (keys.subject, 1)))


def test_what_is_remembered_of_people_has_an_end(many: Crowd, keys: SubjectKeys) -> None:
    blocks = KeyBlocks(many.store, many.vault.core.entropy)
    room = blocks._room  # reason: only its size tells
    room.update({bytes([n >> 8, n & 255]) * 8: {1: 5} for n in range(REMEMBERED + 5)})  # type: ignore[misc]  # reason: ids of nobody

    put(many, blocks, keys, 1)

    assert len(room) == REMEMBERED
    assert room[keys.subject] == {1: FEW - 1}


def test_an_empty_slot_is_no_key() -> None:
    assert len(EMPTY) == 33
