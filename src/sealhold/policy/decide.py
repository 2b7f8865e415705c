"""Whether somebody gets what they ask for: the only place where that is decided.

- Default deny: what no rule permits is refused, and the first rule that fails is the reason.
- One single grant must cover the whole wish: app, task, fields, purpose, consent, time, budget.
  Two grants that each cover a half cover nothing together.
- An answer is never wider than the wish, and which grant carried it is always named.
- The reason is for the owner. Whoever asks from outside learns yes or no, in the same bytes for
  every no.
- Reads no clock, no store and no key: what there is to know stands in `Facts`.

Source: docs/spec/07-grants.md section 6.
"""

from collections.abc import Mapping
from typing import Final

from sealhold.model.ids import FieldName, GrantId
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import Mode, RequestState
from sealhold.policy import dpv
from sealhold.policy.attenuate import is_narrower
from sealhold.policy.decision import ORDER, Decision, Obligations, Reason, sentence
from sealhold.policy.facts import Actor, Ask, Facts, Held, Standing

MAX_PARENTS: Final = 4  # grants above a grant; longer chains are refused

_NOTHING: Final[frozenset[FieldName]] = frozenset()


def decide(ask: Ask, facts: Facts) -> Decision:
    """Return whether `ask` is permitted by `facts`, and why."""
    match ask.actor:
        case Actor.OWNER:
            return _decide_owner(ask, facts)
        case Actor.APP:
            return _decide_app(ask, facts)


def _decide_owner(ask: Ask, facts: Facts) -> Decision:
    """People read what is theirs: no grant, no purpose and no restriction stands between."""
    if facts.subject is not Standing.ACTIVE:
        return _denied(Reason.SUBJECT_NOT_ACTIVE)
    if not ask.fields:
        return _denied(Reason.NOTHING_ASKED)
    if facts.retain_until is not None and facts.now >= facts.retain_until:
        return _denied(Reason.RETENTION_OVER)
    return Decision(
        permit=True,
        fields=ask.fields,
        because=(),
        code=Reason.OWNER,
        sentence=sentence(Reason.OWNER),
        obligations=None,
    )


def _decide_app(ask: Ask, facts: Facts) -> Decision:
    refusal = _before_grants(ask, facts)
    if refusal is not None:
        return _denied(refusal)
    by_id = {one.grant.id: one for one in facts.held}
    nearest, missed_by = Reason.NO_GRANT, None
    # INVARIANT: the order in which grants are handed in decides nothing.
    for held in sorted(facts.held, key=_by_id):
        failed = _fails(ask, facts, held, by_id)
        if failed is None:
            return _permitted(ask, held)
        if ORDER[failed] > ORDER[nearest]:
            nearest, missed_by = failed, held.grant.id
    return _denied(nearest, missed_by)


def _before_grants(ask: Ask, facts: Facts) -> Reason | None:
    """Return the rule that fails whatever is granted."""
    if facts.app is not Standing.ACTIVE:
        return Reason.APP_NOT_ACTIVE
    if facts.subject is not Standing.ACTIVE:
        return Reason.SUBJECT_NOT_ACTIVE
    if facts.task is not Standing.ACTIVE:
        return Reason.TASK_NOT_ACTIVE
    if not ask.fields:
        return Reason.NOTHING_ASKED
    return None


def _fails(ask: Ask, facts: Facts, held: Held, by_id: Mapping[GrantId, Held]) -> Reason | None:
    """Return the first rule by which `held` does not carry `ask`; none if it carries it."""
    return (
        _scope_fails(ask, held)
        or _consent_fails(facts, held, by_id)
        or _law_fails(ask, facts)
        or _terms_fail(ask, facts, held)
    )


def _scope_fails(ask: Ask, held: Held) -> Reason | None:
    grant = held.grant
    if grant.app != ask.app:
        return Reason.NO_GRANT
    if (grant.task, grant.param, grant.selection) != (ask.task, ask.param, ask.selection):
        return Reason.OTHER_TASK
    # THREAT T10: all fields from this one grant, none from its neighbour.
    if grant.collection != ask.collection or not ask.fields <= grant.fields:
        return Reason.OUT_OF_SCOPE
    # THREAT T11: a broader purpose than the granted one is another purpose.
    return None if dpv.narrower(ask.purpose, grant.purpose) else Reason.OTHER_PURPOSE


def _consent_fails(facts: Facts, held: Held, by_id: Mapping[GrantId, Held]) -> Reason | None:
    # THREAT T429: stored answers, too: whoever pauses a grant wants nothing to leave
    if held.state is RequestState.SUSPENDED:
        return Reason.SUSPENDED
    if held.state not in {RequestState.ALLOWED, RequestState.SPENT}:
        return Reason.NO_CONSENT
    if held.grant.epoch != held.epoch or not held.consent.permits(facts.now, held.notice):
        return Reason.NO_CONSENT
    # THREAT T420: what was bound to a medium that is away permits nothing, whoever asks
    if held.bound and not held.bound & facts.present:
        return Reason.TOKEN_AWAY
    if held.muted & facts.present:
        return Reason.TOKEN_NARROWS
    return None if _parents_stand(facts, held, by_id) else Reason.PARENT_ENDED


def _parents_stand(facts: Facts, held: Held, by_id: Mapping[GrantId, Held]) -> bool:
    """Return whether every grant above `held` is in force and at least as wide, in time too."""
    below = held
    for _ in range(MAX_PARENTS):
        if below.grant.parent is None:
            return True
        above = by_id.get(below.grant.parent)
        if (
            above is None
            or above.state is not RequestState.ALLOWED
            or above.grant.epoch != above.epoch
            or (above.bound and not above.bound & facts.present)
            or above.muted & facts.present
            or not above.consent.permits(facts.now, above.notice)
            or not is_narrower(below.grant, above.grant)
        ):
            return False
        below = above
    return below.grant.parent is None


def _law_fails(ask: Ask, facts: Facts) -> Reason | None:
    if any(dpv.narrower(ask.purpose, objected) for objected in facts.objected):
        return Reason.OBJECTED
    if facts.restricted:
        return Reason.RESTRICTED
    if facts.retain_until is not None and facts.now >= facts.retain_until:
        return Reason.RETENTION_OVER
    return None


def _terms_fail(ask: Ask, facts: Facts, held: Held) -> Reason | None:
    grant = held.grant
    if not grant.covers(facts.now):
        return Reason.OUT_OF_TIME
    if ask.repeat and ask.cost == 0 and held.uses:
        return None  # the very bytes that left before: they tell nothing new and spend nothing
    # THREAT T14: one answer, however often it is asked for.
    if held.state is RequestState.SPENT or (grant.mode is Mode.ONCE and held.uses):
        return Reason.SPENT
    if grant.mode is Mode.EACH and not ask.confirmed:
        return Reason.NOT_CONFIRMED
    if ask.cost > grant.budget - held.spent:
        return Reason.GRANT_BUDGET
    return Reason.VAULT_BUDGET if ask.cost > facts.budget_left else None


def _permitted(ask: Ask, held: Held) -> Decision:
    grant = held.grant
    return Decision(
        permit=True,
        fields=ask.fields,
        because=(grant.id,),
        code=Reason.GRANTED,
        sentence=sentence(Reason.GRANTED, grant.id),
        obligations=Obligations(
            filter=grant.filter,
            precision=grant.precision,
            coarsen=grant.coarsen,
            retention_days=held.retention_days,
            charge=MicroBits(0) if ask.repeat else ask.cost,
        ),
    )


def _denied(reason: Reason, grant: GrantId | None = None) -> Decision:
    return Decision(
        permit=False,
        fields=_NOTHING,
        because=(),
        code=reason,
        sentence=sentence(reason, grant),
        obligations=None,
    )


def _by_id(held: Held) -> bytes:
    return held.grant.id
