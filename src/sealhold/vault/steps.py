"""Uses of the vault in steps, each of which gives the writer a piece of work.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Generator
from concurrent.futures import Future
from typing import TypeVar

from sealhold.model.underway import Underway
from sealhold.vault.writer import Work, Writer

Done = TypeVar("Done")
Steps = Generator[Work, bool, Done]


def begun(steps: Steps[Done], writer: Writer) -> Underway[Done]:
    """Return steps of which none is taken yet."""

    def submit(work: Work) -> Future[list[int]]:
        return writer.submit([work])

    return Underway(steps, submit)


def done(steps: Steps[Done], writer: Writer) -> Done:
    """Take all steps in this thread, and return what came of them.

    Raises:
        SealholdError: a step failed.
    """
    return begun(steps, writer).wait()
