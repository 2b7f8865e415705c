"""What devices that are processes told of a budget that they share: never more than the cap.

- But for this: a machine that is put back whole, with what lies outside of the home, knows nothing
  of what it charged since. That is charged once more if no other device heard of the charge, and
  if one did, until it exchanges. So much, and no more, may be told beyond the cap.
"""

from collections import Counter
from dataclasses import dataclass, field

from sealhold.model.shown.devices import RoundView
from tests.scenarios.device_process import Process

Bits = Counter[int]  # by year
OF_LOGS = ("the log of ", "this vault's log is shorter ")


def troubles_of(done: RoundView) -> list[str]:
    """Return the troubles of a round, but for logs that went back: devices were put back."""
    return [each for each in done.troubles if not each.startswith(OF_LOGS)]


@dataclass
class Known:
    """What is known of the charges of one device since its machine was copied."""

    untold: Bits = field(default_factory=Counter)  # to others
    told: Bits = field(default_factory=Counter)
    again: Bits = field(default_factory=Counter)  # what it can charge once more until it exchanges


@dataclass
class Purse:
    """What all devices together told of, in bits by year, whatever they know of it now."""

    told: Bits = field(default_factory=Counter)
    beyond: Bits = field(default_factory=Counter)
    known: dict[int, Known] = field(default_factory=dict)

    def charge(self, who: int, process: Process, one: int, two: int) -> None:
        """Have a device charge an answer, and die in that at times.

        Raises:
            ChildProcessError: it died.
        """
        bits, at, is_before = (3, 5, 9, 14)[one % 4], two % 8 - 4, one % 8 > 3
        year, is_told = process.call("charge", bits, at=at, is_before=is_before)
        self._charged(who, year, bits if is_told else 0)
        self._within(process)

    def charge_all(self, who: int, process: Process) -> None:
        """Have a device charge what it still can."""
        is_told = True
        while is_told:
            year, is_told = process.call("charge", 1, at=-1, is_before=False)
            self._charged(who, year, is_told)
        self._within(process)

    def exchanged(self, who: int) -> None:
        """Take down that a device told all that it had to all places, and heard them."""
        known = self._of(who)
        known.told += known.untold
        known.untold.clear()
        known.again.clear()

    def copied(self, who: int) -> None:
        """Take down that a device's machine was copied."""
        self.known[who] = Known(again=self._of(who).again)

    def put_back(self, who: int) -> None:
        """Take down that a device's machine was put back whole."""
        known = self._of(who)
        self.beyond += known.untold
        self.known[who] = Known(again=known.again + known.told)

    def _charged(self, who: int, year: int, bits: int) -> None:
        known = self._of(who)
        self.told[year] += bits
        known.untold[year] += bits
        once_more = min(bits, known.again[year])
        self.beyond[year] += once_more
        known.again[year] -= once_more

    def _of(self, who: int) -> Known:
        return self.known.setdefault(who, Known())

    def _within(self, process: Process) -> None:
        cap = process.call("cap")
        for year, bits in self.told.items():
            assert bits <= cap + self.beyond[year], f"{self.told}: over {cap} bits {self.beyond}"
