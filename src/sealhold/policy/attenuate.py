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
from sealhold.policy.filter_tokens import MAX_TEXT, Sort, tokens
from sealhold.policy.grant import MAX_COARSEN, Grant
from sealhold.policy.sight import EVERY_ROW

WIDTH: Final = {Mode.ONCE: 0, Mode.EACH: 1, Mode.UNTIL: 2}
_STEP: Final = {"(": 1, "[": 1, ")": -1}  # a part of the day opens with `[`, closes with `)`


def narrow(grant: Grant, terms: Terms) -> Grant:
    """Return `grant` as far as `terms` allow it.

    Raises:
        InvalidGrantError: the terms are no terms: a negative budget, or a coarsening below 1.
        InvalidFilterError: what they say of rows is no condition.
    """
    if terms.coarsen < 1 or terms.budget < 0:
        raise InvalidGrantError("terms with a negative budget or a coarsening below 1")
    coarsen = math.lcm(grant.coarsen, terms.coarsen)
    if coarsen > MAX_COARSEN:
        raise InvalidGrantError(f"a coarsening of {coarsen}, at most {MAX_COARSEN}")
    seen = grant if terms.rows == EVERY_ROW else narrow_rows(grant, terms.rows)
    return replace(
        seen,
        mode=min(grant.mode, terms.mode, key=WIDTH.__getitem__),
        not_after=Instant(max(grant.not_before, min(grant.not_after, terms.until))),
        budget=MicroBits(min(grant.budget, terms.budget)),
        fields=grant.fields & terms.fields,
        coarsen=coarsen,
        precision=(*grant.precision, *terms.precision),
    )


def narrow_rows(grant: Grant, condition: str) -> Grant:
    """Return `grant` for those of its rows only that meet the filter `condition` too.

    Raises:
        InvalidFilterError: the condition is empty or breaks out of its brackets, or the two
            filters together are too long.
    """
    if not _is_whole(_words(condition)):
        raise InvalidFilterError("a condition that is empty, or whose brackets do not match")
    joined = condition if grant.filter == EVERY_ROW else f"({grant.filter}) and ({condition})"
    if len(joined) > MAX_TEXT:
        raise InvalidFilterError(f"{len(joined)} characters, at most {MAX_TEXT}")
    return replace(grant, filter=joined)


def is_narrower(child: Grant, parent: Grant) -> bool:
    """Return whether `child` gives nothing that `parent` does not; an equal grant does not."""
    # INVARIANT: each dimension of a grant stands here. A new one that is forgotten widens a child.
    return (
        _thing(child) == _thing(parent)
        and dpv.narrower(child.purpose, parent.purpose)
        and child.fields <= parent.fields
        and rows_within(child.filter, parent.filter)
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


def rows_within(child: str, parent: str) -> bool:
    """Return whether the filter `child` lets nothing through that `parent` does not."""
    if parent in {EVERY_ROW, child}:
        return True
    # Words are compared, not what they mean: a narrower filter is made by `narrow_rows` alone.
    try:
        words, wanted = _words(child), _words(parent)
    except InvalidFilterError:
        return False
    while words != wanted:
        words = _condition_before(words)
        if not words:
            return False
    return True


def _condition_before(words: list[str]) -> list[str]:
    """Return A if `words` are `(A) and (B)`, else nothing."""
    # THREAT T15: `(A) and (x) or (all)` begins alike, so both brackets must be whole.
    depth = 0
    for place, word in enumerate(words):
        depth += _STEP.get(word, 0)
        if depth == 0:
            ends = [words[0], *words[place : place + 3], words[-1]]
            joined = ends == ["(", ")", "and", "(", ")"] and _is_whole(words[place + 3 : -1])
            return words[1:place] if joined else []
    return []


def _words(text: str) -> list[str]:
    return [
        repr(token.text) if token.sort is Sort.TEXT else token.text for token in tokens(text)[:-1]
    ]


def _is_whole(words: list[str]) -> bool:
    """Return whether there are words, and each bracket in them is opened and closed there."""
    depth = 0
    for word in words:
        depth += _STEP.get(word, 0)
        if depth < 0:
            return False
    return bool(words) and depth == 0
