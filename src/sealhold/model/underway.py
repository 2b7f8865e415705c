"""Something that is done in steps, with waits for a disk between them.

- Written once, taken in two ways: `wait` takes all steps in the caller's thread; a server's loop
  takes those of many at once by `go`, so that uses share commits without a thread each.
- A step gives work, and hears whether it held: if what it was decided on has changed, nothing was
  written, and the step may decide anew. Whatever else goes wrong is raised where it gave the work.
- A step may say that what follows takes long. A loop, which is there for all, then leaves the rest
  to a thread.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

from sealhold.model.errors import ConflictError, SealholdError

Done = TypeVar("Done")
Other = TypeVar("Other")
Piece = Any  # reason: only whoever takes the work, and the steps that give it, know its type


class Long:
    """Says in place of work that the next step takes long, and who waits for it is to be few."""

    __slots__ = ()


LONG_AHEAD: Final = Long()


class Underway(Generic[Done]):
    """Steps, and whoever takes their work; each step is taken once."""

    value: Done  # once `go` returned None

    def __init__(
        self,
        steps: Generator[Piece, bool, Done],
        submit: Callable[[Piece], Future[list[int]]],
    ) -> None:
        self._steps = steps
        self._submit = submit
        self._waits: Future[list[int]] | None = None
        self._is_long = False  # what follows

    def go(self) -> Future[list[int]] | Long | None:
        """Take the next step; return what the one after it waits for, None at the end.

        LONG_AHEAD if that one takes long: then it waits for nothing.

        Raises:
            SealholdError: a step failed.
        """
        try:
            work = self._next()
            while True:
                if isinstance(work, Long):
                    self._waits, self._is_long = None, True
                    return work
                try:
                    self._waits = self._submit(work)
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
        while not self.wait_until_long():
            pass
        return self.value

    def wait_until_long(self) -> bool:
        """Take steps in this thread, up to one that takes long; return whether it was all.

        Raises:
            SealholdError: a step failed.
        """
        while (waits := self.go()) is not None:
            if isinstance(waits, Long):
                return False
            waits.exception()  # which the next step hears of
        return True

    def then(self, form: Callable[[Done], Other]) -> "Underway[Other]":
        """Return the same steps with what comes of them put into another form."""

        def steps() -> Generator[Piece, bool, Other]:
            return form((yield from self._steps))

        return Underway(steps(), self._submit)

    def _next(self) -> Piece:
        if self._is_long:
            self._is_long = False
            return self._steps.send(True)  # noqa: FBT003  # reason: as to work that held
        if self._waits is None:
            return next(self._steps)
        err = self._waits.exception()
        if err is None or isinstance(err, ConflictError):
            return self._steps.send(err is None)
        return self._steps.throw(err)
