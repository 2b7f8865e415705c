"""Whether an app may do what it asks with one of its people: plain values in, yes or no out.

- Default deny. The app is active, the person is active and of that app, a purpose is named, and
  every field that is asked for stands in the app's schema under that purpose or a broader one.
- One field too many refuses all of them.
- A yes binds whoever opens to mask the fields that the purpose does not get whole.
- What a person objected to or restricted is refused, and so is what a processing is registered for.
- The reason is for the owner's log. The app learns yes or no.

Source: docs/spec/24-people.md section 4.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sealhold.model.ids import FieldName, Purpose
from sealhold.model.people import Mask, Rules
from sealhold.model.quantities import MicroBits
from sealhold.policy import dpv
from sealhold.policy.decision import Decision, Obligations, Reason, refused, sentence
from sealhold.policy.facts import Standing
from sealhold.policy.limits import NO_LIMITS, Limits, limits_stop

NO_MASKS: Mapping[FieldName, Mask] = {}
Allowed = Mapping[FieldName, AbstractSet[Purpose]]  # what each field may be used for


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who takes part. Another app's person is UNKNOWN, like one that never was."""

    app: Standing
    subject: Standing
    limits: Limits = NO_LIMITS  # what the person set to all uses by others


def decide_person(parties: Parties) -> Decision:
    """Return whether the app may make, see or erase a person; no field is touched by that."""
    failed = _party_fails(parties)
    return refused(failed) if failed else _yes(frozenset())


def decide_profile(
    parties: Parties,
    allowed: Allowed,
    purpose: Purpose,
    fields: frozenset[FieldName],
    bound: AbstractSet[Purpose] = frozenset(),
    masks: Mapping[FieldName, Mask] = NO_MASKS,
) -> Decision:
    """Return whether the app may use `fields` for `purpose`, and which of them are masked.

    `bound` are purposes for which processings are registered: for these and what lies within them
    people choose, so only the runs of a processing read.
    """
    failed = _party_fails(parties)
    if failed:
        return refused(failed)
    if not fields:
        return refused(Reason.NOTHING_ASKED)
    if not fields <= allowed.keys():
        return refused(Reason.OUT_OF_SCOPE)
    # THREAT T231: a purpose that is absent, unknown or broader than the schema's opens nothing
    if not all(covers(allowed[field], purpose) for field in fields):
        return refused(Reason.OTHER_PURPOSE)
    # THREAT T255: what people choose about is not read past their choice
    if covers(bound, purpose):
        return refused(Reason.NEEDS_RUN)
    limited = limits_stop(parties.limits, purpose)
    return refused(limited) if limited else _yes(fields, masks)


def decide_own(
    parties: Parties, known: AbstractSet[FieldName], fields: frozenset[FieldName]
) -> Decision:
    """Return whether a person may have or change `fields` of their own; that needs no purpose."""
    failed = _party_fails(parties)
    if failed:
        return refused(failed)
    if not fields:
        return refused(Reason.NOTHING_ASKED)
    return _yes(fields) if fields <= known else refused(Reason.OUT_OF_SCOPE)


def covers(purposes: AbstractSet[Purpose], purpose: Purpose) -> bool:
    """Return whether `purpose` is one of `purposes`, or lies within one."""
    return any(dpv.narrower(purpose, one) for one in purposes)


def _party_fails(parties: Parties) -> Reason | None:
    if parties.app is not Standing.ACTIVE:
        return Reason.APP_NOT_ACTIVE
    return None if parties.subject is Standing.ACTIVE else Reason.SUBJECT_NOT_ACTIVE


def masking(masks: Mapping[FieldName, Mask], retention_days: int = 0) -> Obligations:
    """Return what binds whoever carries a use of fields out."""
    return Obligations(
        filter="",
        precision=(),
        coarsen=1,
        retention_days=retention_days,
        charge=MicroBits(0),
        masks=masks,
    )


def masks_for(rules: Rules, purpose: Purpose) -> dict[FieldName, Mask]:
    """Return the masks of the fields that `purpose` does not get whole."""
    return {
        name: rule.mask
        for name, rule in rules.items()
        if rule.mask is not Mask.NONE and not covers(rule.whole_for, purpose)
    }


def loosened(before: Rules, after: Rules, purpose: Purpose) -> frozenset[FieldName]:
    """Return the fields of which `purpose`, or one that lies within it, gets more than before.

    Two masks leave different parts of a value, so only one that leaves nothing takes away for sure.
    """
    changed = {name: rule for name, rule in before.items() if after[name] != rule}
    found: set[FieldName] = set()
    for one in dpv.within(purpose) if changed else ():
        now = masks_for(after, one)
        found |= {
            name
            for name, mask in masks_for(changed, one).items()
            if now.get(name, Mask.NONE) not in {mask, Mask.HIDDEN}
        }
    return frozenset(found)


def _yes(fields: frozenset[FieldName], masks: Mapping[FieldName, Mask] = NO_MASKS) -> Decision:
    mine = {name: mask for name, mask in masks.items() if name in fields}
    return Decision(
        permit=True,
        fields=fields,
        because=(),
        code=Reason.GRANTED,
        sentence=sentence(Reason.GRANTED),
        obligations=masking(mine) if mine else None,
    )
