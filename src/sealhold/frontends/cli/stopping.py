"""Ctrl-C during a run: the first ends it between two objects, the second at once.

Source: docs/spec/20-faces.md section 8.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

STOPPED = 130  # what shells say of a program that Ctrl-C ended


@dataclass(slots=True)
class Stop:
    """Whether the one at the keyboard asked for it."""

    asked: bool = False


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[Stop]:
    """Call `stop` at the first Ctrl-C in the block; the second is a KeyboardInterrupt."""
    state = Stop()
    before = signal.getsignal(signal.SIGINT)

    def hear(number: int, frame: FrameType | None) -> None:
        del number, frame
        state.asked = True
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("stopping; what is evaluated is kept. Ctrl-C once more stops at once\n")
        stop()

    try:
        signal.signal(signal.SIGINT, hear)
    except ValueError:  # not the main thread, which alone hears signals
        yield state
        return
    try:
        yield state
    finally:
        signal.signal(signal.SIGINT, before)
