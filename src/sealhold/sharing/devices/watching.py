"""Hints that something in a folder changed, so that it is scanned now and not in ten minutes.

- What is reported is a hint and no more: reports get lost, and come together. A scan is the truth.
- Where the system has no room for another watch, there are no hints, and scans go by the clock.

Source: docs/spec/47-folders.md section 8.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sealhold.sharing.devices.scanning import MARKER

DEBOUNCE = 50  # milliseconds that reports are gathered for at most
STEP = 20  # milliseconds without a report that end the gathering
EVERY = 600_000  # milliseconds between scans without a hint


class Stop(Protocol):
    """Says when to stop."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


def hints(root: Path, stop: Stop, every: int = EVERY) -> Iterator[bool]:
    """Yield True when something in the folder changed, False when `every` milliseconds went by.

    The first comes at once: a scan at the start. Our own writing is no hint of its own: reports
    of files that are being written are passed over.
    """
    from watchfiles import watch  # noqa: PLC0415 - loaded by a vault that syncs a folder

    yield True
    try:
        for changes in watch(
            root,
            watch_filter=None,
            debounce=DEBOUNCE,
            step=STEP,
            stop_event=stop,
            rust_timeout=every,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if not changes:
                yield False
            elif any(not Path(path).name.startswith(MARKER) for _, path in changes):
                yield True
    except OSError:
        return
