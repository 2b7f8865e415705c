"""What is told of documents, their past, and what a round brought to them.

- Whoever wrote something is told by the id of the device, by its name, and by the role that its
  certificate gives it.

Source: docs/spec/48-documents.md section 12.
"""

from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterView:
    """A device that wrote in a document."""

    device: str  # 32 hex digits; empty: not known here
    name: str
    role: str  # admin, full, limited or blind; of others editor or guest
    person: str = ""  # whose it is, in a document with other people; the own one is `you`


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document as a list shows it."""

    id: str  # 32 hex digits
    name: str
    collection: str
    is_here: bool  # false: what it begins with is at a place that does not answer
    size: int  # code points of its text
    version: str  # id of its newest version
    at: Instant  # when that was written
    by: WriterView
    waiting: int  # entries that wait for others
    refused: tuple[str, ...]  # why edits count for nobody
    suggestions: int  # edits of removed devices that nobody decided about


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchView:
    """Code points of a text that one device wrote."""

    by: WriterView
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentView:
    """What a document holds, now or at an earlier version."""

    id: str
    name: str
    collection: str
    version: str
    at: Instant
    text: str
    fields: dict[str, Plain]
    items: tuple[Plain, ...]
    written: tuple[StretchView, ...]  # who wrote the text, if that was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """A version of a document: what one device wrote in one go."""

    version: str  # its id, the same on all devices
    at: Instant
    by: WriterView
    why: str  # of the first one: what it came of
    inserted: int  # code points
    deleted: int
    values: int  # fields and items that were set, moved or taken out


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """Edits that do not count unless somebody takes them."""

    id: str
    by: WriterView
    why: str  # removed, or built-on
    text: str  # what they insert


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionView:
    """What goes, or went, with words that are erased."""

    name: str
    units: int  # code points and values that are blank in all versions
    keys: tuple[str, ...]  # names of fields that hold the words, which stay
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedView:
    """Edits that a round brought to a document."""

    document: str
    collection: str
    by: WriterView
    edits: int
