"""What is shown of rights requests and breaches: what happened, how it stands, and by when.

Source: docs/spec/27-rights.md sections 5 and 6.
"""

from dataclasses import dataclass

from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is late, refused or left out: a DPV term, and words."""

    ground: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One event of a story."""

    step: str
    at: Instant  # when it was entered
    by: Id16 | None  # the officer who entered it; None for the owner and the person
    happened_at: Instant | None  # when it happened outside, if that counts
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsView:
    """A rights request and its clock."""

    id: Id16
    app: AppId
    subject: SubjectId | None  # None if nobody was named, or they were erased since
    right: str  # the DPV term
    state: str  # the DPV term
    received_at: Instant
    due: Instant
    days_left: int  # after today; below 0 it is over
    urgency: str  # none | ten_days | three_days | last_day | overdue
    is_extended: bool
    is_waiting: bool  # for the person, and the clock stands still
    is_closed: bool
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsWish:
    """What somebody asks of a controller."""

    right: str
    app: str = ""  # whose person; empty: the caller's own
    subject: str = ""  # empty: not known, or the caller
    received_at: Instant | None = None  # None: now


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsStep:
    """What is done about a rights request."""

    step: str
    reasons: tuple[Reason, ...] = ()
    happened_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeView:
    """Who could be reached with an app or a token in a time, and who was."""

    app: AppId
    token: Id16 | None
    since: Instant
    until: Instant
    people: int  # whose data was read or found, as the log shows
    people_at_most: int  # who could have been, those erased since among them
    entries: int  # of the log that tell of it
    entries_unreadable: int  # of people who were erased: of whatever app, in whatever time
    categories: tuple[str, ...]  # what was read
    categories_at_most: tuple[str, ...]  # what could have been


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachView:
    """A breach and its clock."""

    id: Id16
    about: str  # what happened, in words
    aware_at: Instant
    due: Instant  # for the first notice to the authority
    authority: str  # open | notified | not needed
    persons: str
    is_late: bool
    is_overdue: bool
    is_closed: bool
    steps: tuple[StepView, ...]
    scopes: tuple[ScopeView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtView:
    """What was taken in of an export, as a new person."""

    subject: SubjectId
    fields: int
    records: int
    older_versions: int
    attachments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientView:
    """Somebody whom an app gives data to."""

    id: Id16
    app: AppId
    name: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientNoticeView:
    """A notice to a recipient, to be delivered until it is said to have arrived."""

    id: Id16
    app: AppId
    recipient: Id16
    name: str
    contact: str
    why: str  # erased | rectified
    subject: SubjectId | None  # the person's id under the app; None once it arrived
    person: str  # 64 hex digits: the SHA-256 of that id as text, as in receipts
    at: Instant
