"""Waiting at a terminal for what a device of another person answers.

Source: docs/spec/52-share-spaces.md section 4.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicerounds import Rounds

WAITING: Final = "No device of its owner has answered yet. The ask stays; try again later."
EACH: Final = 2.0  # seconds until places are asked again that tell nothing by themselves

Answer = TypeVar("Answer")


def waited(rounds: Rounds, seconds: float, look: Callable[[], Answer | None]) -> Answer | None:
    """Return what `look` finds, which asks first; None if nothing came in so many seconds."""
    end, left = time.monotonic() + seconds, 1.0
    while True:
        found = look()
        if found is not None or left <= 0:
            return found
        rounds.run(looks=False)  # what was asked goes out, and what was answered comes
        left = end - time.monotonic()
        if left > 0:
            with rounds.hints() as hints:
                hints.wait(min(left, EACH))


def tell_waiting(session: Session) -> None:
    """Say that the ask stays."""
    emit(session, {"state": "waiting"}, Line(WAITING, "hint"))
