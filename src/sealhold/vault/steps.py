"""Uses of the vault in steps, each of which gives the writer a piece of work, or waits for others.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TypeVar

from sealhold.model.errors import BusyError
from sealhold.model.underway import Long, Underway
from sealhold.vault.writer import Work, Writer

Done = TypeVar("Done")
Waits = Future[list[int]]  # what somebody else is about to end
Steps = Generator[Work | Waits | Long, bool, Done]  # Long: the next step takes long
Once = Steps[Done | None]  # None: something that was decided on has changed

TRIES = 8  # how often a use is decided anew because something changed in its very moment


def begun(steps: Steps[Done], writer: Writer) -> Underway[Done]:
    """Return steps of which none is taken yet."""

    def submit(piece: Work | Waits) -> Waits:
        return piece if isinstance(piece, Future) else writer.submit([piece])

    return Underway(steps, submit)


def done(steps: Steps[Done], writer: Writer) -> Done:
    """Take all steps in this thread, and return what came of them.

    Raises:
        SealholdError: a step failed.
    """
    return begun(steps, writer).wait()


def until_done(once: Callable[[], Once[Done]], too_busy: str) -> Steps[Done]:
    """Do it anew as long as what it was decided on changes meanwhile.

    Raises:
        BusyError: it did each time, as `too_busy` says.
    """
    for _ in range(TRIES):
        came = yield from once()
        if came is not None:
            return came
    raise BusyError(too_busy)
