"""A made-up bank statement of any length, the same for the same length: what imports are timed on.

- Seven columns as banks write them: a number, a day, a payee, a signed amount, words.
- The rows come from a seed, so two runs, and two machines, read the same bytes.

Source: docs/benchmarks.md.
"""

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

SEED: Final = 7
HEAD: Final = ("id", "date", "payee", "amount", "category", "note", "city")
PAYEES: Final = ("Grocer Park", "Bakery Rose", "Rail Nord", "Pharmacy Lime", "Book Corner")
KINDS: Final = ("food", "travel", "health", "home", "leisure")
MEALS: Final = ("lunch", "dinner", "breakfast", "gift")
CITIES: Final = ("Lyon", "Porto", "Ghent", "Graz", "Turku")
FIRST_DAY: Final = date(2026, 1, 1)
DAYS: Final = 180
MOST: Final = 20_000  # cents
NOTES: Final = 10_000  # distinct numbers in notes


def write_table(path: Path, rows: int) -> Path:
    """Write a table of so many rows and return its path."""
    made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEAD)
        for number in range(rows):
            cents = made.randint(-MOST, MOST)
            table.writerow(
                (
                    number,
                    (FIRST_DAY + timedelta(days=made.randrange(DAYS))).isoformat(),
                    made.choice(PAYEES),
                    f"{cents / 100:.2f}",
                    made.choice(KINDS),
                    f"note {made.randrange(NOTES)} {made.choice(MEALS)}",
                    made.choice(CITIES),
                )
            )
    return path
