"""A statement in words: one sheet, which a terminal, a page and a PDF show alike.

- Nothing is decided or added up here: each figure is one of the statement's own.
- Days are of UTC, like the month itself.

Source: docs/spec/40-statement.md section 5.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sealhold.frontends.web.formats import bits, count, grouped
from sealhold.model.ids import Id16, Kind, show
from sealhold.model.quantities import Instant, MicroBits, show_bits, utc
from sealhold.model.shown.statement import Odd, Part, Row, Standing, Statement

HEAD = ("Who", "For what", "Answers", "Refused", "Bits")
MOST_NAMED = 4  # of one kind: what is more is counted
LONGEST = 46  # characters of a name or purpose in a row
NONE = "–"
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ASKED = (Part.USE, Part.ASK)


@dataclass(frozen=True, slots=True)
class Note:
    """A heading, and what stands under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A statement as it is read."""

    title: str
    span: str
    lead: str
    rows: tuple[tuple[str, ...], ...]  # under HEAD
    foot: tuple[str, ...]  # their sums; empty if there is no row
    notes: tuple[Note, ...]
    decide: tuple[str, ...]  # what waits for the owner; empty: nothing
    log: str
    root: str  # hex, in groups
    check: str  # the command by which anybody adds it up again


def sheet_of(statement: Statement) -> Sheet:
    """Return the page of a statement in words."""
    page, drawn = statement.drawn.page, statement.drawn
    rows = [_row(statement, row) for row in page.rows]
    if page.rest is not None:
        rows.append((_counted(page.others, "other"), "", *_figures(page.rest)))
    name = month_name(drawn.month)
    return Sheet(
        title=f"Statement, {name} {drawn.month[:4]}",
        span=_span(statement),
        lead=_lead(statement),
        rows=tuple(rows),
        foot=(name, "", *_figures(page.total)) if rows else (),
        notes=tuple(_notes(statement)),
        decide=tuple(_decide(statement)),
        log=f"{_counted(statement.end.size, 'entry', 'entries')} at the end of the month,"
        f" {count(drawn.last - drawn.first)} of them of the month."
        + (f" {_erased(statement)}" if _erased(statement) else ""),
        root=grouped(statement.end.root),
        check=f"sealhold verify statement-{drawn.month}.json --log log.txt",
    )


def name_of(statement: Statement, app: str) -> str:
    """Return how the vault calls an app or a source; of one it does not know any more, its id."""
    if not app:
        return "Nobody that could be told"
    return statement.names.get(app) or show(Kind.APP, Id16(bytes.fromhex(app)))


def spoken(term: str) -> str:
    """Return a term of the purpose vocabulary as it is spoken: `Personnel payment`."""
    words = HUMP.sub(" ", term)
    return words if words == term else words[:1] + words[1:].lower()


def month_name(month: str) -> str:
    """Return `October` for `2026-10`."""
    names = "January February March April May June July August September October November December"
    return names.split()[int(month[5:]) - 1]


def month_of(at: Instant) -> str:
    """Return the month of UTC that `at` lies in: `2026-10`."""
    then = utc(at)
    return f"{then.year:04d}-{then.month:02d}"


def month_beside(month: str, by: int) -> str:
    """Return the month that lies `by` months after."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def odd_words(odd: Odd, name: str) -> str:
    """Return an odd use in words."""
    match odd.rule:
        case "new_field":
            return f"{name} used {odd.about} for the first time"
        case "new_hour":
            return f"{name} used your data at {odd.about}:00 UTC, an hour new to it"
        case "rate":
            return f"{name} used your data {odd.about} times in a month, far more than before"
        case "refused":
            return f"{name} was refused {odd.about} times in a row"
        case _:
            return f"this year's budget fell to {bits(MicroBits(int(odd.about)))}"


def day_of(at: Instant) -> str:
    """Return a day of UTC: `3 Oct 2026`."""
    then = utc(at)
    return f"{then.day} {then:%b %Y}"


def _span(statement: Statement) -> str:
    if statement.over:
        return f"The whole month, by UTC. Made {day_of(statement.made)}."
    return f"So far, until {day_of(statement.made)}: the month is not over."


def _row(statement: Statement, row: Row) -> tuple[str, ...]:
    name = name_of(statement, row.app)
    purpose = spoken(row.purpose) if row.purpose else "no purpose named"
    return (_short(name), _short(purpose), *_figures(row))


def _figures(row: Row) -> tuple[str, str, str]:
    told = show_bits(MicroBits(row.cost)) if row.cost else NONE
    return (
        count(row.answers) if row.answers else NONE,
        count(row.refused) if row.refused else NONE,
        told,
    )


def _lead(statement: Statement) -> str:
    page = statement.drawn.page
    if page.is_quiet:
        return (
            "A quiet month: nobody used your data, nobody asked for it, and nothing came in."
            " That, too, is added up from the log."
        )
    if not page.rows:
        return "Nobody but you used your data, and nobody asked for it."
    askers = len({line.of[0] for line in statement.drawn.lines if line.part in _ASKED} - {""})
    worth = bits(MicroBits(page.total.cost))
    if page.total.answers:
        who = _counted(askers, "asker")
        told = [f"{who} got {_counted(page.total.answers, 'answer')}; {worth} were told."]
    else:
        who = _counted(askers, "app")
        told = [f"No answer left. {who} asked or used data; {worth} were charged."]
    if page.total.refused:
        told.append(f"{_counted(page.total.refused, 'try', 'tries')} came to a no.")
    left = next((each for each in statement.drawn.standings if each.what == "left"), None)
    if left is not None:
        told.append(f"{bits(MicroBits(left.amount))} are left of the year's budget.")
    return " ".join(told)


def _notes(statement: Statement) -> Iterator[Note]:
    drawn, page = statement.drawn, statement.drawn.page
    yield Note("Against the month before", _compared(statement))
    yield Note("What left, and where to", _left_words(statement))
    marks = page.marks
    told = [
        f"{count(marks[key])} {word}"
        for key, word in (
            ("grant_new", "new"),
            ("grant_renewed", "said anew"),
            ("grant_ended", "ended"),
            ("grant_unused", "unused for 30 days"),
        )
        if marks.get(key)
    ]
    force = sum(each.what == "grant" and each.state == "in_force" for each in drawn.standings)
    stand = f"{_counted(force, 'permission')} in force at the end."
    yield Note("Permissions", f"{_joined(told)}. {stand}" if told else f"No change. {stand}")
    yield Note("Sources", _sources(drawn.standings, statement))
    yield Note("Your own use", _own(statement))


def _compared(statement: Statement) -> str:
    earlier, total = statement.drawn.earlier, statement.drawn.page.total
    if not any(earlier.values()) and not statement.drawn.page.rows:
        return "Nothing then, nothing now."
    words = [
        _counted(abs(now - then), f"{'more' if now > then else 'fewer'} {thing}")
        for now, then, thing in (
            (total.answers, earlier["answers"], "answer"),
            (total.refused, earlier["refused"], "refusal"),
        )
        if now != then
    ]
    cost = total.cost - earlier["cost"]
    if cost:
        words.append(f"{bits(MicroBits(abs(cost)))} {'more' if cost > 0 else 'less'}")
    return f"{_joined(words)}." if words else "As many answers, refusals and bits."


def _left_words(statement: Statement) -> str:
    page = statement.drawn.page
    told = [
        _counted(page.out[key], word)
        for key, word in (("answers", "answer"), ("exports", "export"), ("backups", "backup"))
        if page.out.get(key)
    ]
    if not told:
        return "Nothing."
    to = sorted({_short(name_of(statement, app)) for app, _ in page.to})
    sealed = f", sealed to {_some(to)}" if to else ""
    size = f"; {count(page.bytes_out)} bytes to apps" if page.bytes_out else ""
    return f"{_joined(told)}{sealed}{size}."


def _sources(standings: Sequence[Standing], statement: Statement) -> str:
    took = [line for line in statement.drawn.lines if line.of[1:] == ("ingest",)]
    came = sum(line.sums["rows_out"] for line in took)
    told = f"{_counted(came, 'item')} came in. " if came else "Nothing came in. "
    return told + _named_sources(standings, statement)


def _named_sources(standings: Sequence[Standing], statement: Statement) -> str:
    sources = [each for each in standings if each.what == "source" and each.state != "removed"]
    if not sources:
        return "No place is read by itself."
    told = []
    for mark in ("broken", "stale"):
        names = [name_of(statement, each.id) for each in sources if mark in each.marks]
        if names:
            told.append(f"{mark}: {_some([_short(name) for name in names])}")
    well = sum(not {"broken", "stale"} & set(each.marks) for each in sources)
    return f"{count(well)} in order{'; ' if told else ''}{'; '.join(told)}."


def _own(statement: Statement) -> str:
    lines = [line for line in statement.drawn.lines if line.part is Part.OWN]
    told = [_counted(line.sums["times"], line.of[0], _plural(line.of[0])) for line in lines]
    return f"{_joined(told)}." if told else "None."


def _decide(statement: Statement) -> Iterator[str]:
    drawn = statement.drawn
    if drawn.page.waiting:
        asked = _some(_named(statement, "request", "waiting"))
        yield f"{_counted(drawn.page.waiting, 'request')} for your yes or no: {asked}."
    if broken := _named(statement, "source", "broken"):
        yield f"{_counted(len(broken), 'source')} to look after: {_some(broken)}."
    if unused := _named(statement, "grant", "unused"):
        yield f"{_counted(len(unused), 'permission')} that nobody uses: {_some(unused)}."
    odd = [odd_words(each, _short(name_of(statement, each.app))) for each in drawn.odd]
    if odd:
        yield f"Worth a look: {_some(odd, '; ')}."


def _named(statement: Statement, what: str, mark: str) -> list[str]:
    """Return whose things of a kind bear a mark, or are in a state of that name."""
    return [
        _short(name_of(statement, each.app or each.id))
        for each in statement.drawn.standings
        if each.what == what and mark in (each.state, *each.marks)
    ]


def _erased(statement: Statement) -> str:
    lines = [line for line in statement.drawn.lines if line.part is Part.ERASED]
    number = sum(line.sums["entries"] for line in lines)
    return f"{_counted(number, 'entry', 'entries')} were erased with somebody." if number else ""


def _some(names: Iterable[str], between: str = ", ") -> str:
    every = list(dict.fromkeys(names))
    more = len(every) - MOST_NAMED
    shown = between.join(every[:MOST_NAMED])
    return f"{shown} and {count(more)} more" if more > 0 else shown


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _counted(number: int, thing: str, things: str = "") -> str:
    return f"{count(number)} {thing if number == 1 else things or thing + 's'}"


def _plural(word: str) -> str:
    return {"query": "queries", "search": "searches"}.get(word, f"{word}s")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
