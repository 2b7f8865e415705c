"""A short way to write down a dataset's columns."""

from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType

SIGNED_BY = FieldName("signed_by")  # a column that no connector fills: the vault checks signatures


def column(name: str, kind: ColumnType, about: str, *, searchable: bool = False) -> Column:
    """Return one column of a dataset."""
    return Column(name=FieldName(name), type=kind, about=about, searchable=searchable)
