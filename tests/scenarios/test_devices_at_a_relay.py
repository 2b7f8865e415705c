"""Devices over a real relay: tokens, a removal, a relay that was put back or has no room."""

from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy

import pytest

from sealhold.model.errors import CarrierRefusedError
from sealhold.model.ids import Id16, SealedBytes
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.papers import Rights
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.joinpapers import mailbox
from sealhold.sharing.devices.keeping import TOKEN
from sealhold.sharing.devices.reaching import mailbox_key
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords
from tests.relayed_devices import begun, sync, syncing, way_of
from tests.relaying import ACCOUNT, NOW, Place, Running, running
from tests.unit.owned_devices import Machine
from tests.unit.replicas import Shelf

TEXT = b"a word that nobody else may read " * 300


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def put_back(place: Place) -> Place:
    """Return the stores of a relay as they are now."""
    rows, objects = MemoryRecords(), MemoryObjects()
    assert isinstance(place.rows, MemoryRecords)
    rows._content = deepcopy(place.rows._content)
    for name in place.objects.names():
        objects.put(name, SealedBytes(place.objects.get(name)))
    return Place(rows=rows, objects=objects, is_made=True)


def assert_shut_out(thief: Machine, relay: Running) -> None:
    """Try every token that a device has, and every one that it could mint."""
    tried = 0
    for opened in thief.devices.collections():
        box = mailbox(opened.about.secret, way_of(relay))
        for kept in thief.devices.keeping.secrets(opened.about.id):
            if kept.kind == TOKEN:
                token = kept.told[0] if isinstance(kept.told, list) else kept.told
                place = RelayPlace(address=relay.address, box=Id16(box.id), token=token)
                with pytest.raises(CarrierRefusedError):
                    RelayCarrier(place, caller=relay.caller()).heads(box.prefix)
                tried += 1
        for _, _, secret in opened.members.known():
            key = mailbox_key(secret, box)
            admin = RelayAdmin(relay.caller(), Id16(box.id), key, lambda: NOW)
            with pytest.raises(CarrierRefusedError):
                admin.mint(Rights.READ)
            tried += 1
    assert tried > 4


def test_devices_sync_over_a_relay_and_a_newcomer_ends_nobodys_token() -> None:
    with ExitStack() as stack, running() as relay:
        found = begun(relay, 3, stack)
        # the second one was away while the third came in
        found[0].write("a.bin", TEXT)
        found[1].write("b.txt", b"short")
        for each in (*found, *found):
            done = sync(each, relay)
            assert (done.troubles, done.away) == ([], [])
        for each in found:
            assert each.shown() == {"a.bin": TEXT, "b.txt": b"short"}
    for name in relay.place.objects.names():
        assert b"a word that nobody" not in bytes(relay.place.objects.get(name))


@pytest.mark.threat("T502")
def test_a_removed_device_is_let_in_no_more_and_who_was_away_meanwhile_is() -> None:
    with ExitStack() as stack, running() as relay:
        first, second, thief = begun(relay, 3, stack)
        first.write("old.txt", b"before")
        for each in (first, second, thief):
            sync(each, relay)
        session = syncing(second, relay)  # goes on over the removal
        session.round()
        joining.remove(first.devices, thief.devices.me.id)
        first.write("new.txt", TEXT)
        assert sync(first, relay).troubles == []
        assert_shut_out(thief, relay)
        sync(thief, relay)
        assert set(thief.shown()) == {"old.txt"}
        # the second was away and knows no later epoch; a session that runs finds out in two rounds
        session.round()
        assert session.round().troubles == []
        assert second.shown() == {"old.txt": b"before", "new.txt": TEXT}
        second.write("more.txt", b"more")
        assert sync(second, relay).troubles == []
        sync(first, relay)
        assert first.shown()["more.txt"] == b"more"


def test_a_relay_that_was_started_anew_goes_on(stack: ExitStack) -> None:
    place = Place()
    with running(place) as relay:
        first, second = begun(relay, 2, stack)
    first.write("a.txt", b"while it was away")
    assert sync(first, relay).away == ["https://relay.test"]
    with running(place) as relay:
        for each in (first, second):
            assert sync(each, relay).troubles == []
        assert second.shown() == {"a.txt": b"while it was away"}


@pytest.mark.threat("T494")
def test_a_relay_that_was_put_back_to_an_older_day_is_told_and_filled_again(
    stack: ExitStack,
) -> None:
    place = Place()
    with running(place) as relay:
        first, second = begun(relay, 2, stack)
    older = put_back(place)
    with running(place) as relay:
        first.write("a.bin", TEXT)
        assert sync(first, relay).troubles == []
    with running(older) as relay:
        done = sync(first, relay)
        assert any("rolled back" in each for each in done.troubles)
        assert sync(second, relay).troubles == []
        assert second.shown() == {"a.bin": TEXT}


def test_a_log_that_another_device_gave_before_its_own_greeted_is_no_rollback(
    stack: ExitStack,
) -> None:
    with running() as relay:
        first, second = begun(relay, 2, stack)
        session, stick = syncing(second, relay), Shelf()
        first.write("a.txt", b"over a stick")
        for each in (first, second):
            each.sync(stick)
        for _ in range(2):  # the entry is there, and was seen there, under a name without greeting
            assert session.round().troubles == []
        assert sync(first, relay).troubles == []
        for _ in range(2):
            done = session.round()
            assert (done.troubles, done.given) == ([], 0)


def test_a_relay_without_room_is_told_and_syncing_goes_on_once_there_is_some(
    stack: ExitStack,
) -> None:
    place = Place()
    with running(place) as relay:
        first, second = begun(relay, 2, stack)
        room, place.quotas[ACCOUNT] = place.quotas[ACCOUNT], 1
        first.write("a.bin", TEXT)
        done = sync(first, relay)
        assert done.troubles
        sync(second, relay)
        assert second.shown() == {}
        assert first.shown() == {"a.bin": TEXT}  # local work goes on
        place.quotas[ACCOUNT] = room
        assert sync(first, relay).troubles == []
        sync(second, relay)
        assert second.shown() == {"a.bin": TEXT}
