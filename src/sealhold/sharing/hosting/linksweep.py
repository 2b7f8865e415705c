"""Ends what is over while a relay runs: once at its start, and then each minute.

Source: docs/spec/53-link-shares.md section 4.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from sealhold.model.errors import UnavailableError
from sealhold.sharing.hosting.linkshelf import LinkShelf

EACH: Final = 60.0  # seconds
WAIT: Final = 20.0  # seconds for a sweep that is under way


@contextmanager
def sweeping(shelf: LinkShelf, each: float = EACH) -> Iterator[None]:
    """Sweep in a thread as long as the block lasts; what fails is tried again."""
    ended = Event()

    def run() -> None:
        while True:
            with suppress(UnavailableError):
                shelf.sweep()
            if ended.wait(each):
                return

    thread = Thread(target=run, name="links", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(WAIT)
