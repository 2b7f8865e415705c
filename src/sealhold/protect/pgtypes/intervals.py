"""Intervals: months, days and microseconds, which do not turn into each other.

- Compared as the server does it: a month is 30 days, a day 24 hours. So `30 days` equals `1 mon`.
- Written in style `postgres` only.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, chapter 8.5.4.
"""

import struct
from typing import Final

from sealhold.protect.pgtypes.calendar import DAY, clock_text, rounded_us
from sealhold.protect.pgtypes.errors import (
    DATETIME_OVERFLOW,
    BadBinaryError,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.spans import Span, read_span
from sealhold.protect.pgtypes.types import PgType, fraction

DAYS_OF_MONTH: Final = 30
_CANONICAL_BYTES: Final = 16


class Interval(Codec[Span]):
    """A length of time."""

    _form: Final = struct.Struct("!qii")

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._digits = fraction(type_)

    def parse(self, text: str, settings: Settings) -> Span:
        if settings.interval_style != "postgres":
            raise TypeRefusedError("only the interval style postgres is read here")
        return read_span(text)

    def spell(self, value: Span, settings: Settings) -> str:
        if settings.interval_style != "postgres":
            raise TypeRefusedError("only the interval style postgres is written here")
        sign = -1 if value.months < 0 else 1
        years, months = divmod(abs(value.months), 12)
        parts: list[str] = []
        was_negative = False
        for count, unit in ((sign * years, "year"), (sign * months, "mon"), (value.days, "day")):
            if count:
                plus = "+" if was_negative and count > 0 else ""
                parts.append(f"{plus}{count} {unit}{'' if count == 1 else 's'}")
                was_negative = count < 0
        if value.us or not parts:
            plus = "-" if value.us < 0 else "+" if was_negative else ""
            parts.append(plus + clock_text(abs(value.us)))
        return " ".join(parts)

    def from_value(self, value: Span) -> bytes:
        try:
            return self._form.pack(value.us, value.days, value.months)
        except struct.error:
            raise PgValueError(DATETIME_OVERFLOW, "interval out of range") from None

    def to_value(self, binary: bytes) -> Span:
        try:
            us, days, months = self._form.unpack(binary)
        except struct.error:
            raise BadBinaryError from None
        return Span(months, days, us)

    def fit(self, value: Span) -> Span:
        return value._replace(us=rounded_us(value.us, self._digits))

    def key(self, value: Span) -> int:
        return (value.months * DAYS_OF_MONTH + value.days) * DAY + value.us

    def canonical(self, binary: bytes) -> bytes:
        return self.key(self.to_value(binary)).to_bytes(_CANONICAL_BYTES, signed=True)
