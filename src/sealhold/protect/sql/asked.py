"""What a session asks its provider for itself: the answer, which no client sees.

Source: docs/spec/56-postgresql-proxy.md section 3.
"""

from collections.abc import Sequence

from sealhold.protect.sql.line import Answer, Line
from sealhold.protect.sql.parsing import parse_cells
from sealhold.protect.sql.wire import HEAD, u32


class Asked(Answer):
    """The answer to a question of our own."""

    def __init__(self) -> None:
        self.found: list[Sequence[str | None]] | None = None
        self.is_over = False
        self._rows: list[Sequence[str | None]] = []

    def rows(self, line: Line, data: bytes, at: int) -> int:  # noqa: ARG002  reason: nothing is told
        """Take one row."""
        if len(data) - at < HEAD:
            return at
        stop = int(at + 1 + u32(data, at + 1)[0])
        if stop > len(data):
            return at
        cells = parse_cells(data[at + HEAD : stop])
        self._rows.append([None if each is None else each.decode() for each in cells])
        return stop

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
