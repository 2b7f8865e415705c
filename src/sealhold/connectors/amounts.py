"""Amounts of money as statements write them: exact, and sums that must hold.

Source: docs/spec/18-connectors.md section 15.
"""

import re
from collections.abc import Iterable
from decimal import Context, Decimal

NO_SUM = "opening balance and bookings do not give the closing balance"
_AMOUNT = re.compile(r"([+-]?)0*(\d{0,30})(?:[.,](\d{0,30}))?", re.ASCII)
_exact = Context(prec=200)  # digits; an amount has 60 at most


def parse_amount(text: str | None) -> str | None:
    """Return an amount as exact decimal text, or None if it is no number: `+05,50` is `5.50`."""
    found = _AMOUNT.fullmatch(text.strip()) if text and len(text) < 80 else None  # noqa: PLR2004
    if found is None or not any(char.isdigit() for char in found[0]):
        return None
    sign, whole, part = found.groups()
    plain = (whole or "0") + (f".{part}" if part else "")
    return f"-{plain}" if sign == "-" and plain.strip("0.") else plain


def plus(total: Decimal, amount: str) -> Decimal:
    """Return the exact sum of a total and an amount."""
    return _exact.add(total, Decimal(amount))


def add_up(opening: str | None, amounts: Iterable[str | None], closing: str | None) -> bool:
    """Return whether opening and bookings give closing, as far as all three are told."""
    if opening is None or closing is None:
        return True
    total = Decimal(opening)
    for amount in amounts:
        total = plus(total, amount or "0")
    return total == Decimal(closing)
