"""How long something took, on a machine that others use, too.

A limit in seconds holds where a processor is free: time in which any task of the machine waited for
one is not counted. The kernel tells of it (`/proc/pressure/cpu`); where it does not, all counts.
"""

import re
import time
from pathlib import Path

PRESSURE = Path("/proc/pressure/cpu")
COUNTED_UP = 2.1  # seconds: the kernel counts up each two


class Calm:
    """Begins to count when it is made."""

    def __init__(self) -> None:
        self._waited = waited()
        self._began = time.monotonic()

    def within(self, seconds: float) -> bool:
        """Return whether less than `seconds` went by in which no task waited for a processor."""
        took = time.monotonic() - self._began
        if took < seconds:
            return True
        time.sleep(COUNTED_UP)
        return took - (waited() - self._waited) < seconds


def waited() -> float:
    """Return for how many seconds in all a task of this machine waited for a processor."""
    try:
        told = PRESSURE.read_text()
    except OSError:
        return 0.0
    some = re.search(r"^some .*total=(\d+)", told, re.MULTILINE)
    return int(some[1]) / 1e6 if some else 0.0
