"""The datasets of a person's body: readings by days, and workouts.

- A day of one kind of reading by one recorder is one object: watches measure the heart every few
  seconds, and the readings of one day all tell of the same day.

Source: docs/spec/42-places-and-bodies.md section 8.
"""

from collections.abc import Mapping
from typing import Final

from sealhold.connectors.columns import OFFSET, SPAN, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

_RECORDER = column("recorder", ColumnType.TEXT, "what recorded it, as named", searchable=True)

HEALTH = Dataset(
    name=Collection("health"),
    columns=(
        column("day", ColumnType.TEXT, "day as written by the recorder, `2026-01-31`"),
        column("start", ColumnType.INSTANT, "when the first reading began, UTC"),
        column("end", ColumnType.INSTANT, "when the last one ended, UTC"),
        OFFSET,
        column("type", ColumnType.TEXT, "what was measured: `HeartRate`", searchable=True),
        column("unit", ColumnType.TEXT, "unit of the values: m, kg, Wh, s, ... or as written"),
        column("count", ColumnType.INTEGER, "how many readings"),
        column("total", ColumnType.FLOAT, "sum of the values; of use where each is an amount"),
        column("mean", ColumnType.FLOAT, "mean of the values"),
        column("least", ColumnType.FLOAT, "least value"),
        column("most", ColumnType.FLOAT, "greatest value"),
        column("readings", ColumnType.LIST, "in order: [start ms, end ms, value or text]"),
        _RECORDER,
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("type"), FieldName("day"), FieldName("recorder")),
    sensitivity=Sensitivity.SPECIAL,
    granularity="a day of one kind of reading, because single readings of a day tell one thing",
)

WORKOUTS = Dataset(
    name=Collection("workouts"),
    columns=(
        *SPAN,
        column("duration_s", ColumnType.FLOAT, "seconds of activity as stated, else to the end"),
        column("type", ColumnType.TEXT, "kind of sport as recorded", searchable=True),
        column("distance_m", ColumnType.FLOAT, "metres as stated"),
        column("energy_wh", ColumnType.FLOAT, "energy burned as stated, Wh"),
        column("mean_heart_rate", ColumnType.FLOAT, "beats per minute as stated"),
        column("readings", ColumnType.LIST, "in order: [t ms, heart rate, cadence, power W, m/s]"),
        column("route", ColumnType.TEXT, "name of the file that holds its way"),
        _RECORDER,
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"), FieldName("type"), FieldName("recorder")),
    sensitivity=Sensitivity.SPECIAL,
    granularity="a workout, because a person decides to do it and its parts tell of the whole",
)

_PER_HOUR = 1 / 3600
UNITS: Final[Mapping[str, tuple[str, float]]] = {  # to SI, energy to Wh; exact by definition
    "km": ("m", 1000.0),
    "cm": ("m", 0.01),
    "mm": ("m", 0.001),
    "mi": ("m", 1609.344),
    "yd": ("m", 0.9144),
    "ft": ("m", 0.3048),
    "in": ("m", 0.0254),
    "lb": ("kg", 0.45359237),
    "oz": ("kg", 0.028349523125),
    "st": ("kg", 6.35029318),
    "kcal": ("Wh", 4184 * _PER_HOUR),
    "Cal": ("Wh", 4184 * _PER_HOUR),
    "cal": ("Wh", 4.184 * _PER_HOUR),
    "kJ": ("Wh", 1000 * _PER_HOUR),
    "J": ("Wh", _PER_HOUR),
    "min": ("s", 60.0),
    "hr": ("s", 3600.0),
    "ms": ("s", 0.001),
    "km/hr": ("m/s", 1 / 3.6),
    "mi/hr": ("m/s", 0.44704),
    "mL": ("L", 0.001),
    "fl_oz_us": ("L", 0.0295735295625),
}


def in_si(value: float, unit: str | None) -> tuple[float, str | None]:
    """Return a value and its unit in SI or Wh, to 12 digits; as they are if the unit is another."""
    if unit == "degF":
        return float(f"{(value - 32) / 1.8:.12g}"), "degC"
    name, factor = UNITS.get(unit or "", (unit, None))
    return (value if factor is None else float(f"{value * factor:.12g}")), name
