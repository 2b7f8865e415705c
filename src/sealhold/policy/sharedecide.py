"""Whether somebody may do what they want with what is shared: the only place that decides it.

- Default deny, and one single share carries the whole wish, as with grants (policy/decide.py).
- A share that was passed on holds as far as each share above it holds: every link is asked, in its
  own words, of the very object. What is barred anywhere on the way is refused.
- The reason is for the owner. Whoever asks from outside reads DENIED.
- Pure: no clock, no store, no key. Whether a signature is right was checked before.

Source: docs/spec/49-sharing.md section 3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from sealhold.model.errors import DeniedError
from sealhold.model.ids import ContactId, GrantId
from sealhold.policy import dpv
from sealhold.policy.rowfilter import matches
from sealhold.policy.share import (
    MAX_DEPTH,
    Bar,
    Count,
    Per,
)
from sealhold.policy.sharefacts import DeviceRole, Duty, HeldShare, ShareFacts, Thing, Use, Used
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharewithin import is_within


class ShareReason(StrEnum):
    """The rule that decided, in the order in which the rules are asked."""

    NO_SHARE = "no_share"
    OTHER_PERSON = "other_person"
    NOT_SIGNED = "not_signed"
    REVOKED = "revoked"
    CHAIN = "chain"
    OTHER_OBJECT = "other_object"
    OTHER_ACTION = "other_action"
    OTHER_PURPOSE = "other_purpose"
    OTHER_TASK = "other_task"
    OTHER_DEVICE = "other_device"
    BARRED = "barred"
    NOT_BEGUN = "not_begun"
    OVER = "over"
    USED_UP = "used_up"
    DUTY = "duty"
    SHARED = "shared"


ORDER: Final = {reason: place for place, reason in enumerate(ShareReason)}
_BORROWED: Final = frozenset({Action.VIEW, Action.SEARCH, Action.COMPUTE})
_NO_DUTY: Final[frozenset[Duty]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareDecision:
    """Yes or no, with its reason and, of a yes, the share that carries it."""

    permit: bool
    code: ShareReason
    because: GrantId | None = None  # of a no: the share that came furthest
    tier: Tier | None = None
    duties: frozenset[Duty] = _NO_DUTY  # of that share and of all above it


def decide_use(use: Use, facts: ShareFacts) -> ShareDecision:
    """Return whether `use` is permitted by `facts`, and why."""
    by_id = {one.id: one for one in facts.held}
    nearest, missed_by = ShareReason.NO_SHARE, None
    # INVARIANT: the order in which shares are handed in decides nothing.
    for held in sorted(facts.held, key=_by_id):
        chain = chain_of(held, by_id)
        failed = _fails(use, facts, held, chain)
        if failed is None:
            return _permitted(chain)
        if ORDER[failed] > ORDER[nearest]:
            nearest, missed_by = failed, held.id
    return ShareDecision(permit=False, code=nearest, because=missed_by)


def require(decision: ShareDecision) -> None:
    """Return if it is a yes.

    Raises:
        DeniedError: it is a no; whatever the reason, it says nothing more.
    """
    # THREAT T479: whoever tries cannot tell what is not there from what is not theirs
    if not decision.permit:
        raise DeniedError


def chain_of(held: HeldShare, by_id: Mapping[GrantId, HeldShare]) -> tuple[HeldShare, ...]:
    """Return `held` and all shares above it, the owner's last; none if one of them is missing."""
    chain = [held]
    while chain[-1].parent is not None:
        above = by_id.get(chain[-1].parent)
        if above is None or len(chain) > MAX_DEPTH:
            return ()
        chain.append(above)
    return tuple(chain)


def stands(chain: tuple[HeldShare, ...], facts: ShareFacts) -> ShareReason | None:
    """Return the first rule about the shares themselves that fails, whatever is wanted of them."""
    # THREAT T479: a share that somebody passed on gives what each one above it gives, or nothing
    for one in chain:
        if not one.signed:
            return ShareReason.NOT_SIGNED
        if one.is_revoked:
            return ShareReason.REVOKED
    if chain[-1].issuer != facts.owner:
        return ShareReason.CHAIN
    for below, above in pairwise(chain):
        if below.issuer not in above.clauses.who or not is_within(below.clauses, above.clauses):
            return ShareReason.CHAIN
    return None


def sees(chain: tuple[HeldShare, ...], thing: Thing) -> bool:
    """Return whether each share of a chain is about `thing`."""
    return all(_is_about(one, thing) for one in chain)


def timely(chain: tuple[HeldShare, ...], facts: ShareFacts, who: ContactId) -> ShareReason | None:
    """Return the first rule about time, count and duty that fails for `who`."""
    for one in chain:
        if facts.now < one.clauses.not_before:
            return ShareReason.NOT_BEGUN
        if not one.clauses.covers(facts.now):
            return ShareReason.OVER
    # Above the first share, a use counts as that of the person through whom it came.
    users = (who, *(one.issuer for one in chain[:-1]))
    each = zip(chain, users, strict=True)
    if any(not _has_left(one.clauses.count, one.used, by) for one, by in each):
        return ShareReason.USED_UP
    return None if _duties(chain) <= facts.can else ShareReason.DUTY


def may_on(role: DeviceRole, action: Action, tier: Tier) -> bool:
    """Return whether a device of this role may take part in such a use."""
    match role:
        case DeviceRole.ADMIN | DeviceRole.FULL:
            return True
        case DeviceRole.LIMITED:
            return action is not Action.RESHARE
        case DeviceRole.PER_USE:  # it has no key, so only where one is released to it
            return action in _BORROWED and tier >= Tier.KEY_PER_USE
        case DeviceRole.BLIND:
            return False


def is_barred(bars: Iterable[Bar], use: Use) -> bool:
    """Return whether one of `bars` takes hold of a use."""
    return any(
        (not bar.ids or use.thing.id in bar.ids)
        and (not bar.actions or use.action in bar.actions)
        and (
            not bar.purposes
            or any(
                dpv.narrower(use.purpose, one) or dpv.narrower(one, use.purpose)
                for one in bar.purposes
            )
        )
        for bar in bars
    )


def _fails(
    use: Use, facts: ShareFacts, held: HeldShare, chain: tuple[HeldShare, ...]
) -> ShareReason | None:
    """Return the first rule by which a share does not carry `use`; none if it carries it."""
    if use.who not in held.clauses.who:
        return ShareReason.OTHER_PERSON
    if not chain:
        return ShareReason.CHAIN
    return stands(chain, facts) or _scope_fails(use, facts, chain) or timely(chain, facts, use.who)


def _scope_fails(use: Use, facts: ShareFacts, chain: tuple[HeldShare, ...]) -> ShareReason | None:
    for one in chain:
        failed = _outside(use, one)
        if failed is not None:
            return failed
    # THREAT T479: what is barred is refused whatever else gives it
    if is_barred(facts.bars, use) or any(is_barred(one.clauses.bars, use) for one in chain):
        return ShareReason.BARRED
    return None


def _outside(use: Use, held: HeldShare) -> ShareReason | None:
    """Return the first rule by which a use lies outside of one share."""
    clauses = held.clauses
    if not _is_about(held, use.thing):
        return ShareReason.OTHER_OBJECT
    if use.action not in clauses.actions:
        return ShareReason.OTHER_ACTION
    if not any(dpv.narrower(use.purpose, one) for one in clauses.purposes):
        return ShareReason.OTHER_PURPOSE
    if clauses.task is not None and clauses.task != use.task:
        return ShareReason.OTHER_TASK
    return None if may_on(use.device, use.action, clauses.tier) else ShareReason.OTHER_DEVICE


def _is_about(held: HeldShare, thing: Thing) -> bool:
    what = held.clauses.what
    if not what.is_selector:
        return thing.id in what.ids
    return thing.dataset == what.dataset and matches(held.rows, thing.row)


def _has_left(count: Count | None, used: Used, who: ContactId) -> bool:
    if count is None:
        return True
    match count.per:
        case Per.GRANT:
            return used.grant < count.most
        case Per.PERSON:
            return used.people.get(who, 0) < count.most
        case Per.DAY:
            return used.day < count.most


def _duties(chain: tuple[HeldShare, ...]) -> frozenset[Duty]:
    found = _NO_DUTY
    for one in chain:
        duties = one.clauses.duties
        if duties.notify:
            found |= {Duty.NOTIFY}
        if duties.receipt:
            found |= {Duty.RECEIPT}
        if duties.delete_after is not None:
            found |= {Duty.DELETE}
    return found


def _permitted(chain: tuple[HeldShare, ...]) -> ShareDecision:
    return ShareDecision(
        permit=True,
        code=ShareReason.SHARED,
        because=chain[0].id,
        tier=chain[0].clauses.tier,
        duties=_duties(chain),
    )


def _by_id(held: HeldShare) -> bytes:
    return held.id
