"""pgbench on the account table: it moves amounts between rows of its own, so their sum stays.

- It is started again whenever the proxy under it was killed. Of a transfer that was cut off both
  halves are done, or none.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Final

from tests.proxying.addresses import Address
from tests.proxying.migrating import Row

SCRIPT: Final = """\
\\set one {of} * random(1, {most}) + {share}
\\set two {of} * random(1, {most}) + {share}
\\set moved random(1, 50)
BEGIN;
SELECT owner, amount FROM account WHERE id = :one;
UPDATE account SET amount = amount - :moved WHERE id = :one;
UPDATE account SET amount = amount + :moved WHERE id = :two;
COMMIT;
"""
AMOUNT: Final = 2  # of a row


@dataclass(slots=True)
class Transfers:
    """Runs of pgbench, one after the other, until they are to end."""

    address: Address
    script: Path
    runs: int = 0
    moved: int = 0  # transfers that pgbench counted
    ending: Event = field(default_factory=Event)
    _thread: Thread | None = None

    @classmethod
    def over(cls, address: Address, folder: Path, rows: int, share: int, of: int) -> "Transfers":
        """Return transfers between the rows whose number leaves `share` when divided by `of`."""
        script = folder / "transfers.sql"
        script.write_text(SCRIPT.format(of=of, share=share, most=rows // of - 1))
        return cls(address, script)

    def start(self) -> None:
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End after the run that is under way."""
        self.ending.set()
        assert self._thread is not None
        self._thread.join()

    def _work(self) -> None:
        while not self.ending.is_set():
            said = subprocess.run(
                ["pgbench", "-n", "-M", "prepared", "-c", "2", "-j", "1", "-T", "2",
                 "--max-tries", "10", "-f", str(self.script)],
                env={**os.environ, **self.address.environment, "PGCONNECT_TIMEOUT": "5"},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            self.runs += 1
            self.moved += _counted(said.stdout)
            sleep(0.05)


def _counted(said: str) -> int:
    """Return how many transactions a run tells of; one that was cut off may tell of none."""
    lines = [each for each in said.splitlines() if "actually processed" in each]
    return int(lines[0].rsplit(":", 1)[1].split("/")[0]) if lines else 0


def kept(before: Mapping[int, Row], after: Mapping[int, Row]) -> bool:
    """Whether transfers are all that happened: the same rows, the same sum, all else as it was."""
    alike = all(
        (*row[:AMOUNT], *row[AMOUNT + 1 :]) == (*after[n][:AMOUNT], *after[n][AMOUNT + 1 :])
        for n, row in before.items()
        if n in after
    )
    return alike and before.keys() == after.keys() and _sum(before) == _sum(after)


def _sum(rows: Mapping[int, Row]) -> int:
    return sum(int(row[AMOUNT] or 0) for row in rows.values())
