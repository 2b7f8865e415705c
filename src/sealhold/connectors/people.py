"""The dataset of whom a person knows.

Source: docs/spec/18-connectors.md section 13.
"""

from sealhold.connectors.columns import column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

CONTACTS = Dataset(
    name=Collection("contacts"),
    columns=(
        column("name", ColumnType.TEXT, "name as shown", searchable=True),
        column("family", ColumnType.TEXT, "family name"),
        column("given", ColumnType.TEXT, "given name"),
        column("nickname", ColumnType.TEXT, "nickname", searchable=True),
        column("org", ColumnType.TEXT, "organisation and its parts", searchable=True),
        column("title", ColumnType.TEXT, "role or title", searchable=True),
        column("emails", ColumnType.LIST, "mail addresses", searchable=True),
        column("phones", ColumnType.LIST, "telephone numbers as written", searchable=True),
        column("addresses", ColumnType.LIST, "postal addresses, one line each", searchable=True),
        column("urls", ColumnType.LIST, "web addresses"),
        column("birthday", ColumnType.TEXT, "`1980-05-17`, without year `--05-17`, or as written"),
        column("categories", ColumnType.LIST, "labels", searchable=True),
        column("note", ColumnType.TEXT, "note", searchable=True),
        column("changed", ColumnType.INSTANT, "last revision, UTC"),
        column("uid", ColumnType.TEXT, "the card's own name"),
    ),
    time_column=FieldName("changed"),
    natural_key=(FieldName("name"), FieldName("emails")),
    sensitivity=Sensitivity.ORDINARY,
    granularity="a contact, because it stands for one person or organisation",
)
