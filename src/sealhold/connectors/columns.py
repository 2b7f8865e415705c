"""A short way to write down a dataset's columns, and those that many datasets have."""

from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType

SIGNED_BY = FieldName("signed_by")  # a column that no connector fills: the vault checks signatures


def column(name: str, kind: ColumnType, about: str, *, searchable: bool = False) -> Column:
    """Return one column of a dataset."""
    return Column(name=FieldName(name), type=kind, about=about, searchable=searchable)


OFFSET = column("offset_min", ColumnType.INTEGER, "minutes east of UTC as written, or empty")
SPAN = (
    column("start", ColumnType.INSTANT, "when it began, UTC"),
    column("end", ColumnType.INSTANT, "when it ended, UTC"),
    OFFSET,
)
SPOT = (
    column("lat", ColumnType.FLOAT, "latitude, degrees, WGS 84"),
    column("lon", ColumnType.FLOAT, "longitude, degrees"),
)
