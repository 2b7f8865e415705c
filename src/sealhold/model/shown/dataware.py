"""What is shown of access by third parties: rules written ahead, what came in, where grants run.

Source: docs/spec/39-dataware.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Id16,
    Purpose,
    RequestId,
    SourceId,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown.asking import RequestLine, RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDataset:
    """A dataset as an app hears of it."""

    name: Collection
    schema: str  # 16 hex digits that change if a column does
    freshness: str  # live | regular | still


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyView:
    """Whether an app that asked has something to fetch."""

    state: str  # waiting | ready
    run: str  # 64 hex digits: the SHA-256 of what is fetched; zeros while nothing is
    at: Instant
    notice: bytes  # the same in DSSE, signed by the vault's proof key


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowingView:
    """What one app hears of when it asks what there is."""

    app: AppId
    app_name: str
    datasets: tuple[ListedDataset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule as its owner says it; an empty list means any."""

    effect: str  # show | allow | ask | deny
    apps: tuple[str, ...] = ()  # by name or id
    processors: tuple[str, ...] = ()  # apps, by name or id: all that sign with the key of one
    purposes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    bits: MicroBits = MicroBits(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChoices:
    """What a rule may name."""

    datasets: Mapping[Collection, tuple[FieldName, ...]]  # with their columns, by name
    purposes: Mapping[Purpose, str]  # in words, each read after "to", in the order of the words


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledView:
    """A request that a rule answered."""

    request: RequestId
    effect: str
    at: Instant
    bits: MicroBits
    state: RequestState  # of the request, today


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule."""

    id: Id16
    effect: str
    sentence: str  # all that it says, in words
    written_at: Instant
    bits: MicroBits
    told_this_month: MicroBits  # of it
    answered: tuple[RuledView, ...]  # the newest first
    holds: bool = True  # False: it is on a policy token, and that is away


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMatch:
    """A request that a rule would have had to say something of."""

    request: RequestId
    asker: str
    label: str
    state: RequestState
    grant: GrantId | None  # in force
    then: str  # what would have become of it by all rules: allow | ask | deny


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLook:
    """What a rule would have done so far; nothing was changed."""

    sentence: str
    matches: tuple[RuleMatch, ...]  # those that wait first, then the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One point in which a request is not what its app asked for before."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """A request that waits, and what is new in it."""

    request: RequestLine
    former: RequestId | None  # the one that it is compared with
    new: tuple[Difference, ...]  # empty without a former one: then all of it is


class AckState(StrEnum):
    """How a source stands to a grant."""

    LAID = "laid"  # it may run there
    PENDING = "pending"  # ended here, and the source has not said yet that it knows
    ACKED = "acked"  # the source said that it ended it
    LAPSED = "lapsed"  # it never said so, and what it held has run out since


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentView:
    """What a grant lets one source run."""

    source: SourceId
    name: str
    state: AckState
    epoch: int
    ends_at: Instant  # of what the source holds
    acked_at: Instant | None
    killed: int  # runs that the revocation ended there
    last_run: Instant | None
