"""What is odd about a share, before it holds: each finding with its objects and a fix of one step.

- A finding blocks the commit until its fix was taken or the owner said that it is meant so. An
  answer is to the very finding: with other objects it is another one.
- Findings are made from what the owner's index knows, so what it does not know is not found.
- A fix gives less or later, never more: it is a change of the clauses, and is looked at again.

Source: docs/spec/49-sharing.md section 8.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Final

from sealhold.model.errors import UnansweredError
from sealhold.model.ids import Collection as Dataset
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.described import Around, Described
from sealhold.policy.precision_ast import Alone, Grid, Since, Truncate
from sealhold.policy.rowfilter import metres_between
from sealhold.policy.share import Bar, Clauses
from sealhold.policy.sharedecide import sees
from sealhold.policy.shareshown import Shown, parse_shown
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.values import number_of

MANY: Final = 10  # times the median of what somebody got before is far above it
NEAR: Final = 1_000  # metres: a place shown within them tells where somebody lives or works
FAR: Final = 10_000  # metres: the side of a square that does not
TERM: Final = 30 * DAY  # what a fix sets where sensitive things have no end


class Sign(StrEnum):
    """What is odd."""

    THIRD_PERSON = "third_person"  # somebody else is in it
    SENSITIVE = "sensitive"
    STRICTER_SHARE = "stricter_share"  # it is under a share that gives less of it
    PRIVATE = "private"  # a rule takes in what was tagged private
    WEAK_MATCH = "weak_match"
    VOLUME = "volume"  # far more than this person got before
    HOME_OR_WORK = "home_or_work"
    HIDDEN_DATA = "hidden_data"
    RESHARE = "reshare"  # people whom its owner does not know may get it
    NO_END = "no_end"  # sensitive, and for ever
    PRECISION_UNDONE = "precision_undone"  # two shares show more than each of them
    FINER_TIME = "finer_time"  # one time is made coarser, and another one beside it is not


class Fix(StrEnum):
    """What one step does about it."""

    EXCLUDE = "exclude"
    COARSEN = "coarsen"
    RAISE_TIER = "raise_tier"
    KEEP = "keep"  # not to be passed on
    SET_END = "set_end"


FIXES: Final = {
    Sign.THIRD_PERSON: Fix.EXCLUDE,
    Sign.SENSITIVE: Fix.RAISE_TIER,
    Sign.STRICTER_SHARE: Fix.EXCLUDE,
    Sign.PRIVATE: Fix.EXCLUDE,
    Sign.WEAK_MATCH: Fix.EXCLUDE,
    Sign.VOLUME: Fix.EXCLUDE,
    Sign.HOME_OR_WORK: Fix.COARSEN,
    Sign.HIDDEN_DATA: Fix.EXCLUDE,
    Sign.RESHARE: Fix.KEEP,
    Sign.NO_END: Fix.SET_END,
    Sign.PRECISION_UNDONE: Fix.EXCLUDE,
    Sign.FINER_TIME: Fix.COARSEN,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd, and the objects it is about, in their order; none if it is the share's."""

    sign: Sign
    items: tuple[Id16, ...]

    @property
    def fix(self) -> Fix:
        """The one step."""
        return FIXES[self.sign]


def findings(clauses: Clauses, given: Collection[Id16], around: Around) -> tuple[Finding, ...]:
    """Return what is odd about a share, in the order of `Sign`.

    Args:
        clauses: as they would hold.
        given: the objects that somebody sees by it, or would see in another way.
        around: what else there is; its shares do not contain this one.

    Raises:
        InvalidFilterError: the clauses do not fit the columns of their dataset.
    """
    items = [around.described[one] for one in sorted(given) if one in around.described]
    found = []
    for sign in Sign:
        odd = list(_LOOKS[sign](clauses, items, around))
        if odd or (sign is Sign.RESHARE and clauses.reshare):
            found.append(Finding(sign, tuple(one.thing.id for one in odd)))
    return tuple(found)


def require_answers(found: Collection[Finding], meant: Collection[Finding]) -> None:
    """Return if each finding was answered: the owner said that it is meant so.

    Raises:
        UnansweredError: one was not, or its objects are others by now.
    """
    # THREAT T481: a yes to other objects is no yes to these
    if open_ones := [one for one in found if one not in meant]:
        signs = ", ".join(f"`{one.sign}`" for one in open_ones)
        raise UnansweredError(f"not answered: {signs}")


def fixed(clauses: Clauses, finding: Finding, around: Around) -> Clauses:
    """Return `clauses` after the one step that `finding` proposes.

    Raises:
        InvalidFilterError: the clauses do not fit the columns of their dataset.
    """
    match finding.fix:
        case Fix.EXCLUDE:
            return _without(clauses, frozenset(finding.items))
        case Fix.COARSEN:
            rules = _coarser(clauses, finding, around)
            return replace(clauses, precision=(*clauses.precision, *rules))
        case Fix.RAISE_TIER:
            return replace(clauses, tier=max(clauses.tier, Tier.KEY_PER_USE))
        case Fix.KEEP:
            return replace(clauses, reshare=0, actions=clauses.actions - {Action.RESHARE})
        case Fix.SET_END:
            return replace(clauses, not_after=Instant(max(clauses.not_before, around.now) + TERM))


Look = Callable[[Clauses, list[Described], Around], Iterator[Described]]


def _third_person(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    expected = clauses.who | {around.owner}
    for one in items:
        if any(around.known.get(name) not in expected for name in one.people):
            yield one


def _sensitive(clauses: Clauses, items: list[Described], _: Around) -> Iterator[Described]:
    if clauses.tier < Tier.KEY_PER_USE:
        yield from (one for one in items if one.sensitive)


def _no_end(clauses: Clauses, items: list[Described], _: Around) -> Iterator[Described]:
    if clauses.not_after is None:
        yield from (one for one in items if one.sensitive)


def _private(clauses: Clauses, items: list[Described], _: Around) -> Iterator[Described]:
    if clauses.what.is_selector:
        yield from (one for one in items if one.is_private)


def _weak(clauses: Clauses, items: list[Described], _: Around) -> Iterator[Described]:
    if clauses.what.is_selector:
        yield from (one for one in items if one.is_weak)


def _hidden(_: Clauses, items: list[Described], __: Around) -> Iterator[Described]:
    yield from (one for one in items if one.hidden)


def _nothing(_: Clauses, __: list[Described], ___: Around) -> Iterator[Described]:
    yield from ()


def _volume(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    usual = [median(around.given[who]) for who in clauses.who if around.given.get(who)]
    if usual:
        yield from items[max(1, int(MANY * min(usual))) :]


def _stricter(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    others = [one for one in around.held if _gives_less(one.clauses, clauses)]
    for item in items:
        if any(sees((one,), item.thing) for one in others):
            yield item


def _gives_less(other: Clauses, clauses: Clauses) -> bool:
    return (
        other.tier > clauses.tier
        or not other.omit <= clauses.omit
        or clauses.precision[: len(other.precision)] != other.precision
    )


def _undone(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    others = [
        one
        for one in around.held
        if one.clauses.who & clauses.who and one.clauses.precision != clauses.precision
    ]
    for item in items:
        if any(sees((one,), item.thing) for one in others):
            yield item


def _home(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    shown = _shown_by_dataset(clauses, items, around)
    for item in items:
        by = shown.get(item.thing.dataset)
        fields = around.places.get(item.thing.dataset)
        if by is None or fields is None or _is_far(by.rules, fields):
            continue
        row = by.of(item.thing.row)
        latitude, longitude = (number_of(row.get(name)) for name in fields)
        if latitude is None or longitude is None:
            continue
        at = (float(latitude), float(longitude))
        if any(metres_between(at, place) < NEAR for place in around.home_and_work):
            yield item


def _is_far(rules: tuple[Alone, ...], fields: tuple[str, str]) -> bool:
    return any(
        isinstance(rule, Grid) and rule.metres >= FAR and (rule.latitude, rule.longitude) == fields
        for rule in rules
    )


def _finer_time(clauses: Clauses, items: list[Described], around: Around) -> Iterator[Described]:
    shown = _shown_by_dataset(clauses, items, around)
    finer = {name for name, by in shown.items() if _times(by, around.columns[name])[1]}
    yield from (one for one in items if one.thing.dataset in finer)


def _times(by: Shown, columns: Collection[Column]) -> tuple[list[Since | Truncate], list[Column]]:
    """Return the rules about times, and the columns of times beside them that have none."""
    rules = [rule for rule in by.rules if isinstance(rule, Since | Truncate)]
    ruled = {rule.column for rule in rules}
    times = [one for one in columns if one.type is ColumnType.INSTANT and one.name in by.fields]
    return rules, [one for one in times if one.name not in ruled] if rules else []


def _shown_by_dataset(
    clauses: Clauses, items: list[Described], around: Around
) -> dict[Dataset, Shown]:
    names = {one.thing.dataset for one in items} & around.columns.keys()
    return {name: parse_shown(clauses, around.columns[name]) for name in names}


def _without(clauses: Clauses, ids: frozenset[Id16]) -> Clauses:
    if not clauses.what.is_selector:
        return replace(clauses, what=replace(clauses.what, ids=clauses.what.ids - ids))
    whole = [bar for bar in clauses.bars if bar.ids and not bar.actions | bar.purposes]
    joined = Bar(ids=ids.union(*(bar.ids for bar in whole)))
    return replace(clauses, bars=(*(bar for bar in clauses.bars if bar not in whole), joined))


def _coarser(clauses: Clauses, finding: Finding, around: Around) -> list[str]:
    """Return the rules that make coarser what `finding` found to be fine."""
    items = [around.described[one] for one in finding.items]
    shown = _shown_by_dataset(clauses, items, around)
    rules: list[str] = []
    for name, by in sorted(shown.items()):
        place = around.places.get(name)
        if finding.sign is Sign.HOME_OR_WORK and place is not None:
            rules.append(f"grid({place[0]}, {place[1]}, {FAR})")
            continue
        said, left = _times(by, around.columns[name])
        rules += [_same(said[0], column) for column in left]
    return rules


def _same(rule: Since | Truncate, column: Column) -> str:
    if isinstance(rule, Since):
        return f"since({rule.span.value}({column.name}, '{rule.zone}'))"
    return f"round({column.name}, {rule.step}ms)"


_LOOKS: Final[dict[Sign, Look]] = {
    Sign.THIRD_PERSON: _third_person,
    Sign.SENSITIVE: _sensitive,
    Sign.STRICTER_SHARE: _stricter,
    Sign.PRIVATE: _private,
    Sign.WEAK_MATCH: _weak,
    Sign.VOLUME: _volume,
    Sign.HOME_OR_WORK: _home,
    Sign.HIDDEN_DATA: _hidden,
    Sign.RESHARE: _nothing,
    Sign.NO_END: _no_end,
    Sign.PRECISION_UNDONE: _undone,
    Sign.FINER_TIME: _finer_time,
}
