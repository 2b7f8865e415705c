"""The dataset of tables that have no meaning known to us: one row, one object.

- The names of the table's columns are the keys of `cells`, so one dataset holds all tables.
- `table` is made of the first column names: files of one shape share it, whatever their names.

Source: docs/spec/18-connectors.md section 9.
"""

import re
from collections.abc import Iterable

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

ROWS = Dataset(
    name=Collection("rows"),
    columns=(
        column("table", ColumnType.TEXT, "short name of the table's shape"),
        column("title", ColumnType.TEXT, "first text in the row", searchable=True),
        column("at", ColumnType.INSTANT, "first time in the row, UTC"),
        OFFSET,
        column(
            "cells",
            ColumnType.LIST,
            "column name to value: whole number, exact decimal as text, ISO date, or text",
            searchable=True,
        ),
    ),
    time_column=FieldName("at"),
    natural_key=(),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a row, because a table's writer chose it as the unit",
)

_LONGEST_TITLE = 200
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_NAMES_IN_TABLE = 4  # enough to tell a person's tables apart
_LONGEST_TABLE = 60


def table_of(names: Iterable[str]) -> str:
    """Return the short name of a table with these columns: `date-amount-payee`."""
    slugs = (_NO_LETTER.sub("_", name.casefold()).strip("_") for name in names)
    firsts = [slug for slug in slugs if slug][:_NAMES_IN_TABLE]
    return "-".join(firsts)[:_LONGEST_TABLE] or "table"


def title_of(texts: Iterable[Plain]) -> str | None:
    """Return the first text that says something, in the length of a line."""
    for text in texts:
        if isinstance(text, str) and text.strip():
            return text.strip()[:_LONGEST_TITLE]
    return None
