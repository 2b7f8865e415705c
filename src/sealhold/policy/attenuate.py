"""Making a grant narrower, and telling whether one is: never wider in any dimension.

- `narrow` takes from the owner's terms only what makes the grant smaller; what would widen it has
  no effect. `is_narrower` is the check that every derived grant must pass.
- An answer rounded to every n-th value can be worked out from one rounded to every m-th only if m
  divides n, so two coarsenings meet in their least common multiple.
- A filter is narrower if the other one stands in it as a condition that must hold besides.

Source: docs/spec/07-grants.md section 4.
"""

import math
from dataclasses import replace
from typing import Final

from sealhold.model.errors import InvalidFilterError, InvalidGrantError
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, Terms
from sealhold.policy import dpv
from sealhold.policy.filter_tokens import Sort, tokens
from sealhold.policy.grant import MAX_COARSEN, MAX_FILTER, Grant

WIDTH: Final = {Mode.ONCE: 0, Mode.EACH: 1, Mode.UNTIL: 2}
EVERY_ROW: Final = "all"


def narrow(grant: Grant, terms: Terms) -> Grant:
    """Return `grant` as far as `terms` allow it.

    Raises:
        InvalidGrantError: the terms are no terms: a negative budget, or a coarsening below 1.
    """
    if terms.coarsen < 1 or terms.budget < 0:
        raise InvalidGrantError("terms with a negative budget or a coarsening below 1")
    coarsen = math.lcm(grant.coarsen, terms.coarsen)
    if coarsen > MAX_COARSEN:
        raise InvalidGrantError(f"a coarsening of {coarsen}, at most {MAX_COARSEN}")
    return replace(
        grant,
        mode=min(grant.mode, terms.mode, key=WIDTH.__getitem__),
        not_after=Instant(max(grant.not_before, min(grant.not_after, terms.until))),
        budget=MicroBits(min(grant.budget, terms.budget)),
        fields=grant.fields & terms.fields,
        coarsen=coarsen,
    )


def narrow_rows(grant: Grant, condition: str) -> Grant:
    """Return `grant` for those of its rows only that meet the filter `condition` too.

    Raises:
        InvalidGrantError: the two filters together are too long.
    """
    joined = condition if grant.filter == EVERY_ROW else f"({grant.filter}) and ({condition})"
    if len(joined) > MAX_FILTER:
        raise InvalidGrantError(f"a filter of {len(joined)} characters, at most {MAX_FILTER}")
    return replace(grant, filter=joined)


def is_narrower(child: Grant, parent: Grant) -> bool:
    """Return whether `child` gives nothing that `parent` does not; an equal grant does not."""
    # INVARIANT: each dimension of a grant stands here. A new one that is forgotten widens a child.
    return (
        _thing(child) == _thing(parent)
        and dpv.narrower(child.purpose, parent.purpose)
        and child.fields <= parent.fields
        and _rows_within(child.filter, parent.filter)
        and child.precision[: len(parent.precision)] == parent.precision
        and WIDTH[child.mode] <= WIDTH[parent.mode]
        and child.budget <= parent.budget
        and child.coarsen % parent.coarsen == 0
        and parent.not_before <= child.not_before
        and child.not_after <= parent.not_after
    )


def _thing(grant: Grant) -> tuple[object, ...]:
    return (
        grant.kind,
        grant.issuer,
        grant.audience,
        grant.app,
        grant.collection,
        grant.task,
        grant.param,
        grant.selection,
        grant.epoch,
    )


def _rows_within(child: str, parent: str) -> bool:
    if parent in {EVERY_ROW, child}:
        return True
    # Words are compared, not what they mean: a narrower filter is made by `narrow_rows` alone.
    try:
        whole, part = _words(child), _words(parent)
    except InvalidFilterError:
        return False
    head = ["(", *part, ")", "and", "("]
    rest = whole[len(head) : -1]
    # THREAT T15: `(parent) and (x) or (all)` begins alike, so both brackets must be whole.
    return whole[: len(head)] == head and whole[-1] == ")" and _is_whole(part) and _is_whole(rest)


def _words(text: str) -> list[str]:
    return [
        repr(token.text) if token.sort is Sort.TEXT else token.text for token in tokens(text)[:-1]
    ]


def _is_whole(words: list[str]) -> bool:
    """Return whether each bracket is closed, and none that was opened before `words`."""
    depth = 0
    for word in words:
        depth += (word in {"(", "["}) - (word == ")")
        if depth < 0:
            return False
    return bool(words) and depth == 0
