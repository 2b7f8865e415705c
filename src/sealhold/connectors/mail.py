"""The dataset of what a person wrote and read.

Source: docs/spec/18-connectors.md section 14.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

MESSAGES = Dataset(
    name=Collection("messages"),
    columns=(
        column("at", ColumnType.INSTANT, "date of the message, UTC"),
        OFFSET,
        column("from", ColumnType.TEXT, "who wrote it", searchable=True),
        column("to", ColumnType.LIST, "to whom: name and address", searchable=True),
        column("cc", ColumnType.LIST, "who got a copy", searchable=True),
        column("subject", ColumnType.TEXT, "subject", searchable=True),
        column(
            "body", ColumnType.TEXT, "text; made from HTML if there is no other", searchable=True
        ),
        column(
            "attachments",
            ColumnType.LIST,
            "[part, name, type, bytes, kept]; the content is in `raw` under the part",
            searchable=True,
        ),
        column("labels", ColumnType.LIST, "labels of the mail program", searchable=True),
        column("message_id", ColumnType.TEXT, "the message's own name"),
        column("in_reply_to", ColumnType.TEXT, "name of the message it answers"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("message_id"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a message, because a person writes and sends each as one",
    title=FieldName("subject"),
)
