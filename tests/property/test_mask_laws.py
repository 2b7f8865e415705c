"""What a mask shows of any value: less than there is, the same for all that it does not part."""

import math
from decimal import ROUND_FLOOR, Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sealhold.protect.masks import fits, show_of
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.pgtypes.types import PgType, named

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
INT4, INT8 = named("int4"), named("int8")


def shown(show: str, type_: PgType, value: object) -> object:
    """Return what is shown of a value, as one."""
    form = codec(type_)
    assert fits(show, type_)
    (made,) = show_of(show, type_, lambda values: [b"h" * 16 for _ in values])(
        [form.from_value(value)]
    )
    return form.to_value(made)


@given(TEXTS, st.integers(1, 99))
def test_of_a_text_something_stays_hidden(text: str, most: int) -> None:
    for show, part in (
        ("initial", text[:1] if len(text) > 1 else ""),
        ("last4", text[-4:] if len(text) > 4 else ""),
        (f"prefix{most}", text[:most] if len(text) > most else ""),
    ):
        made = shown(show, named("text"), text)
        assert made == part
        assert not text or made != text
    assert shown("domain", named("text"), text) == (text.rpartition("@")[2] if "@" in text else "")


@given(st.integers(-(2**31), 2**31 - 1), st.integers(1, 10**18 - 1))
@example(-(2**31), 7)
@example(2**31 - 1, 10**18 - 1)
def test_a_whole_number_is_the_multiple_below_or_the_least_there_is(value: int, width: int) -> None:
    made = shown(f"range:{width}", INT4, value)

    assert made == max(math.floor(value / Decimal(width)) * width, -(2**31))
    assert shown(f"range:{width}", INT8, value) == value // width * width


@given(st.decimals(-(10**7), 10**7, places=2), st.integers(1, 10**6))
def test_a_numeric_is_the_multiple_below(value: Decimal, width: int) -> None:
    made = shown(f"range:{width}", named("numeric(12,2)"), value)

    assert made == (value / width).to_integral_value(ROUND_FLOOR) * width
    assert isinstance(made, Decimal)
    assert made.as_tuple().exponent == -2


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 10**18 - 1))
def test_a_float_is_a_multiple_of_the_width(value: float, width: int) -> None:
    assume(abs(value) < 2**52)
    made = shown(f"range:{width}", named("float8"), value)

    assert made == float(math.floor(value) // width * width)


@settings(max_examples=60)
@given(st.dates())
def test_a_day_is_the_first_of_its_year_or_month(day: object) -> None:
    form = codec(named("date"))
    value = form.to_binary(str(day).encode(), Settings())
    for show, first in (("year", f"{str(day)[:4]}-01-01"), ("month", f"{str(day)[:7]}-01")):
        (made,) = show_of(show, named("date"), list)([value])
        assert form.to_text(made, Settings()).decode() == first
