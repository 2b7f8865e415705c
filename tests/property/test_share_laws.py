"""Laws of shares: decisions against another engine, passing on, and what a preview becomes."""

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import cedarpy
import pytest

from sealhold.model.errors import InvalidGrantError, StaleError
from sealhold.model.ids import ContactId, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.odrl import export_odrl
from sealhold.policy.odrlread import import_odrl
from sealhold.policy.preview import admit, preview
from sealhold.policy.share import Bar, Clauses, check
from sealhold.policy.sharedecide import ShareReason, decide_use
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use
from sealhold.policy.sharepapers import parse_clauses, to_document
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharewithin import is_within, meet
from tests.property import cedar_of
from tests.property.shares_drawn import (
    OWNER,
    PEOPLE,
    TASK,
    THINGS,
    clauses,
    facts,
    held,
    lively,
    thing,
    use,
    vault,
)

WORLDS = 400
USES = 25  # in each world: 10,000 cases
VAULTS = 1_000
FIRST = GrantId(Id16(bytes(16)))


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_ten_thousand_decisions_are_those_of_cedar() -> None:
    rng, reasons, disagreed = Random(6), Counter[ShareReason](), []

    for _ in range(WORLDS):
        known = facts(rng)
        things = [thing(rng, name) for name in THINGS]
        policies = cedarpy.PolicySet.from_str(cedar_of.policies(known))
        entities = cedarpy.Entities.from_json_str(cedar_of.entities(known, things))
        for _ in range(USES):
            wish = use(rng, things, known)
            ours = decide_use(wish, known)
            theirs = cedarpy.is_authorized(cedar_of.request(wish, known), policies, entities)
            assert not theirs.diagnostics.errors
            reasons[ours.code] += 1
            if ours.permit is not theirs.allowed:
                disagreed.append((wish, known, ours))

    assert disagreed == []
    assert sum(reasons.values()) == 10_000
    assert min(reasons[one] for one in ShareReason if one is not ShareReason.NO_SHARE) > 20, reasons


def test_what_is_passed_on_never_gives_more() -> None:
    rng, permitted = Random(7), 0

    for number in range(2_000):
        parent = held(rng, 1, lively(rng, clauses(rng, deep=True)))
        said = replace(meet(parent.clauses, lively(rng, clauses(rng))), who=frozenset(PEOPLE))
        if rng.random() < 0.5:
            said = one_other(rng, said)
        child = held(rng, 2, said, parent)
        things = [thing(rng, name) for name in THINGS[:3]]
        both = replace(vault(rng), held=(parent, child))
        wish = use(rng, things, replace(both, held=(child,)))
        decision = decide_use(wish, replace(both, held=_with_parents(child, both)))
        if decision.permit and decision.because == FIRST:
            permitted += 1
            through = replace(wish, who=child.issuer, device=DeviceRole.ADMIN)
            above = decide_use(through, replace(both, held=(parent,)))
            assert above.permit, (number, above)
            assert child.clauses.tier >= parent.clauses.tier
            assert child.clauses.omit >= parent.clauses.omit

    assert permitted > 60


def test_what_is_met_lies_within_both_and_within_is_no_more_than_equal() -> None:
    rng = Random(8)

    for _ in range(2_000):
        parent, wanted = clauses(rng, deep=True), clauses(rng, deep=rng.random() < 0.5)
        met = meet(parent, wanted)

        check(met)
        assert is_within(met, parent)
        assert not is_within(parent, parent)  # one hand less
        assert met.actions <= wanted.actions
        assert met.what.ids <= wanted.what.ids
        assert met.tier >= wanted.tier


def test_each_clause_that_is_wider_is_found() -> None:
    rng, tried = Random(9), Counter[str]()

    for _ in range(2_000):
        parent = clauses(rng, deep=True)
        child = meet(parent, clauses(rng, deep=rng.random() < 0.5))
        other = clauses(rng, deep=True)
        for name, wider in {
            "what": replace(child, what=other.what),
            "actions": replace(child, actions=other.actions),
            "purposes": replace(child, purposes=other.purposes),
            "not_before": replace(child, not_before=other.not_before),
            "not_after": replace(child, not_after=other.not_after),
            "count": replace(child, count=other.count),
        }.items():
            tried[name] += not is_within(wider, parent)
        for name, bare in {
            "precision": replace(child, precision=()),
            "omit": replace(child, omit=frozenset()),
            "bars": replace(child, bars=()),
        }.items():
            is_asked = {"precision": parent.precision, "omit": parent.omit, "bars": parent.bars}[
                name
            ]
            assert not (is_asked and is_within(bare, parent)), name
            tried[name] += bool(is_asked)

    assert all(tried[name] > 20 for name in ("what", "actions", "purposes", "count", "bars"))
    assert all(tried[name] > 20 for name in ("not_before", "not_after", "precision", "omit"))


def test_documents_and_odrl_say_the_same_clauses() -> None:
    rng, exported = Random(10), 0

    for _ in range(1_500):
        said = clauses(rng, deep=rng.random() < 0.3)
        assert parse_clauses(to_document(said)) == said
        try:
            document = export_odrl(GrantId(THINGS[0]), said)
        except InvalidGrantError:
            assert not (
                said.who and said.actions and said.purposes and said.what != type(said.what)()
            )
            continue
        exported += 1
        assert import_odrl(document) == (THINGS[0], said)

    assert exported > 500


def test_the_order_of_shares_decides_nothing() -> None:
    rng = Random(11)

    for _ in range(1_000):
        known = facts(rng)
        wish = use(rng, [thing(rng, name) for name in THINGS], known)
        shuffled = replace(known, held=tuple(rng.sample(known.held, len(known.held))))

        assert decide_use(wish, known) == decide_use(wish, shuffled)


def test_taking_back_a_share_or_adding_a_bar_never_gives_more() -> None:
    rng = Random(12)

    for _ in range(1_500):
        known = facts(rng)
        wish = use(rng, [thing(rng, name) for name in THINGS], known)
        place = rng.randrange(len(known.held))
        ended = [replace(one, newest=9) if n == place else one for n, one in enumerate(known.held)]
        less = replace(known, held=tuple(ended))
        barred = replace(known, bars=(*known.bars, Bar(ids=frozenset({wish.thing.id}))))

        assert decide_use(wish, known).permit >= decide_use(wish, less).permit
        assert not decide_use(wish, barred).permit


# --- preview ---


def changed(rng: Random, before: ShareFacts) -> ShareFacts:
    """Return `before` after one change: a share, a rule, a revocation or a bar."""
    kind = rng.choice(["grant", "rule", "revoke", "bar", "nothing"])
    place = rng.randrange(len(before.held))
    one = before.held[place]
    match kind:
        case "grant":
            more = held(rng, 60, lively(rng, clauses(rng)))
            return replace(before, held=(*before.held, more))
        case "rule":
            other = replace(one, clauses=one_other(rng, one.clauses))
        case "revoke":
            other = replace(one, newest=one.newest + 1)
        case "bar":
            return replace(before, bars=(*before.bars, Bar(ids=frozenset({rng.choice(THINGS)}))))
        case _:
            other = one
    return replace(before, held=(*before.held[:place], other, *before.held[place + 1 :]))


def one_other(rng: Random, said: Clauses) -> Clauses:
    """Return `said` with one clause of other clauses."""
    other = clauses(rng)
    match rng.choice(["who", "purposes", "not_after", "precision", "omit"]):
        case "who":
            return replace(said, who=other.who)
        case "purposes":
            return replace(said, purposes=other.purposes)
        case "not_after":
            return replace(said, not_after=other.not_after and Instant(max(other.not_after, 9)))
        case "precision":
            return replace(said, precision=other.precision)
        case _:
            return replace(said, omit=other.omit)


Effective = dict[tuple[ContactId, Tier], dict[Id16, set[str]]]


def effective(known: ShareFacts, every: list[Thing]) -> Effective:
    """Return by the decision alone what each person could do with each object, at which tier."""
    found: Effective = {}
    for one in known.held:
        single = replace(known, held=_with_parents(one, known))
        said = one.clauses
        purposes = {inner for wider in said.purposes for inner in dpv.within(wider)}
        strangers = [who for who in PEOPLE if who not in said.who]
        wishes = list(product(said.actions, purposes))
        for who, each in product([*said.who, *strangers[:1]], every):
            for action, purpose in wishes[:1] if who in strangers else wishes:
                _try(found, single, one, who, each, action, purpose)
    return found


def _with_parents(one: HeldShare, known: ShareFacts) -> tuple[HeldShare, ...]:
    by_id = {each.id: each for each in known.held}
    found = [replace(one, id=FIRST)]  # of several that carry a use, the lowest id is named
    while found[-1].parent is not None:
        found.append(by_id[found[-1].parent])
    return tuple(found)


def _try(
    found: Effective,
    known: ShareFacts,
    one: HeldShare,
    who: ContactId,
    each: Thing,
    action: Action,
    purpose: Purpose,
) -> None:
    wish = Use(
        who=who, device=DeviceRole.FULL, action=action, purpose=purpose, thing=each, task=TASK
    )
    decision = decide_use(wish, known)
    if decision.permit and decision.because == FIRST:
        way = f"{action}:{purpose}:{one.clauses.precision}:{sorted(one.clauses.omit)}"
        found.setdefault((who, one.clauses.tier), {}).setdefault(each.id, set()).add(way)


def test_a_preview_is_what_the_decision_allows_after_the_commit() -> None:
    rng, appeared, went, moved = Random(13), 0, 0, 0

    for _ in range(VAULTS):
        before = vault(rng)
        after = changed(rng, before)
        every = [thing(rng, name) for name in THINGS[:2]]
        become = [thing(rng, name) for name in THINGS[:2]] if rng.random() < 0.2 else every
        effect = preview(before, after, every, digest, become)
        old, new = effective(before, every), effective(after, become)

        assert effect.of.keys() == old.keys() | new.keys()
        for key, sets in effect.of.items():
            was, will = old.get(key, {}), new.get(key, {})
            assert sets.appears == will.keys() - was.keys()
            assert sets.goes == was.keys() - will.keys()
            assert sets.unchanged == {n for n in will if n in was and was[n] == will[n]}
            assert sets.changed == {n for n in will if n in was and was[n] != will[n]}
            appeared, went = appeared + len(sets.appears), went + len(sets.goes)
            moved += len(sets.changed)

    assert min(appeared, went, moved) > 50


def test_a_commit_takes_the_digest_of_what_was_shown_and_no_other() -> None:
    rng, stale = Random(14), 0

    for _ in range(300):
        before = vault(rng)
        after = changed(rng, before)
        every = [thing(rng, name) for name in THINGS]
        shown = preview(before, after, every, digest)
        again = preview(before, after, list(reversed(every)), digest)
        admit(again, shown.digest)
        later = [thing(rng, name) for name in THINGS]
        moved = preview(before, after, later, digest)
        if moved.of != shown.of:
            stale += 1
            with pytest.raises(StaleError):
                admit(moved, shown.digest)

    assert stale > 50
    assert OWNER not in PEOPLE
