"""How this vault keeps programs apart: what was asked for, what the kernel offers, what is said.

- Every part that runs a program opens its broker here, so there is one answer to how it runs.
- Less than asked for is never given: the broker refuses. Only `language-only`, asked for by name,
  runs without a jail; status, consent screen and every proof then say so.
- A stop ends what runs, between two objects, and lets nothing begin until the vault is opened anew.

Source: docs/spec/19-confinement.md section 7.
"""

from threading import Event
from typing import Final

from sealhold.compute import jail
from sealhold.compute.broker import Broker, Mode

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

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.offered = jail.offered()
        self._stopped = Event()

    def broker(self) -> Broker:
        """Return a broker to enter; one for each call or few."""
        return Broker(self.mode, is_stopped=self._stopped.is_set)

    def stop(self) -> None:
        """End what runs, between two objects; what was evaluated is kept by who asked for it."""
        self._stopped.set()

    @property
    def can_run(self) -> bool:
        """Whether a program is run at all."""
        if self.mode is Mode.PARANOID and not self.offered.has_namespaces:
            return False
        return self.mode is Mode.LANGUAGE_ONLY or self.offered.can_confine

    def sentence(self) -> str:
        """Return how a program runs, as the one reads it who is to allow it."""
        return _RUNS[self.mode] if self.can_run else _REFUSED

    def in_words(self) -> str:
        """Return what was asked for, and what this kernel offers."""
        return "; ".join((f"mode: {self.mode}", *self.offered.in_words()))

    def warnings(self) -> list[str]:
        """Return what the owner ought to know."""
        if self.mode is Mode.LANGUAGE_ONLY:
            return [_FREE]
        return [] if self.can_run else [_NOTHING]
