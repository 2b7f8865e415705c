"""The dataset of what a person heard and watched.

Source: docs/spec/43-chats-and-media.md section 6.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

PLAYS = Dataset(
    name=Collection("plays"),
    columns=(
        column("at", ColumnType.INSTANT, "when it ended, UTC"),
        OFFSET,
        column("precision_s", ColumnType.INTEGER, "seconds within which `at` is known: 1 or 60"),
        column("kind", ColumnType.TEXT, "track, episode or audiobook"),
        column("title", ColumnType.TEXT, "what was played", searchable=True),
        column("artist", ColumnType.TEXT, "artist, show or book", searchable=True),
        column("album", ColumnType.TEXT, "album", searchable=True),
        column("played_s", ColumnType.FLOAT, "how long it was played, seconds"),
        column("platform", ColumnType.TEXT, "device and program as written"),
        column("country", ColumnType.TEXT, "country of the connection, ISO 3166"),
        column("began_by", ColumnType.TEXT, "why it began, as the service says: clickrow"),
        column("ended_by", ColumnType.TEXT, "why it ended: trackdone, fwdbtn"),
        column("shuffle", ColumnType.BOOL, "whether in random order"),
        column("skipped", ColumnType.BOOL, "whether it was skipped"),
        column("offline", ColumnType.BOOL, "whether without a connection"),
        column("private", ColumnType.BOOL, "whether in a private session"),
        column("uri", ColumnType.TEXT, "the service's own name of what was played"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("at"), FieldName("title"), FieldName("artist")),
    sensitivity=Sensitivity.ORDINARY,
    granularity="a play, because a person starts and stops each by itself",
    title=FieldName("title"),
)
