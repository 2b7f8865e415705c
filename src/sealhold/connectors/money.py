"""The datasets of a person's money: bookings, and what an account held at a time.

Source: docs/spec/18-connectors.md section 15.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

_ACCOUNT = (
    column("account", ColumnType.TEXT, "last four characters of the account's number"),
    column("bank", ColumnType.TEXT, "the bank's or broker's own id", searchable=True),
)
_CURRENCY = column("currency", ColumnType.TEXT, "ISO 4217, as the statement says")

BOOKINGS = Dataset(
    name=Collection("bookings"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was posted or traded, UTC"),
        OFFSET,
        column("amount", ColumnType.DECIMAL, "exact; below zero if money left the account"),
        _CURRENCY,
        column("kind", ColumnType.TEXT, "as the bank says: DEBIT, POS, BUYMF"),
        column("payee", ColumnType.TEXT, "who paid or was paid", searchable=True),
        column("memo", ColumnType.TEXT, "text of the booking", searchable=True),
        *_ACCOUNT,
        column("fitid", ColumnType.TEXT, "the bank's own name of the booking"),
        column("check_number", ColumnType.TEXT, "number of the cheque"),
        column("security", ColumnType.TEXT, "id of what was bought or sold"),
        column("security_name", ColumnType.TEXT, "its name", searchable=True),
        column("units", ColumnType.TEXT, "how much of it, exact"),
        column("unit_price", ColumnType.TEXT, "price of one, exact"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("account"), FieldName("fitid")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a booking, because a person pays or is paid once for each",
)

BALANCES = Dataset(
    name=Collection("balances"),
    columns=(
        column("at", ColumnType.INSTANT, "time of the balance, UTC"),
        OFFSET,
        column("amount", ColumnType.DECIMAL, "exact; market value for a position"),
        _CURRENCY,
        column("kind", ColumnType.TEXT, "ledger, available, position, or the balance's own name"),
        *_ACCOUNT,
        column("security", ColumnType.TEXT, "id of what is held"),
        column("security_name", ColumnType.TEXT, "its name", searchable=True),
        column("units", ColumnType.TEXT, "how much of it, exact"),
        column("unit_price", ColumnType.TEXT, "price of one, exact"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("account"), FieldName("kind"), FieldName("at"), FieldName("security")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a balance, because a statement gives each account one at a time",
)
