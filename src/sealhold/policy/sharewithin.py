"""Passing a share on, and changing one: never wider in any clause.

- `is_within` is the check that every share with another above it must pass; `meet` takes from what
  somebody wants only what makes the share smaller.
- Uses of what was passed on are counted in each share above it, so a count is drawn, not copied.
- Whom it is for is left out: passing on is to somebody else. A share that is to be passed on again
  has one hand less to go.

Source: docs/spec/49-sharing.md section 4.
"""

from dataclasses import replace

from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import Purpose
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.attenuate import rows_within
from sealhold.policy.share import (
    Clauses,
    Count,
    Duties,
    Per,
    What,
)
from sealhold.policy.shareterms import Action


def is_within(child: Clauses, parent: Clauses) -> bool:
    """Return whether `child`, passed on under `parent`, gives nothing that `parent` does not."""
    # THREAT T479: a clause that is wider than above is found, each by itself
    # INVARIANT: each clause stands here. A new one that is forgotten widens a child.
    return (
        Action.RESHARE in parent.actions
        and child.reshare < parent.reshare
        and _what_within(child.what, parent.what)
        and child.actions <= parent.actions
        and all(_lies_in(one, parent.purposes) for one in child.purposes)
        and parent.not_before <= child.not_before
        and (_end_within(child.not_after, parent.not_after))
        and _count_within(child.count, parent.count)
        and child.precision[: len(parent.precision)] == parent.precision
        and parent.omit <= child.omit
        and _duties_within(child.duties, parent.duties)
        and set(parent.bars) <= set(child.bars)
        and child.tier >= parent.tier
        and (parent.task is None or child.task == parent.task)
    )


def meet(parent: Clauses, wanted: Clauses) -> Clauses:
    """Return what of `wanted` can be passed on under `parent`; it may be nothing at all.

    Raises:
        InvalidGrantError: `parent` may not be passed on.
    """
    if Action.RESHARE not in parent.actions or not parent.reshare:
        raise InvalidGrantError("a share that may not be passed on")
    depth = max(0, min(parent.reshare - 1, wanted.reshare))
    actions = parent.actions & wanted.actions
    narrowed = {one for one in wanted.purposes if _lies_in(one, parent.purposes)}
    narrowed |= {one for one in parent.purposes if _lies_in(one, wanted.purposes)}
    begin, end = _interval_met(parent, wanted)
    passed = Action.RESHARE in actions and depth > 0
    return replace(
        wanted,
        what=_what_met(parent.what, wanted.what),
        actions=actions if passed else actions - {Action.RESHARE},
        purposes=frozenset(narrowed),
        not_before=begin,
        not_after=end,
        count=_count_met(parent.count, wanted.count),
        precision=wanted.precision
        if wanted.precision[: len(parent.precision)] == parent.precision
        else (*parent.precision, *wanted.precision),
        omit=parent.omit | wanted.omit,
        reshare=depth if passed else 0,
        duties=_duties_met(parent.duties, wanted.duties),
        bars=tuple(dict.fromkeys((*parent.bars, *wanted.bars))),
        tier=max(parent.tier, wanted.tier),
        task=parent.task or wanted.task,
    )


def _lies_in(purpose: Purpose, wider: frozenset[Purpose]) -> bool:
    return any(dpv.narrower(purpose, one) for one in wider)


def _what_within(child: What, parent: What) -> bool:
    if not child.is_selector and not child.ids:
        return True
    if child.is_selector is not parent.is_selector:
        return False
    if parent.is_selector:
        return child.dataset == parent.dataset and rows_within(child.rows, parent.rows)
    return child.ids <= parent.ids


def _what_met(parent: What, wanted: What) -> What:
    if _what_within(wanted, parent):
        return wanted
    if wanted.is_selector or parent.is_selector:
        return What()  # words are compared, not what they mean
    return What(ids=parent.ids & wanted.ids)


def _interval_met(parent: Clauses, wanted: Clauses) -> tuple[Instant, Instant | None]:
    begin = max(parent.not_before, wanted.not_before)
    ends = [end for end in (parent.not_after, wanted.not_after) if end is not None]
    if ends and min(ends) <= begin:
        return parent.not_before, parent.not_before  # no time at all
    return begin, min(ends) if ends else None


def _end_within(child: Instant | None, parent: Instant | None) -> bool:
    return parent is None or (child is not None and child <= parent)


def _count_within(child: Count | None, parent: Count | None) -> bool:
    if parent is None:
        return True
    return (
        child is not None
        and child.most <= parent.most
        and child.per in {parent.per, Per.GRANT}  # so many in all are no more a day or a person
    )


def _count_met(parent: Count | None, wanted: Count | None) -> Count | None:
    if parent is None or wanted is None:
        return parent or wanted
    if parent.per is wanted.per:
        return min(parent, wanted, key=lambda count: count.most)
    return Count(most=min(parent.most, wanted.most), per=Per.GRANT)


def _duties_within(child: Duties, parent: Duties) -> bool:
    return (
        child.notify >= parent.notify
        and child.receipt >= parent.receipt
        and (
            parent.delete_after is None
            or (child.delete_after is not None and child.delete_after <= parent.delete_after)
        )
    )


def _duties_met(parent: Duties, wanted: Duties) -> Duties:
    days = [one for one in (parent.delete_after, wanted.delete_after) if one is not None]
    return Duties(
        notify=parent.notify or wanted.notify,
        receipt=parent.receipt or wanted.receipt,
        delete_after=min(days) if days else None,
    )
