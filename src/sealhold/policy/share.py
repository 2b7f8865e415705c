"""The clauses of a share: what a person gives to others, and under which rules.

- Typed and closed: a key or value that is not known is refused by name, never skipped.
- Empty is nothing: no person, object, action or purpose, no share. What is barred beats what is
  given. A share holds from `not_before` until just before `not_after`, if it has an end.
- Pure values: no key, clock or store. The copy that travels has ids of its own and no selector.

Source: docs/spec/49-sharing.md sections 1 and 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import Collection, ContactId, FieldName, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant
from sealhold.policy.shareterms import Action, Tier

MAX_DEPTH: Final = 4  # re-shares below a share, as grants have at most four parents
MAX_DAYS: Final = 36_525  # a hundred years
MAX_COUNT: Final = 2**31 - 1


class Per(StrEnum):
    """Over what uses are counted."""

    GRANT = "grant"  # all uses of the share
    PERSON = "person"  # those of each recipient
    DAY = "day"  # those of each day, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often: less than `most + 1` uses."""

    most: int
    per: Per


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """Which objects: those of `ids`, or all of a dataset that `rows` lets through; one of both."""

    ids: frozenset[Id16] = frozenset()
    dataset: Collection | None = None
    rows: str = ""  # a row filter; `all` for every one

    @property
    def is_selector(self) -> bool:
        """Whether objects that come later are in it, too."""
        return self.dataset is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What is not given though it lies in the share; an empty list is any."""

    ids: frozenset[Id16] = frozenset()
    actions: frozenset[Action] = frozenset()
    purposes: frozenset[Purpose] = frozenset()  # each with what is narrower


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What whoever uses it has to do."""

    notify: bool = False  # the owner hears of each use
    receipt: bool = False  # each use leaves a signed line
    delete_after: int | None = None  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """All that a share says."""

    who: frozenset[ContactId]
    what: What
    actions: frozenset[Action]
    purposes: frozenset[Purpose]  # each with what is narrower
    not_before: Instant
    not_after: Instant | None = None
    count: Count | None = None
    precision: tuple[str, ...] = ()  # rules of 07 section 4.4 that look at each row by itself
    omit: frozenset[FieldName] = frozenset()
    reshare: int = 0  # how many hands further it may go
    duties: Duties = Duties()
    bars: tuple[Bar, ...] = ()
    tier: Tier
    task: TaskDigest | None = None  # of the program that reads it; at T3 alone

    def covers(self, now: Instant) -> bool:
        """Return whether `now` lies in the half-open interval."""
        return self.not_before <= now and (self.not_after is None or now < self.not_after)


def default_tier(count: Count | None) -> Tier:
    """Return the tier of a share whose owner named none: counting needs a key per use."""
    return Tier.THEIR_NODE if count is None else Tier.KEY_PER_USE


def check(clauses: Clauses) -> None:
    """Return if the clauses agree with each other.

    Raises:
        InvalidGrantError: they do not.
    """
    may_pass_on = Action.RESHARE in clauses.actions
    if may_pass_on is not bool(clauses.reshare):
        raise InvalidGrantError("`share.reshare` and the action `reshare` go together")
    if clauses.not_after is not None and clauses.not_after < clauses.not_before:
        raise InvalidGrantError("`share.not_after` lies before `not_before`")
    if clauses.what.is_selector and clauses.what.ids:
        raise InvalidGrantError("`share.what` names ids or a dataset, not both")
    is_answer = clauses.tier is Tier.ANSWER
    if is_answer is not (clauses.task is not None):
        raise InvalidGrantError("`share.task` stands at tier `T3`, and there alone")
    if is_answer and not clauses.actions <= {Action.COMPUTE}:
        raise InvalidGrantError("`share.actions` at tier `T3` is `compute` alone")
    if any(not (bar.ids or bar.actions or bar.purposes) for bar in clauses.bars):
        raise InvalidGrantError("`share.bars` has one that bars everything")


def travelling(clauses: Clauses, to: ContactId, ids: Mapping[Id16, Id16]) -> Clauses:
    """Return the copy that `to` gets: one person, other ids, no selector.

    Args:
        clauses: as the owner wrote them.
        to: one of those whom it is for.
        ids: for each object that is in the share now its id in this person's copy, random.

    Raises:
        InvalidGrantError: it is not for `to`, or an object that it names has no id.
    """
    if to not in clauses.who:
        raise InvalidGrantError("a share is not for whom a copy is made")
    given = clauses.what.ids or frozenset(ids)
    # THREAT T482: a filter tells of what it keeps out, an id of the owner's when it was made
    if missing := given - ids.keys():
        raise InvalidGrantError(f"{len(missing)} objects of a share have no id in its copy")
    bars = [_renamed(bar, ids) for bar in clauses.bars]
    return replace(
        clauses,
        who=frozenset({to}),
        what=What(ids=frozenset(ids[one] for one in given)),
        bars=tuple(bar for bar in bars if bar is not None),
    )


def _renamed(bar: Bar, ids: Mapping[Id16, Id16]) -> Bar | None:
    """Return `bar` in the ids of a copy; None if what it bars is not in the copy."""
    if not bar.ids:
        return bar
    left = frozenset(ids[one] for one in bar.ids if one in ids)
    return replace(bar, ids=left) if left else None
