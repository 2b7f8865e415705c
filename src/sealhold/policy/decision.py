"""What a decision is: yes or no, which rule made it, and a sentence that a person can read.

- A reason belongs to the owner's log and screen. Outside, every no is the same DENIED.
- Reasons have an order, that of the rules: of several grants, the one that came furthest tells why.

Source: docs/spec/07-grants.md section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sealhold.model.ids import FieldName, GrantId, Kind, show
from sealhold.model.people import Mask
from sealhold.model.quantities import MicroBits


class Reason(StrEnum):
    """The rule that decided, in the order in which the rules are asked."""

    APP_NOT_ACTIVE = "app_not_active"
    SUBJECT_NOT_ACTIVE = "subject_not_active"
    TOKEN_ENDED = "token_ended"  # noqa: S105  # reason: a word, not one of them
    TASK_NOT_ACTIVE = "task_not_active"
    NO_LEASE = "no_lease"
    PROCESSING_NOT_ACTIVE = "processing_not_active"
    OTHER_CODE = "other_code"
    NOT_ASSESSED = "not_assessed"
    NOTHING_ASKED = "nothing_asked"
    NO_GRANT = "no_grant"
    OTHER_TASK = "other_task"
    OUT_OF_SCOPE = "out_of_scope"
    OTHER_PURPOSE = "other_purpose"
    NEEDS_RUN = "needs_run"
    SUSPENDED = "suspended"
    TOKEN_AWAY = "token_away"  # noqa: S105  # reason: a word, not one of them
    TOKEN_NARROWS = "token_narrows"  # noqa: S105  # reason: the same
    NO_BASIS = "no_basis"
    NO_CONSENT = "no_consent"
    PARENT_ENDED = "parent_ended"
    OBJECTED = "objected"
    NOT_ALLOWED = "not_allowed"
    NOT_THE_PERSON = "not_the_person"
    RESTRICTED = "restricted"
    RETENTION_OVER = "retention_over"
    OUT_OF_TIME = "out_of_time"
    NO_READS_LEFT = "no_reads_left"
    SPENT = "spent"
    NOT_CONFIRMED = "not_confirmed"
    GRANT_BUDGET = "grant_budget"
    VAULT_BUDGET = "vault_budget"
    GRANTED = "granted"
    OWNER = "owner"


ORDER: Final = {reason: place for place, reason in enumerate(Reason)}

_WORDS: Final = {
    Reason.APP_NOT_ACTIVE: "The app is not registered, or you stopped it",
    Reason.SUBJECT_NOT_ACTIVE: "There is no such person here, or their data was erased",
    Reason.TOKEN_ENDED: "The token ended meanwhile, or lets its holder say less by now",
    Reason.TASK_NOT_ACTIVE: "The program is not approved, or it was changed since",
    Reason.NO_LEASE: "The run is over, or it is another app's",
    Reason.PROCESSING_NOT_ACTIVE: "Nobody activated this processing as it is now",
    Reason.OTHER_CODE: "The program is another than the one that was registered",
    Reason.NOT_ASSESSED: "Its risks were not assessed, or the assessment did not end well",
    Reason.NOTHING_ASKED: "No field was asked for",
    Reason.NO_GRANT: "You allowed this app nothing",
    Reason.OTHER_TASK: "You allowed this app another program, parameter or selection",
    Reason.OUT_OF_SCOPE: "It asked for more than you allowed",
    Reason.OTHER_PURPOSE: "It asked under another purpose than the one you allowed",
    Reason.NEEDS_RUN: "For this purpose a processing is registered: only its runs read",
    Reason.SUSPENDED: "The allowance is suspended",
    Reason.TOKEN_AWAY: "It holds only while its policy token is there, and that is away",
    Reason.TOKEN_NARROWS: "A policy token that is there takes it out for now",
    Reason.NO_BASIS: "The legal bases do not carry data of this kind",
    Reason.NO_CONSENT: "Your consent is not given, has ended, or was taken back",
    Reason.PARENT_ENDED: "The allowance that this one came from does not hold",
    Reason.OBJECTED: "You object to this purpose",
    Reason.NOT_ALLOWED: "You did not say yes to this processing as it is now",
    Reason.NOT_THE_PERSON: "Only the person themselves can say that, by a token that shows it",
    Reason.RESTRICTED: "You restricted the use of your data",
    Reason.RETENTION_OVER: "The data has been kept as long as it may be",
    Reason.OUT_OF_TIME: "The allowance has not begun, or is over",
    Reason.NO_READS_LEFT: "The run has read as often as it may",
    Reason.SPENT: "It was for one answer, and that was given",
    Reason.NOT_CONFIRMED: "You are asked before each answer, and did not say yes to this one",
    Reason.GRANT_BUDGET: "It would tell more than you allowed",
    Reason.VAULT_BUDGET: "It would tell more than your limit for apps, purposes or the year",
    Reason.GRANTED: "You allowed it",
    Reason.OWNER: "It is your own data",
}


def sentence(reason: Reason, grant: GrantId | None = None) -> str:
    """Return the reason as a sentence, with the grant that it is about."""
    words = _WORDS[reason]
    return f"{words}." if grant is None else f"{words} (grant {show(Kind.GRANT, grant)})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """What a yes binds whoever carries it out to."""

    filter: str  # only these rows
    precision: tuple[str, ...]  # coarsened by these rules, in this order
    coarsen: int  # the answer rounded down to every n-th permitted value
    retention_days: int  # the app deletes the answer after so many days
    charge: MicroBits  # written before anything is evaluated, never refunded
    masks: Mapping[FieldName, Mask] = field(default_factory=dict)  # what leaves of these fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Yes or no, with its reason."""

    permit: bool
    fields: frozenset[FieldName]  # all that were asked for, or none
    because: tuple[GrantId, ...]  # the grant that carries it; empty for a no and for the owner
    code: Reason
    sentence: str
    obligations: Obligations | None


def refused(reason: Reason) -> Decision:
    """Return a no for `reason`."""
    return Decision(
        permit=False,
        fields=frozenset(),
        because=(),
        code=reason,
        sentence=sentence(reason),
        obligations=None,
    )
