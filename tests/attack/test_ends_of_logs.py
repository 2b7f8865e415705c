"""Attacks by a removed device that writes on, and by one that writes where it has no say."""

from collections.abc import Iterator

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import NoEpochError
from sealhold.sharing.devices import cutting, exposure, joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import COLLECTION_KIND, step_of
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import About, Holds
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.logends import CUT_KIND, removals, told_end
from sealhold.sharing.devices.oplog import Head, Told
from sealhold.sharing.devices.ops import EraseOp, ThinOp
from sealhold.sharing.devices.replica import Replica
from tests.unit.owned_devices import Machine, machine, machines, pair
from tests.unit.replicas import Shelf


class Killed(BaseException):
    """A process ends here."""


@pytest.fixture
def three() -> Iterator[tuple[list[Machine], Shelf, Shelf]]:
    """Return the first device, a thief's and another, a carrier and a copy of it."""
    with machines(3, [Role.FULL, Role.FULL]) as found:
        shelf = Shelf()
        in_sync(found, shelf)
        found[0].write("old.txt", b"before")
        in_sync(found, shelf)
        yield found, shelf, Shelf(dict(shelf.kept))


def in_sync(found: list[Machine], shelf: Shelf) -> None:
    for each in (*found, *found):
        each.sync(shelf)


def note(by: Machine, kind: str, key: bytes, told: Plain, collection: str = "papers") -> None:
    draft = Draft(by.files(collection).replica)
    draft.note(kind, key, told)
    draft.commit()


def forged_head(by: Machine, of: Machine) -> None:
    """Have a device tell of another entry in the log of another than there is."""
    replica = by.files().replica
    log = next(each for each in replica.book.logs() if each.device == of.devices.me.id)
    told = Told(replica.state.last, ((log, Head(1, b"f" * 32)),), ())
    replica._commit(replica._sealed([told]), Step())  # reason: what no program writes


def all_show(found: list[Machine], names: set[str]) -> None:
    """Look at what devices show, also after a start."""
    for each in found:
        assert set(each.shown()) == names
        each.again()
        assert set(each.shown()) == names


@pytest.mark.threat("T600")
@pytest.mark.parametrize("rounds", [1, 2])
def test_a_removed_device_erases_nothing(
    three: tuple[list[Machine], Shelf, Shelf], rounds: int
) -> None:
    (first, thief, other), shelf, far = three
    thing = next(iter(first.files().replica.state.tree.objects()))
    joining.remove(first.devices, thief.devices.me.id)
    first.sync(shelf)
    if rounds == 2:
        other.sync(shelf)
    thief.files().replica.write([EraseOp(thing)], {})
    thief.sync(far)
    shelf.kept.update(far.kept)
    in_sync([first, other], shelf)
    all_show([first, other], {"old.txt"})
    for each in (first, other):
        assert not each.sync(shelf).troubles


@pytest.mark.threat("T600")
@pytest.mark.parametrize("rounds", [1, 2])
def test_a_removed_device_has_no_log_of_another_stand_still(
    three: tuple[list[Machine], Shelf, Shelf], rounds: int
) -> None:
    (first, thief, other), shelf, far = three
    joining.remove(first.devices, thief.devices.me.id)
    first.sync(shelf)
    if rounds == 2:
        other.sync(shelf)
    forged_head(thief, first)
    thief.sync(far)
    shelf.kept.update(far.kept)
    in_sync([first, other], shelf)
    first.write("new.txt", b"after")
    in_sync([first, other], shelf)
    all_show([first, other], {"old.txt", "new.txt"})


@pytest.mark.threat("T600")
def test_a_removed_device_lets_nothing_go_before_its_end_is_known(
    three: tuple[list[Machine], Shelf, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, thief, other), shelf, far = three
    state = thief.files().replica.state
    (thing,) = state.tree.objects()
    versions = tuple(each.id for each in state.versions.of(thing))
    with monkeypatch.context() as patched:
        patched.setattr(joining, "say_ends", lambda _devices, _opened: None)
        joining.remove(first.devices, thief.devices.me.id)
        first.sync(shelf)
    thief.files().replica.write([ThinOp(thing, versions), EraseOp(thing)], {})
    thief.sync(far)
    shelf.kept.update(far.kept)
    other.sync(shelf)
    assert thief.devices.me.id not in other.files().members.cuts
    all_show([other], {"old.txt"})
    state = other.files().replica.state
    assert not state.thinned.of(state.versions)


@pytest.mark.threat("T600")
def test_what_was_erased_before_the_end_is_erased_once_the_end_is_known(
    three: tuple[list[Machine], Shelf, Shelf],
) -> None:
    (first, leaver, other), shelf, _ = three
    thing = next(iter(first.files().replica.state.tree.objects()))
    leaver.files().replica.write([EraseOp(thing)], {})
    leaver.sync(shelf)
    first.sync(shelf)
    joining.remove(first.devices, leaver.devices.me.id)
    in_sync([first, other], shelf)
    all_show([first, other], set())
    for each in (first, other):
        kept = each.devices.keeping.segments(each.files().about.id)
        assert not [name for one in kept for name in one.keys if name.object == thing]


@pytest.mark.threat("T600")
def test_a_removed_device_does_not_say_where_its_logs_end(
    three: tuple[list[Machine], Shelf, Shelf],
) -> None:
    (first, thief, other), shelf, far = three
    joining.remove(first.devices, thief.devices.me.id)
    in_sync([first, other], shelf)
    thief.write("late.txt", b"by the removed")
    mine = thief.devices.me.own.log
    (removal,) = removals(first.files().members.log)[thief.devices.me.id]
    for told in (
        1,
        [removal, [[mine.incarnation, "x"]]],
        told_end(removal, [(mine, Head(9, b""))]),
    ):
        note(thief, CUT_KIND, thief.devices.me.id, told)
    thief.sync(far)
    shelf.kept.update(far.kept)
    in_sync([first, other], shelf)
    all_show([first, other], {"old.txt"})


@pytest.mark.threat("T600")
def test_the_end_of_a_log_outlives_the_admin_that_said_it() -> None:
    with machines(4, [Role.FULL, Role.FULL, Role.ADMIN]) as (first, thief, other, admin):
        shelf = Shelf()
        in_sync([first, thief, other, admin], shelf)
        first.write("old.txt", b"before")
        in_sync([first, thief, other, admin], shelf)
        far = Shelf(dict(shelf.kept))
        joining.remove(admin.devices, thief.devices.me.id)
        in_sync([admin, first, other], shelf)
        thief.write("late.txt", b"by the removed")
        thief.sync(far)
        shelf.kept.update(far.kept)
        in_sync([admin, first, other], shelf)
        joining.remove(first.devices, admin.devices.me.id)
        in_sync([first, other], shelf)
        all_show([first, other], {"old.txt"})
        # and in other hands that admin says no other end
        (removal,) = removals(first.files().members.log)[thief.devices.me.id]
        log = thief.devices.me.own.log
        note(admin, CUT_KIND, thief.devices.me.id, told_end(removal, [(log, Head(9, b""))]))
        aside = Shelf(dict(far.kept))
        admin.sync(aside)
        shelf.kept.update(aside.kept)
        in_sync([first, other], shelf)
        all_show([first, other], {"old.txt"})


@pytest.mark.threat("T600")
@pytest.mark.parametrize("times", [1, 2])
def test_a_removal_that_was_cut_off_gets_its_end(
    three: tuple[list[Machine], Shelf, Shelf], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, thief, other), shelf, far = three

    def killed(_devices: object, _opened: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(joining, "say_ends", killed)
        with pytest.raises(Killed):
            joining.remove_from(first.devices, first.files(), [thief.devices.me.id])
    first.again()
    if times == 2:
        exposure.remove(first.devices, thief.devices.me.id)
        assert thief.devices.me.id in first.files().members.cuts
    in_sync([first, other], shelf)
    thief.write("late.txt", b"by the removed")
    thief.sync(far)
    shelf.kept.update(far.kept)
    in_sync([first, other], shelf)
    all_show([first, other], {"old.txt"})


@pytest.mark.threat("T600")
def test_an_end_that_its_author_never_said_is_said_by_another_admin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with machines(3, [Role.FULL, Role.ADMIN]) as (first, thief, admin):
        shelf = Shelf()
        in_sync([first, thief, admin], shelf)
        first.write("old.txt", b"before")
        in_sync([first, thief, admin], shelf)
        far = Shelf(dict(shelf.kept))
        with monkeypatch.context() as patched:
            patched.setattr(joining, "say_ends", lambda _devices, _opened: None)
            joining.remove(admin.devices, thief.devices.me.id)
            admin.sync(shelf)
        first.sync(shelf)
        assert thief.devices.me.id not in first.files().members.cuts
        joining.remove(first.devices, admin.devices.me.id)
        in_sync([first], shelf)
        assert thief.devices.me.id in first.files().members.cuts
        thief.write("late.txt", b"by the removed")
        thief.sync(far)
        shelf.kept.update(far.kept)
        in_sync([first], shelf)
        all_show([first], {"old.txt"})
        epoch = first.files().members.current()[0]
        first.sync(shelf)
        assert first.files().members.current()[0] == epoch


@pytest.mark.threat("T601")
@pytest.mark.parametrize("told", [1, ["x"], [1, b"k" * 16, "files", "x", b"", b"", []]])
def test_a_note_that_is_no_collection_stops_no_sync(
    three: tuple[list[Machine], Shelf, Shelf], told: Plain
) -> None:
    (first, thief, other), shelf, _ = three
    note(thief, COLLECTION_KIND, b"k" * 16, told, "home")
    thief.sync(shelf)
    first.write("new.txt", b"after")
    in_sync([first, other], shelf)
    all_show([first, other], {"old.txt", "new.txt"})
    assert first.devices.home.replica.state.refused == []  # not adopted since the start
    first.sync(shelf)
    assert len(first.devices.home.replica.state.refused) == 1


@pytest.mark.threat("T601")
@pytest.mark.parametrize("what", ["root", "home"])
def test_a_note_puts_no_collection_in_the_place_of_another(
    three: tuple[list[Machine], Shelf, Shelf], what: str
) -> None:
    (first, thief, other), shelf, _ = three
    about = thief.files().about
    told = about.told()
    assert isinstance(told, list)
    key = b"\x00" * 16
    if what == "root":
        told[4:6] = [b"S" * 32, b"R" * 32]
    else:
        told[1:4] = [key, Holds.HOME, "home"]
    note(thief, COLLECTION_KIND, key, told, "home")
    home: About = first.devices.home.about
    in_sync([thief, first, other], shelf)
    for each in (first, other):
        each.again()
        assert each.files().about == about
        assert each.devices.home.about == home
    joining.remove(first.devices, thief.devices.me.id)


@pytest.mark.threat("T601")
def test_an_end_that_is_none_stops_no_sync_and_no_removal() -> None:
    with machines(2, [Role.ADMIN]) as (first, thief):
        shelf = Shelf()
        in_sync([first, thief], shelf)
        note(thief, CUT_KIND, b"z" * 16, 1, "home")
        thief.sync(shelf)
        assert not first.sync(shelf).troubles
        first.again()
        joining.remove(first.devices, thief.devices.me.id)
        assert not first.sync(shelf).troubles


def _apart(admin: Machine, far: Shelf) -> None:
    """Have an admin make epochs that no other one hears of."""
    for opened in admin.devices.collections():
        before = set(opened.members.objects)
        opened.members.renewed(admin.devices.time_of(opened), admin.devices.entropy)
        came = [(n, d) for n, d in opened.members.objects.items() if n not in before]
        admin.devices.keeping.save(opened.about.id, step_of(opened.members, came))
    admin.sync(far)


@pytest.mark.threat("T600")
def test_what_was_written_under_an_epoch_that_fell_reaches_everybody() -> None:
    with machines(3, [Role.ADMIN, Role.FULL]) as (first, thief, other):
        shelf = Shelf()
        in_sync([first, thief, other], shelf)
        far = Shelf(dict(shelf.kept))
        _apart(thief, far)
        other.sync(far)
        other.write("honest.txt", b"honest")
        other.devices.call(other.devices.me.id, "other")
        own = other.devices.me.own.log
        other.sync(far)
        joining.remove(first.devices, thief.devices.me.id)
        first.sync(shelf)
        shelf.kept.update(far.kept)
        rows = [e for e in other.devices.keeping.entries(other.files().about.id) if e.log == own]
        in_sync([first, other], shelf)
        all_show([first, other], {"honest.txt"})
        assert first.devices.names()[other.devices.me.id] == "other"
        log = other.devices.me.own.log
        other.write("later.txt", b"later")
        in_sync([other, first], shelf)
        all_show([first, other], {"honest.txt", "later.txt"})
        kept = list(other.devices.keeping.entries(other.files().about.id))
        assert [each for each in kept if each.log == own] == rows  # none was written over
        assert other.devices.me.own.log == log != own  # one new log, and no further


@pytest.mark.threat("T600")
def test_a_device_whose_grant_fell_stops_nobody() -> None:
    with machines(3, [Role.ADMIN, Role.FULL]) as (first, thief, other), machine(b"d") as friend:
        shelf = Shelf()
        in_sync([first, thief, other], shelf)
        first.write("old.txt", b"before")
        in_sync([first, thief, other], shelf)
        far = Shelf(dict(shelf.kept))
        pair(thief, friend, "friend")
        thief.sync(far)
        friend.sync(far)
        friend.write("friend.txt", b"by a friend of the thief")
        friend.sync(far)
        other.sync(far)
        assert set(other.shown()) == {"old.txt", "friend.txt"}
        joining.remove(first.devices, thief.devices.me.id)
        first.sync(shelf)
        shelf.kept.update(far.kept)
        in_sync([first, other], shelf)
        other.write("new.txt", b"after")
        in_sync([other, first], shelf)
        all_show([first, other], {"old.txt", "new.txt"})


@pytest.mark.threat("T600")
def test_a_load_that_fails_leaves_the_heads_as_they_were(
    three: tuple[list[Machine], Shelf, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    replica: Replica = three[0][0].files().replica
    head = replica.book.head(replica.own.log)
    assert head.seq

    def fails(*_: object) -> None:
        raise NoEpochError("no")

    monkeypatch.setattr(Replica, "_apply", fails)
    with pytest.raises(NoEpochError):
        replica.load()
    assert replica.book.head(replica.own.log) == head


def test_ends_are_the_same_in_whichever_order_they_came(
    three: tuple[list[Machine], Shelf, Shelf],
) -> None:
    (first, thief, other), shelf, _ = three
    joining.remove(first.devices, thief.devices.me.id)
    in_sync([first, other], shelf)
    assert first.files().members.cuts == other.files().members.cuts != {}
    assert not cutting.endless(first.files())
