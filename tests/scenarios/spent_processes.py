"""What devices that are processes told of a budget that they share: never more than the cap."""

from collections import Counter
from dataclasses import dataclass, field

from tests.scenarios.device_process import Process


@dataclass
class Purse:
    """What all devices together told of, in bits by year, whatever they know of it now."""

    told: Counter[int] = field(default_factory=Counter)

    def charge(self, process: Process, one: int, two: int) -> None:
        """Have a device charge an answer, and die in that at times.

        Raises:
            ChildProcessError: it died.
        """
        bits, at, is_before = (3, 5, 9, 14)[one % 4], two % 8 - 4, one % 8 > 3
        year, is_told = process.call("charge", bits, at=at, is_before=is_before)
        self.told[year] += bits if is_told else 0
        self._within(process)

    def charge_all(self, process: Process) -> None:
        """Have a device charge what it still can."""
        is_told = True
        while is_told:
            year, is_told = process.call("charge", 1, at=-1, is_before=False)
            self.told[year] += is_told
        self._within(process)

    def _within(self, process: Process) -> None:
        cap = process.call("cap")
        assert all(each <= cap for each in self.told.values()), f"{self.told}: over {cap} bits"
