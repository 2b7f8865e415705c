"""Attacks by copies: a device that goes on from an old state, and logs that have two branches."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import DeniedError, TamperedError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.oplog import LogId, Place, Told, seal_entry
from sealhold.sharing.devices.slices import first_term, taken
from tests.unit.copied_devices import copy, put_back
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import COLLECTION, Device, Shelf, devices


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def three(shelf: Shelf) -> Iterator[list[Machine]]:
    with machines(3) as found:
        rounds(shelf, *found)
        yield found


def rounds(shelf: Shelf, *all_of: Machine) -> None:
    for each in (*all_of, *all_of):
        assert each.sync(shelf).troubles == []


def logs_of(reader: Machine, writer: Machine) -> list[LogId]:
    """Return the logs of a device that another one has."""
    logs = reader.files().replica.book.logs()
    return [log for log in logs if log.device == writer.devices.me.id]


@pytest.mark.threat("T497")
@pytest.mark.parametrize("token", [b"", b"another start"], ids=["resumed", "restored"])
def test_a_device_put_back_and_written_to_offline_loses_nothing_and_forks_nothing(
    three: list[Machine], shelf: Shelf, token: bytes
) -> None:
    first, second, third = three
    second.write("before.txt", b"before")
    rounds(shelf, *three)
    yesterday = copy(second)
    second.write("today.txt", b"today, told to all")
    second.write("more.txt", b"more, told to all")
    rounds(shelf, *three)
    first.write("seen.txt", b"whoever writes says what it has seen")
    rounds(shelf, *three)
    second.token = token
    put_back(second, yesterday)
    second.write("offline.txt", b"written before anybody was asked")
    second.again()
    second.write("offline too.txt", b"and after another start")
    rounds(shelf, second, first, third)
    expected = {"before.txt", "today.txt", "more.txt", "seen.txt", "offline.txt", "offline too.txt"}
    for each in three:
        assert each.shown().keys() == expected
        assert each.shown()["offline.txt"] == b"written before anybody was asked"
        assert each.files().replica.book.forks() == []
        assert each.files().replica.keeping.asides(each.files().about.id) == []
        assert len(logs_of(each, second)) == 2


@pytest.mark.threat("T497")
def test_two_that_run_from_one_image_write_two_logs(three: list[Machine], shelf: Shelf) -> None:
    first, second, _ = three
    image = copy(second)
    for at in range(2):
        second.token = b"machine %d" % at
        put_back(second, image)
        second.write(f"{at}.txt", b"by machine %d" % at)
        rounds(shelf, second, first)
    assert first.shown() == {"0.txt": b"by machine 0", "1.txt": b"by machine 1"}
    assert len(logs_of(first, second)) == 2
    assert first.files().replica.book.forks() == []


@pytest.mark.threat("T497")
def test_a_start_with_the_same_token_goes_on_in_the_same_log(three: list[Machine]) -> None:
    second = three[1]
    second.token = b"this machine"
    second.again()
    before = second.devices.me.incarnation
    second.write("a.txt", b"a")
    second.again()
    assert second.devices.me.incarnation == before


@pytest.mark.threat("T497")
def test_a_device_put_back_spends_nothing_of_the_slices_that_it_had(three: list[Machine]) -> None:
    second = three[1]
    me = second.devices.me
    book, leased = first_term(Id16(b"ledger".ljust(16)), 10).lease(
        me.id, Id16(me.incarnation), 10, Instant(1 << 50)
    )
    held = taken(leased, book.term, acknowledged=True)
    yesterday = copy(second)
    assert held.spend(10, me.id, Id16(me.incarnation), Instant(0)).spent == 10
    second.token = b"another start"
    put_back(second, yesterday)
    again = second.devices.me
    with pytest.raises(DeniedError):
        held.spend(1, again.id, Id16(again.incarnation), Instant(0))
    assert book.lost(again.id, Id16(again.incarnation)).charged == 10


# --- forks ---


def write(device: Device, name: str) -> bytes:
    draft = Draft(device.replica)
    thing = draft.add(name)
    text = name.encode()
    digest = fingerprint(text)
    draft.put(thing, Content(kind=Kind.FILE, size=len(text), digest=digest, inline=text), ())
    draft.commit()
    return thing


def names(device: Device) -> set[str]:
    state = device.replica.state
    shown = state.tree.shown(state.versions.edited_over_deletes())
    return {"/".join(each.path) for each in shown.values()}


def branches(three: list[Device], twins: int, common: int) -> tuple[Shelf, Shelf]:
    """Return two shelves that show two branches of the first device's log, after some in common."""
    one = three[0]
    shelf, other = Shelf(), Shelf()
    for at in range(common):
        write(one, f"common {at}")
    one.sync(shelf)
    before = dict(shelf.kept)
    log, head = one.replica.own.log, one.replica.book.head(one.replica.own.log)
    for at in range(twins):
        write(one, f"branch {at}")
    one.sync(shelf)
    other.kept = before
    epoch, secret = one.replica.circle.current()
    name = next(n for n in sorted(shelf.kept) if "/log/" in n).rpartition("/")[0]
    other.kept.setdefault(f"{name}/{0:016x}", shelf.kept[f"{name}/{0:016x}"])
    seq, prev = head.seq, head.hash
    for _ in range(twins):
        seq += 1
        told = Told(one.replica.state.last, (), ())
        place = Place(COLLECTION, log, seq, prev)
        twin = seal_entry(told, place, epoch, secret, one.signer, one.replica.entropy)
        other.kept[f"{name}/{seq:016x}"] = twin
        prev = fingerprint(twin)
    return shelf, other


@pytest.fixture(params=[(1, 0), (1, 2), (3, 0), (4, 3)], ids=str)
def forked(request: pytest.FixtureRequest) -> Iterator[tuple[list[Device], int]]:
    twins, common = request.param
    with devices(4) as found:
        one, left, right, _ = found
        shelf, other = branches(found, twins, common)
        left.sync(shelf)
        right.sync(other)
        assert left.replica.book.head(one.replica.own.log).seq == common + twins
        assert right.replica.book.head(one.replica.own.log).seq == common + twins
        yield found, common


@pytest.mark.threat("T498")
def test_replicas_with_different_branches_stand_at_the_last_entry_that_both_have(
    forked: tuple[list[Device], int],
) -> None:
    (one, left, right, late), common = forked
    meeting = Shelf()
    write(left, "by left")
    write(right, "by right")
    log = one.replica.own.log
    for _ in range(4):
        for each in (left, right, late):
            with suppress(TamperedError):  # of the other branch, which stands in the way
                each.sync(meeting, b"meeting".ljust(16))
            each.replica.tell_forks()
    expected = {f"common {at}" for at in range(common)} | {"by left", "by right"}
    for each in (left, right, late):
        assert each.replica.frozen(log) == common
        assert names(each) == expected
    before = [names(each) for each in (left, right, late)]
    for each in (left, right, late):
        each.replica.load()
    assert [names(each) for each in (left, right, late)] == before
    # both branches are kept
    kept = {
        entry.hash
        for each in (left, right)
        for entry in each.replica.keeping.entries(COLLECTION)
        if entry.log == log and entry.seq == common + 1
    }
    assert len(kept) == 2


@pytest.mark.threat("T498")
def test_of_a_forked_log_nothing_more_is_taken_and_it_is_told(
    forked: tuple[list[Device], int],
) -> None:
    (one, left, right, _), common = forked
    log, meeting = one.replica.own.log, Shelf()
    for _ in range(3):
        for each in (left, right):
            write(each, "so that it tells")
            with suppress(TamperedError):
                each.sync(meeting)
            each.replica.tell_forks()
    write(one, "late")
    with suppress(TamperedError):
        one.sync(meeting)
    report, _ = right.sync(meeting)
    assert any(f"stands still at {common}" in each for each in report.troubles)
    assert "late" not in names(right)
    assert right.replica.frozen(log) == common
