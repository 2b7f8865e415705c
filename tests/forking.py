"""Work in a process that is forked from a test's own, which has threads.

- A child has the locks of libraries as they are at the fork: one that another thread holds is never
  let go there. A thread that was joined may still be on its way out through OpenSSL, which locks.
  So a fork waits until no other thread runs.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

MOMENT: Final = 0.002  # seconds
PATIENCE: Final = 1_000  # such moments


def wait_until_still() -> None:
    """Wait until no other thread of this process runs, or as long as one may be waited for."""
    own = str(threading.get_native_id())
    for _ in range(PATIENCE):
        others = (each for each in Path("/proc/self/task").iterdir() if each.name != own)
        if not any(map(_runs, others)):
            return
        time.sleep(MOMENT)


def _runs(task: Path) -> bool:
    with suppress(OSError):  # it is gone
        return (task / "stat").read_text().rpartition(") ")[2].startswith("R")
    return False


def ended(work: Callable[..., object], *args: object, **named: object) -> int | None:
    """Return the exit code of a process that was forked to do some work."""
    wait_until_still()
    process = multiprocessing.get_context("fork").Process(target=work, args=args, kwargs=named)
    process.start()
    process.join()
    return process.exitcode
