"""Collections on several devices: what is written on one is on the others after an exchange."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.seal import new_key
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keybag import BagKey
from tests.unit.replicas import Device, Shelf, devices


@pytest.fixture
def pair() -> Iterator[list[Device]]:
    with devices(2) as found:
        yield found


def add(device: Device, name: str, text: bytes) -> bytes:
    """Write a new file, and return its id."""
    draft = Draft(device.replica)
    thing = draft.add(name)
    draft.put(thing, Content(kind=Kind.FILE, size=len(text), inline=text), ())
    draft.commit()
    return thing


def shown(device: Device) -> dict[str, bytes]:
    """Return the files of a device, by their paths."""
    state = device.replica.state
    found: dict[str, bytes] = {}
    for thing, each in state.tree.shown(state.versions.edited_over_deletes()).items():
        standing = state.versions.standing(thing)
        assert standing.shown is not None
        found["/".join(each.path)] = state.content(standing.shown.id).inline or b""
    return found


def test_what_one_device_writes_the_other_has_after_an_exchange(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    add(one, "letter.txt", b"dear all")
    one.sync(shelf)
    other.sync(shelf)
    assert shown(other) == {"letter.txt": b"dear all"} == shown(one)


def test_both_directions_meet_and_a_second_exchange_moves_nothing(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    add(one, "a.txt", b"a")
    add(other, "b.txt", b"b")
    for device in (one, other, one):
        device.sync(shelf)
    assert shown(one) == shown(other) == {"a.txt": b"a", "b.txt": b"b"}
    before = dict(shelf.kept)
    for device in (one, other):
        taken, given = device.sync(shelf)
        assert (taken.taken, given.given, taken.troubles) == (0, 0, [])
    assert shelf.kept == before


def test_a_start_from_the_rows_gives_the_same_state(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    add(one, "a.txt", b"a")
    one.sync(shelf)
    other.sync(shelf)
    add(other, "b.txt", b"b")
    before = shown(other)
    other.replica.load()
    assert shown(other) == before


def test_an_erased_object_is_gone_from_both_and_its_keys_from_the_bag(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    thing = add(one, "secret.txt", b"a secret")
    add(one, "other.txt", b"stays")
    for device in (one, other):
        device.sync(shelf)
    entropy = one.replica.entropy
    bag = BagKey(entropy(16), new_key(entropy, "bag key"))
    one.replica.circle.bags[bag.id] = bag  # type: ignore[attr-defined]
    one.replica.erase([thing], bag)
    for device in (one, other):
        device.sync(shelf)
        assert "other.txt" in shown(device)
        assert "secret.txt" not in shown(device)
        device.replica.load()
        assert not [name for name in device.replica.state.keys if name.object == thing]


def test_a_delete_reaches_the_other_device_and_an_edit_beside_it_wins(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    kept, gone = add(one, "kept.txt", b"first"), add(one, "gone.txt", b"x")
    for device in (one, other):
        device.sync(shelf)
    draft = Draft(one.replica)
    draft.delete(kept)
    draft.delete(gone)
    draft.commit()
    edit = Draft(other.replica)
    parents = other.replica.state.versions.standing(kept).heads
    edit.put(kept, Content(kind=Kind.FILE, size=6, inline=b"second"), parents)
    edit.commit()
    for device in (one, other, one):
        device.sync(shelf)
    assert shown(one) == shown(other) == {"kept.txt": b"second"}
    assert one.replica.state.versions.edited_over_deletes() == {kept}


def test_a_rename_sends_no_content(pair: list[Device]) -> None:
    one, other = pair
    shelf = Shelf()
    thing = add(one, "before.txt", b"x" * 4_000)
    for device in (one, other):
        device.sync(shelf)
    draft = Draft(other.replica)
    draft.move(thing, None, "after.txt")
    draft.commit()
    _, given = other.sync(shelf)
    one.sync(shelf)
    assert shown(one) == {"after.txt": b"x" * 4_000}
    assert given.given_bytes < 2_000
