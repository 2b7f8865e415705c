"""Attacks on what devices exchange, by a carrier that does as it likes and by other members."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.seal import new_key
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import (
    BadSignatureError,
    SealBrokenError,
    SealholdError,
)
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keybag import BagKey, open_segment, segment_key
from sealhold.sharing.devices.oplog import Place, Told, open_entry, seal_entry
from sealhold.sharing.devices.ops import KeysOp
from tests.unit.replicas import COLLECTION, Device, Everybody, Shelf, devices

SECRET = b"a word that nobody else may read"


@pytest.fixture
def three() -> Iterator[list[Device]]:
    with devices(3) as found:
        yield found


def write(device: Device, name: str = "a.txt", text: bytes = SECRET) -> bytes:
    draft = Draft(device.replica)
    thing = draft.add(name)
    draft.put(thing, Content(kind=Kind.FILE, size=len(text), inline=text), ())
    draft.commit()
    return thing


def entries(shelf: Shelf) -> list[str]:
    """Return the names of entries, greetings apart."""
    return [each for each in sorted(shelf.kept) if "/log/" in each and not each.endswith("0" * 16)]


def taken(device: Device) -> int:
    return sum(device.replica.book.head(log).seq for log in device.replica.book.logs())


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.threat("T489")
def test_an_entry_with_any_byte_changed_is_taken_by_nobody(three: list[Device]) -> None:
    one, other, _ = three
    shelf = Shelf()
    write(one)
    one.sync(shelf)
    (name,) = entries(shelf)
    whole = shelf.kept[name]
    for at in range(0, len(whole), 7):
        shelf.kept[name] = flipped(whole, at)
        report, _ = other.sync(shelf)
        assert report.taken == 0
        assert report.troubles
    shelf.kept[name] = whole
    assert other.sync(shelf)[0].taken == 1


def changed(how: str, first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """Return two entries as a carrier gives them."""
    return {
        "swapped": (second, first),
        "repeated": (first, first),
        "skipped": (second, second),
        "cut": (first, second[:-16]),
        "longer": (first, second + bytes(16)),
        "halved": (first[: len(first) // 2], second),
        "empty": (first, b""),
    }[how]


@pytest.mark.threat("T489")
@pytest.mark.parametrize(
    "how", ["swapped", "repeated", "skipped", "cut", "longer", "halved", "empty"]
)
def test_entries_that_were_moved_or_cut_do_not_follow(three: list[Device], how: str) -> None:
    one, other, _ = three
    shelf = Shelf()
    write(one, "a.txt")
    write(one, "b.txt")
    one.sync(shelf)
    first, second = entries(shelf)
    honest = (shelf.kept[first], shelf.kept[second])
    shelf.kept[first], shelf.kept[second] = changed(how, *honest)
    report, _ = other.sync(shelf)
    assert report.troubles
    assert taken(other) < 2
    shelf.kept[first], shelf.kept[second] = honest
    other.sync(shelf)
    assert taken(other) == 2


@pytest.mark.threat("T489")
def test_an_entry_of_one_log_is_none_of_another(three: list[Device]) -> None:
    one, other, third = three
    shelf = Shelf()
    write(one)
    write(other)
    one.sync(shelf)
    other.sync(shelf)
    first, second = entries(shelf)
    shelf.kept[first], shelf.kept[second] = shelf.kept[second], shelf.kept[first]
    report, _ = third.sync(shelf)
    assert taken(third) == 0
    assert len(report.troubles) == 2


@pytest.mark.threat("T490")
def test_a_member_cannot_write_in_the_name_of_another(three: list[Device]) -> None:
    one, other, third = three
    write(one)
    epoch, secret = one.replica.circle.current()
    place = Place(
        COLLECTION, one.replica.own.log, 2, one.replica.book.head(one.replica.own.log).hash
    )
    told = Told(one.replica.state.last, (), ())
    forged = seal_entry(told, place, epoch, secret, third.signer, third.replica.entropy)
    with pytest.raises(BadSignatureError):
        open_entry(forged, place, secret, one.signer.public)
    shelf = Shelf()
    one.sync(shelf)
    (name,) = entries(shelf)
    shelf.kept[f"{name[:-1]}2"] = forged
    report, _ = other.sync(shelf)
    assert report.troubles
    assert taken(other) == 1


@pytest.mark.threat("T490")
def test_a_device_that_is_no_member_is_heard_by_nobody(three: list[Device]) -> None:
    one, other, _ = three
    shelf = Shelf()
    write(one)
    one.sync(shelf)
    circle = other.replica.circle
    assert isinstance(circle, Everybody)
    del circle.signers[one.replica.own.log.device]
    report, _ = other.sync(shelf)
    assert taken(other) == 0
    assert report.troubles


@pytest.mark.threat("T490")
def test_nothing_on_a_carrier_shows_a_key_an_id_or_a_word(three: list[Device]) -> None:
    one, _, _ = three
    shelf = Shelf()
    thing = write(one, "a name that says much.txt")
    one.sync(shelf)
    log = one.replica.own.log
    hidden = [SECRET, b"a name", thing, log.device, log.incarnation, COLLECTION, one.signer.public]
    for name, data in shelf.kept.items():
        for word in hidden:
            assert word not in data
            assert word.hex() not in name


@pytest.mark.threat("T491")
def test_what_was_erased_opens_with_nothing_that_is_left(three: list[Device]) -> None:
    one, other, _ = three
    shelf, every = Shelf(), dict[str, bytes]()
    thing = write(one)
    write(one, "b.txt", b"stays")
    for device in (one, other):
        device.sync(shelf)
    every |= shelf.kept
    circle = one.replica.circle
    assert isinstance(circle, Everybody)
    (old,) = circle.bags
    bag = BagKey(one.replica.entropy(16), new_key(one.replica.entropy, "bag key"))
    circle.bags[bag.id] = bag
    for gone in one.replica.erase([thing], bag):
        del shelf.kept[next(name for name in shelf.kept if name.endswith(gone.hex()))]
    for device in (one, other):
        device.sync(shelf)
    every |= shelf.kept
    del circle.bags[old]  # each device drops it
    left = [*circle.bags.values()]
    for device in (one, other):
        assert not [name for name in device.replica.state.keys if name.object == thing]
    opened = 0
    for entry in one.replica.keeping.entries(COLLECTION):
        told = one.replica.open(
            entry.log, entry.seq, entry.data, one.replica.book.hash_of(entry.log, entry.seq - 1)
        ).told
        for op in told.ops:
            if not isinstance(op, KeysOp):
                continue
            segment = next((d for n, d in every.items() if n.endswith(op.segment.hex())), b"")
            for key in left:
                try:
                    own = segment_key(COLLECTION, op, key)
                    keys = open_segment(COLLECTION, op.segment, own, segment)
                except SealholdError:
                    continue
                opened += 1
                assert all(name.object != thing for name in keys)
    assert opened


@pytest.mark.threat("T492")
def test_a_device_that_was_put_back_to_an_older_state_notices(three: list[Device]) -> None:
    one, other, _ = three
    shelf = Shelf()
    write(one, "a.txt")
    one.sync(shelf)
    other.sync(shelf)
    older = one.replica.book.head(one.replica.own.log)
    write(one, "b.txt")
    one.sync(shelf)
    other.sync(shelf)
    write(other, "c.txt")  # whose entry tells what it has seen of the first
    other.sync(shelf)
    log = one.replica.own.log
    assert not one.replica.book.is_older_copy(log)
    third = three[2]
    third.sync(shelf)
    third.replica.book._hashes[log] = third.replica.book._hashes[log][: older.seq]
    assert third.replica.book.is_older_copy(log)


@pytest.mark.threat("T493")
def test_two_entries_under_one_number_are_noticed_by_who_has_either(three: list[Device]) -> None:
    one, other, third = three
    shelf, second = Shelf(), Shelf()
    first_log = one.replica.own.log
    write(one, "for all.txt")
    one.sync(shelf)
    honest = dict(shelf.kept)
    other.sync(shelf)
    # the first device is taken over: it writes another first entry for the third
    place = Place(COLLECTION, first_log, 1, bytes(32))
    epoch, secret = one.replica.circle.current()
    told = Told(one.replica.state.last, (), ())
    twin = seal_entry(told, place, epoch, secret, one.signer, one.replica.entropy)
    second.kept = dict(honest)
    second.kept[entries(shelf)[0]] = twin
    third.sync(second)
    write(other, "tells what it saw.txt")
    other.sync(shelf)
    for name, data in shelf.kept.items():
        second.kept.setdefault(name, data)
    third.sync(second)
    (fork,) = third.replica.book.forks()
    assert (fork.log, fork.seq, fork.by) == (first_log, 1, other.replica.own.log)


@pytest.mark.threat("T493")
def test_other_bytes_under_the_name_of_an_own_entry_are_told(three: list[Device]) -> None:
    one = three[0]
    shelf = Shelf()
    write(one)
    one.sync(shelf)
    write(one, "b.txt")
    (name,) = entries(shelf)
    shelf.kept[f"{name[:-1]}2"] = shelf.kept[name]
    one.replica.load()
    _, report = one.sync(shelf)
    assert any("other bytes stand there" in each for each in report.troubles)
    assert report.given == 0


@pytest.mark.threat("T494")
def test_a_carrier_that_shows_an_older_state_is_told_and_filled_again(three: list[Device]) -> None:
    one, other, _ = three
    shelf = Shelf()
    write(one, "a.txt")
    one.sync(shelf)
    older = dict(shelf.kept)
    write(one, "b.txt")
    one.sync(shelf)
    shelf.kept = older
    report, given = one.sync(shelf)
    assert any("rolled back" in each for each in report.troubles)
    assert given.given == 1
    other.sync(shelf)
    assert taken(other) == 2


@pytest.mark.threat("T494")
def test_what_was_held_back_is_told_as_missing_and_taken_elsewhere(three: list[Device]) -> None:
    one, other, third = three
    shelf, stick = Shelf(), Shelf()
    write(one, "a.txt")
    one.sync(shelf)
    one.sync(stick, b"stick".ljust(16))
    other.sync(shelf)
    write(other, "b.txt")
    other.sync(shelf)
    hidden: dict[str, bytes] = {}
    for name in entries(shelf):
        if shelf.kept[name] in stick.kept.values():
            hidden[name] = shelf.kept.pop(name)
    assert hidden
    third.sync(shelf)
    (behind,) = third.replica.book.behind()
    assert (behind.log, behind.missing) == (one.replica.own.log, 1)
    third.sync(stick, b"stick".ljust(16))
    assert third.replica.book.behind() == []


def test_a_key_of_a_segment_opens_no_other_segment(three: list[Device]) -> None:
    one = three[0]
    write(one, "a.txt")
    write(one, "b.txt")
    shelf = Shelf()
    one.sync(shelf)
    first, second = one.replica.segments.values()
    sealed = next(data for name, data in shelf.kept.items() if name.endswith(second.id.hex()))
    with pytest.raises(SealBrokenError):
        open_segment(COLLECTION, second.id, first.key, sealed)
    assert SigningKey(new_key(one.replica.entropy, "other")).public != one.signer.public
