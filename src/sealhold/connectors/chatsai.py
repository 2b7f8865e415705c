"""The dataset of what a person and a machine said to each other.

- A turn is the object, not a conversation: that grows for months, so its content, its size and
  what an answer about it costs would change whenever a line is added. A turn is written once.

Source: docs/spec/43-chats-and-media.md section 3.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

CHATS_AI = Dataset(
    name=Collection("chats_ai"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was said, UTC"),
        OFFSET,
        column("conversation", ColumnType.TEXT, "title of the conversation", searchable=True),
        column("role", ColumnType.TEXT, "user, assistant, system, tool, or as written"),
        column("text", ColumnType.TEXT, "what was said", searchable=True),
        column("kind", ColumnType.TEXT, "text, or what the export calls it: code, thoughts"),
        column("model", ColumnType.TEXT, "name of the model that answered", searchable=True),
        column("current", ColumnType.BOOL, "whether it stands on the branch that is shown"),
        column("attachments", ColumnType.LIST, "[name, type, bytes]", searchable=True),
        column("edited_at", ColumnType.INSTANT, "when it was changed last, UTC"),
        column("conversation_id", ColumnType.TEXT, "the conversation's own name"),
        column("turn_id", ColumnType.TEXT, "the turn's own name"),
        column("in_reply_to", ColumnType.TEXT, "name of the turn before it on its branch"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("conversation_id"), FieldName("turn_id")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a turn, because a conversation grows for months and a turn is written once",
    title=FieldName("text"),
)
