"""People who hold shares of Anna's secret, open recoveries of it, and a clock that is moved."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sealhold.model.errors import HeldBackError
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.peers.recoveryheld import HeldRecovery, check_released, recoveries, standing
from sealhold.sharing.peers.recoveryopening import Opening, open_recovery, plan
from sealhold.sharing.peers.recoveryshares import PLAIN, Held, Terms, held
from sealhold.sharing.peers.recoveryveto import OwnRecovery, own_recoveries, veto
from tests.unit.memory_vault import NOON
from tests.unit.recovering_people import Circle, circle
from tests.unit.two_people import Person


class Moved:
    """A clock that goes on by a second at each look, or not at all, and by hand."""

    def __init__(self, step: int = 1_000) -> None:
        self.now, self._step = int(NOON), step

    def __call__(self) -> Instant:
        self.now += self._step
        return Instant(self.now)

    def days(self, count: float) -> None:
        self.now += int(count * DAY)


@dataclass
class Openers:
    """An owner, holders of their shares, and what each does for a recovery."""

    circle: Circle
    clock: Moved

    @property
    def owner(self) -> Person:
        return self.circle.owner

    def rounds(self) -> None:
        self.circle.rounds()

    def share_of(self, name: str) -> Held:
        (share,) = held(self.circle.others[name].device.devices)
        return share

    def plan(self, name: str, papers: Sequence[bytes] = (), *, as_heir: bool = False) -> Opening:
        one = self.circle.others[name]
        share = self.share_of(name)
        return plan(one.device.devices, one.contacts, share, papers, as_heir=as_heir)

    def open(
        self, name: str, papers: Sequence[bytes] = (), *, as_heir: bool = False
    ) -> list[bytes]:
        """Have a holder say yes; return the notices that are carried on."""
        one = self.circle.others[name]
        opening = self.plan(name, papers, as_heir=as_heir)
        done = open_recovery(one.device.devices, one.letters, opening)
        return [each.data for each in done.notices]

    def known(self, name: str) -> list[HeldRecovery]:
        return recoveries(self.circle.others[name].device.devices)

    def course(self, name: str) -> str:
        (one,) = self.known(name)
        return standing(self.circle.others[name].device.devices, one).course.value

    def is_handed_out(self, name: str) -> bool:
        try:
            check_released(self.circle.others[name].device.devices, self.share_of(name))
        except HeldBackError:
            return False
        return True

    def heard(self) -> list[OwnRecovery]:
        """Return what the owner heard of."""
        return own_recoveries(self.owner.device.devices)

    def veto(self, verified: int = 0, which: int = 0) -> int | None:
        owner = self.owner
        found = self.heard()[which]
        return veto(owner.device.devices, owner.contacts, owner.letters, found, verified)


@contextmanager
def openers(
    *names: str,
    needed: int = 2,
    terms: Callable[[Circle], Terms] | None = None,
    step: int = 1_000,
) -> Iterator[Openers]:
    """Return an owner who gave people shares, which arrived; `step` is that of the clock."""
    clock = Moved(step)
    with circle(*names, clock=clock) as here:
        here.share(names, needed, terms=PLAIN if terms is None else terms(here))
        here.rounds()
        yield Openers(here, clock)


def told(here: Openers) -> None:
    """Have letters of all reach all."""
    here.rounds()
    here.rounds()
