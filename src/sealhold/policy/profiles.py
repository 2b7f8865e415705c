"""Whether an app may do what it asks with one of its people: plain values in, yes or no out.

- Default deny. The app is active, the person is active and of that app, a purpose is named, and
  every field that is asked for stands in the app's schema under that purpose or a broader one.
- One field too many refuses all of them.
- The reason is for the owner's log. The app learns yes or no.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sealhold.model.ids import FieldName, Purpose
from sealhold.policy import dpv
from sealhold.policy.decision import Decision, Reason, sentence
from sealhold.policy.facts import Standing

Allowed = Mapping[FieldName, AbstractSet[Purpose]]  # what each field may be used for


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who takes part. Another app's person is UNKNOWN, like one that never was."""

    app: Standing
    subject: Standing


def decide_person(parties: Parties) -> Decision:
    """Return whether the app may make, see or erase a person; no field is touched by that."""
    refused = _party_fails(parties)
    return _no(refused) if refused else _yes(frozenset())


def decide_profile(
    parties: Parties, allowed: Allowed, purpose: Purpose, fields: frozenset[FieldName]
) -> Decision:
    """Return whether the app may use `fields` for `purpose`."""
    refused = _party_fails(parties)
    if refused:
        return _no(refused)
    if not fields:
        return _no(Reason.NOTHING_ASKED)
    if not fields <= allowed.keys():
        return _no(Reason.OUT_OF_SCOPE)
    # THREAT T231: a purpose that is absent, unknown or broader than the schema's opens nothing
    if not all(covers(allowed[field], purpose) for field in fields):
        return _no(Reason.OTHER_PURPOSE)
    return _yes(fields)


def decide_own(
    parties: Parties, known: AbstractSet[FieldName], fields: frozenset[FieldName]
) -> Decision:
    """Return whether a person may have or change `fields` of their own; that needs no purpose."""
    refused = _party_fails(parties)
    if refused:
        return _no(refused)
    if not fields:
        return _no(Reason.NOTHING_ASKED)
    return _yes(fields) if fields <= known else _no(Reason.OUT_OF_SCOPE)


def covers(purposes: AbstractSet[Purpose], purpose: Purpose) -> bool:
    """Return whether `purpose` is one of `purposes`, or lies within one."""
    return any(dpv.narrower(purpose, one) for one in purposes)


def _party_fails(parties: Parties) -> Reason | None:
    if parties.app is not Standing.ACTIVE:
        return Reason.APP_NOT_ACTIVE
    return None if parties.subject is Standing.ACTIVE else Reason.SUBJECT_NOT_ACTIVE


def _yes(fields: frozenset[FieldName]) -> Decision:
    return Decision(
        permit=True,
        fields=fields,
        because=(),
        code=Reason.GRANTED,
        sentence=sentence(Reason.GRANTED),
        obligations=None,
    )


def _no(reason: Reason) -> Decision:
    return Decision(
        permit=False,
        fields=frozenset(),
        because=(),
        code=reason,
        sentence=sentence(reason),
        obligations=None,
    )
