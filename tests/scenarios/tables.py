"""Tables as people's programs leave them, and who answers queries over them."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sealhold.vault.pushdown import There, Told

MADE = """
CREATE TABLE visits (
  id INTEGER PRIMARY KEY, at TEXT, place TEXT, n INTEGER, weight REAL, cost NUMERIC,
  paid BOOLEAN, noted DATETIME, photo BLOB, mixed
)
"""
VISIT = "INSERT INTO visits VALUES (?,?,?,?,?,?,?,?,?,?)"


def fill(path: Path, rows: int, seed: int = 5) -> Path:
    """Make a database as people's programs leave them: with gaps, and with types that vary."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(path)) as file:
        file.execute(MADE)
        file.executemany(
            VISIT,
            [
                (
                    number,
                    f"2026-03-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
                    chance.choice(("Oslo", "Köln", "'s Gravenhage", None)),
                    chance.choice((None, 0, number, -number, 2**53 + number)),
                    chance.choice((None, number * 0.25, -0.5)),
                    chance.choice((number, number + 0.1, 12.5, None)),
                    chance.choice((0, 1, None)),
                    chance.choice(("2026-03-29 02:30:00", "2026-02-01", None)),
                    chance.choice((b"\x00\xff", None)),
                    chance.choice((1, 2.5, "text", b"\x01", None)),
                )
                for number in range(rows)
            ],
        )
        file.commit()
    return path


class Watched:
    """Counts which queries were answered where the tables lie."""

    def __init__(self, pushdown: Callable[..., Told | None] | None) -> None:
        assert pushdown is not None
        self._pushdown = pushdown
        self.answered = 0

    def __call__(self, sql: str, places: list[There]) -> Told | None:
        told = self._pushdown(sql, places)
        self.answered += told is not None
        return told
