"""The statement of a month: lines, what stands, and the page, all drawn up from entries alone.

- `draw_up` is pure: whoever has the entries gets the same statement, on any machine.
- The page follows from lines and standings by rules; nothing is on it that is not below it.

Source: docs/spec/40-statement.md sections 1 and 5.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sealhold.audit.oddities import LOOKED_BACK, oddities
from sealhold.audit.standings import Stand
from sealhold.audit.sums import Adding, Noted, totals, write_runs
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.model.shown.statement import Drawn, Line, Page, Part, Row, Standing

MOST_ROWS = 10  # of who used what; the rest is one row
_TOLD = (Part.USE, Part.ASK)
_STIRRED = (Part.USE, Part.ASK, Part.OWN, Part.SOURCE)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of UTC."""

    year: int
    month: int

    @property
    def begin(self) -> Instant:
        """Its first moment."""
        return Instant(int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp() * 1000))

    @property
    def end(self) -> Instant:
        """The first moment of the next."""
        return self.after.begin

    @property
    def after(self) -> "Month":
        """The next month."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def __str__(self) -> str:
        """Return it as `2026-10`."""
        return f"{self.year:04d}-{self.month:02d}"


def read_month(text: str) -> Month:
    """Return the month that `2026-10` names.

    Raises:
        InvalidError: it names none.
    """
    year, dash, month = text.partition("-")
    is_form = dash and len(year) == 4 and len(month) == 2 and (year + month).isdecimal()  # noqa: PLR2004  # reason: YYYY-MM
    if not (is_form and text.isascii() and 1970 <= int(year) < 9999 and 1 <= int(month) <= 12):  # noqa: PLR2004  # reason: what the log can tell of
        raise InvalidError("a month is written as 2026-10")
    return Month(int(year), int(month))


def bounds(entries: Iterable[tuple[int, Instant | None]], month: Month) -> tuple[int, int]:
    """Return how many entries lie before `month`, and how many before its end.

    `entries` are all of the log; None is the time of one that nobody can open any more.
    """
    first = last = 0
    at = Instant(0)
    for seq, told in entries:
        at = at if told is None else told
        first = seq + 1 if at < month.begin else first
        last = seq + 1 if at < month.end else last
    return first, last


def draw_up(entries: Iterable[Noted], month: Month, now: Instant) -> Drawn:
    """Return what `month` comes to at `now` in the log that has `entries`, from its first one on.

    A month that is not over ends now.
    """
    adding, earlier, stand = Adding(), Adding(), Stand()
    recent: deque[Noted] = deque(maxlen=LOOKED_BACK)
    erased: list[int] = []
    at, first, last = Instant(0), 0, 0
    for noted in entries:
        at = noted.logged.at if noted.logged else at
        if at >= month.end:
            break
        last = noted.seq + 1
        stand.enter(noted)
        recent.append(noted)
        if at >= month.begin:
            adding.enter(noted)
            continue
        first = last
        if noted.logged is None:
            erased.append(noted.seq)
        if at >= month.before.begin:
            earlier.enter(noted)
    odd = tuple(each for each in oddities(recent) if each.at >= month.begin)
    lines, standings = adding.lines(), stand.standings(month.begin, min(month.end, now))
    return Drawn(
        month=str(month),
        first=first,
        last=last,
        lines=lines,
        earlier=totals(earlier.lines(), _TOLD),
        erased=write_runs(erased),
        standings=standings,
        odd=odd,
        page=page_of(lines, standings, len(odd)),
    )


def page_of(lines: Sequence[Line], standings: Sequence[Standing], odd: int) -> Page:
    """Return the page that follows from what is below it."""
    rows = sorted(_rows(lines), key=lambda row: (-row.answers, -row.cost, -row.refused,
                                                 row.app, row.purpose))  # fmt: skip
    shown, others = rows[:MOST_ROWS], rows[MOST_ROWS:]
    marks: dict[str, int] = {}
    for each in standings:
        for mark in each.marks:
            name = f"{each.what}_{mark}"
            marks[name] = marks.get(name, 0) + 1
    return Page(
        rows=tuple(shown),
        rest=_sum("", "", others) if others else None,
        others=len(others),
        total=_sum("", "", rows),
        out=_out(lines),
        to=_to(lines),
        bytes_out=sum(line.sums["bytes_out"] for line in lines if line.part in _TOLD),
        marks=marks,
        waiting=sum(each.what == "request" for each in standings),
        odd=odd,
        is_quiet=not any(line.part in _STIRRED for line in lines),
    )


def _rows(lines: Sequence[Line]) -> list[Row]:
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        if line.part in _TOLD:
            found.setdefault(line.of, []).append(line)
    return [
        Row(
            app=app,
            purpose=purpose,
            answers=sum(each.sums["answers"] for each in alike),
            refused=sum(each.sums["refused"] for each in alike),
            cost=sum(each.sums["cost"] for each in alike),
        )
        for (app, purpose), alike in found.items()
    ]


def _sum(app: str, purpose: str, rows: Sequence[Row]) -> Row:
    return Row(
        app=app,
        purpose=purpose,
        answers=sum(row.answers for row in rows),
        refused=sum(row.refused for row in rows),
        cost=sum(row.cost for row in rows),
    )


def _out(lines: Sequence[Line]) -> dict[str, int]:
    """Return how often what left: answers, exports and backups."""
    found = {
        "answers": sum(line.sums["answers"] for line in lines),
        "exports": sum(line.kinds.get("export", 0) for line in lines),
        "backups": sum(line.kinds.get("backup", 0) for line in lines),
    }
    return {name: number for name, number in found.items() if number}


def _to(lines: Sequence[Line]) -> tuple[tuple[str, str], ...]:
    """Return to whom answers were sealed."""
    uses = [line for line in lines if line.part is Part.USE]
    return tuple(sorted({(use.of[0], to) for use in uses for to in use.sets["destinations"]}))
