"""The cases of the oracle as they are written down: `statements/*.sql`.

- A line is a case; `;;` parts the steps of one. `## feature` heads those that follow.
- After a colon: `outside` of what the proxy promises (design C10), or `own`, which brings its own
  transaction. All other cases that write run in one that is rolled back, and the tables that they
  name are compared in it.
- `<<` begins what COPY is fed with, with backslash escapes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.proxying.talking import Step

FOLDER: Final = Path(__file__).with_name("statements")
WRITES: Final = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|WITH \w+ AS \((DELETE|INS))"
    r"|\bFROM STDIN|\bAS \(INSERT|\) UPDATE |; *(INSERT|UPDATE|DELETE)"
)
WRITTEN: Final = re.compile(r"\b(?:INTO|UPDATE|DELETE FROM|COPY|TRUNCATE)\s+(?:ONLY\s+)?([a-z]+)\b")
ESCAPES: Final = {"t": "\t", "n": "\n", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Case:
    """Some statements of one connection, one after the other."""

    feature: str
    steps: tuple[Step, ...]
    is_promised: bool = True
    is_own: bool = False  # has its own transactions

    @property
    def writes(self) -> bool:
        return any(WRITES.search(step.sql) for step in self.steps)

    @property
    def written(self) -> list[str]:
        """Return the tables that it may change, in order."""
        return list(dict.fromkeys(n for s in self.steps for n in WRITTEN.findall(s.sql)))

    def __str__(self) -> str:
        return " ;; ".join(step.sql for step in self.steps)


def written_cases() -> list[Case]:
    """Return all cases that are written down."""
    return [case for path in sorted(FOLDER.glob("*.sql")) for case in parsed(path.read_text())]


def parsed(text: str) -> Iterator[Case]:
    """Yield the cases of one file."""
    feature, flags = "", ""
    for line in text.splitlines():
        if line.startswith("## "):
            feature, _, flags = line[3:].partition(" : ")
        elif line and not line.startswith("--"):
            steps = tuple(_step(part) for part in re.split(r"(?:^| );; ", line))
            yield Case(feature, steps, "outside" not in flags, "own" in flags)


def _step(text: str) -> Step:
    sql, fed, data = text.partition(" <<")
    if not fed:
        return Step(text)
    plain = re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), data.lstrip())
    return Step(sql, plain.encode())
