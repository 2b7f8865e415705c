"""Precision: how finely granted rows are seen, as rules that are applied in their order.

    rule = "sample_every" "(" TIME "," span ")"        | "k_most_recent" "(" TIME "," count ")"
         | "round" "(" NUMBER_COLUMN "," step ")"      | "round" "(" TIME "," span ")"
         | "since" "(" stretch "(" TIME "," ZONE ")" ")"
         | "grid" "(" LATITUDE "," LONGITUDE "," METRES ")" | "initials" "(" TEXT_COLUMN ")"
         | "aggregate" "(" summary "(" COLUMN ")" "per" period "(" TIME "," ZONE ")" ")"

- Rules work on rows that the filter let through, before anything else sees them.
- A row whose time is unknown is in no stretch of time: the rules that need one drop it. What is no
  number becomes empty under a rule that needs one, and the row stays.
- The order of the rows that come in decides nothing.
- A parsed list of rules is checked as a whole: after `aggregate` two columns are left.

Source: docs/spec/07-grants.md section 4.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sealhold.model.errors import InvalidFilterError
from sealhold.model.records import Column, ColumnType
from sealhold.policy.filter_cursor import Cursor
from sealhold.policy.filter_tokens import Sort
from sealhold.policy.precision_ast import (
    Aggregate,
    Grid,
    Initials,
    MostRecent,
    Period,
    Round,
    Rule,
    SampleEvery,
    Since,
    Span,
    Summary,
    Truncate,
)

MAX_RULES: Final = 16
MAX_RECENT: Final = 1_000_000
_MAX_STEP: Final = Decimal(10) ** 15
_MIN_STEP: Final = Decimal(1).scaleb(-9)
GRIDS: Final = (1_000, 10_000, 50_000)  # metres; a side between two of them hides no more
_NUMBERS: Final = frozenset({ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.DECIMAL})


def parse_rules(
    texts: Sequence[str], columns: Sequence[Column], *, allow_clock: bool = False
) -> tuple[Rule, ...]:
    """Return the rules that `texts` write over `columns`.

    Args:
        texts: one rule each.
        columns: of the collection whose rows are to be made coarser.
        allow_clock: whether `k_most_recent` may stand there; never in what a task is given.

    Raises:
        InvalidFilterError: not in the language, over a limit, or dependent on the clock.
    """
    if len(texts) > MAX_RULES:
        raise InvalidFilterError(f"{len(texts)} rules, at most {MAX_RULES}")
    left = tuple(columns)
    rules = []
    for text in texts:
        rule = _parse(text, left, allow_clock=allow_clock)
        rules.append(rule)
        if isinstance(rule, Aggregate):
            left = _columns_of(rule, left)
    return tuple(rules)


def _parse(text: str, columns: Sequence[Column], *, allow_clock: bool) -> Rule:
    cursor = Cursor(text, columns)
    word = cursor.take(Sort.WORD, "a rule")
    # THREAT T15: a window that slides with the clock would show, day by day, more than was given.
    if word.text == "k_most_recent" and not allow_clock:
        raise cursor.fault("`k_most_recent` depends on the clock", word)
    cursor.expect("(")
    match word.text:
        case "sample_every":
            rule: Rule = _sample_every(cursor)
        case "round":
            rule = _round(cursor)
        case "since":
            rule = _since(cursor)
        case "grid":
            rule = _grid(cursor)
        case "initials":
            rule = Initials(column=cursor.column(ColumnType.TEXT).name)
        case "aggregate":
            rule = _aggregate(cursor)
        case "k_most_recent":
            rule = _most_recent(cursor)
        case _:
            raise cursor.fault("no such rule", word)
    cursor.expect(")")
    cursor.end()
    return rule


def _sample_every(cursor: Cursor) -> Rule:
    time = cursor.instant_column()
    cursor.expect(",")
    return SampleEvery(time=time, every=cursor.span())


def _round(cursor: Cursor) -> Rule:
    column = cursor.column(*_NUMBERS, ColumnType.INSTANT)
    cursor.expect(",")
    if column.type is ColumnType.INSTANT:
        return Truncate(column=column.name, step=cursor.span())
    step = cursor.number(_MIN_STEP, _MAX_STEP)
    if column.type is ColumnType.INTEGER and step % 1:
        raise cursor.fault("an integer column needs a whole step")
    return Round(column=column.name, type=column.type, step=step)


def _since(cursor: Cursor) -> Rule:
    span = Span(_word(cursor, [one.value for one in Span]))
    cursor.expect("(")
    column = cursor.instant_column()
    cursor.expect(",")
    zone = cursor.zone()
    cursor.expect(")")
    return Since(column=column, span=span, zone=zone)


def _grid(cursor: Cursor) -> Rule:
    latitude = cursor.column(ColumnType.FLOAT)
    cursor.expect(",")
    longitude = cursor.column(ColumnType.FLOAT)
    if latitude.name == longitude.name:
        raise cursor.fault("a place has a latitude and a longitude")
    cursor.expect(",")
    metres = cursor.number(Decimal(GRIDS[0]), Decimal(GRIDS[-1]))
    if metres not in GRIDS:
        raise cursor.fault(f"one of {', '.join(map(str, GRIDS))} metres expected")
    return Grid(latitude=latitude.name, longitude=longitude.name, metres=int(metres))


def _aggregate(cursor: Cursor) -> Rule:
    summary = Summary(_word(cursor, [one.value for one in Summary]))
    cursor.expect("(")
    column = cursor.column(*(() if summary is Summary.COUNT else _NUMBERS))
    cursor.expect(")")
    cursor.expect("per")
    period = Period(_word(cursor, [one.value for one in Period]))
    cursor.expect("(")
    time = cursor.instant_column()
    if time == column.name:
        raise cursor.fault("the time itself cannot be summed up")
    cursor.expect(",")
    zone = cursor.zone()
    cursor.expect(")")
    kind = ColumnType.INTEGER if summary is Summary.COUNT else column.type
    return Aggregate(
        summary=summary, column=column.name, type=kind, period=period, time=time, zone=zone
    )


def _most_recent(cursor: Cursor) -> Rule:
    time = cursor.instant_column()
    cursor.expect(",")
    count = cursor.number(Decimal(1), Decimal(MAX_RECENT))
    if count % 1:
        raise cursor.fault("a whole number expected")
    return MostRecent(time=time, count=int(count))


def _word(cursor: Cursor, among: Sequence[str]) -> str:
    token = cursor.take(Sort.WORD, f"one of {', '.join(among)}")
    if token.text not in among:
        raise cursor.fault(f"one of {', '.join(among)} expected", token)
    return token.text


def _columns_of(rule: Aggregate, columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(
        Column(name=column.name, type=rule.type, about=column.about)
        if column.name == rule.column
        else column
        for column in columns
        if column.name in {rule.column, rule.time}
    )
