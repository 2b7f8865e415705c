"""What was erased on all devices opens with nothing: every byte ever sent, and a living device."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import DeniedError, NotFoundError, SealholdError
from sealhold.model.ids import CollectionId, Id16, ObjectName
from sealhold.net.spec import Putting
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.contents import Content, Kind, open_content, open_name
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.epochs import Keyring
from sealhold.sharing.devices.erasing import erase, settle, state_of
from sealhold.sharing.devices.keybag import NAME, BagKey, KeyName, open_segment, segment_key
from sealhold.sharing.devices.membercircle import Thing
from sealhold.sharing.devices.oplog import Told
from sealhold.sharing.devices.ops import KeysOp, PlaceOp, PutOp
from sealhold.sharing.devices.wraps import Purpose, read_wrap_set
from tests.unit.owned_devices import Machine, machine, machines, pair
from tests.unit.replicas import Shelf

OBJECTS = 100  # each with a planted name and a planted word: 200


@dataclass
class Hoarder(Shelf):
    """A carrier that deletes what it is asked to, and keeps a copy of all."""

    ever: dict[str, bytes] = field(default_factory=dict)

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        self.ever[name] = data
        return super().put_new(name, data)


def name_of(number: int) -> str:
    return f"planted-name-{number:03}.txt"


def word_of(number: int) -> bytes:
    return b"planted-word-%03d" % number


def plant(one: Machine) -> list[bytes]:
    """Write the objects; return their ids."""
    draft, found = Draft(one.files().replica), list[bytes]()
    for number in range(OBJECTS):
        thing, text = draft.add(name_of(number)), word_of(number)
        draft.put(thing, Content(kind=Kind.FILE, size=len(text), inline=text), ())
        found.append(thing)
    draft.commit()
    return found


def tolds(opened: Open) -> Iterator[Told]:
    for kept in opened.replica.keeping.entries(opened.about.id):
        prev = opened.replica.book.hash_of(kept.log, kept.seq - 1)
        yield opened.replica.open(kept.log, kept.seq, kept.data, prev).told


@dataclass
class Thief:
    """Who has all that a carrier ever had, and takes a device."""

    ever: dict[str, bytes]

    def bags(self, opened: Open) -> list[BagKey]:
        """Return the keys of the bag that the device has, or that open to a key that it has."""
        found = [BagKey(name, one) for kind, name, one in opened.members.known() if kind == "bag"]
        ring = Keyring(CollectionId(Id16(opened.about.id)), Purpose.KEY_BAG)
        signers = [each.certificate.signing for each in opened.members.state.members.values()]
        for data in self.ever.values():
            for signer in signers if data[:1] == bytes([Thing.WRAPS]) else ():
                try:
                    wraps = read_wrap_set(data[1:], PublicKey(signer))
                except SealholdError:
                    continue
                ring = ring.learned([wraps], opened.members.keys)
        return found + [BagKey(bytes(name), one) for name, one in ring.secrets.items()]

    def keys(self, opened: Open) -> dict[KeyName, Secret]:
        found = dict(opened.replica.state.keys)
        for segment in opened.replica.segments.values():
            found |= segment.keys
        bags = self.bags(opened)
        by_end = {name.rpartition("/")[2]: data for name, data in self.ever.items()}
        for op in [op for told in tolds(opened) for op in told.ops if isinstance(op, KeysOp)]:
            for bag in bags:
                try:
                    key = segment_key(opened.about.id, op, bag)
                    sealed = by_end[op.segment.hex()]
                    found |= open_segment(opened.about.id, op.segment, key, sealed)
                except (SealholdError, KeyError):
                    continue
        return found

    def reads(self, one: Machine) -> set[str | bytes]:
        """Return every name and text that opens."""
        opened, found = one.files(), set[str | bytes]()
        of, keys = opened.about.id, self.keys(opened)
        for op in [op for told in tolds(opened) for op in told.ops]:
            if isinstance(op, PlaceOp) and op.sealed is not None:
                key = keys.get(KeyName(op.object, NAME))
                if key is not None:
                    found.add(open_name(op.sealed, of, op.object, key))
            elif isinstance(op, PutOp):
                key = keys.get(KeyName(op.object, op.version))
                if key is not None:
                    content = open_content(op.sealed, of, op.object, op.version, key)
                    found.add(content.inline or b"")
        return found


def everything() -> set[str | bytes]:
    return {name_of(at) for at in range(OBJECTS)} | {word_of(at) for at in range(OBJECTS)}


@pytest.fixture
def three() -> Iterator[tuple[list[Machine], Hoarder]]:
    shelf = Hoarder()
    with machines(3) as found:
        for each in (*found, *found):
            each.sync(shelf)
        yield found, shelf


def rounds(found: list[Machine], shelf: Shelf, count: int) -> None:
    for _ in range(count):
        for each in found:
            assert each.sync(shelf).troubles == []


@pytest.mark.threat("T491")
def test_two_hundred_erased_names_and_words_are_in_no_byte_and_behind_no_key(
    three: tuple[list[Machine], Hoarder],
) -> None:
    found, shelf = three
    first, second, _ = found
    thief = Thief(shelf.ever)
    things = plant(first)
    second.write("stays.txt", b"stays")
    rounds(found, shelf, 2)
    assert all(thief.reads(each) >= everything() for each in found)
    erasure = erase(first.devices, first.files(), things)
    assert len(erasure.outstanding) == 3
    rounds(found, shelf, 5)
    for each in found:
        assert state_of(each.devices, each.files()).is_done
        assert each.shown() == {"stays.txt": b"stays"}
        assert thief.reads(each) == {"stays.txt", b"stays"}
        each.again()
        assert thief.reads(each) == {"stays.txt", b"stays"}
    assert not [n for n, d in shelf.ever.items() if b"planted" in d or "planted" in n]
    # what is left are ids and times: they are in the log, and the receipt says so
    assert set(erasure.objects) == set(things)


@pytest.mark.threat("T491")
def test_a_device_that_was_away_is_named_as_outstanding_and_still_opens_it(
    three: tuple[list[Machine], Hoarder],
) -> None:
    found, shelf = three
    first, second, away = found
    things = plant(first)
    rounds(found, shelf, 2)
    erase(first.devices, first.files(), things)
    rounds([first, second], shelf, 4)
    assert away.devices.me.id in state_of(first.devices, first.files()).outstanding
    assert Thief(shelf.ever).reads(away) >= everything()
    # somebody writes under the key of before, unheard of: nothing of it is lost
    away.write("late.txt", b"late")
    rounds([away, first, second], shelf, 5)
    for each in found:
        assert state_of(each.devices, each.files()).is_done
        assert each.shown() == {"late.txt": b"late"}
        assert not Thief(shelf.ever).reads(each) & everything()


@pytest.mark.threat("T491")
def test_an_erasure_is_done_once_the_device_that_is_away_is_removed(
    three: tuple[list[Machine], Hoarder],
) -> None:
    found, shelf = three
    first, second, away = found
    things = plant(first)
    rounds(found, shelf, 2)
    erase(first.devices, first.files(), things[:1])
    joining.remove(first.devices, away.devices.me.id)
    rounds([first, second], shelf, 5)
    assert state_of(first.devices, first.files()).is_done
    erase(first.devices, first.files(), things[1:])
    rounds([first, second], shelf, 5)
    for each in (first, second):
        assert state_of(each.devices, each.files()).is_done
        assert not Thief(shelf.ever).reads(each) & everything()


def test_only_an_admin_erases_and_only_what_is_there(
    three: tuple[list[Machine], Hoarder],
) -> None:
    (first, second, _), shelf = three
    (thing,) = plant(first)[:1]
    rounds([first, second], shelf, 1)
    with pytest.raises(DeniedError):
        erase(second.devices, second.files(), [thing])
    assert name_of(0) in second.shown()
    with pytest.raises(NotFoundError):
        erase(first.devices, first.files(), [bytes(16)])
    before = len(shelf.kept)
    settle(second.devices)
    rounds([first, second], shelf, 1)
    assert len(shelf.kept) == before  # who erased nothing writes nothing of it
    assert state_of(first.devices, first.files()).is_done


def joined_late(found: list[Machine], shelf: Shelf, newcomer: Machine) -> dict[str, bytes]:
    """Take a newcomer in; return what it shows."""
    pair(found[0], newcomer, "late")
    for each in (found[0], newcomer, *found, newcomer):
        each.sync(shelf)
    return newcomer.shown()


def test_who_comes_in_after_a_removal_reads_what_was_written_before(
    three: tuple[list[Machine], Hoarder],
) -> None:
    found, shelf = three
    first, second, gone = found
    first.write("a.txt", b"before")
    rounds(found, shelf, 1)
    second.write("b.txt", b"meanwhile")  # under the key of before, not known to who removes
    joining.remove(first.devices, gone.devices.me.id)
    rounds([first, second, first], shelf, 1)
    with machine(b"late") as newcomer:
        shown = joined_late([first, second], shelf, newcomer)
    assert shown == {"a.txt": b"before", "b.txt": b"meanwhile"}


def test_who_comes_in_after_an_erasure_reads_what_stays(
    three: tuple[list[Machine], Hoarder],
) -> None:
    found, shelf = three
    first, second, _ = found
    things = plant(first)
    second.write("a.txt", b"stays")
    rounds(found, shelf, 2)
    second.write("b.txt", b"meanwhile")
    erase(first.devices, first.files(), things)
    rounds(found, shelf, 6)
    assert state_of(first.devices, first.files()).is_done
    with machine(b"late") as newcomer:
        shown = joined_late(found, shelf, newcomer)
        rounds([*found, newcomer], shelf, 3)
        assert not Thief(shelf.ever).reads(newcomer) & everything()
    assert shown == {"a.txt": b"stays", "b.txt": b"meanwhile"}
    left = {name for name in shelf.kept if "/key/" in name}
    assert left < {name for name in shelf.ever if "/key/" in name}
