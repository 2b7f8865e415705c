"""The process that is killed while it answers an app: by itself, at one step that it is told.

- A step is a commit that was made, or a value that a program said.
- Its exit is 0 if it came to its end before that step.
"""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from sealhold.compute.broker import Broker
from sealhold.vault.writer import Work, Writer
from tests.scenarios.vaults import Hands, opened


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(side: str, at: int) -> None:
    """Let the process die after its commit number `at`, or over its value of that number."""
    numbers = count()
    commit: Callable[[Writer, Work], int] = Writer.commit
    plain: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers

    def committing(writer: Writer, work: Work) -> int:
        done = commit(writer, work)
        if (side, next(numbers)) == ("commit", at):
            die()
        return done

    def answers(broker: Broker, *given: object) -> Iterator[tuple[int, int | None]]:
        for number, found in enumerate(plain(broker, *given)):
            if (side, number) == ("value", at):
                die()
            yield found

    Writer.commit = committing  # type: ignore[assignment, method-assign]  # reason: the step to die at
    Broker.answers = answers  # type: ignore[assignment, method-assign]  # reason: the same


def answer_and_die(home: str, grant: str, side: str, at: str) -> None:
    """Open the vault, and answer."""
    with opened(Path(home), Hands()) as node:
        watch(side, int(at))
        node.runs.run(grant)
