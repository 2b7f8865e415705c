"""Tables as bookings: what a mapping proves, what must be said, and what each row becomes."""

import io
from collections.abc import Mapping

import pytest

from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.spec import Batch, Why
from sealhold.connectors.tablemap import TableMap, map_from, map_plain, mapped, propose, texts_of
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import InvalidError

TABLE = (
    "Day;Amount;Who;Konto;Cur\n31.01.2026;-1.234,50;Shop;DE02100100100006820101;EUR\n"
    "01.02.2026;5;Employer;DE02100100100006820101;EUR\n;7,00;Nobody;;EUR\n"
    "02.02.2026;much;Somebody;x;EUR\n"
)
SAID = {"date": "Day", "amount": "Amount", "payee": "Who", "account": "Konto", "currency": "Cur"}


def batch(text: str) -> Batch:
    (found,) = Csv().read(io.BytesIO(text.encode()), "file.csv", None)
    return found


def rows(text: str) -> list[dict[str, str]]:
    return [texts for item in batch(text).items if (texts := texts_of(item)) is not None]


def map_of(text: str, **said: str) -> TableMap:
    return propose(rows(text), said)


CLEAN = "".join(line + "\n" for line in TABLE.splitlines()[:3])


def test_a_row_is_a_booking_and_keeps_its_own_texts() -> None:
    found = mapped(batch(CLEAN), map_of(CLEAN, **SAID))

    assert [item.fields for item in found.items] == [
        {
            "at": 1_769_817_600_000,
            "offset_min": None,
            "amount": "-1234.50",
            "currency": "EUR",
            "payee": "Shop",
            "memo": None,
            "account": "0101",
        },
        {
            "at": 1_769_904_000_000,
            "offset_min": None,
            "amount": "5",
            "currency": "EUR",
            "payee": "Employer",
            "memo": None,
            "account": "0101",
        },
    ]
    assert found.items[0].raw == {"row": rows(CLEAN)[0]}
    assert found.items[0].raw["row"]["Amount"] == "-1.234,50"
    assert found.cursor == batch(CLEAN).cursor


def test_a_row_without_a_day_or_an_amount_is_told() -> None:
    found = mapped(batch(TABLE), map_of(CLEAN, **SAID))

    assert [(one.position, one.why) for one in found.rejects] == [
        ("line 4", Why.NO_TIME),
        ("line 5", Why.MALFORMED),
    ]
    assert len(found.items) == 2


def test_a_later_file_is_read_as_the_mapping_says_even_where_it_proves_nothing() -> None:
    table = map_of(CLEAN, **SAID)
    later = "Day;Amount;Who;Konto;Cur\n03.04.2026;1.234;Shop;a;EUR\n"

    (item,) = mapped(batch(later), table).items

    assert (item.fields["at"], item.fields["amount"]) == (1_775_174_400_000, "1234")


def test_rows_of_another_header_stay_rows() -> None:
    other = CLEAN.replace("Who", "Whom")

    assert mapped(batch(other), map_of(CLEAN, **SAID)) == batch(other)


def test_what_no_column_says_is_said_once_for_all_rows() -> None:
    table = map_of(CLEAN, date="Day", amount="Amount", currency="CHF", account="Savings 0042")

    found = mapped(batch(CLEAN), table)

    assert {(item.fields["currency"], item.fields["account"]) for item in found.items} == {
        ("CHF", "0042")
    }


OPEN = 'Day,Amount\n01/02/2026,"1,234"\n03/04/2026,"5,678"\n'


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "say what is date, amount"),
        ({"date": "Day", "amount": "Amount", "colour": "x"}, "say what is what"),
        ({"date": "When", "amount": "Amount"}, "no column `When`; there are: Day, Amount"),
        ({"date": "Day", "amount": "Day"}, "may be day-first or month-first"),
        ({"date": "Day", "amount": "Amount", "order": "day-first"}, "may be point or comma"),
        (
            {"date": "Day", "amount": "Amount", "order": "year-first", "sign": "point"},
            "is not written so: year-first",
        ),
        ({"date": "Amount", "amount": "Amount"}, "is not written so: day-first/"),
        ({"date": "Day", "amount": "Amount", "currency": "euro"}, "three capitals"),
        ({"date": "Day", "amount": "Amount", "payee": "Nobody"}, "no column `Nobody`"),
    ],
)
def test_what_is_open_is_asked_and_never_guessed(said: Mapping[str, str], why: str) -> None:
    with pytest.raises(InvalidError, match=why):
        propose(rows(OPEN), said)


def test_what_is_said_decides_what_rows_leave_open() -> None:
    table = map_of(OPEN, date="Day", amount="Amount", order="month-first", sign="point")

    first = mapped(batch(OPEN), table).items[0]

    assert (first.fields["at"], first.fields["amount"]) == (1_767_312_000_000, "1234")


def test_a_table_without_rows_has_no_mapping() -> None:
    with pytest.raises(InvalidError, match="no rows"):
        propose([], SAID)


def test_a_mapping_is_kept_and_comes_back_whole() -> None:
    table = map_of(CLEAN, **SAID)

    assert map_from(unpack_own(pack(map_plain(table)))) == table
