"""The dataset of what a person planned: events, tasks, notes and times at which they are free.

Source: docs/spec/18-connectors.md section 12.
"""

from sealhold.connectors.columns import column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

EVENTS = Dataset(
    name=Collection("events"),
    columns=(
        column("component", ColumnType.TEXT, "VEVENT, VTODO, VJOURNAL, VFREEBUSY, VAVAILABILITY"),
        column("start", ColumnType.INSTANT, "beginning, UTC; empty if none is written"),
        column("end", ColumnType.INSTANT, "end or due time, UTC"),
        column("offset_min", ColumnType.INTEGER, "minutes east of UTC at the start, or empty"),
        column("zone", ColumnType.TEXT, "name of the time zone as written"),
        column("all_day", ColumnType.BOOL, "whether the start is a date without time of day"),
        column("summary", ColumnType.TEXT, "title", searchable=True),
        column("description", ColumnType.TEXT, "text", searchable=True),
        column("location", ColumnType.TEXT, "place", searchable=True),
        column("status", ColumnType.TEXT, "state as written: CONFIRMED, NEEDS-ACTION"),
        column("organizer", ColumnType.TEXT, "who invites", searchable=True),
        column("attendees", ColumnType.LIST, "who is invited: addresses", searchable=True),
        column("categories", ColumnType.LIST, "labels", searchable=True),
        column("rrule", ColumnType.LIST, "repetition as rules: RRULE, RDATE, EXDATE as written"),
        column("periods", ColumnType.LIST, "free or busy: [start ms, end ms, kind]"),
        column("uid", ColumnType.TEXT, "the entry's own name"),
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("uid"), FieldName("start")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="an entry, because a person makes each by itself; a repeated one is one rule",
)
