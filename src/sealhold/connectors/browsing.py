"""The datasets of what a person opened and kept in a browser.

Source: docs/spec/44-money-and-mail.md section 3.
"""

from sealhold.connectors.columns import column
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

_PAGE = (
    column("url", ColumnType.TEXT, "address of the page, masked: no query", searchable=True),
    column("host", ColumnType.TEXT, "name of the site", searchable=True),
    column("title", ColumnType.TEXT, "title of the page", searchable=True),
)
_BROWSER = column("browser", ColumnType.TEXT, "chromium or firefox, and those made of them")

VISITS_WEB = Dataset(
    name=Collection("visits_web"),
    columns=(
        column("at", ColumnType.INSTANT, "when the page was opened, UTC"),
        *_PAGE,
        column("kind", ColumnType.TEXT, "how it was come to: link, typed, reload"),
        column("duration_s", ColumnType.FLOAT, "seconds that it was open, where that is noted"),
        _BROWSER,
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("at"), FieldName("url")),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a visit, because a person opens each page once at a time",
    title=FieldName("title"),
)

BOOKMARKS = Dataset(
    name=Collection("bookmarks"),
    columns=(
        column("at", ColumnType.INSTANT, "when it was kept, UTC"),
        *_PAGE,
        column("folder", ColumnType.LIST, "names of the folders, the outermost first"),
        column("tags", ColumnType.LIST, "words that the person put to it", searchable=True),
        column("changed", ColumnType.INSTANT, "when it was changed last, UTC"),
        column("guid", ColumnType.TEXT, "the browser's own name of it"),
        _BROWSER,
    ),
    time_column=FieldName("at"),
    natural_key=(FieldName("guid"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a bookmark, because a person keeps each page as one",
    title=FieldName("title"),
)
