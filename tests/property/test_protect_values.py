"""Laws of values: forms lead back, equal values have one canonical form, integers keep order."""

import math
import struct
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sealhold.protect.pgtypes.calendar import FIRST_DAY, LAST_DAY, day_of, parts_of
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.spans import Span
from sealhold.protect.pgtypes.types import named

PLAIN = Settings()
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
DAYS = st.integers(FIRST_DAY, LAST_DAY)
INSTANTS = st.integers(FIRST_DAY * 86_400_000_000, 9_223_371_331_199_999_999)
NUMBERS = st.decimals(min_value=-(10**13), max_value=10**13, places=4)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SPANS = st.builds(Span, INT32, INT32, st.integers(-(2**62), 2**62))
SCALED = {"numeric": 4}

VALUES: dict[str, st.SearchStrategy[Any]] = {  # reason: of each type another
    "bool": st.booleans(),
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": INT32,
    "int8": INT64,
    "float4": st.floats(width=32),
    "float8": st.floats(),
    "numeric": NUMBERS,
    "text": TEXTS,
    "bytea": st.binary(),
    "uuid": st.binary(min_size=16, max_size=16),
    "date": DAYS,
    "time": st.integers(0, 86_400_000_000),
    "timestamp": INSTANTS,
    "timestamptz": INSTANTS,
    "interval": SPANS,
    "text[]": st.lists(st.none() | TEXTS).map(tuple),
}
ORDERED = ("int2", "int4", "int8", "float4", "float8", "numeric", "date", "time", "timestamp")


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_text_and_binary_lead_back_to_the_same_value(data: st.DataObject, name: str) -> None:
    forms = codec(named(name))
    binary = forms.from_value(data.draw(VALUES[name]))

    again = forms.to_binary(forms.to_text(binary, PLAIN), PLAIN)

    assert again == binary or _is_nan(name, binary)
    assert forms.checked(binary) == binary


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_canonical_forms_are_the_same_for_equal_values_alone(
    data: st.DataObject, name: str
) -> None:
    forms = codec(named(name))
    one, other = data.draw(VALUES[name]), data.draw(VALUES[name])
    left, right = forms.from_value(one), forms.from_value(other)

    assert (forms.canonical(left) == forms.canonical(right)) == (
        forms.same(forms.to_value(left)) == forms.same(forms.to_value(right))
    )


@given(st.data(), st.sampled_from(ORDERED))
def test_integers_are_in_the_order_of_their_values(data: st.DataObject, name: str) -> None:
    forms, scale = codec(named(name)), SCALED.get(name)
    one, other = data.draw(VALUES[name]), data.draw(VALUES[name])
    left, right = forms.from_value(one), forms.from_value(other)
    (low, bits), (high, _) = forms.ordered(left, scale), forms.ordered(right, scale)
    left_key, right_key = forms.key(forms.to_value(left)), forms.key(forms.to_value(right))

    assert 0 <= low < 2**bits
    assert (low < high) == (left_key < right_key)
    assert (low == high) == (left_key == right_key)


@given(NUMBERS, st.integers(0, 8))
def test_zeros_after_the_point_change_the_look_and_not_the_equality(
    number: Decimal, more: int
) -> None:
    forms = codec(named("numeric"))
    longer = forms.from_value(number.quantize(Decimal(1).scaleb(-4 - more)))

    assert forms.canonical(longer) == forms.canonical(forms.from_value(number))


@given(DAYS)
def test_a_day_and_its_parts_lead_to_each_other(day: int) -> None:
    assert day_of(*parts_of(day)) == day


@given(SPANS)
def test_days_and_months_of_one_length_are_one_to_equality(span: Span) -> None:
    forms = codec(named("interval"))
    if span.months and abs(span.days) < 2**30 and abs(span.months) < 2**20:
        other = Span(0, span.days + 30 * span.months, span.us)

        assert forms.canonical(forms.from_value(span)) == forms.canonical(forms.from_value(other))


def _is_nan(name: str, binary: bytes) -> bool:
    form = {"float4": "!f", "float8": "!d"}.get(name)
    return form is not None and math.isnan(struct.unpack(form, binary)[0])
