"""How the eleven promises stand, told by name at the end of a run.

- A test says with its mark which promise it shows; the words are those of docs/spec/24-people.md.
- A promise holds if all its tests of the run did. One of which no test ran is not told.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "spec" / "24-people.md"
PROMISE = "promise"


def promises() -> dict[str, str]:
    """Return each promise by its number, in order."""
    return dict(re.findall(r"^\| (P\d+) \| ([^|]+?) \|", PAGE.read_text(), re.MULTILINE))


def note_promises(item: pytest.Item) -> None:
    """Let the reports of a test say which promises it shows, wherever it runs."""
    item.user_properties += [(PROMISE, mark.args[0]) for mark in item.iter_markers(PROMISE)]


def standing(reports: Iterable[tuple[str, Iterable[tuple[str, object]]]]) -> Iterator[str]:
    """Yield a line for each promise of which a test ran, from outcomes and noted properties."""
    outcomes: dict[object, list[str]] = defaultdict(list)
    for outcome, noted in reports:
        for name, value in noted:
            if name == PROMISE:
                outcomes[value].append(outcome)
    for mark, words in promises().items():
        found = outcomes.get(mark)
        if found:
            held = found.count("passed")
            word = "holds" if held == len(found) else "DOES NOT HOLD"
            yield f"{mark:<3} {word}: {words.split(' ([')[0]} ({held} of {len(found)} tests)"


def outcomes_of(stats: dict[str, list[Any]]) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    """Yield how each test of a run ended; what failed to be set up or taken down failed."""
    for outcome in ("passed", "failed", "error"):
        for report in stats.get(outcome, []):
            yield outcome, getattr(report, "user_properties", [])
