"""Two ends are asked the same: identical, refused, or wrong. There is no fourth.

- A refusal is one of the proxy's own codes for "this cannot be done". A false alarm (tampered,
  stale) or silence is wrong.
- Rows are compared in order where the statement has a final ORDER BY, as a bag elsewhere.
"""

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum, unique
from typing import Final

from tests.proxying.talking import Answer

LONGEST: Final = 400  # characters of what is said of a difference


@unique
class Outcome(Enum):
    """How the answer of the proxy stands to that of the database alone."""

    IDENTICAL = "identical"
    REFUSED = "refused"
    WRONG = "WRONG"


def is_ordered(sql: str) -> bool:
    """Tell whether a statement fixes the order of its rows: ORDER BY outside of parentheses."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", sql)
    while (less := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = less
    return re.search(r"\border\s+by\b", bare, re.IGNORECASE) is not None


def _same_end(ours: Sequence[Answer], theirs: Sequence[Answer]) -> bool:
    """Tell whether both failed alike: one may say so at Parse, the other at Execute."""
    if not ours or not theirs:
        return False
    last = (ours[-1], theirs[-1])
    return all(each.kind == "error" for each in last) and last[0].sqlstate == last[1].sqlstate


def compared(
    ours: Sequence[Answer], theirs: Sequence[Answer], *, ordered: bool
) -> tuple[Outcome, str]:
    """Return the outcome, and where they differ first if it is wrong."""
    if any(answer.is_refused for answer in ours):
        return Outcome.REFUSED, next(a.message for a in ours if a.is_refused)
    if _same_end(ours, theirs):
        return Outcome.IDENTICAL, ""
    if len(ours) != len(theirs):
        return Outcome.WRONG, f"{len(ours)} answers for {len(theirs)}: {_short(ours)}"
    for mine, truth in zip(ours, theirs, strict=True):
        if difference := _difference(mine, truth, ordered=ordered):
            return Outcome.WRONG, difference[:LONGEST]
    return Outcome.IDENTICAL, ""


def _difference(mine: Answer, truth: Answer, *, ordered: bool) -> str:
    for part in ("kind", "sqlstate", "tag", "parameters"):
        if getattr(mine, part) != getattr(truth, part):
            return (
                f"{part}: {getattr(mine, part)!r} for {getattr(truth, part)!r}{_why(mine, truth)}"
            )
    if mine.headings != truth.headings:
        pairs = zip(mine.headings, truth.headings, strict=False)
        first = next((f"{a} for {b}" for a, b in pairs if a != b), "their number")
        return f"columns: {first}"
    if (mine.rows != truth.rows) if ordered else (Counter(mine.rows) != Counter(truth.rows)):
        return f"rows: {_rows(mine, truth, ordered=ordered)}"
    return ""


def _why(mine: Answer, truth: Answer) -> str:
    said = mine.message or truth.message
    return f" ({said})" if said else ""


def _rows(mine: Answer, truth: Answer, *, ordered: bool) -> str:
    counts = f"{len(mine.rows)} for {len(truth.rows)}; "
    if ordered:
        both = zip(mine.rows, truth.rows, strict=False)
        return counts + next((f"{a} for {b}" for a, b in both if a != b), "")
    more, less = Counter(mine.rows) - Counter(truth.rows), Counter(truth.rows) - Counter(mine.rows)
    return counts + f"{next(iter(more), None)} for {next(iter(less), None)}"


def _short(answers: Sequence[Answer]) -> str:
    return "; ".join(f"{a.kind} {a.tag}{a.sqlstate} {a.message}" for a in answers)[:300]
