"""What the columns of a table may be, by their names and values."""

from sealhold.connectors.tablemap import guess, samples


def test_a_date_has_days_and_an_amount_has_numbers_whatever_they_are_called() -> None:
    rows = [{"Betrag am": "01.02.2026", "Datum der Zahlung": "3,50", "IBAN": "DE02 1203"}]

    assert guess(rows) == {
        "date": "Betrag am",
        "amount": "Datum der Zahlung",
        "account": "IBAN",
    }


def test_of_two_that_may_be_it_the_better_name_counts_and_each_is_guessed_once() -> None:
    rows = [
        {"Valuta": "2026-02-01", "Buchungstag": "2026-02-02", "Saldo": "9.00", "Amount": "1.50"},
        {"Valuta": "2026-02-03", "Buchungstag": "2026-02-03", "Saldo": "7.00", "Amount": "2.00"},
    ]

    assert guess(rows) == {"date": "Buchungstag", "amount": "Amount"}


def test_a_currency_has_three_capitals_and_nothing_is_guessed_of_no_rows() -> None:
    rows = [{"Currency": "euro", "Whrung": "EUR", "Text": ""}]

    assert guess(rows) == {"currency": "Whrung", "memo": "Text"}
    assert guess([]) == {}


def test_samples_are_the_first_different_texts_of_each_column() -> None:
    rows = [{"a": text, "b": ""} for text in ("x", " x ", "y", "", "z", "u")]

    assert samples(rows) == {"a": ("x", "y", "z"), "b": ()}
