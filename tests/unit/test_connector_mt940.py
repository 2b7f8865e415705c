"""MT940: lines, their words in each form, balances, sums that must hold, and broken statements."""

import io

import pytest

from sealhold.connectors.mtwords import Words, words_of
from sealhold.connectors.sources import mt940
from sealhold.connectors.sources.mt940 import Mt940
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

HEAD = ":20:START\n:25:NL91ABNA0417164300\n:28C:7/1\n"
LINE = ":61:2501150115D12,50NTRFOWN1//BANK1\n"


def statement(
    *inner: str, opening: str = "C250114EUR20,", closing: str = "C250131EUR7,50"
) -> bytes:
    return f"{HEAD}:60F:{opening}\n{''.join(inner)}:62F:{closing}\n-\n".encode("cp1252")


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(Mt940().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [one for batch in batches for one in batch.rejects]


def bookings(*inner: str) -> list[Item]:
    return [item for item in read(statement(*inner))[0] if item.dataset == "bookings"]


def test_a_line_is_a_booking_with_all_that_the_bank_says() -> None:
    words = ":86:105?00CARD?20Caf\xe9 and\n?21 cake?30BIC?31IBAN?32Shop &?33 Co?34992\n"

    items, rejects = read(statement(LINE, words))

    assert not rejects
    assert [item.dataset for item in items] == ["balances", "bookings", "balances"]
    assert items[1].fields == {
        "at": 1_736_899_200_000,
        "offset_min": None,
        "amount": "-12.50",
        "kind": "CARD",
        "payee": "Shop & Co",
        "memo": "Café and cake",
        "fitid": "BANK1",
        "check_number": None,
        "currency": "EUR",
        "account": "4300",
        "bank": None,
    }
    assert items[1].original_id is None
    assert items[1].raw["61"] == LINE[4:-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("166?00SALARY?20June?32ACME", Words("SALARY", "ACME", "June")),
        (
            "/TRTP/SEPA OVERBOEKING/IBAN/NL1/BIC/ABNA/NAME/J. Doe/REMI/Rent 1/2/EREF/X",
            Words("SEPA OVERBOEKING", "J. Doe", "Rent 1/2"),
        ),
        ("/EREF/1//CNTP/NL2/INGB/Ann/Town//REMI/USTD//Tea/", Words(None, "Ann", "USTD//Tea")),
        ("/ORDP//NAME/Bo/REMI/Gift", Words(None, "Bo", "Gift")),
        ("CARD 12\nSHOP  CITY", Words(None, None, "CARD 12 SHOP CITY")),
        ("/path/to", Words(None, None, "/path/to")),
        ("", Words(None, None, None)),
    ],
    ids=["numbered", "named", "counterparty", "ordering", "free", "slashes", "none"],
)
def test_words_come_in_two_forms_or_in_none(text: str, words: Words) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", "12.50"), ("D", "-12.50"), ("RC", "-12.50"), ("RD", "12.50")]
)
@pytest.mark.parametrize("funds", ["", "R"])
def test_a_mark_says_the_sign_also_of_what_is_reversed(mark: str, funds: str, amount: str) -> None:
    (item,) = bookings(f":61:250115{mark}{funds}12,50NTRFX\n")

    assert item.fields["amount"] == amount


@pytest.mark.parametrize(
    ("value", "entry", "at"),
    [
        ("250102", "1231", 1_735_603_200_000),
        ("241231", "0102", 1_735_776_000_000),
        ("240229", "0229", 1_709_164_800_000),
        ("250301", "", 1_740_787_200_000),
        ("991231", "", 946_598_400_000),
    ],
    ids=["of the year before", "of the next", "a leap day", "none", "the last century"],
)
def test_a_day_of_entry_is_in_the_year_next_to_the_value(value: str, entry: str, at: int) -> None:
    (item,) = bookings(f":61:{value}{entry}C1,NTRFX\n")

    assert item.fields["at"] == at


def test_a_cheque_has_its_number_and_details_are_words_where_there_are_no_others() -> None:
    (item,) = bookings(":61:250115C1,NCHK0042//B9\nPAID IN\n")

    assert (item.fields["check_number"], item.fields["fitid"]) == ("0042", "B9")
    assert item.fields["memo"] == "PAID IN"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (":61:much\n", Why.MALFORMED),
        (":61:251315C1,NTRFX\n", Why.NO_TIME),
        (":61:2501150231C1,NTRFX\n", Why.NO_TIME),
        (":61:250115EC1,NTRFX\n", Why.UNSUPPORTED),
    ],
)
def test_a_line_that_is_no_booking_is_told(line: str, why: Why) -> None:
    items, rejects = read(statement(line, LINE))

    assert len(items) == 3
    assert (rejects[0].position, rejects[0].why) == ("statement 1 line 1", why)


def test_bytes_that_are_no_text_are_told() -> None:
    _, rejects = read(statement(LINE).replace(b"OWN1", b"OW\x81\xff"))

    assert [one.why for one in rejects] == [Why.ENCODING, Why.MALFORMED]


@pytest.mark.parametrize("form", ["F", "M"])
@pytest.mark.parametrize(("closing", "adds_up"), [("7,50", True), ("7,51", False)])
def test_opening_and_lines_must_give_the_closing_balance(
    form: str, closing: str, *, adds_up: bool
) -> None:
    content = statement(LINE, closing=f"C250131EUR{closing}").decode()
    content = content.replace(":60F:", f":60{form}:").replace(":62F:", f":62{form}:")

    _, rejects = read(content.encode())

    assert [one.position for one in rejects] == ([] if adds_up else ["statement 1"])


def test_statements_in_envelopes_are_read_one_after_the_other() -> None:
    body = statement(LINE, ":64:C250131EUR7,50\n:86:of the statement\n").decode()
    inner = body.removesuffix("-\n").replace("\n", "\r\n")
    message = f"{{1:F01BANK}}{{2:I940}}{{4:\r\n{inner}-}}\r\n"
    one_line = message.replace("{4:\r\n", "\r\n{4:")

    for content in (message * 2, one_line * 2):
        items, rejects = read(content.encode())

        assert Mt940().sniff(content.encode(), "x").sure == 96
        assert not rejects
        kinds = [item.fields["kind"] for item in items]
        assert kinds == ["opening", "NTRF", "available", "ledger"] * 2
        assert items[-1].position == "statement 2 balance 3"


def test_a_balance_that_is_none_and_one_that_lacks_are_told() -> None:
    _, rejects = read(statement(opening="none"))
    _, cut = read(f"{HEAD}:60F:C250114EUR20,\n{LINE}".encode())

    assert [one.detail for one in rejects] == ["a balance that is none"]
    assert [one.detail for one in cut] == ["a statement without its closing balance"]


@pytest.mark.parametrize("content", [b"", b"x", b":61:250115C1,NTRFX\n", b"\x00" * 99])
def test_what_is_no_statement_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError, match="no MT940"):
        read(content)


@pytest.mark.parametrize("head", [b":20:a\n:25:b\n", b"20:a\n60F:b\n", b":20:a\n:61:b\n:60F:\n"])
def test_other_texts_are_no_statement(head: bytes) -> None:
    assert Mt940().sniff(head, "x.sta").sure == 0


@pytest.mark.threat("T23")
def test_a_field_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mt940, "MAX_TAG", 100)

    with pytest.raises(UnreadableSourceError, match="over 100 characters"):
        read(statement(LINE, ":86:" + "x\n" * 200))


def test_words_of_a_whole_statement_stand_beside_its_last_balance() -> None:
    behind = b":64:C250131EUR7,50\n:86:of the statement\n:86:more\n"

    items, rejects = read(statement(LINE).removesuffix(b"-\n") + behind)

    assert items[-1].fields["kind"] == "available"
    assert items[-1].raw["86"] == "of the statement"
    assert [reject.detail for reject in rejects] == ["words that stand behind nothing"]
