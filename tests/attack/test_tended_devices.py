"""A device in other hands cannot have others let go of what they need; what was erased leaves."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sealhold.crypto.chunkid import ChunkId, open_chunk
from sealhold.crypto.kdf import derive
from sealhold.crypto.tags import Tag
from sealhold.model.errors import CarrierAwayError, SealBrokenError
from sealhold.model.ids import ObjectName
from sealhold.model.quantities import DAY
from sealhold.net.spec import Putting
from sealhold.sharing.devices import chosen, tending
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.erasing import erase, state_of
from sealhold.sharing.devices.folderrows import FolderRows
from sealhold.sharing.devices.foldersync import FolderSync, bind
from sealhold.sharing.devices.keptrows import Row
from sealhold.sharing.devices.ops import PackOp, ThinOp
from sealhold.sharing.devices.profile import Profile, Which
from sealhold.vault.chunkplaces import Place
from tests.unit.aged_devices import aged, box, packs, rewrite, rounds, tend
from tests.unit.owned_devices import Machine
from tests.unit.replicas import Shelf

SINCE = b"written since, by somebody who had not heard"
INDEX = Profile(which=Which.INDEX)

YEAR = 365 * DAY


def text(seed: int, size: int = 100_000) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass
class Hoarder(Shelf):
    """A carrier that deletes what it is asked to, and keeps a copy of all."""

    ever: dict[str, bytes] = field(default_factory=dict)

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        self.ever[name] = data
        return super().put_new(name, data)


@pytest.mark.threat("T515")
def test_what_stands_or_is_young_is_kept_whatever_a_device_says() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, thief = found
        thing = one.write("a.bin", text(0))
        young = one.write("b.bin", text(1))
        old = one.write("old.bin", text(4))
        time.now += 40 * DAY
        rewrite(one, thing, text(2))
        rewrite(one, young, text(3))
        rounds(found, shelf, 2)
        state = thief.files().replica.state
        every = [each.id for it in (thing, young, old) for each in state.versions.of(it)]
        time.now -= 20 * DAY  # a clock of its own does not help it
        thief.files().replica.write([ThinOp(thing, tuple(every)), ThinOp(old, tuple(every))], {})
        time.now += 20 * DAY
        rounds(found, shelf, 2)
        for day in range(4):
            time.now += day * DAY
            tend(one, shelf)
            rounds([one, thief], shelf, 1)
        mine = one.files().replica.state
        gone = mine.thinned.of(mine.versions)
        for it in (thing, young, old):
            assert not gone & mine.versions.standing(it).heads
        assert one.shown() == {"a.bin": text(2), "b.bin": text(3), "old.bin": text(4)}


@pytest.mark.threat("T516")
def test_packs_that_a_device_says_are_gone_or_elsewhere_are_read_where_they_are() -> None:
    shelf = Shelf()
    with aged(3) as (found, time):
        one, thief, other = found
        one.write("a.bin", text(0))
        rounds(found, shelf, 2)
        (pack,) = packs(one, shelf)
        (content,) = thief.files().replica.state.contents()
        assert content.manifest is not None
        moves = tuple((each.offset, 37) for each in content.manifest.chunks)
        thief.files().replica.write([PackOp(pack, None, ()), PackOp(pack, b"x" * 32, moves)], {})
        # in a circle, too: it ends
        thief.files().replica.write([PackOp(b"x" * 32, pack, ((37, moves[0][0]),))], {})
        rounds(found, shelf, 2)
        for _ in range(4):
            time.now += 2 * DAY
            for each in (one, other):
                each.sync(shelf)
                tending.tend(each.devices, each.files(), at(each, shelf))
        assert pack in packs(one, shelf)
        for each in (one, other):
            each.again()
            each.sync(shelf)
            assert each.shown() == {"a.bin": text(0)}
        # what is written anew is not put into what they say is elsewhere
        one.write("again.bin", text(0))
        assert one.shown()["again.bin"] == text(0)


def at(one: Machine, shelf: Shelf) -> tending.At:
    return [(shelf, box(one.files()))]


@pytest.mark.threat("T516")
def test_no_kill_and_no_carrier_that_fails_loses_a_content_while_packs_go() -> None:
    class Dying(Shelf):
        left = 10_000

        def _here(self) -> None:
            self.left -= 1
            if self.left == 0:
                raise CarrierAwayError("away")
            super()._here()

    for number in range(1, 12, 2):
        shelf = Dying()
        with aged(2) as (found, time):
            one, _ = found
            thing = one.write("a.bin", text(0))
            rewrite(one, thing, text(1, 300_000) + text(9))
            rewrite(one, thing, text(9))
            rounds(found, shelf, 2)
            for _ in range(4):
                time.now += 40 * DAY
                shelf.left = number
                tending.tend(one.devices, one.files(), at(one, shelf))
                one.again()
                shelf.left = 10_000
                rounds(found, shelf, 2)
            for each in found:
                assert each.shown() == {"a.bin": text(9)}


@pytest.mark.threat("T491")
def test_erased_contents_leave_carriers_and_open_with_no_key_that_a_device_has() -> None:
    shelf = Hoarder()
    with aged(2) as (found, time):
        one, _ = found
        planted = [one.write(f"planted {at}", text(at, 20_000)) for at in range(20)]
        stays = one.write("stays.bin", text(99))
        rounds(found, shelf, 2)
        erase(one.devices, one.files(), planted)
        rounds(found, shelf, 5)
        assert state_of(one.devices, one.files()).is_done
        for _ in range(4):
            time.now += 2 * DAY
            tend(one, shelf)
            rounds(found, shelf, 2)
        left = packs(one, shelf)
        assert sum(left.values()) < 2 * len(text(99))
        assert sum("/pack/" in name for name in shelf.ever) > len(left)
        for each in found:
            each.again()
            rounds([each], shelf, 1)
            assert each.shown() == {"stays.bin": text(99)}
            assert opened_by(each, shelf.ever, stays) == {b""}


def opened_by(one: Machine, ever: dict[str, bytes], stays: bytes) -> set[bytes]:
    """Return what any chunk key of the device opens in all packs that ever were, but of `stays`."""
    opened = one.files()
    naming = derive(opened.replica.secret, Tag.CHUNK_ID)
    known: list[Place] = []
    for content in opened.replica.state.contents():
        known += content.manifest.chunks if content.manifest is not None else ()
    mine = {text(99)}
    found = {b""}
    for place in known:
        for name, data in ever.items():
            if "/pack/" in name:
                sealed = data[place.offset : place.offset + place.length]
                try:
                    plain = open_chunk(naming, ChunkId(place.chunk), place.key, sealed)
                except (SealBrokenError, ValueError):
                    continue
                if not any(plain in each for each in mine):
                    found.add(plain)
    assert len(opened.replica.state.versions.of(stays)) == 1
    return found


def folder(one: Machine, path: Path) -> FolderSync:
    """Keep the collection in a folder."""
    path.mkdir()
    opened, core = one.files(), one.vault.core
    bind(opened, one.devices.keeping, path, core.entropy)
    return FolderSync(opened, one.devices.keeping, core.clock, core.entropy)


def profile(one: Machine, which: Profile) -> None:
    now = chosen.read(one.devices.keeping, one.files().about.id)
    chosen.write(one.devices, one.files(), chosen.changed(now, which))


@pytest.mark.threat("T517")
def test_what_a_device_says_of_another_ones_contents_makes_nobody_let_go(tmp_path: Path) -> None:
    shelf = Shelf()
    with aged(3) as (found, time):
        phone, honest, thief = found
        phone.write("mine.txt", b"mine alone")
        here = folder(phone, tmp_path / "phone")
        here.put()
        rounds(found, shelf, 2)
        profile(phone, INDEX)
        rounds(found, shelf, 2)
        lie(thief, honest, phone)
        rounds(found, shelf, 2)
        time.now += 2 * DAY
        here.put()
        assert (tmp_path / "phone" / "mine.txt").read_bytes() == b"mine alone"
        # said by who has it, and knows, it goes
        there = folder(honest, tmp_path / "honest")
        there.put()
        rows = rows_of(honest)
        assert chosen.tell_holds(honest.devices, honest.files(), rows)
        rounds(found, shelf, 2)
        here.put()
        assert not (tmp_path / "phone" / "mine.txt").exists()
        assert (tmp_path / "honest" / "mine.txt").read_bytes() == b"mine alone"


def lie(thief: Machine, honest: Machine, phone: Machine) -> None:
    """Say in another device's name that it has everything, and knows who lets go."""
    opened = thief.files()
    versions = [
        each.id
        for it in opened.replica.state.versions.objects()
        for each in opened.replica.state.versions.of(it)
    ]
    draft = Draft(opened.replica)
    me = bytes(honest.devices.me.id)
    for number in range(chosen.PAGES):
        told = b"".join(each[: chosen.SHORT] for each in versions)
        draft.note(chosen.HOLDS, me[:15] + bytes([me[15] ^ number]), told)
    draft.note(chosen.PROFILE, me, [True, [bytes(phone.devices.me.id)]])
    draft.commit()


def rows_of(one: Machine) -> Mapping[str, Row]:
    opened = one.files()
    return FolderRows(one.devices.keeping, opened.about.id, opened.about.secret).rows()


@pytest.mark.threat("T517")
def test_two_devices_that_rely_on_each_other_never_both_let_go(tmp_path: Path) -> None:
    shelf = Shelf()
    with aged(3) as (found, time):
        found[0].write("a.txt", b"there once")
        rounds(found, shelf, 2)
        folders = [folder(each, tmp_path / str(at)) for at, each in enumerate(found)]
        profile(found[2], INDEX)  # so the two others say what they hold
        for _ in range(3):
            for one, each in zip(found, folders, strict=True):
                one.sync(shelf)
                each.put()
                chosen.tell_holds(one.devices, one.files(), rows_of(one))
                one.sync(shelf)
        assert not (tmp_path / "2" / "a.txt").exists()
        for one in found[:2]:  # apart, both at once, each with the other's word that it has it
            profile(one, INDEX)
        for _ in range(4):
            time.now += 2 * DAY
            for each in folders:
                each.put()
            assert any((tmp_path / str(at) / "a.txt").exists() for at in range(2))
            for one in found:
                chosen.tell_holds(one.devices, one.files(), rows_of(one))
                one.sync(shelf)


@pytest.mark.threat("T518")
def test_what_was_written_on_into_a_file_that_was_erased_meanwhile_is_not_lost(
    tmp_path: Path,
) -> None:
    shelf = Shelf()
    with aged(2) as (found, _):
        one, other = found
        things = [one.write(name, name.encode()) for name in ("edited", "moved", "deleted", "left")]
        rounds(found, shelf, 2)
        here = folder(other, tmp_path / "other")
        here.put()
        place = tmp_path / "other"
        (place / "edited").write_bytes(SINCE)
        (place / "moved").rename(place / "elsewhere")
        (place / "deleted").unlink()
        erase(one.devices, one.files(), things)
        for each in (one, other):
            each.sync(shelf)
        here.put()
        here.take()
        here.put()
        rounds(found, shelf, 6)
        here.take()
        here.put()
        # what was left, or taken before the erasure came, is gone; what nobody had looked at is not
        files = {each.name: each.read_bytes() for each in place.iterdir()}
        files.pop(".sealhold")
        assert files == {"edited": SINCE, "elsewhere": b"moved"}
        for each in found:
            assert each.shown() == files
            assert state_of(each.devices, each.files()).is_done


@pytest.mark.threat("T515")
def test_a_clock_that_jumped_ahead_thins_nothing() -> None:
    shelf = Shelf()
    with aged(2) as (found, time):
        one, other = found
        thing = one.write("a.bin", text(0))
        rewrite(one, thing, text(1))
        rounds(found, shelf, 2)
        for _ in range(3):  # years ahead, for days, while the other one's clock is right
            time.now += 3 * YEAR
            assert tend(one, shelf).thinned == 0
            rounds([one], shelf)
            time.now -= 3 * YEAR
            rounds([other], shelf)
            time.now += 2 * DAY

        time.now += 3 * YEAR
        rounds([other], shelf)  # years went by at both
        rounds([one], shelf)
        assert tend(one, shelf).thinned == 1
