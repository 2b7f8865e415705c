"""What an app does with its people's data by a program: its terms, and what each person says to it.

- A processing is one program under fixed terms: digest, purpose, bases, fields, recipients, term.
  A person says yes or no to just that.

Source: docs/spec/26-processings.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.ids import (
    AppId,
    Collection,
    ConsentId,
    DecisionId,
    FieldName,
    NoticeId,
    ProcessingId,
    Purpose,
    ReceiptId,
    RunId,
    SubjectId,
)
from sealhold.model.people import Mask
from sealhold.model.quantities import Instant


class Risk(StrEnum):
    """How much a processing may harm people; of two the later is the higher."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ProcessingState(StrEnum):
    """Where a processing stands."""

    WAITING = "waiting"  # registered, or changed materially: nobody activated these terms
    ACTIVE = "active"
    RETIRED = "retired"  # for good


class ChoiceState(StrEnum):
    """What a person has said to a processing as it is now."""

    PENDING = "pending"  # nothing, or to other terms
    ALLOWED = "allowed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


class Wish(StrEnum):
    """What a person can say to a processing."""

    ALLOW = "allow"
    DENY = "deny"
    WITHDRAW = "withdraw"


class Outcome(StrEnum):
    """How the assessment of a processing ended; the value is the DPV term."""

    LOW_RISK = "eu-gdpr:DPIAOutcomeLowRisk"
    HIGH_RISK = "eu-gdpr:DPIAOutcomeHighResidualRisk"
    ASK_AUTHORITY = "eu-gdpr:DPIAOutcomeDPAConsultation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A controller or an authority, and how to reach it; empty where nobody said."""

    identifier: str = ""
    name: str = ""
    address: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a consent record says beside the terms; a change of it asks nobody anew."""

    service: str = ""  # what the person gets from it
    collection: str = ""  # how the data comes in
    method: str = ""  # what is done with it
    storage_location: str = ""
    processing_location: str = ""
    jurisdiction: str = ""
    withdrawal: str = ""  # where a consent is taken back
    controller: Body = Body()
    authority: Body = Body()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a person agrees to, beside the name, which is only a label."""

    name: str
    code: str  # SHA-256 of the program, 64 hex digits
    purpose: Purpose
    basis: str  # `eu-gdpr:A6-1-a` and the like
    special: str  # `eu-gdpr:A9-2-a` and the like; empty for none
    fields: frozenset[FieldName]
    collections: frozenset[Collection]
    recipients: frozenset[str]
    transfers: frozenset[str]  # countries and organisations outside
    retention_days: int  # how long recipients keep what they get
    automated: bool  # it decides about people by itself
    risk: Risk
    output_bytes: int  # the most that one run may give out
    strict: bool = True  # a no stops it on other bases than consent too
    balancing: str = ""  # why a legitimate interest outweighs, where that is the basis
    circumstances: Circumstances = Circumstances()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What an assessment of the risks came to; it holds until the terms change materially."""

    outcome: Outcome
    text: str
    digest: str  # SHA-256 of the document, 64 hex digits


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingView:
    """A processing as it stands."""

    processing: ProcessingId
    app: AppId
    version: int  # +1 with each change
    edition: int  # +1 with each material change, which asks everybody anew
    state: ProcessingState
    notice: str  # digest of what a person is shown; named with a yes
    terms: Terms
    needs_assessment: bool
    assessment: Assessment | None
    gaps: tuple[str, ...]  # what a consent record must say and nobody said


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A text that people may be shown for a processing, by its digest."""

    notice: NoticeId
    processing: ProcessingId
    edition: int
    digest: str
    language: str
    version: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceView:
    """A processing as one person sees it, and what they said to it."""

    processing: ProcessingId
    name: str
    purpose: Purpose
    basis: str
    special: str
    fields: tuple[str, ...]
    recipients: tuple[str, ...]
    transfers: tuple[str, ...]
    retention_days: int
    automated: bool
    is_active: bool
    state: ChoiceState
    is_asked: bool  # whether it should be put before the person now
    stops: bool  # whether a no stops it
    why: str  # in words
    notice: str  # to be named with a yes
    consent: ConsentId | None
    at: Instant | None  # when it was said
    ends: Instant | None  # until when a yes holds; None without end


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceMade:
    """What a person said just now, and their receipt."""

    choice: ChoiceView
    receipt: ReceiptId
    record: str  # the signed consent record, a DSSE envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsView:
    """What a person said about all uses of their data."""

    is_restricted: bool
    restricted_at: Instant | None
    lifts_at: Instant | None  # when a restriction ends that somebody else lifted
    objections: tuple[Purpose, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseView:
    """A run that has begun, and the token that reads for it."""

    run: RunId
    lease: str
    until: Instant
    reads: int  # at most


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A run as it ended."""

    run: RunId
    state: str
    reads: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """A result that was released: what the vault says about it, signed."""

    run: RunId
    people: int
    statement: str  # a DSSE envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitting:
    """People who permit, in no order that tells anything; `after` goes on from here."""

    people: tuple[SubjectId, ...]
    after: str  # empty on the last page


@dataclass(frozen=True, slots=True, kw_only=True)
class UseQuestion:
    """Which use of whose data somebody asks about; ids as text."""

    subject: str
    processing: str
    code: str  # digest of the program; empty for the one that is registered
    purpose: str  # empty for that of the processing
    fields: frozenset[FieldName]
    collection: str  # empty for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a use is permitted at this moment; the reason for those who may know it."""

    decision: DecisionId
    permit: bool
    code: str
    sentence: str
    masks: Mapping[FieldName, Mask] = field(default_factory=dict)  # what a yes binds to


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """One thing that happened with a person's data."""

    at: Instant
    app: str  # its name; empty where it was none
    actor: str  # `app`, `person`, `officer`, `owner`, `vault` or `outsider`
    what: str
    purpose: str
    collection: str  # of the records that it was about; empty where it was none
    fields: tuple[str, ...]
    outcome: str
    run: RunId | None
    processing: str  # the name; empty where it was none


@dataclass(frozen=True, slots=True, kw_only=True)
class UsesPage:
    """The newest uses first; `before` goes on from here."""

    uses: tuple[UseLine, ...]
    before: str  # empty on the last page
