"""A use of what is shared, and all that there is to know when it is decided: plain values.

- `Use` is what somebody wants now; `ShareFacts` is one snapshot, read in one go by whoever asks.
- The time is the later of the local clock and the newest time that the owner signed: a clock that
  was put back opens nothing again.

Source: docs/spec/49-sharing.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, ContactId, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant
from sealhold.policy.filter_ast import Every, Filter
from sealhold.policy.share import Bar, Clauses
from sealhold.policy.shareterms import Action


class DeviceRole(Enum):
    """What the device is to the person who asks."""

    ADMIN = auto()
    FULL = auto()
    LIMITED = auto()  # named collections
    PER_USE = auto()  # borrowed: holds no key, opens by release
    BLIND = auto()  # hosts ciphertext


class Duty(Enum):
    """What a use may have to do, and what can be done where it is decided."""

    NOTIFY = auto()
    RECEIPT = auto()
    DELETE = auto()  # at its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object, as far as rules look at it."""

    id: Id16
    dataset: Collection
    row: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One wish, at one moment."""

    who: ContactId
    device: DeviceRole
    action: Action
    purpose: Purpose
    thing: Thing
    task: TaskDigest | None = None  # the program that is to read it


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How often a share was used, with what was used of its re-shares."""

    grant: int = 0
    day: int = 0  # on this day, UTC
    people: Mapping[ContactId, int] = field(default_factory=dict)  # of a re-share: who passed it on


NEVER = Used()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShare:
    """A share with what became of it."""

    id: GrantId
    issuer: ContactId  # who gave it: the owner, or who passed it on
    clauses: Clauses
    signed: bool  # its signature is its issuer's
    epoch: int
    newest: int  # epoch; a revocation raised it
    parent: GrantId | None = None
    rows: Filter = Every()  # noqa: RUF009  # reason: a frozen value; the parsed `what.rows`
    used: Used = NEVER

    @property
    def is_revoked(self) -> bool:
        """Whether it was taken back."""
        return self.epoch != self.newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFacts:
    """Everything a decision rests on."""

    now: Instant
    owner: ContactId  # only what begins with them is anything
    held: tuple[HeldShare, ...]
    bars: tuple[Bar, ...] = ()  # the owner's, over all shares
    can: frozenset[Duty] = frozenset(Duty)  # which duties can be done here


def time_of(local: Instant, signed: Instant) -> Instant:
    """Return the time by which a recipient's node decides.

    Args:
        local: what its clock says.
        signed: the newest time that the owner signed and that came here.
    """
    return max(local, signed)
