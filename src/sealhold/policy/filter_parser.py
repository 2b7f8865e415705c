"""From the text of a row filter to its tree.

    filter  = both {"or" both}              both = denied {"and" denied}
    denied  = "not" denied | "(" filter ")" | "all" | test
    test    = COLUMN ("=" | "!=" | "<" | "<=" | ">" | ">=") value
            | COLUMN "in" "(" value {"," value} ")"
            | COLUMN "between" value "and" value
            | "weekday" "(" COLUMN "," ZONE ")" "in" "(" day {"," day} ")"
            | "local_time" "(" COLUMN "," ZONE ")" "in" "[" clock "," clock ")"
            | "sample" "(" COLUMN "," span "," span ")"
            | "within" "(" LATITUDE "," LONGITUDE "," number "," number "," metres ")"
            | "age" "(" COLUMN ")" "<" span

- Checked against the columns while it is read: a filter that is accepted can be answered.
- Depth, tests and values are limited, so the cost of one row is.
- What depends on the clock is refused unless asked for: by asking on many days, an app could slide
  such a window over the data.

Source: docs/spec/07-grants.md section 4.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sealhold.model.records import Column, ColumnType
from sealhold.policy.documents import parse_instant
from sealhold.policy.filter_ast import (
    Age,
    Among,
    And,
    Between,
    Compare,
    Comparison,
    Every,
    Filter,
    LocalTime,
    Not,
    Or,
    Sampled,
    Value,
    Weekday,
    Within,
)
from sealhold.policy.filter_cursor import Cursor
from sealhold.policy.filter_tokens import Sort

MAX_DEPTH: Final = 16  # brackets and `not` within each other
MAX_TESTS: Final = 64  # comparisons and the like in one filter
MAX_VALUES: Final = 256  # in one list

_DAYS: Final = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_NUMBERS: Final = frozenset({ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.DECIMAL})
_CLOCK_RELATIVE: Final = frozenset({"age", "k_most_recent"})
_PLACES: Final = (ColumnType.FLOAT, ColumnType.DECIMAL)
_MAX_METRES: Final = Decimal(20_040_000)  # half around the Earth


class FilterParser:
    """Reads one filter."""

    def __init__(self, text: str, columns: Sequence[Column], *, allow_clock: bool) -> None:
        self._cursor = Cursor(text, columns)
        self._allow_clock = allow_clock
        self._tests = 0

    def whole(self) -> Filter:
        """Return the filter, which must be all there is.

        Raises:
            InvalidFilterError: not in the language, over a limit, or dependent on the clock.
        """
        found = self._either(MAX_DEPTH)
        self._cursor.end()
        return found

    def _either(self, depth: int) -> Filter:
        parts = [self._both(depth)]
        while self._cursor.meets("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._denied(depth)]
        while self._cursor.meets("and"):
            parts.append(self._denied(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _denied(self, depth: int) -> Filter:
        # THREAT T15: neither nesting nor length can make a filter dear.
        if depth == 0:
            raise self._cursor.fault(f"nested deeper than {MAX_DEPTH}")
        if self._cursor.meets("not"):
            return Not(self._denied(depth - 1))
        if self._cursor.meets("("):
            found = self._either(depth - 1)
            self._cursor.expect(")")
            return found
        self._tests += 1
        if self._tests > MAX_TESTS:
            raise self._cursor.fault(f"more than {MAX_TESTS} tests")
        return self._test()

    def _test(self) -> Filter:
        token = self._cursor.token
        for word, read in (
            ("weekday", self._weekday),
            ("local_time", self._local_time),
            ("sample", self._sample),
            ("sample_every", self._sample_every),
            ("within", self._within),
            ("age", self._age),
            ("k_most_recent", self._most_recent),
        ):
            # A column may bear such a name: only the bracket behind it makes it a question.
            if self._cursor.calls(word):
                if word in _CLOCK_RELATIVE and not self._allow_clock:
                    raise self._cursor.fault(f"`{word}` depends on the clock", token)
                return read()
        return Every() if self._cursor.meets("all") else self._comparison()

    def _most_recent(self) -> Filter:
        raise self._cursor.fault("`k_most_recent` is a precision rule, not a filter")

    def _sample_every(self) -> Filter:
        raise self._cursor.fault(
            "`sample_every` needs other rows; `sample(t, 15m, 1m)` looks at each by itself"
        )

    def _comparison(self) -> Filter:
        cursor = self._cursor
        column = cursor.column()
        if column.type is ColumnType.LIST:
            raise cursor.fault("a list cannot be compared")
        if cursor.meets("in"):
            cursor.expect("(")
            values = [self._value(column)]
            while cursor.meets(","):
                values.append(self._value(column))
                if len(values) > MAX_VALUES:
                    raise cursor.fault(f"more than {MAX_VALUES} values")
            cursor.expect(")")
            return Among(column=column.name, values=tuple(values))
        if cursor.meets("between"):
            self._ordered(column)
            low = self._value(column)
            cursor.expect("and")
            return Between(column=column.name, low=low, high=self._value(column))
        for how in Comparison:
            if cursor.meets(how.value):
                if how not in {Comparison.EQUAL, Comparison.UNEQUAL}:
                    self._ordered(column)
                return Compare(column=column.name, how=how, value=self._value(column))
        raise cursor.fault("a comparison, `in` or `between` expected")

    def _ordered(self, column: Column) -> None:
        if column.type is ColumnType.BOOL:
            raise self._cursor.fault("yes and no have no order")

    def _value(self, column: Column) -> Value:
        cursor = self._cursor
        if column.type in _NUMBERS:
            return Decimal(cursor.take(Sort.NUMBER, "a number").text)
        if column.type is ColumnType.BOOL:
            if cursor.meets("true"):
                return True
            cursor.expect("false")
            return False
        token = cursor.take(Sort.TEXT, "a text in quotes")
        if column.type is ColumnType.TEXT:
            return token.text
        try:
            return Decimal(parse_instant(token.text))
        except ValueError as err:
            raise cursor.fault("a UTC time like '2026-11-21T14:05:00Z' expected", token) from err

    def _weekday(self) -> Filter:
        cursor = self._cursor
        column, zone = self._local()
        cursor.expect("(")
        days = {self._day()}
        while cursor.meets(","):
            days.add(self._day())
        cursor.expect(")")
        return Weekday(column=column.name, zone=zone, days=frozenset(days))

    def _day(self) -> int:
        token = self._cursor.take(Sort.WORD, "a day like `mon`")
        if token.text not in _DAYS:
            raise self._cursor.fault("a day like `mon` expected", token)
        return _DAYS[token.text]

    def _local_time(self) -> Filter:
        cursor = self._cursor
        column, zone = self._local()
        cursor.expect("[")
        start = self._minutes(23 * 60 + 59)
        cursor.expect(",")
        end = self._minutes(24 * 60)
        cursor.expect(")")
        if end in {start, 0}:
            raise cursor.fault("the part of the day is empty; midnight as an end is 24:00")
        return LocalTime(column=column.name, zone=zone, start=start, end=end)

    def _local(self) -> tuple[Column, str]:
        cursor = self._cursor
        column = cursor.column(ColumnType.INSTANT)
        cursor.expect(",")
        zone = cursor.zone()
        cursor.expect(")")
        cursor.expect("in")
        return column, zone

    def _minutes(self, limit: int) -> int:
        token = self._cursor.take(Sort.CLOCK, "a time of day like `08:00`")
        hours, minutes = (int(part) for part in token.text.split(":"))
        whole = hours * 60 + minutes
        if minutes > 59 or whole > limit:  # noqa: PLR2004 - minutes of an hour
            raise self._cursor.fault("no such time of day", token)
        return whole

    def _sample(self) -> Filter:
        cursor = self._cursor
        column = cursor.instant_column()
        cursor.expect(",")
        every = cursor.span()
        cursor.expect(",")
        first = cursor.span()
        if first >= every:
            raise cursor.fault("the second length is to be less than the first")
        cursor.expect(")")
        return Sampled(column=column, every=every, first=first)

    def _within(self) -> Filter:
        cursor = self._cursor
        latitude = cursor.column(*_PLACES).name
        cursor.expect(",")
        longitude = cursor.column(*_PLACES).name
        cursor.expect(",")
        centre_latitude = cursor.number(Decimal(-90), Decimal(90))
        cursor.expect(",")
        centre_longitude = cursor.number(Decimal(-180), Decimal(180))
        cursor.expect(",")
        metres = cursor.number(Decimal(0), _MAX_METRES)
        cursor.expect(")")
        return Within(
            latitude=latitude,
            longitude=longitude,
            centre_latitude=centre_latitude,
            centre_longitude=centre_longitude,
            metres=metres,
        )

    def _age(self) -> Filter:
        cursor = self._cursor
        column = cursor.instant_column()
        cursor.expect(")")
        cursor.expect("<")
        return Age(column=column, less_than=cursor.span())
