"""The dataset of pictures: what they say of when, where and with what they were taken.

- The picture itself stays in its file; what is kept is what stands beside it, and the small
  preview that the camera put in.

Source: docs/spec/42-places-and-bodies.md section 11.
"""

from sealhold.connectors.columns import OFFSET, SPOT, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

PHOTOS = Dataset(
    name=Collection("photos"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was taken, UTC; local time if no offset"),
        OFFSET,
        *SPOT,
        column("ele", ColumnType.FLOAT, "metres above the sea"),
        column("title", ColumnType.TEXT, "title or description as written", searchable=True),
        column("keywords", ColumnType.LIST, "keywords as written", searchable=True),
        column("rating", ColumnType.INTEGER, "stars, 0 to 5"),
        column("maker", ColumnType.TEXT, "who made the camera"),
        column("camera", ColumnType.TEXT, "its model", searchable=True),
        column("lens", ColumnType.TEXT, "the lens"),
        column("exposure_s", ColumnType.FLOAT, "seconds of exposure"),
        column("aperture", ColumnType.FLOAT, "f-number"),
        column("iso", ColumnType.INTEGER, "sensitivity"),
        column("focal_m", ColumnType.FLOAT, "focal length in metres"),
        column("format", ColumnType.TEXT, "`JPEG`, `PNG` or `HEIC`"),
        column("width", ColumnType.INTEGER, "pixels, as stored"),
        column("height", ColumnType.INTEGER, "pixels, as stored"),
        column("turned", ColumnType.INTEGER, "how it is to be turned, 1 to 8, as EXIF counts"),
        column("bytes", ColumnType.INTEGER, "size of its file"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("at"), FieldName("camera"), FieldName("bytes")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a picture, because a person decides to take each",
)
