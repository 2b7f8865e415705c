"""What is shown of places that data comes from again and again, and of each reading of them.

Source: docs/spec/36-sources.md section 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealhold.model.ids import JobId
from sealhold.model.quantities import Instant
from sealhold.model.shown.data import SourceView


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceKind:
    """A kind of places."""

    kind: str
    about: str  # one sentence
    place: str  # where one lies, by example
    options: Mapping[str, str]  # what may be said beside it, each in a few words
    is_local: bool  # on this machine
    can_stay: bool  # what lies there may be left in place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDraft:
    """A place as its owner says it."""

    name: str
    kind: str
    place: str
    options: Mapping[str, str] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    mode: str = "archive"  # archive | federate
    schedule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLook:
    """What was found at a place; nothing was kept."""

    sentence: str
    settings: tuple[tuple[str, str], ...]  # as they would be kept, without lists of columns
    columns: tuple[str, ...]  # of a table
    asks: tuple[str, ...]  # what the owner must still say


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """One reading of a source."""

    id: JobId
    file: str
    state: str  # running | done | done_with_rejects | failed | undone | left in place
    started: Instant
    ended: Instant | None
    new: int
    changed: int
    same: int
    rejected: int
    error: str | None
    can_go: bool  # it can be taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """One source with all that its owner may know and do."""

    source: SourceView
    digest: str  # of how it stands; what cannot be undone is done to what was shown alone
    is_read: bool  # at this moment
    so_far: int  # items that the reading under way has looked at
    settings: tuple[tuple[str, str], ...]
    datasets: tuple[str, ...]  # that it fills
    has_account: bool
    can_stay: bool
    readings: tuple[ReadingView, ...]  # the newest first, 20 at most
    count: int  # of all readings
