"""OFX: bookings, balances, and amounts to the last digit."""

import io

import pytest

from sealhold.connectors.amounts import parse_amount
from sealhold.connectors.sources.ofx import Ofx, parse_ofx_time
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

HEAD = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nCHARSET:1252\n\n"
ACCOUNT = "<CURDEF>EUR<BANKACCTFROM><BANKID>7<ACCTID>DE1234567890</BANKACCTFROM>"


def booking(**more: str) -> str:
    leaves = {"DTPOSTED": "20250115", "TRNAMT": "-1.00", "FITID": "1"} | more
    return "<STMTTRN>" + "".join(f"<{name}>{text}" for name, text in leaves.items()) + "</STMTTRN>"


def statement(*bookings: str, after: str = "") -> bytes:
    listed = "<BANKTRANLIST>" + "".join(bookings) + "</BANKTRANLIST>"
    return f"{HEAD}<OFX><STMTRS>{ACCOUNT}{listed}{after}</STMTRS></OFX>".encode("cp1252")


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(Ofx().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("-6.60", "-6.60"),
        ("+00000000000007.9500", "7.9500"),
        ("1234,5", "1234.5"),
        ("-.5", "-0.5"),
        ("-0.00", "0.00"),
        ("5.", "5"),
        (" 12 ", "12"),
        ("123456789012345678901234567.12", "123456789012345678901234567.12"),
    ],
)
def test_an_amount_is_exact(written: str, exact: str) -> None:
    assert parse_amount(written) == exact


@pytest.mark.parametrize("text", [None, "", "-", ".", "1.2.3", "1e5", "NaN", "\u0661", "9" * 100])
def test_what_is_no_amount_is_none(text: str | None) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "at", "offset"),
    [
        ("20250115", 1_736_899_200_000, None),
        ("20250115120000", 1_736_942_400_000, None),
        ("20250115120000.250[-5:EST]", 1_736_960_400_250, -300),
        ("20250115120000[+5.30:IST]", 1_736_922_600_000, 330),
        ("20250115120000[0:GMT]", 1_736_942_400_000, 0),
    ],
)
def test_a_time_has_its_offset_if_it_is_written(text: str, at: int, offset: int | None) -> None:
    when = parse_ofx_time(text)

    assert when is not None
    assert (when.at, when.offset_min) == (at, offset)


@pytest.mark.parametrize("text", [None, "", "2025", "20251301", "20250115120000[99:X]", "today"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert parse_ofx_time(text) is None


def test_a_booking_has_its_account_and_words() -> None:
    content = statement(booking(NAME="Café &amp; Co", MEMO="<![CDATA[a <b> c]]>"))

    ((item,), _) = read(content)

    assert item.fields["amount"] == "-1.00"
    assert (item.fields["payee"], item.fields["memo"]) == ("Café & Co", "a <b> c")
    assert (item.fields["account"], item.fields["currency"]) == ("7890", "EUR")
    assert item.original_id == "7\nDE1234567890\n1"


def test_the_same_statement_as_xml_gives_the_same() -> None:
    sgml = statement(booking(NAME="A"))
    xml = sgml.decode("cp1252").partition("\n\n")[2]
    for leaf in ("DTPOSTED", "TRNAMT", "FITID", "NAME", "CURDEF", "BANKID", "ACCTID"):
        head, tag, rest = xml.partition(f"<{leaf}>")
        text, mark, tail = rest.partition("<")
        xml = f"{head}{tag}{text}</{leaf}>{mark}{tail}"

    assert read(f'<?xml version="1.0"?><?OFX OFXHEADER="200"?>{xml}'.encode()) == read(sgml)


def test_a_name_that_the_bank_gives_twice_stays_two_bookings() -> None:
    items, _ = read(statement(booking(), booking(), booking(FITID="2")))

    assert len({item.original_id for item in items}) == 3


def test_an_empty_leaf_does_not_hide_the_leaves_after_it() -> None:
    ((item,), _) = read(statement("<STMTTRN><MEMO>\n<DTPOSTED>20250115<TRNAMT>2</STMTTRN>"))

    assert item.fields["amount"] == "2"


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"TRNAMT": "much"}, Why.MALFORMED), ({"DTPOSTED": "then"}, Why.NO_TIME)],
)
def test_a_booking_without_day_or_number_is_a_reject(changed: dict[str, str], why: Why) -> None:
    items, rejects = read(statement(booking(**changed), booking(FITID="2")))

    assert len(items) == 1
    assert [(one.position, one.why) for one in rejects] == [("statement 1 booking 1", why)]


@pytest.mark.parametrize(("closing", "adds_up"), [("8.50", True), ("8.51", False)])
def test_opening_and_bookings_must_give_the_closing_balance(closing: str, *, adds_up: bool) -> None:
    balances = (
        "<BALLIST><BAL><NAME>Opening balance<VALUE>10.00</BAL></BALLIST>"
        f"<LEDGERBAL><BALAMT>{closing}<DTASOF>20250131</LEDGERBAL>"
    )

    items, rejects = read(statement(booking(), booking(TRNAMT="-0.5", FITID="2"), after=balances))

    assert sorted(item.dataset for item in items) == ["balances"] * 2 + ["bookings"] * 2
    assert [one.why for one in rejects] == ([] if adds_up else [Why.MALFORMED])


def test_a_security_is_named_where_the_file_names_it() -> None:
    content = (
        f"{HEAD}<OFX><INVSTMTRS><CURDEF>USD<INVACCTFROM><BROKERID>b<ACCTID>12345</INVACCTFROM>"
        "<INVTRANLIST><DTSTART>20250101<BUYMF><INVBUY><INVTRAN><FITID>9<DTTRADE>20250115</INVTRAN>"
        "<SECID><UNIQUEID>S1</SECID><UNITS>1.5<UNITPRICE>10.123456<TOTAL>-15.19</INVBUY></BUYMF>"
        "</INVTRANLIST></INVSTMTRS><SECLIST><MFINFO><SECINFO><SECID><UNIQUEID>S1</SECID>"
        "<SECNAME>World Fund</SECINFO></MFINFO></SECLIST></OFX>"
    )

    ((item,), _) = read(content.encode())

    assert item.fields["kind"] == "BUYMF"
    assert item.fields["security_name"] == "World Fund"
    assert (item.fields["amount"], item.fields["units"]) == ("-15.19", "1.5")


def test_a_file_that_is_cut_off_says_so() -> None:
    _, rejects = read(statement(booking(), booking(FITID="2"))[:-30])

    assert rejects[-1].detail == "the file ends before its last end tag"


@pytest.mark.parametrize("content", [b"", b"x", b"<OFC></OFC>"])
def test_what_is_no_statement_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read(content)


def test_tags_nested_too_deep_are_refused() -> None:
    with pytest.raises(UnreadableSourceError):
        read(b"OFXHEADER:100\n\n<OFX>" + b"<A>" * 100_000)


@pytest.mark.parametrize(("part", "shown"), [("CURRENCY", "USD"), ("ORIGCURRENCY", "EUR")])
def test_an_amount_is_in_the_currency_of_its_account_unless_it_was_not_converted(
    part: str, shown: str
) -> None:
    stated = f"<{part}><CURRATE>1.1<CURSYM>USD</{part}>"

    ((found, *_), _rejects) = read(
        statement(booking().replace("</STMTTRN>", f"{stated}</STMTTRN>"))
    )

    assert found.fields["currency"] == shown
