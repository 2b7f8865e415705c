"""Devices that are put back to a copy of what was durable, and such that die on the way."""

from dataclasses import dataclass, field

from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.sharing.devices.slices import Holding
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords
from sealhold.stores.rows import State
from tests.unit.owned_devices import Machine
from tests.unit.replicas import Shelf


@dataclass(frozen=True)
class Copy:
    """What lay on the disk of a device at some time."""

    rows: State
    packs: dict[ObjectName, SealedBytes]
    writes: int = 0  # how many there were in all
    slices: tuple[Holding, ...] = ()


def copy(device: Machine) -> Copy:
    """Return what is durable of a device."""
    store = _store(device)
    assert store._state is not None
    return Copy(store._state, dict(device.vault.packs._kept))


def put_back(device: Machine, kept: Copy, tables: tuple[str, ...] = ("sync",)) -> None:
    """Put a device back to a copy of what was durable; the log of its vault goes on.

    Args:
        device: which goes on with what the copy has.
        kept: the copy.
        tables: beginnings of the names of the tables that are put back.
    """
    store, packs = _store(device), device.vault.packs
    assert store._state is not None
    assert store._content is not None
    assert store._tables is not None
    rows = dict(store._state.rows)
    rows.update({name: old for name, old in kept.rows.rows.items() if name.startswith(tables)})
    store._content.rows = rows
    store._state = State(store._tables, rows)
    device.vault.core.deciding.load(store)
    packs._kept = dict(kept.packs)
    device.again()


def _store(device: Machine) -> MemoryRecords:
    assert isinstance(device.vault.core.store, MemoryRecords)
    assert isinstance(device.vault.packs, MemoryObjects)
    return device.vault.core.store


class KilledError(Exception):
    """The process is gone."""


@dataclass
class Dying(Shelf):
    """A shelf at which the process that uses it is killed."""

    left: list[int] = field(default_factory=list)

    def _here(self) -> None:
        super()._here()
        self.left[0] -= 1
        if self.left[0] < 0:
            raise KilledError
