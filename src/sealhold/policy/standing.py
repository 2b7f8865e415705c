"""Rules that an owner writes ahead: who is shown what, and which requests are answered by them.

- A rule is a value and the document that the vault signs. An empty list of a rule means any.
- A no and a question take hold if any part of what is asked is theirs; a yes only if all of it is,
  and only from whom it names. A no outweighs a question, and a question a yes.
- A yes has a sum in bits for each calendar month (UTC): what it lets pass in a month can tell no
  more than that, and ends with that month.
- What no rule answers waits for the owner. By default nothing is shown to anybody.

Source: docs/spec/39-dataware.md sections 1 and 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    Id16,
    Kind,
    Purpose,
    canonical,
    parse_id,
)
from sealhold.model.quantities import Instant, MicroBits, rfc3339
from sealhold.policy import dpv
from sealhold.policy.documents import MAX_INTEGER, Fields

MEDIA_TYPE: Final = "application/vnd.sealhold.rule+json"
VERSION: Final = 1
MAX_NAMED: Final = 64  # apps, purposes, datasets or columns of one rule
KEY_DIGITS: Final = 64

_FIELDS: Final = frozenset(
    {"v", "id", "effect", "apps", "processors", "purposes", "datasets", "columns", "bits"}
    | {"written"}
)


class Effect(StrEnum):
    """What a rule does with what it takes hold of."""

    SHOW = "show"  # the dataset stands in the list that the app may read
    ALLOW = "allow"
    ASK = "ask"  # it waits for the owner, whatever rule would have allowed it
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the owner's."""

    id: Id16
    effect: Effect
    apps: frozenset[AppId] = frozenset()
    processors: frozenset[bytes] = frozenset()  # SHA-256 of the key with which apps sign
    purposes: frozenset[Purpose] = frozenset()  # each with all that is narrower
    datasets: frozenset[Collection] = frozenset()
    columns: frozenset[FieldName] = frozenset()
    bits: MicroBits = MicroBits(0)  # of a yes: the most that it lets be told in a month
    written: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request wants, as far as rules look at it."""

    app: AppId
    processor: bytes
    purpose: Purpose
    dataset: Collection
    columns: frozenset[FieldName]
    bits: MicroBits  # all that it may tell


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules say of a request, and by which of them; none: nobody said anything."""

    effect: Effect
    rule: Rule | None = None


def to_document(rule: Rule) -> dict[str, Plain]:
    """Return the JSON document that `parse_rule` reads back as `rule`."""
    return {
        "v": VERSION,
        "id": canonical(rule.id),
        "effect": rule.effect.value,
        "apps": sorted(map(canonical, rule.apps)),
        "processors": sorted(each.hex() for each in rule.processors),
        "purposes": sorted(rule.purposes),
        "datasets": sorted(rule.datasets),
        "columns": sorted(rule.columns),
        "bits": int(rule.bits),
        "written": rfc3339(rule.written),
    }


def parse_rule(document: Plain) -> Rule:
    """Return the rule that a JSON document holds.

    Raises:
        InvalidError: a field is unknown, missing, of another type or beyond its limit, or the rule
            allows or shows and does not say whom, or does not say how much or what.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    read = Fields(document, place="rule", required=_FIELDS, error=InvalidError)
    read.exactly("v", VERSION)
    rule = Rule(
        id=read.id("id", Kind.POLICY),
        effect=read.choice("effect", Effect),
        apps=frozenset(read.items("apps", MAX_NAMED, _app)),
        processors=frozenset(read.items("processors", MAX_NAMED, _digest)),
        purposes=frozenset(read.items("purposes", MAX_NAMED, dpv.require)),
        datasets=frozenset(read.items("datasets", MAX_NAMED, Collection)),
        columns=frozenset(read.items("columns", MAX_NAMED, FieldName)),
        bits=MicroBits(read.integer("bits", 0, MAX_INTEGER)),
        written=read.instant("written"),
    )
    check(rule)
    return rule


def check(rule: Rule) -> None:
    """Return if `rule` is one that can be kept.

    Raises:
        InvalidError: it allows or shows and does not say whom, or does not say how much or what.
    """
    # THREAT T410: nobody is let in by a rule that forgot to say whom it is for
    if rule.effect in {Effect.ALLOW, Effect.SHOW} and not rule.apps | rule.processors:
        raise InvalidError(f"a rule that says `{rule.effect}` names an app or a processor")
    if rule.effect is Effect.SHOW and (not rule.datasets or rule.purposes or rule.columns):
        raise InvalidError("a rule that says `show` names datasets, and nothing of their use")
    if (rule.effect is Effect.ALLOW) is not bool(rule.bits):
        raise InvalidError("a rule that says `allow` has bits for a month, and no other rule has")


def judge(rules: Iterable[Rule], wanted: Wanted, spent: dict[Id16, MicroBits]) -> Ruled:
    """Return what `rules` say of a request.

    Args:
        rules: all that are kept.
        wanted: the request.
        spent: what each rule let pass in this calendar month.
    """
    held = sorted((each for each in rules if takes(each, wanted)), key=lambda each: each.id)
    # THREAT T410: no outweighs all, and a question outweighs a yes, in whatever order they stand
    for effect in (Effect.DENY, Effect.ASK):
        for rule in held:
            if rule.effect is effect:
                return Ruled(effect, rule)
    for rule in held:
        # THREAT T411: all that a rule lets pass in one month is one sum
        left = rule.bits - spent.get(rule.id, MicroBits(0))
        if rule.effect is Effect.ALLOW and wanted.bits <= left:
            return Ruled(Effect.ALLOW, rule)
    return Ruled(Effect.ASK)


def takes(rule: Rule, wanted: Wanted) -> bool:
    """Return whether `rule` has to say something of `wanted`, whatever was told by it so far."""
    if rule.effect is Effect.SHOW or not _is_for(rule, wanted.app, wanted.processor):
        return False
    if rule.datasets and wanted.dataset not in rule.datasets:
        return False
    if rule.effect is Effect.ALLOW:
        is_purpose = any(dpv.narrower(wanted.purpose, each) for each in rule.purposes)
        return (not rule.purposes or is_purpose) and (
            not rule.columns or wanted.columns <= rule.columns
        )
    # a no to a purpose is one to what contains it, too: it cannot be had under a wider name
    is_purpose = any(
        dpv.narrower(wanted.purpose, each) or dpv.narrower(each, wanted.purpose)
        for each in rule.purposes
    )
    return (not rule.purposes or is_purpose) and (
        not rule.columns or bool(wanted.columns & rule.columns)
    )


def shown_to(
    rules: Iterable[Rule], app: AppId, processor: bytes, datasets: Iterable[Collection]
) -> list[Collection]:
    """Return those of `datasets` that the rules show to an app, sorted; none by default."""
    mine = [each for each in rules if _is_for(each, app, processor)]
    shown = {name for each in mine if each.effect is Effect.SHOW for name in each.datasets}
    # THREAT T410: what is denied as a whole is not even named
    hidden = [
        each
        for each in mine
        if each.effect is Effect.DENY and not each.purposes and not each.columns
    ]
    return sorted(
        name
        for name in set(datasets) & shown
        if not any(not each.datasets or name in each.datasets for each in hidden)
    )


def month_of(at: Instant) -> tuple[Instant, Instant]:
    """Return when the calendar month of `at` begins and when the next one does, in UTC."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    begin = datetime(day.year, day.month, 1, tzinfo=UTC)
    after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return Instant(int(begin.timestamp()) * 1000), Instant(int(after.timestamp()) * 1000)


def _is_for(rule: Rule, app: AppId, processor: bytes) -> bool:
    named = rule.apps or rule.processors
    return not named or app in rule.apps or processor in rule.processors


def _app(text: str) -> AppId:
    return AppId(Id16(_whole(parse_id(Kind.APP, text))))


def _whole(found: bytes) -> bytes:
    if len(found) != 16:  # noqa: PLR2004  # reason: bytes of an id
        raise InvalidError("`rule.apps` has a short id; a document needs the whole one")
    return found


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError as err:
        raise InvalidError("`rule.processors` holds something else than digests") from err
    if len(text) != KEY_DIGITS or found.hex() != text:
        raise InvalidError("`rule.processors` holds something else than digests")
    return found
