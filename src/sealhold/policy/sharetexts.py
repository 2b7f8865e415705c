"""A share in words: each clause, and what makes it hold at the share's tier.

- Every word about holding is made from the table of `tiers`; no other module writes one.
- The same words are read by the owner and by whoever is given it: no `you` stands in them.
- Names of people come in from outside; how they are made safe to show is the face's matter.

Source: docs/spec/49-sharing.md section 5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sealhold.model.ids import ContactId
from sealhold.model.quantities import DAY, HOUR, MINUTE, SECOND, Instant, Millis
from sealhold.policy import dpv
from sealhold.policy.precision_ast import Alone, Grid, Initials, Round, Since, Truncate
from sealhold.policy.share import (
    Bar,
    Clauses,
    Per,
    What,
)
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.tiers import Clause, Holds, clauses_of, holds, is_enforced

LABELS: Final[Mapping[Tier, str]] = {
    Tier.COPY: "a copy, nothing is enforced",
    Tier.THEIR_NODE: "agreed, not enforced",
    Tier.KEY_PER_USE: "a key for each use, released by the owner's devices",
    Tier.ANSWER: "an answer, and the data stays with its owner",
}
REMAINS: Final = "What was shown once can be kept."
_BEFORE: Final = "done before it leaves the owner's vault"
_NOT_SENT: Final = "later versions are not sent any more"
_LEASED: Final = "enforced for uses that were not made yet, within one lease of the owner's devices"
_ENFORCED: Final[Mapping[Clause, str]] = {
    Clause.WHO: "enforced: nobody else gets a key",
    Clause.WHAT: "enforced: nothing else is sealed for them",
    Clause.OMIT: "enforced: left out before it is sealed",
    Clause.PRECISION: "enforced: made coarser before it is sealed",
    Clause.END_NEXT: "enforced: later versions are not sent any more",
    Clause.END_GIVEN: "enforced: no run begins afterwards",
    Clause.COUNT: "enforced: the owner's devices count before they release",
    Clause.PURPOSE: "enforced: the program is the purpose",
    Clause.NO_RESHARE: "enforced: the data was never given",
    Clause.DELETE_AFTER: "enforced: the data was never given",
}
_OF_ANSWERS: Final[Mapping[Clause, str]] = {  # in place of those above at T3
    Clause.WHO: "enforced: nobody else can open an answer",
    Clause.WHAT: "enforced: the program is shown and asked nothing else",
    Clause.OMIT: "enforced: left out before the program sees it",
    Clause.PRECISION: "enforced: made coarser before the program sees it",
    Clause.END_NEXT: "enforced: nothing is answered before or afterwards",
    Clause.COUNT: "enforced: the owner's device counts before it answers",
}
_HOLDS: Final[Mapping[Holds, str]] = {
    Holds.NOTHING: "nothing makes it hold",
    Holds.STATED: "stated, nothing makes it hold",
    Holds.STATED_SHOWN: "stated; what is done leaves evidence",
    Holds.THEIR_NODE: "agreed; their own program sees to it",
    Holds.THEIR_NODE_SHOWN: "agreed; their own program sees to it and leaves evidence",
    Holds.NOT_GIVEN: "the data itself is not given",
}
_ACTIONS: Final[Mapping[Action, str]] = {
    Action.VIEW: "look at it",
    Action.SEARCH: "search it",
    Action.COMPUTE: "have a program read it",
    Action.EDIT: "change it",
    Action.EXPORT: "take a copy out",
    Action.RESHARE: "pass it on",
}
_OVER: Final[Mapping[Per, str]] = {
    Per.GRANT: "all in all",
    Per.PERSON: "each person",
    Per.DAY: "each day (UTC)",
}
_UNITS: Final = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


@dataclass(frozen=True, slots=True)
class Line:
    """One clause of a share, for its owner and its recipient alike."""

    clause: Clause
    says: str
    holds: str


def label(tier: Tier) -> str:
    """Return a tier as people read it: `T1: agreed, not enforced`."""
    return f"{tier.word}: {LABELS[tier]}"


def holding(clause: Clause, tier: Tier) -> str:
    """Return in words what makes `clause` hold at `tier`."""
    # THREAT T480: no word of its own, all from the table
    how = holds(clause, tier)
    if how is Holds.LEASED:
        return _LEASED
    if how is Holds.ENFORCED:
        if is_enforced(clause, tier):
            words = _ENFORCED[clause]
            return _OF_ANSWERS.get(clause, words) if tier is Tier.ANSWER else words
        return _NOT_SENT if clause is Clause.END_NEXT else _BEFORE
    return _HOLDS[how]


def lines(
    clauses: Clauses, names: Mapping[ContactId, str], rules: Sequence[Alone] = ()
) -> tuple[Line, ...]:
    """Return each clause of a share in words.

    Args:
        clauses: the share.
        names: how its owner calls people; whoever is not in it is shown by digits of their id.
        rules: the parsed `clauses.precision`; without them they stand as they are written.
    """
    return tuple(
        Line(clause, _says(clause, clauses, names, rules), holding(clause, clauses.tier))
        for clause in clauses_of(clauses)
    )


def rule_words(rule: Alone) -> str:
    """Return a precision rule in words: `the place to a square of 10 km`."""
    match rule:
        case Round():
            return f"`{rule.column}` to steps of {rule.step}"
        case Truncate():
            return f"`{rule.column}` to {_length(rule.step)}"
        case Since():
            return f"`{rule.column}` to its {rule.span.value} ({rule.zone})"
        case Grid():
            return f"the place to a square of {rule.metres // 1000} km"
        case Initials():
            return f"`{rule.column}` as initials"


def _says(
    clause: Clause, clauses: Clauses, names: Mapping[ContactId, str], rules: Sequence[Alone]
) -> str:
    days = clauses.duties.delete_after or 0
    coarser = map(rule_words, rules) if rules else (f"`{one}`" for one in clauses.precision)
    said = {
        Clause.WHO: f"For {_joined([names.get(one, one.hex()[:12]) for one in clauses.who])}",
        Clause.WHAT: _what(clauses.what, clauses.tier),
        Clause.OMIT: f"Without {_joined([f'`{one}`' for one in clauses.omit])}",
        Clause.PRECISION: f"Coarser: {', then '.join(coarser)}",
        Clause.END_NEXT: _time(clauses),
        Clause.END_GIVEN: "Answers, once it ends or is taken back"
        if clauses.tier is Tier.ANSWER
        else "What was given, once it ends or is taken back",
        Clause.COUNT: _count(clauses),
        Clause.PURPOSE: f"To {_joined([dpv.label(one) for one in clauses.purposes])}",
        Clause.NO_RESHARE: "Not to be passed on",
        Clause.DELETE_AFTER: f"To be deleted after {_many(days, 'day')}",
        Clause.ACTIONS: _actions(clauses),
        Clause.NOTIFY: "The owner hears of each use",
        Clause.RECEIPT: "Each use leaves a signed receipt",
    }
    return said[clause]


def _what(what: What, tier: Tier) -> str:
    if not what.is_selector:
        # the copy of a recipient: of a program it names what may be asked, and no object
        return _many(len(what.ids), "question" if tier is Tier.ANSWER else "object")
    later = "as it stood then" if tier is Tier.ANSWER else "and what comes into it later"
    if what.rows == "all":
        return f"All of `{what.dataset}`, {later}"
    return f"Of `{what.dataset}` what meets `{what.rows}`, {later}"


def _time(clauses: Clauses) -> str:
    parts = [f"from {_moment(clauses.not_before)}"] if clauses.not_before > 0 else []
    end = clauses.not_after
    said = ", ".join([*parts, "without an end" if end is None else f"until {_moment(end)}"])
    return said[0].upper() + said[1:]


def _moment(time: Instant) -> str:
    then = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{then.day} {then:%b %Y, %H:%M} UTC"


def _count(clauses: Clauses) -> str:
    if clauses.count is None:
        return "As often as they like"
    return f"At most {_many(clauses.count.most, 'use')}, {_OVER[clauses.count.per]}"


def _actions(clauses: Clauses) -> str:
    given = f"May {_joined([_ACTIONS[one] for one in clauses.actions])}"
    if clauses.reshare:
        given += f" ({_many(clauses.reshare, 'hand')} further)"
    return "; ".join([given, *map(_bar, clauses.bars)])


def _bar(bar: Bar) -> str:
    parts = [f"{_many(len(bar.ids), 'object')}"] if bar.ids else []
    if bar.actions:
        parts += [f"to {_joined([_ACTIONS[one] for one in bar.actions], 'or')}"]
    if bar.purposes:
        parts += [f"to {_joined([dpv.label(one) for one in bar.purposes], 'or')}"]
    return f"never {', '.join(parts)}"


def _joined(words: Sequence[str], last: str = "and") -> str:
    *most, end = sorted(words) or ["nothing"]
    return f"{', '.join(most)} {last} {end}" if most else end


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _length(span: Millis) -> str:
    for unit, word in _UNITS:
        if span % unit == 0:
            return _many(span // unit, word)
    return f"{span:,} milliseconds"
