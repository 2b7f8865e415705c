"""What is asked, and all that there is to know when it is decided: plain values.

- `Ask` is what somebody wants now; `Facts` is one snapshot, read in one go by whoever asks.
- Amounts are what is left or spent as integers; a decision never changes them.

Source: docs/spec/07-grants.md section 6.
"""

from dataclasses import dataclass
from enum import Enum, auto

from sealhold.model.ids import AppId, Collection, FieldName, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import RequestState
from sealhold.policy.consent import Standing as ConsentStanding
from sealhold.policy.grant import Grant


class Actor(Enum):
    """Who asks."""

    OWNER = auto()  # the person whose data it is
    APP = auto()


class Standing(Enum):
    """Whether an app, a subject or a task may take part."""

    ACTIVE = auto()
    SUSPENDED = auto()
    ENDED = auto()  # removed, erased, retired
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One wish, at one moment."""

    actor: Actor
    app: AppId
    purpose: Purpose
    collection: Collection
    fields: frozenset[FieldName]
    task: TaskDigest
    param: str
    selection: str
    cost: MicroBits
    repeat: bool = False  # the stored bytes of an answer that left under the same grant before
    confirmed: bool = False  # the owner said yes to this one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A grant with what became of it."""

    grant: Grant
    state: RequestState
    consent: ConsentStanding
    notice: str  # digest of the notice that applies now
    epoch: int  # the newest of this grant; a revocation raised it
    uses: int  # answers that left
    spent: MicroBits
    retention_days: int  # how long the app may keep an answer
    bound: frozenset[Id16] = frozenset()  # policy tokens: one of them must be there, if any
    muted: frozenset[Id16] = frozenset()  # policy tokens: none of them may be there


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision rests on."""

    now: Instant
    app: Standing
    subject: Standing
    task: Standing
    held: tuple[Held, ...]
    objected: frozenset[Purpose]  # purposes that the person objects to
    restricted: bool  # the person restricted all use but storage
    retain_until: Instant | None
    present: frozenset[Id16] = frozenset()  # policy tokens that are there; none if nobody looked
    budget_left: MicroBits  # the least that is left of the app's, the purpose's and the year's cap
