"""Types by name, number and modifier; how values are refused."""

import pytest

from sealhold.model.errors import SealholdError
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError, TypeRefusedError
from sealhold.protect.pgtypes.types import PgType, by_oid, element_of, named, spelled

PLAIN = Settings()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("int", "integer"),
        ("DECIMAL(10, 2)", "numeric(10,2)"),
        ("numeric(3,-2)", "numeric(3,-2)"),
        ("varchar", "character varying"),
        ("character varying(20)", "character varying(20)"),
        ("char", "character(1)"),
        ("bpchar", "bpchar"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("time", "time without time zone"),
        ("float(24)", "real"),
        ("double  precision", "double precision"),
        ("interval(2)", "interval(2)"),
        ("varchar(3)[]", "character varying(3)[]"),
        ("_text", "text[]"),
    ],
)
def test_a_type_is_known_by_each_of_its_names(text: str, shown: str) -> None:
    found = named(text)

    assert spelled(found) == shown
    assert named(shown) == found
    assert by_oid(found.oid, found.typmod) == found


@pytest.mark.parametrize("text", ["money", "int(3)", "varchar(0)", "numeric(1001)", "text[][]", ""])
def test_what_is_not_in_the_list_is_no_type(text: str) -> None:
    with pytest.raises(TypeRefusedError):
        named(text)


def test_an_array_knows_its_element() -> None:
    assert element_of(named("numeric(10,2)[]")) == named("numeric(10,2)")
    assert element_of(named("text")) is None


@pytest.mark.parametrize(
    ("name", "binary"),
    [
        ("int4", b"\0\0\0"),
        ("numeric", b"\0\1\0\0\0\0\0\0\x27\x10"),
        ("uuid", b"\0"),
        ("date", b"\x7f\0\0\0\0"),
        ("int4[]", b"\0\0\0\1\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\1"),
        ("bool", b""),
        ("jsonb", b"\2{}"),
    ],
)
def test_bytes_that_are_no_form_of_the_type_are_refused(name: str, binary: bytes) -> None:
    with pytest.raises(PgValueError) as caught:
        codec(named(name)).checked(binary)

    assert caught.value.sqlstate == "22P03"


def test_a_date_beyond_the_calendar_is_refused_in_binary_form() -> None:
    with pytest.raises(PgValueError) as caught:
        codec(named("date")).checked((2**31 - 2).to_bytes(4))

    assert caught.value.sqlstate == "22008"


@pytest.mark.parametrize("name", ["text", "uuid", "bytea", "interval", "bool", "timetz", "jsonb"])
def test_some_types_have_no_integer_in_their_order(name: str) -> None:
    with pytest.raises(TypeRefusedError):
        codec(named(name)).ordered(b"\0", None)


@pytest.mark.parametrize(
    ("text", "scale"), [("1.5", None), ("NaN", 2), ("1.234", 2), ("1e18", 0), ("Infinity", 0)]
)
def test_a_numeric_that_does_not_fit_its_integer_is_refused(text: str, scale: int | None) -> None:
    forms = codec(named("numeric"))

    with pytest.raises(TypeRefusedError):
        forms.ordered(forms.to_binary(text.encode(), PLAIN), scale)


def test_json_has_no_equality() -> None:
    with pytest.raises(TypeRefusedError):
        codec(named("json")).canonical(b"{}")


@pytest.mark.parametrize(
    "settings", [Settings(date_style="SQL, DMY"), Settings(date_style="German")]
)
def test_dates_are_written_in_iso_style_or_not_at_all(settings: Settings) -> None:
    with pytest.raises(TypeRefusedError):
        codec(named("date")).to_text(bytes(4), settings)


def test_the_order_of_a_date_is_the_sessions() -> None:
    forms = codec(named("date"))
    read = {
        style: forms.to_text(forms.to_binary(b"02/03/2024", Settings(date_style=style)), PLAIN)
        for style in ("ISO, MDY", "ISO, DMY")
    }

    assert read == {"ISO, MDY": b"2024-02-03", "ISO, DMY": b"2024-03-02"}


def test_a_refused_value_is_no_error_that_is_logged() -> None:
    assert not issubclass(PgValueError, SealholdError)


def test_a_type_of_another_kind_has_no_forms() -> None:
    with pytest.raises(TypeRefusedError):
        codec(PgType(600, "point"))
