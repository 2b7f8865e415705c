"""Uses in steps: a step yields work that must be durable, hears whether it is, and goes on.

- Written once, taken in two ways: `done` waits in the caller's thread, `Underway` lets one loop
  take many at once, so that a server's uses share commits without a thread each.
- A step hears False if what its work was decided on has changed: nothing was written, and it may
  decide anew. Whatever else goes wrong is raised where the work was yielded.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Generic, TypeVar

from sealhold.model.errors import ConflictError, SealholdError
from sealhold.vault.writer import Work, Writer

Done = TypeVar("Done")
Other = TypeVar("Other")
Steps = Generator[Work, bool, Done]


def done(steps: Steps[Done], writer: Writer) -> Done:
    """Take all steps, waiting for each, and return what came of them.

    Raises:
        SealholdError: a step failed.
    """
    return Underway(steps, writer).wait()


class Underway(Generic[Done]):
    """Steps that are taken one by one, by whoever has other things to do between them."""

    value: Done  # once `go` returned None

    def __init__(self, steps: Steps[Done], writer: Writer) -> None:
        self._steps = steps
        self._writer = writer
        self._waits: Future[list[int]] | None = None
        self._is_begun = False

    def go(self) -> Future[list[int]] | None:
        """Take the next step; return what the one after it waits for, None at the end.

        Raises:
            SealholdError: a step failed.
        """
        try:
            work = self._next()
            while True:
                try:
                    self._waits = self._writer.submit([work])
                except SealholdError as err:
                    work = self._steps.throw(err)
                else:
                    return self._waits
        except StopIteration as end:
            self.value = end.value
            return None

    def wait(self) -> Done:
        """Take all steps in this thread, and return what came of them.

        Raises:
            SealholdError: a step failed.
        """
        while (waits := self.go()) is not None:
            waits.exception()  # looked at by the next step
        return self.value

    def then(self, form: Callable[[Done], Other]) -> "Underway[Other]":
        """Return the same steps with what comes of them put into another form."""

        def steps() -> Steps[Other]:
            return form((yield from self._steps))

        return Underway(steps(), self._writer)

    def _next(self) -> Work:
        if not self._is_begun:
            self._is_begun = True
            return next(self._steps)
        assert self._waits is not None  # noqa: S101  # reason: it was begun
        err = self._waits.exception()
        if err is None or isinstance(err, ConflictError):
            return self._steps.send(err is None)
        return self._steps.throw(err)
