"""The dataset of what meters of a house measured.

Source: docs/spec/42-places-and-bodies.md section 9.
"""

from sealhold.connectors.columns import column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

METER = Dataset(
    name=Collection("meter"),
    columns=(
        column("day", ColumnType.TEXT, "day of the meter's clock, `2026-01-31`; of UTC if unknown"),
        column("start", ColumnType.INSTANT, "when the first reading began, UTC"),
        column("end", ColumnType.INSTANT, "when the last one ended, UTC"),
        column("offset_min", ColumnType.INTEGER, "minutes east of UTC at the start, or empty"),
        column("day_hours", ColumnType.FLOAT, "length of the day: 23, 24 or 25; empty if unknown"),
        column("kind", ColumnType.TEXT, "`electricity`, `gas`, `water`, or its number in ESPI"),
        column("flow", ColumnType.TEXT, "`delivered` to the house, `received` from it, or other"),
        column("unit", ColumnType.TEXT, "Wh, m3, ...; or its number in ESPI"),
        column("total", ColumnType.DECIMAL, "sum of the readings, exact"),
        column("count", ColumnType.INTEGER, "how many readings"),
        column("readings", ColumnType.LIST, "in order: [start ms, seconds, value as exact text]"),
        column("meter", ColumnType.TEXT, "the source's own name of the meter reading"),
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("day"), FieldName("kind"), FieldName("flow"), FieldName("meter")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a day of readings, because one tells when people of a house were in and awake",
)
