"""The one form of a value that people are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.errors import InvalidError
from sealhold.model.people import Lookup, Value
from sealhold.vault.lookups import normalised

MANY_SPACES = "\u00a0\u2003 x \u3000"


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        (Lookup.TEXT, "  Ada ", "Ada"),
        (Lookup.TEXT, MANY_SPACES, "x"),
        (Lookup.TEXT, "\ufb01n", "fin"),
        (Lookup.TEXT, "e\u0301", "\u00e9"),
        (Lookup.EMAIL, "Ada.L@Example.ORG", "ada.l@example.org"),
        (Lookup.EMAIL, "stra\u00dfe@b\u00fccher.example", "strasse@xn--bcher-kva.example"),
        (Lookup.EMAIL, "a@B\u00dcCHER.example", "a@xn--bcher-kva.example"),
        (Lookup.PHONE, "+49 30 123-456", "+4930123456"),
        (Lookup.PHONE, "\uff0b4930123456", "+4930123456"),
    ],
)
def test_spellings_of_one_value_have_one_form(kind: Lookup, value: str, form: str) -> None:
    assert normalised(kind, value) == form.encode()


@pytest.mark.parametrize("kind", [Lookup.TEXT, Lookup.EMAIL, Lookup.PHONE])
@pytest.mark.parametrize(
    "value", ["", " ", "a\u200bb@c.de", "a\nb", "\u202eabc", "x\x00", "x" * 321, 5, True, "\ud800"]
)
def test_what_is_empty_hidden_overlong_or_no_text_has_none(kind: Lookup, value: Value) -> None:
    with pytest.raises(InvalidError) as told:
        normalised(kind, value)
    assert str(value).strip() not in str(told.value) or len(str(value).strip()) < 3


@pytest.mark.parametrize("value", ["ada", "@example.org", "ada@", "a b@c.de", "a@b..c", "a@b."])
def test_what_is_no_mail_address_has_none(value: str) -> None:
    with pytest.raises(InvalidError):
        normalised(Lookup.EMAIL, value)


@pytest.mark.parametrize("value", ["030123456", "+0301234567", "+12345", "+1234567890123456",
                                   "+49 (0)30 123456", "+49\u0663\u0660123456"])  # fmt: skip
def test_what_is_no_international_number_has_none(value: str) -> None:
    with pytest.raises(InvalidError):
        normalised(Lookup.PHONE, value)


def test_a_field_that_is_not_for_finding_gives_no_form() -> None:
    with pytest.raises(InvalidError):
        normalised(Lookup.NONE, "Ada")


@given(st.sampled_from(list(Lookup)), st.text(max_size=20))
def test_a_form_is_its_own_form_or_there_is_none(kind: Lookup, text: str) -> None:
    try:
        form = normalised(kind, text).decode()
    except InvalidError:
        return
    if kind is not Lookup.EMAIL:
        assert normalised(kind, form).decode() == form
    assert form == form.strip(" ")
