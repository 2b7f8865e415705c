"""The dataset of what a person published in a social network.

Source: docs/spec/43-chats-and-media.md section 9.
"""

from sealhold.connectors.columns import OFFSET, column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

POSTS = Dataset(
    name=Collection("posts"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was published, UTC"),
        OFFSET,
        column("kind", ColumnType.TEXT, "post, or boost of a post of somebody else"),
        column("author", ColumnType.TEXT, "address of who published it"),
        column("warning", ColumnType.TEXT, "what stands before the text", searchable=True),
        column("text", ColumnType.TEXT, "words of the post, made from its HTML", searchable=True),
        column("language", ColumnType.TEXT, "language as marked: `en`"),
        column("visibility", ColumnType.TEXT, "public, unlisted, followers or direct"),
        column("tags", ColumnType.LIST, "hashtags", searchable=True),
        column("mentions", ColumnType.LIST, "who is named", searchable=True),
        column("attachments", ColumnType.LIST, "[address, type, description]", searchable=True),
        column("boosted", ColumnType.TEXT, "address of the post that was boosted"),
        column("edited_at", ColumnType.INSTANT, "when it was changed last, UTC"),
        column("url", ColumnType.TEXT, "address of its page"),
        column("post_id", ColumnType.TEXT, "the post's own name"),
        column("in_reply_to", ColumnType.TEXT, "name of the post it answers"),
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("post_id"),),
    sensitivity=Sensitivity.INTIMATE,  # some are for followers, or for one person
    granularity="a post, because a person publishes each as one",
    title=FieldName("text"),
)
