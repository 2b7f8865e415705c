"""What the faces show: the values that the vault hands to a front end, and the terms it takes back.

- A front end shows these and decides nothing: each number here was computed below `node`.
- Costs are micro-bits, times are instants; how they are written is the face's own matter.
- All are imported from here.

Source: docs/spec/20-faces.md.
"""

from sealhold.model.shown.allowed import (
    AnswerView,
    AppIssuer,
    AppView,
    GrantView,
)
from sealhold.model.shown.asking import (
    AnswerShape,
    AskerView,
    Choice,
    CodeView,
    Meter,
    Mode,
    PreviewView,
    RequestCard,
    RequestLine,
    RequestState,
    ResourceView,
    Terms,
)
from sealhold.model.shown.data import (
    DoubleView,
    FileReport,
    Hits,
    ImportReport,
    ItemLine,
    ItemView,
    MapPreview,
    Recognised,
    RejectView,
    SourceView,
    TableLook,
)
from sealhold.model.shown.happened import (
    Check,
    LedgerLine,
    LogState,
    Status,
    Verdict,
)
from sealhold.model.shown.proofs import ClaimView, PresentationView, ProofView

__all__ = [
    "AnswerShape",
    "AnswerView",
    "AppIssuer",
    "AppView",
    "AskerView",
    "Check",
    "Choice",
    "ClaimView",
    "CodeView",
    "DoubleView",
    "FileReport",
    "GrantView",
    "Hits",
    "ImportReport",
    "ItemLine",
    "ItemView",
    "LedgerLine",
    "LogState",
    "MapPreview",
    "Meter",
    "Mode",
    "PresentationView",
    "PreviewView",
    "ProofView",
    "Recognised",
    "RejectView",
    "RequestCard",
    "RequestLine",
    "RequestState",
    "ResourceView",
    "SourceView",
    "Status",
    "TableLook",
    "Terms",
    "Verdict",
]
