"""What the faces show: the values that the vault hands to a front end, and the terms it takes back.

- A front end shows these and decides nothing: each number here was computed below `node`.
- Costs are micro-bits, times are instants; how they are written is the face's own matter.

Source: docs/spec/20-faces.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.encoding import Plain
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    JobId,
    Purpose,
    ReceiptId,
    RecordId,
    RequestId,
    SourceId,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.records import Column, Provenance


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AppView:
    """An app that the vault knows."""

    id: AppId
    name: str
    key_digest: str
    key_words: tuple[str, str, str, str]
    state: str  # active | suspended | removed
    registered_at: Instant
    last_used: Instant | None
    meter: Meter
    grants: tuple["GrantView", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    """What an app may do now or might do before."""

    id: GrantId
    request: RequestId
    app: AppId
    app_name: str
    purpose: Purpose
    label: str
    state: RequestState
    terms: Terms
    uses: int
    spent: MicroBits
    granted_at: Instant
    ended_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What left after one run, and the papers that go with it."""

    grant: GrantId
    value: int
    reads: str = ""  # what a number of several parts says
    label: str
    cost: MicroBits  # 0 when the stored answer was given again
    released_at: Instant
    receipt: ReceiptId
    sealed: bytes  # to the destination's key; what the app gets
    proof: bytes  # the whole file that `sealhold verify` reads, as the app gets it
    owner_receipt: bytes  # DSSE, with the place in the log
    seq: int  # of the entry in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """Where data came from."""

    id: SourceId
    name: str
    connector: str
    state: str  # done | done_with_rejects | running | failed
    last_run: Instant | None
    items: int
    rejected: int
    error: str | None
    remedy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectView:
    """One item that was skipped, and why."""

    position: str
    why: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file of an import."""

    name: str
    what: str  # "GPX 1.1", or what was found instead
    job: JobId | None
    new: int
    changed: int
    same: int
    rejects: tuple[RejectView, ...]
    rejected: int  # all of them; `rejects` holds the first 20
    error: str | None
    remedy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of an import."""

    files: tuple[FileReport, ...]
    new: int
    changed: int
    same: int
    rejected: int
    unreadable: int
    seconds: float
    by_collection: Mapping[Collection, int]  # new items


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One item in a list or among search hits."""

    id: RecordId
    collection: Collection
    at: Instant | None
    title: str
    snippet: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What a search or a timeline page found."""

    items: tuple[ItemLine, ...]
    total: int
    by_collection: Mapping[Collection, int]
    cursor: str | None  # where the next page begins


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item, open, with its history of versions and uses."""

    id: RecordId
    collection: Collection
    version: int
    at: Instant | None
    title: str
    fields: tuple[tuple[Column, Plain], ...]
    raw: Plain
    provenance: Provenance
    source: str
    uses: tuple["LedgerLine", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One entry of the log, readable by the owner."""

    seq: int
    at: Instant
    kind: str
    actor: str
    purpose: str
    what: str  # a sentence
    outcome: str  # done | denied
    reason: str
    rows_read: int
    bytes_out: int
    cost: MicroBits
    left: MicroBits | None  # of the yearly budget of all askers, after this entry, if it cost
    leaf: str  # 64 hex digits: the entry's leaf hash in the tree
    receipt: ReceiptId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The log as a whole."""

    size: int
    root: str  # 64 hex digits
    at: Instant
    key_digest: str
    checkpoint: str  # the signed note
    whole: bool | None  # None until it was verified in this process
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the vault is."""

    version: str
    home: str
    headless: bool
    items: int
    by_collection: Mapping[Collection, int]
    log: LogState
    isolation: str
    rollback_note: str  # what is not detected, in a sentence
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of a verification."""

    name: str
    held: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification found; `exit_code` is 0, 3 (below the policy), 5 (no proof) or 6."""

    checks: tuple[Check, ...]
    exit_code: int
    sentence: str
