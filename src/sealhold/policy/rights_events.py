"""What can happen to a rights request: one class for each event, each leading to a state of DPV.

- `at` is when an event was entered, by the vault's clock, and counts wherever a late entry would
  serve the controller: for asking, extending and closing.
- A second time stands in an event where something happened outside: `received_at` and `came_at`
  count, because the person's term begins and goes on with them; `noticed_at` is kept.
- An extension is no state: it moves the end of the term and nothing else.

Source: docs/spec/23-deadlines.md section 3; https://w3id.org/dpv, version 2.3, `RequestStatus`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from sealhold.model.quantities import Instant
from sealhold.policy.justifications import Justification


class Right(StrEnum):
    """What a person can ask of a controller; the value is the DPV term."""

    ACCESS = "eu-gdpr:A15"
    RECTIFICATION = "eu-gdpr:A16"
    ERASURE = "eu-gdpr:A17"
    RESTRICTION = "eu-gdpr:A18"
    PORTABILITY = "eu-gdpr:A20"
    OBJECTION = "eu-gdpr:A21"
    HUMAN_DECISION = "eu-gdpr:A22"


class RightsState(StrEnum):
    """Where a rights request stands; the value is the DPV term."""

    INITIATED = "RequestInitiated"
    ACKNOWLEDGED = "RequestAcknowledged"
    REQUIRES_ACTION = "RequestRequiresAction"
    ACTION_PERFORMED = "RequestRequiredActionPerformed"
    ACCEPTED = "RequestAccepted"
    REJECTED = "RequestRejected"
    DELAYED = "RequestActionDelayed"
    FULFILLED = "RequestFulfilled"
    UNFULFILLED = "RequestUnfulfilled"


_S = RightsState

EDGES: Final[dict[RightsState, frozenset[RightsState]]] = {
    _S.INITIATED: frozenset({_S.ACKNOWLEDGED}),
    _S.ACKNOWLEDGED: frozenset({_S.REQUIRES_ACTION, _S.ACCEPTED, _S.REJECTED}),
    _S.REQUIRES_ACTION: frozenset({_S.ACTION_PERFORMED, _S.REJECTED}),
    _S.ACTION_PERFORMED: frozenset({_S.REQUIRES_ACTION, _S.ACCEPTED, _S.REJECTED}),
    _S.ACCEPTED: frozenset({_S.DELAYED, _S.FULFILLED, _S.UNFULFILLED}),
    _S.DELAYED: frozenset({_S.FULFILLED, _S.UNFULFILLED}),
    # INVARIANT: what is closed has no edge.
    _S.REJECTED: frozenset(),
    _S.FULFILLED: frozenset(),
    _S.UNFULFILLED: frozenset(),
}
CLOSED: Final = frozenset(state for state, edges in EDGES.items() if not edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiated:
    """A person asked."""

    to: ClassVar = _S.INITIATED
    at: Instant
    received_at: Instant  # when it reached the controller
    right: Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The person was told that it arrived."""

    to: ClassVar = _S.ACKNOWLEDGED
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequired:
    """The person was asked who they are, or for more."""

    to: ClassVar = _S.REQUIRES_ACTION
    at: Instant
    justification: Justification


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPerformed:
    """The person did what they were asked for."""

    to: ClassVar = _S.ACTION_PERFORMED
    at: Instant
    came_at: Instant  # when it reached the controller


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """It will be done."""

    to: ClassVar = _S.ACCEPTED
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDelayed:
    """It will be done later than it should be; the end of the term stays where it is."""

    to: ClassVar = _S.DELAYED
    at: Instant
    justification: Justification


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """It will not be done, and the person was told why."""

    to: ClassVar = _S.REJECTED
    at: Instant
    justifications: tuple[Justification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled:
    """It was done, and the person was told."""

    to: ClassVar = _S.FULFILLED
    at: Instant
    justifications: tuple[Justification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfulfilled:
    """It was accepted and yet could not be done, and the person was told why."""

    to: ClassVar = _S.UNFULFILLED
    at: Instant
    justifications: tuple[Justification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The person was told that it takes up to three months in all, and why."""

    at: Instant
    noticed_at: Instant  # when they were told
    justification: Justification


Closing = Rejected | Fulfilled | Unfulfilled
Moving = Acknowledged | ActionRequired | ActionPerformed | Accepted | ActionDelayed | Closing
RightsEvent = Initiated | Moving | Extended
