"""A carrier that lists packs which it made up, says of all that they are long, or lists on."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sealhold.model.errors import CarrierAwayError, ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.model.quantities import DAY
from sealhold.net.spec import Listed
from sealhold.sharing.devices import packlists, tending
from tests.unit.aged_devices import aged, box, packs, rounds, tend
from tests.unit.owned_devices import Machine
from tests.unit.replicas import Shelf


def text(seed: int, size: int = 100_000) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass
class Boasting(Shelf):
    """A carrier that lists what it likes."""

    made_up: list[bytes] = field(default_factory=list)
    says: int = 0  # of each pack; 0: as it is
    gives: bytes = b""  # for what it made up
    asked: int = 0

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        is_all = prefix.endswith("/pack/")
        names = [f"{prefix}{each[:1].hex()}/{each.hex()}" for each in self.made_up if is_all]
        real = {each.name: each.size for each in super().list_after(prefix, after)}
        for name in sorted({*names, *real}):
            size = real.get(ObjectName(name), 5_000_000)
            yield Listed(ObjectName(name), self.says or size)

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        if "/pack/" in name and name not in self.kept:
            self.asked += 1
            if not self.gives:
                raise ObjectNotFoundError("no such object")
            return self.gives[offset:] if length is None else self.gives[offset : offset + length]
        return super().get(name, offset, length)


def written(one: Machine) -> int:
    replica = one.files().replica
    return replica.book.head(replica.own.log).seq


def tended(one: Machine, shelf: Shelf) -> tending.Tended:
    return tending.tend(one.devices, one.files(), [(shelf, box(one.files()))])


@pytest.mark.threat("T501")
@pytest.mark.parametrize("copies", [False, True], ids=["nothing", "a real pack"])
def test_of_packs_that_a_carrier_made_up_nothing_is_written(
    copies: bool,  # noqa: FBT001  # reason: of the parameters
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tending, "LOOKED_AT", 20)
    shelf = Boasting()
    with aged(2) as (found, time):
        one, _ = found
        one.write("a.bin", text(0))
        rounds(found, shelf, 2)
        (real,) = (data for name, data in shelf.kept.items() if "/pack/" in name)
        shelf.made_up = [text(seed, 32) for seed in range(100)]
        shelf.gives = real if copies else b""
        tended(one, shelf)
        time.now += DAY + 60_000
        rounds(found, shelf)
        before, shelf.asked = written(one), 0

        done = tended(one, shelf)

        assert written(one) == before
        assert (done.dead, done.rewritten, len(done.troubles)) == (0, 0, 1)
        assert "100 are listed" in done.troubles[0]
        assert shelf.asked <= 20
        assert not one.files().replica.state.packs.said
        assert one.shown() == {"a.bin": text(0)}


@pytest.mark.threat("T501")
def test_a_pack_that_a_kill_left_unnamed_goes_among_names_that_are_made_up() -> None:
    shelf = Boasting()
    with aged(2) as (found, time):
        one, _ = found
        rounds(found, shelf, 2)
        opened = one.files()
        with opened.bodies.packer() as packer:
            packer.take(iter([text(7)]))
            packer.finish()
        opened.bodies.give(shelf, box(opened), [])
        (left,) = packs(one, shelf)
        shelf.made_up = [text(seed, 32) for seed in range(5)]
        for _ in range(2):
            done = tended(one, shelf)
            time.now += DAY + 60_000
            rounds(found, shelf)

        assert done.dead == 1
        assert list(one.files().replica.state.packs.said) == [left]


@pytest.mark.threat("T501")
def test_a_carrier_that_says_packs_are_long_has_none_written_anew() -> None:
    shelf = Boasting()
    with aged(2) as (found, time):
        one, _ = found
        one.write("a.bin", text(0))
        rounds(found, shelf, 2)
        shelf.says = 8_000_000
        tend(one, shelf)
        time.now += DAY + 60_000

        assert tend(one, shelf).rewritten == 0
        assert len(packs(one, shelf)) == 1


@pytest.mark.threat("T501")
def test_a_list_of_packs_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packlists, "LISTED", 50)
    shelf = Boasting()
    with aged(1) as ((one,), _):
        rounds([one], shelf)
        one.write("a.bin", text(0))
        shelf.made_up = [text(seed, 32) for seed in range(100)]
        opened = one.files()

        with pytest.raises(CarrierAwayError):
            opened.bodies.give(shelf, box(opened), [])
        assert tended(one, shelf).dead == 0
        assert opened.bodies.staged()
