"""How this vault keeps programs apart: what was asked for, what the kernel offers, what is said.

- Every part that runs a program opens its broker here, so there is one answer to how it runs.
- Less than asked for is never given: the broker refuses. Only `language-only`, asked for by name,
  runs without a jail; status, consent screen and every proof then say so.
- In what a value was evaluated is kept, because the value is: before the first program runs in
  another mode than `jailed`, the log and a row say so, and from then on no proof claims more than
  the weakest of them.
- What runs under a grant is ended at once when the grant is cut: its policy token is away.
- A stop ends what runs, between two objects, and lets nothing begin until the vault is opened anew.

Source: docs/spec/19-confinement.md section 7.
"""

from collections.abc import Callable, Collection
from threading import Event as Flag
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import jail
from sealhold.compute.broker import Broker, Mode
from sealhold.compute.products import Products
from sealhold.compute.runner import Runner
from sealhold.model.ids import GrantId
from sealhold.stores.spec import ColumnKind, Expect, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

RAN_IN = TableSpec(name="ran_in", columns={"mode": ColumnKind.CODE}, key=("mode",), indexes={})
_STRONGEST_FIRST = (Mode.PARANOID, Mode.JAILED, Mode.LANGUAGE_ONLY)
_RUNS: Final[dict[Mode, str]] = {
    Mode.JAILED: "Runs sealed off by Landlock and seccomp: no network, no files, no clock.",
    Mode.PARANOID: "Runs sealed off by Landlock and seccomp, each item in a process of its own:"
    " no network, no files, no clock.",
    Mode.LANGUAGE_ONLY: "NOT SEALED OFF: runs with your rights, held by its language alone.",
}
_REFUSED: Final = "Cannot be confined on this machine, so it is not run."
_NOTHING: Final = "programs cannot be confined here: none is run"
_FREE: Final = (
    'programs run WITHOUT A JAIL: config.toml says `isolation = "language-only"`, and so does'
    " each proof"
)


class Confinement:
    """What programs of one vault run in."""

    def __init__(self, core: Core, mode: Mode, kept: TableSpec, products: Products) -> None:
        """Take the mode that is asked for, the table of kept values, and compiled programs."""
        self.mode = mode
        self._products = products
        self._core = core
        self._recorded = {Mode(found.row[0]) for found in scan_all(core.store, RAN_IN)}
        # What was evaluated without a row was evaluated in the usual mode.
        was_usual = not self._recorded and next(scan_all(core.store, kept), None) is not None
        self._ran_in = {Mode.JAILED} if was_usual else set(self._recorded)
        self._turn = Lock()
        self._stopped = Flag()
        self._hanging: WeakKeyDictionary[Runner, tuple[frozenset[GrantId], Flag]]
        self._hanging = WeakKeyDictionary()

    def broker(self, grants: Collection[GrantId] = ()) -> Broker:
        """Return a broker to enter; one for each call or few, which may hang on some grants."""
        is_cut = Flag()

        def is_stopped() -> bool:
            return self._stopped.is_set() or is_cut.is_set()

        runner = Runner(self.mode, self._products, is_stopped=is_stopped)
        if grants:
            with self._turn:
                self._hanging[runner] = (frozenset(grants), is_cut)
        return runner

    def cut(self, refuses: Callable[[GrantId], bool]) -> None:
        """End at once what runs under a grant that is refused by now; it can be run again later."""
        with self._turn:
            hanging = list(self._hanging.items())
        for runner, (grants, is_cut) in hanging:
            if not is_cut.is_set() and any(map(refuses, grants)):
                is_cut.set()
                runner.cut()

    def recording(self, grants: Collection[GrantId] = ()) -> Broker:
        """Return a broker for values that are kept; that one ran in this mode is kept, too."""
        # THREAT T163: written before it runs, so a value never stands under a stronger claim
        with self._turn:
            is_usual = self.mode is Mode.JAILED and not self._recorded
            if self.mode not in self._recorded and self.can_run and not is_usual:
                self._record()
        return self.broker(grants)

    def claim(self) -> Mode:
        """Return what a proof may say: the weakest mode in which a kept value was evaluated."""
        return max(self._ran_in | {self.mode}, key=_STRONGEST_FIRST.index)

    def _record(self) -> None:
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.RUN, actor=Actor.VAULT, subject=teller.subject, reason=self.mode.value
        )
        self._ran_in.add(self.mode)
        puts = tuple(Put(RAN_IN.name, (mode.value,), Expect.ANY) for mode in self._ran_in)
        self._core.writer.commit(Work(puts, (teller.entry(event),)))
        self._recorded = set(self._ran_in)

    def stop(self) -> None:
        """End what runs, between two objects; what was evaluated is kept by who asked for it."""
        self._stopped.set()

    @property
    def can_run(self) -> bool:
        """Whether a program is run at all."""
        if self.mode is Mode.PARANOID and not jail.offered().has_namespaces:
            return False
        return self.mode is Mode.LANGUAGE_ONLY or jail.can_confine()

    def sentence(self) -> str:
        """Return how a program runs, as the one reads it who is to allow it."""
        return _RUNS[self.mode] if self.can_run else _REFUSED

    def in_words(self) -> str:
        """Return what was asked for, and what this kernel offers."""
        return "; ".join((f"mode: {self.mode}", *jail.offered().in_words()))

    def warnings(self) -> list[str]:
        """Return what the owner ought to know."""
        if self.mode is Mode.LANGUAGE_ONLY:
            return [_FREE]
        return [] if self.can_run else [_NOTHING]
