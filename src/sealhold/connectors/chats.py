"""The dataset of what people write to each other in a messenger.

- What was deleted or was to disappear keeps its writer and its time. Its words, its media and its
  raw form are not taken in.

Source: docs/spec/43-chats-and-media.md section 1.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

EDITED = "edited"
DELETED = "deleted"
DISAPPEARING = "disappearing"

CHATS = Dataset(
    name=Collection("chats"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was sent, UTC; empty if the date is not proven"),
        OFFSET,
        column("written", ColumnType.TEXT, "the time to the letter, where it is not understood"),
        column("chat", ColumnType.TEXT, "name of the conversation", searchable=True),
        column("from", ColumnType.TEXT, "who wrote it; empty for a notice", searchable=True),
        column("text", ColumnType.TEXT, "what was written", searchable=True),
        column("kind", ColumnType.TEXT, "text, media, notice, or what the messenger calls it"),
        column("state", ColumnType.TEXT, "empty, or edited, deleted, disappearing"),
        column("attachments", ColumnType.LIST, "[name, type]", searchable=True),
        column("reactions", ColumnType.LIST, "[sign, how often or by whom]"),
        column("forwarded_from", ColumnType.TEXT, "who wrote it first", searchable=True),
        column("edited_at", ColumnType.INSTANT, "when it was changed last, UTC"),
        column("message_id", ColumnType.TEXT, "the message's own name in its chat"),
        column("in_reply_to", ColumnType.TEXT, "name of the message it answers"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("chat"), FieldName("message_id")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a message, because a person writes and sends each as one",
    title=FieldName("text"),
)
