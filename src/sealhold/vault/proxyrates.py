"""How many rows of a table one user may have in a minute, as the policy says.

- Rows are taken ahead, a quarter of what is left at a time, so several kinds of statement share a
  minute; what was not used is given back if the minute is not over.
- Counted are rows of which a protected column is opened; how many are distinct is not known here.

Source: docs/spec/59-proxy-in-a-vault.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sealhold.model.errors import TooFastError
from sealhold.protect.gate import Use
from sealhold.protect.policy import Policy

MINUTE: Final = 60.0  # seconds
PART: Final = 4


@dataclass(slots=True)
class _Minute:
    began: float
    rows: int  # that were taken


class Rates:
    """Counts rows by user and table; several threads may call at once."""

    def __init__(self, policy: Policy) -> None:
        self._limits = {
            name: table.rows_per_minute
            for table in policy.tables
            if table.rows_per_minute
            for name in (table.name, f"{table.schema}.{table.name}")
        }
        self._taken: dict[tuple[str, str], _Minute] = {}
        self._turn = Lock()

    def take(self, use: Use, now: float, most: int) -> dict[str, int]:
        """Return how many rows of each limited table a use may have, at most `most` of each.

        Raises:
            TooFastError: none, in this minute.
        """
        if not use.opens:
            return {}
        with self._turn:
            found = {}
            for table in use.tables:
                limit = self._limits.get(table)
                if limit is None:
                    continue
                minute = self._taken.setdefault((use.principal, table), _Minute(now, 0))
                if now - minute.began >= MINUTE:
                    minute.began, minute.rows = now, 0
                left = limit - minute.rows
                # THREAT T685: who reads more than a policy lets them waits, and is seen
                if left <= 0:
                    raise TooFastError(f"{limit} rows of table `{table}` in a minute")
                found[table] = min(most, max(1, left // PART))
            for table, rows in found.items():
                self._taken[use.principal, table].rows += rows
            return found

    def give_back(self, use: Use, at: float, rows: Mapping[str, int]) -> None:
        """Give back rows that were taken `at` a time and not had, if that minute is not over."""
        with self._turn:
            for table, count in rows.items():
                minute = self._taken.get((use.principal, table))
                if minute is not None and minute.began <= at:
                    minute.rows = max(0, minute.rows - count)
