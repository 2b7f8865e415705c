"""The datasets of where a person was: trips, stays, lines and marked places.

- A stay is not a place: the same place is marked once and visited often, each time for hours.
- `paths` are what a phone drew beside the trips that it states: the same way is not a trip twice.

Source: docs/spec/18-connectors.md section 11; docs/spec/42-places-and-bodies.md section 3.
"""

from sealhold.connectors.columns import OFFSET, SIGNED_BY, SPAN, SPOT, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

_ENDS = (
    column("start_lat", ColumnType.FLOAT, "latitude of the first point, degrees, WGS 84"),
    column("start_lon", ColumnType.FLOAT, "longitude of the first point, degrees"),
    column("end_lat", ColumnType.FLOAT, "latitude of the last point, degrees"),
    column("end_lon", ColumnType.FLOAT, "longitude of the last point, degrees"),
)
_WORDS = (
    column("name", ColumnType.TEXT, "name as recorded", searchable=True),
    column("description", ColumnType.TEXT, "description as recorded", searchable=True),
    column("type", ColumnType.TEXT, "kind of activity as recorded", searchable=True),
)
_TIMES = (
    column("start", ColumnType.INSTANT, "first time, UTC"),
    column("end", ColumnType.INSTANT, "last time, UTC"),
    OFFSET,
)
_POINTS = column("points", ColumnType.LIST, "points in order: [t ms or null, lat, lon, ele m]")
_SIGNED = column(
    SIGNED_BY, ColumnType.TEXT, "key that signed its file, 64 hex digits; empty if none was checked"
)

TRIPS = Dataset(
    name=Collection("trips"),
    columns=(
        *_TIMES,
        column("duration_s", ColumnType.FLOAT, "seconds from start to end"),
        column("distance_m", ColumnType.FLOAT, "metres along all points"),
        column("max_speed_ms", ColumnType.FLOAT, "highest speed between two points, m/s"),
        column("mean_speed_ms", ColumnType.FLOAT, "distance over duration, m/s"),
        *_ENDS,
        *_WORDS,
        _POINTS,
        _SIGNED,
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"), FieldName("start_lat"), FieldName("start_lon")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip, because a person decides to make one; a point alone says little",
)

ROUTES = Dataset(
    name=Collection("routes"),
    columns=(
        column(
            "kind",
            ColumnType.TEXT,
            "`route` if planned, `track` if recorded without time, `line` if its file does not say",
        ),
        column("distance_m", ColumnType.FLOAT, "metres along all points"),
        *_ENDS,
        *_WORDS,
        _POINTS,
    ),
    time_column=None,
    natural_key=(FieldName("start_lat"), FieldName("start_lon"), FieldName("distance_m")),
    sensitivity=Sensitivity.ORDINARY,
    granularity="a line, because it was planned or recorded as one",
)

PLACES = Dataset(
    name=Collection("places"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was marked, UTC"),
        OFFSET,
        *SPOT,
        column("ele", ColumnType.FLOAT, "metres above the sea"),
        *_WORDS,
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("lat"), FieldName("lon"), FieldName("name")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a place, because a person marked each by itself",
)

VISITS = Dataset(
    name=Collection("visits"),
    columns=(
        *SPAN,
        column("duration_s", ColumnType.FLOAT, "seconds from start to end"),
        *SPOT,
        column("name", ColumnType.TEXT, "name of the place as recorded", searchable=True),
        column("address", ColumnType.TEXT, "address as recorded", searchable=True),
        column("place_id", ColumnType.TEXT, "the source's own name of the place"),
        column(
            "type", ColumnType.TEXT, "kind of place as recorded; `still` if only known by no move"
        ),
        column("confidence", ColumnType.FLOAT, "how sure the source is of the place, 0 to 1"),
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"), FieldName("lat"), FieldName("lon")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a stay, because a person decides to go there; its minutes all say the same",
)

PATHS = Dataset(
    name=Collection("paths"),
    columns=(
        *_TIMES,
        column("kind", ColumnType.TEXT, "`path` if drawn by the phone, `signals` if measured"),
        column("distance_m", ColumnType.FLOAT, "metres along all points"),
        *_ENDS,
        _POINTS,
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"), FieldName("start_lat"), FieldName("start_lon")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a stretch without gap, because it is one move, told beside the trip that it is of",
)
