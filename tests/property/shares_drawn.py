"""Shares, uses and vaults drawn from a seed, of small alphabets, so that they meet often."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import (
    Collection,
    ContactId,
    FieldName,
    GrantId,
    Id16,
    Purpose,
    TaskDigest,
)
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.rowfilter import parse_filter
from sealhold.policy.share import (
    Bar,
    Clauses,
    Count,
    Duties,
    Per,
    What,
)
from sealhold.policy.sharefacts import DeviceRole, Duty, HeldShare, ShareFacts, Thing, Use, Used
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharewithin import meet

OWNER = ContactId(b"o" * 32)
PEOPLE = [ContactId(bytes([letter]) * 32) for letter in b"abc"]
TRIPS = Collection("trips")
COLUMNS = [
    Column(name=FieldName("steps"), type=ColumnType.INTEGER, about=""),
    Column(name=FieldName("mode"), type=ColumnType.TEXT, about=""),
]
THINGS = [Id16(bytes([number]) * 16) for number in range(1, 7)]
PURPOSES = [
    Purpose(term) for term in ("PersonalisedAdvertising", "TargetedAdvertising", "PersonnelPayment")
]
TASK = TaskDigest(b"t" * 32)
TESTS = [
    "steps < 2",
    "steps >= 2",
    "steps = 1",
    "steps != 1",
    "steps in (0, 3)",
    "steps between 1 and 3",
    "mode = 'bike'",
    "mode != 'bike'",
    "mode in ('bike', 'walk')",
    "all",
]
RULES = ["round(steps, 2)", "round(steps, 4)"]


def rows(rng: Random, depth: int = 2) -> str:
    """Return a filter."""
    if depth == 0 or rng.random() < 0.4:
        return rng.choice(TESTS)
    kind = rng.choice(["and", "or", "not"])
    if kind == "not":
        return f"not ({rows(rng, depth - 1)})"
    return f"({rows(rng, depth - 1)}) {kind} ({rows(rng, depth - 1)})"


def what(rng: Random) -> What:
    """Return objects by name, or by a filter."""
    if rng.random() < 0.5:
        return What(ids=frozenset(rng.sample(THINGS, rng.randint(0, len(THINGS)))))
    return What(dataset=TRIPS, rows=rows(rng))


def bar(rng: Random) -> Bar:
    """Return what bars something."""
    ids = frozenset(rng.sample(THINGS, rng.randint(0, 2)))
    actions = frozenset(rng.sample([Action.VIEW, Action.EXPORT], rng.randint(0, 1)))
    purposes = frozenset(rng.sample(PURPOSES, rng.randint(0, 1)))
    if not (ids or actions or purposes):
        purposes = frozenset({rng.choice(PURPOSES)})
    return Bar(ids=ids, actions=actions, purposes=purposes)


def clauses(rng: Random, *, deep: bool = False) -> Clauses:
    """Return clauses that agree with each other; `deep`: they may be passed on."""
    tier = rng.choice([*Tier][:3] if deep else [*Tier])
    depth = rng.randint(1, 3) if deep else 0
    actions = frozenset(rng.sample([*Action][:5], rng.randint(1 if deep else 0, 5)))
    if tier is Tier.ANSWER:
        actions &= {Action.COMPUTE}
    begin = rng.randint(0, 3)
    return Clauses(
        who=frozenset(rng.sample(PEOPLE, rng.randint(0, 3))),
        what=what(rng),
        actions=actions | {Action.RESHARE} if depth else actions,
        purposes=frozenset(rng.sample(PURPOSES, rng.randint(0, 2))),
        not_before=Instant(begin),
        not_after=rng.choice([None, Instant(begin + rng.randint(0, 6))]),
        count=rng.choice([None, None, Count(most=rng.randint(1, 3), per=rng.choice([*Per]))]),
        precision=tuple(RULES[: rng.choice([0, 0, 0, 1, 2])]),
        omit=frozenset(rng.sample([FieldName("mode")], rng.randint(0, 1))),
        reshare=depth,
        duties=Duties(
            notify=rng.random() < 0.3,
            receipt=rng.random() < 0.3,
            delete_after=rng.choice([None, None, 30]),
        ),
        bars=tuple(bar(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))),
        tier=tier,
        task=TASK if tier is Tier.ANSWER else None,
    )


def lively(rng: Random, said: Clauses) -> Clauses:
    """Return `said` with somebody, something and a time in it, so that it gives something."""
    return replace(
        said,
        who=said.who or frozenset(PEOPLE[:2]),
        what=said.what if said.what.is_selector else What(ids=frozenset(THINGS[:4])),
        actions=said.actions or frozenset({Action.COMPUTE}),
        purposes=said.purposes or frozenset({rng.choice(PURPOSES)}),
        not_before=Instant(0),
        not_after=rng.choice([None, Instant(9)]),
        count=None if rng.random() < 0.8 else said.count,
    )


def vault(rng: Random) -> ShareFacts:
    """Return a snapshot in which most shares hold."""
    found: list[HeldShare] = []
    for number in range(rng.randint(1, 3)):
        above = rng.choice([None, None, *found])
        deep = above is None and rng.random() < 0.4
        said = lively(rng, clauses(rng, deep=deep) if above is None else passed_on(rng, above))
        if above is not None and Action.RESHARE in above.clauses.actions:
            said = replace(meet(above.clauses, said), who=frozenset(rng.sample(PEOPLE, 2)))
        found.append(held(rng, number, said, above))
    bars = (bar(rng),) if rng.random() < 0.2 else ()
    return ShareFacts(now=Instant(rng.randint(0, 8)), owner=OWNER, held=tuple(found), bars=bars)


def held(rng: Random, number: int, said: Clauses, above: HeldShare | None = None) -> HeldShare:
    """Return a share that was given by its owner, or passed on by one who has the one above."""
    issuer = OWNER
    if above is not None:
        issuer = rng.choice(sorted(above.clauses.who) or PEOPLE)
    return HeldShare(
        id=GrantId(Id16(bytes([100 + number]) * 16)),
        issuer=issuer if rng.random() < 0.95 else rng.choice(PEOPLE),
        clauses=said,
        signed=rng.random() < 0.95,
        epoch=1,
        newest=1 if rng.random() < 0.95 else 2,
        parent=None if above is None else above.id,
        rows=parse_filter(said.what.rows or "all", COLUMNS),
        used=Used(
            grant=rng.randint(0, 2),
            day=rng.randint(0, 2),
            people={one: rng.randint(0, 2) for one in PEOPLE if rng.random() < 0.7},
        ),
    )


def passed_on(rng: Random, above: HeldShare) -> Clauses:
    """Return clauses under `above`: as they may be, or as somebody would like them."""
    wanted = clauses(rng, deep=rng.random() < 0.3)
    if rng.random() < 0.2:
        return wanted
    if rng.random() < 0.6:
        wanted = replace(wanted, what=above.clauses.what, purposes=above.clauses.purposes)
    try:
        return replace(meet(above.clauses, wanted), who=frozenset(rng.sample(PEOPLE, 2)))
    except InvalidGrantError:
        return wanted


def facts(rng: Random, count: int = 4) -> ShareFacts:
    """Return a snapshot of a few shares."""
    found: list[HeldShare] = []
    for number in range(rng.randint(1, count)):
        above = rng.choice([None, None, *found])
        said = clauses(rng, deep=rng.random() < 0.5) if above is None else passed_on(rng, above)
        found.append(held(rng, number, said, above))
    can = frozenset(rng.sample([*Duty], 2)) if rng.random() < 0.3 else frozenset(Duty)
    return ShareFacts(
        now=Instant(rng.randint(0, 9)),
        owner=OWNER,
        held=tuple(found),
        bars=tuple(bar(rng) for _ in range(rng.choice([0, 0, 0, 1]))),
        can=can,
    )


def thing(rng: Random, name: Id16) -> Thing:
    """Return an object; each of its fields may be missing."""
    row: dict[str, Plain] = {}
    if rng.random() < 0.8:
        row["steps"] = rng.randint(0, 4)
    if rng.random() < 0.8:
        row["mode"] = rng.choice(["bike", "walk", "car"])
    return Thing(id=name, dataset=TRIPS if rng.random() < 0.9 else Collection("notes"), row=row)


def use(rng: Random, things: Sequence[Thing], known: ShareFacts) -> Use:
    """Return a wish; more often than not one that a share of `known` is about."""
    aimed = rng.choice(known.held).clauses if rng.random() < 0.85 else None
    who = sorted(aimed.who) if aimed and aimed.who else PEOPLE
    actions = sorted(aimed.actions) if aimed and aimed.actions else [*Action]
    purposes = sorted(aimed.purposes) if aimed and aimed.purposes else PURPOSES
    return Use(
        who=rng.choice(who),
        device=rng.choice([DeviceRole.FULL, DeviceRole.FULL, *DeviceRole]),
        action=rng.choice(actions),
        purpose=rng.choice(purposes if rng.random() < 0.8 else PURPOSES),
        thing=rng.choice(things),
        task=rng.choice([TASK, TASK, None, TaskDigest(b"u" * 32)]),
    )
