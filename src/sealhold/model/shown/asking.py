"""What is shown of a request: who asks, for what, which answers there can be, what they cost.

Source: docs/spec/20-faces.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Purpose, RequestId
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.records import Column


class RequestState(StrEnum):
    """Where a request stands; the consent record's state follows it."""

    RECEIVED = "received"
    WAITING = "waiting"
    ALLOWED = "allowed"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    SPENT = "spent"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Mode(StrEnum):
    """How long an allowance holds."""

    ONCE = "once"  # one answer, then spent
    UNTIL = "until"  # until the end of the terms, on demand or on schedule
    EACH = "each"  # until the end of the terms, and the owner is asked before each answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the owner agrees to; it can only narrow what was asked."""

    mode: Mode
    until: Instant
    budget: MicroBits  # at most this much in all under the grant
    fields: frozenset[FieldName]  # the task sees these and no others
    coarsen: int  # 1 as asked; n: the answer is rounded down to every n-th permitted value
    rows: str = "all"  # only those that this row filter lets through
    precision: tuple[str, ...] = ()  # rules that make each row coarser, in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A budget: told, would be told by what waits, and the cap of this calendar year."""

    label: str
    used: MicroBits
    pending: MicroBits
    cap: MicroBits


@dataclass(frozen=True, slots=True, kw_only=True)
class AskerView:
    """Who asks, and how we know."""

    app: AppId
    name: str
    key_digest: str  # 64 hex digits, SHA-256 of the public key
    key_words: tuple[str, str, str, str]
    known_since: Instant
    asked: int  # requests so far, this one included
    allowed: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShape:
    """What would leave: a whole number of which these are all possible values."""

    label: str  # "green days in October 2026"
    unit: str
    first: int
    last: int
    step: int
    alternatives: int  # the default included
    default: int  # said where the program fails, too
    example: int  # from synthetic data, never from the person's
    noise: str = ""  # how the answer is blurred, and what that costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A coarser answer that the owner may give instead."""

    coarsen: int
    alternatives: int
    cost: MicroBits
    example: str  # how the example answer would read: "16-19"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """The program, to the letter."""

    name: str
    version: str
    author: str
    digest: str  # 64 hex digits
    text: str
    isolation: str  # how it is confined on this machine, in words
    evidence: str  # "software key, no hardware"
    before: str | None  # the version allowed before, if one was
    diff: tuple[str, ...]  # unified, without file names; empty if there is none before


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """The owner's own look at the answer before deciding, and what it costs."""

    cost: MicroBits  # of one press, said on the button
    answer: bytes | None  # the very bytes that Allow would release, once it was pressed


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """A third party's file that a program reads, and how far it is here."""

    task: str
    id: str
    url: str
    sha256: str | None  # 64 hex digits: the digest that it must have
    signer: str | None  # 64 hex digits: or the key that signs each version
    max_bytes: int
    max_versions: int
    versions: int  # how many the program got so far
    size: int | None  # bytes of the newest version here
    digest: str | None  # 64 hex digits, of the newest version here
    fetched_at: Instant | None  # when that came
    tried_at: Instant | None  # when it was last asked for
    why: str  # why the last try failed; empty if it did not


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCard:
    """One request, whole, as the consent screen shows it."""

    id: RequestId
    state: RequestState
    digest: str  # 64 hex digits: of all that is shown here but meters, preview and state
    received_at: Instant
    expires_at: Instant
    asker: AskerView
    purpose: Purpose
    purpose_words: str  # in our words
    reason: str  # in the asker's
    answer: AnswerShape
    cost_per_answer: MicroBits
    cost_per_object: MicroBits  # what this adds to an object's whole life
    object_before: MicroBits  # what all tasks so far may tell of one object
    meters: tuple[Meter, ...]
    collection: Collection
    granularity: str  # what one object is
    objects: int
    fields: tuple[Column, ...]
    selection: str  # which objects, in words
    code: CodeView
    asked_terms: Terms
    choices: tuple[Choice, ...]
    schedule: str  # "on demand", "once a day"
    destination: str
    retention_days: int
    legal_basis: str
    preview: PreviewView
    grant: GrantId | None
    points: Mapping[str, str] = field(default_factory=dict)  # by code: each needs a yes of its own
    resources: tuple[ResourceView, ...] = ()  # what the program reads besides, of third parties
    object_cap: MicroBits  # what any one object may ever tell
    asked_before: int  # how often this task was asked, by anybody
    asked_most: int  # how often it may be


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request in a list."""

    id: RequestId
    state: RequestState
    app: AppId
    asker: str
    purpose: Purpose
    purpose_words: str
    label: str
    received_at: Instant
    expires_at: Instant
    cost_per_answer: MicroBits
