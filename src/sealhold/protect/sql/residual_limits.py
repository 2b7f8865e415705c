"""How much one statement may bring to the proxy, and hold there.

Source: docs/spec/57-values-and-residuals.md section 15.
"""

from collections.abc import Iterable, Sequence

from sealhold.model.errors import ExhaustedError


class TooMuchToOpenError(ExhaustedError):
    """A statement needs more opened rows, or more room for them, than the policy allows (SH006).

    Remedy: narrow the statement by a condition that the provider can answer, or raise `fetch_rows`
    and `fetch_bytes` in the policy's `[limits]`.
    """


class RowLimit:
    """Counts the rows and bytes of one run."""

    def __init__(self, rows: int, size: int) -> None:
        """Allow `rows` rows and `size` bytes."""
        self._rows_left = rows
        self._bytes_left = size
        self._limits = rows, size

    def take(self, row: Sequence[bytes | None]) -> None:
        """Count a row that comes in.

        Raises:
            TooMuchToOpenError: it is one too many.
        """
        self._rows_left -= 1
        self.hold(row)

    def keep(self, values: Iterable[object]) -> None:
        """Count the bytes of values that are kept, of texts and bytes alone.

        Raises:
            TooMuchToOpenError: it is too much.
        """
        self.hold([value.encode() if isinstance(value, str) else value for value in values])

    def hold(self, row: Sequence[object]) -> None:
        """Count the bytes of a row that is made and kept.

        Raises:
            TooMuchToOpenError: it is too much.
        """
        # THREAT T633: rows that are opened stay in memory only as far as the policy allows.
        self._bytes_left -= sum(len(cell) for cell in row if isinstance(cell, bytes))
        if self._rows_left < 0 or self._bytes_left < 0:
            rows, size = self._limits
            raise TooMuchToOpenError(f"more than {rows} rows or {size} bytes")
