"""The answer to a question of our own, in the middle of a client's session. No I/O.

- Its rows are kept and told to nobody. If there is an error, the client is told: its own statement
  cannot be done then.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from sealhold.protect.sql.line import Answer, Line
from sealhold.protect.sql.parsing import parse_cells
from sealhold.protect.sql.wire import HEAD, u32

T = TypeVar("T")


class _Question(Answer, Generic[T]):
    def __init__(self) -> None:
        self.found: list[Sequence[T | None]] | None = None
        self.is_over = False
        self._rows: list[Sequence[T | None]] = []

    def rows(self, line: Line, data: bytes, at: int) -> int:  # noqa: ARG002  reason: nothing is told
        """Take one row."""
        if len(data) - at < HEAD:
            return at
        stop = int(at + 1 + u32(data, at + 1)[0])
        if stop > len(data):
            return at
        self._keep(parse_cells(data[at + HEAD : stop]))
        return stop

    @abstractmethod
    def _keep(self, cells: Sequence[bytes | None]) -> None:
        """Keep one row."""

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take the end of the answer."""
        if kind != ord("C"):
            return super().take(line, kind, message)
        self.found = self._rows
        self.is_over = True
        return True

    def error(self, line: Line, message: bytes) -> None:
        """Tell the client: its own statement cannot be done then."""
        self.is_over = True
        super().error(line, message)

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """Note that there is none."""
        self.is_over = True


class Asked(_Question[str]):
    """The answer to a question of our own, as text."""

    def _keep(self, cells: Sequence[bytes | None]) -> None:
        self._rows.append([None if each is None else each.decode() for each in cells])


class Fetched(_Question[bytes]):
    """The same, as bytes."""

    def _keep(self, cells: Sequence[bytes | None]) -> None:
        self._rows.append(cells)
