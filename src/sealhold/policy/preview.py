"""What a change of shares shows to whom, before it holds: exact sets, and a digest of them.

- A change is two states: shares, bars and objects as they are, and as they would be. So one
  function tells of a new share, a changed rule, a revocation, a new bar and a new tag.
- For each person and tier: what they could do with which object before and after. An object that
  they see in another way than before is `changed`, never `unchanged`.
- Whether a share counts for a person follows from the very rules that decide uses; sets are made
  share by share, so a large vault is looked at once per share.
- The digest covers the effect and the documents of the shares that change; a commit names it.

Source: docs/spec/49-sharing.md section 7.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import StaleError
from sealhold.model.ids import Collection, ContactId, Id16, Purpose
from sealhold.policy import dpv
from sealhold.policy.described import Described
from sealhold.policy.sharedecide import chain_of, is_barred, may_on, sees, stands, timely
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use
from sealhold.policy.sharepapers import to_document, write_bar
from sealhold.policy.shareterms import Action, Tier

SAMPLE: Final = 5  # objects that a preview shows of each set

_NOBODY: Final = ContactId(bytes(32))  # bars look at neither person nor dataset
_NOWHERE: Final = Collection("none")

Digest = Callable[[bytes], bytes]  # SHA-256 under a tag of its own, handed in: no key lives here
Way = tuple[str, ...]  # one way in which an object is seen: what for, and how finely
Ways = dict[tuple[ContactId, Tier], dict[Id16, frozenset[Way]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """What a change does for one person at one tier."""

    appears: frozenset[Id16]
    goes: frozenset[Id16]
    changed: frozenset[Id16]  # seen before and after, not in the same way
    unchanged: frozenset[Id16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """All that a change does."""

    of: Mapping[tuple[ContactId, Tier], Sets]
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What people read of the objects that appear for somebody."""

    sample: tuple[Id16, ...]
    types: Mapping[str, int]
    people: frozenset[str]
    places: frozenset[str]


def preview(
    before: ShareFacts,
    after: ShareFacts,
    things: Iterable[Thing],
    digest: Digest,
    become: Iterable[Thing] | None = None,
) -> Effect:
    """Return what the step from `before` to `after` does.

    Args:
        before: shares and bars as they are.
        after: as they would be.
        things: all objects there are; one that a share does not meet is in no set.
        digest: of bytes.
        become: the objects as they would be, where a tag or field of them is what changes.
    """
    every = tuple(things)
    old, new = seen(before, every), seen(after, every if become is None else become)
    sets = {key: _sets(old.get(key, {}), new.get(key, {})) for key in old.keys() | new.keys()}
    return Effect(of=sets, digest=digest(_bytes(before, after, sets)))


def would_add(
    after: ShareFacts, things: Iterable[Thing], came: Mapping[Id16, int], since: int
) -> dict[tuple[ContactId, Tier], int]:
    """Return how many objects that came at `since` or later a rule would have added by now.

    Args:
        after: shares as they would be.
        things: all objects there are.
        came: when each of them came in.
        since: the begin of the time that is looked at: 30 or 90 days ago.
    """
    lately = [thing for thing in things if came.get(thing.id, -1) >= since]
    return {key: len(ways) for key, ways in seen(after, lately).items()}


def told(ids: Iterable[Id16], described: Mapping[Id16, Described]) -> Summary:
    """Return what people read of a set: a sample, counts by type, people and places."""
    listed = sorted(set(ids))
    known = [described[one] for one in listed if one in described]
    return Summary(
        sample=tuple(listed[:SAMPLE]),
        types=dict(sorted(Counter(one.type for one in known).items())),
        people=frozenset().union(*(one.people for one in known)),
        places=frozenset().union(*(one.places for one in known)),
    )


def admit(effect: Effect, digest: bytes) -> None:
    """Return if `effect`, worked out in the commit, is the one that was shown.

    Raises:
        StaleError: what was shown is not what would hold now.
    """
    # THREAT T481: what holds is what its owner saw, or nothing
    if effect.digest != digest:
        raise StaleError("what was shown of this share is not what it would do now")


def seen(facts: ShareFacts, things: Iterable[Thing]) -> Ways:
    """Return for each person and tier in which ways they see which object."""
    every = tuple(things)
    by_id = {one.id: one for one in facts.held}
    found: Ways = {}
    for held in facts.held:
        chain = chain_of(held, by_id)
        if not chain or stands(chain, facts):
            continue
        allowed = _Allowed(chain, facts)
        people = [who for who in held.clauses.who if timely(chain, facts, who) is None]
        for thing in every if people else ():
            if sees(chain, thing) and (left := allowed.of(thing.id)):
                for who in people:
                    ways = found.setdefault((who, held.clauses.tier), {})
                    ways[thing.id] = ways[thing.id] | left if thing.id in ways else left
    return found


class _Allowed:
    """What a full device may do under a share, by object; worked out once where no bar names it."""

    def __init__(self, chain: tuple[HeldShare, ...], facts: ShareFacts) -> None:
        clauses = chain[0].clauses
        bars = (*facts.bars, *(bar for one in chain for bar in one.clauses.bars))
        self._of_some = [bar for bar in bars if bar.ids]
        self._named = frozenset().union(*(bar.ids for bar in self._of_some))
        self._task = clauses.task
        # A purpose of the first share lies within one of each above it, or it would not stand.
        purposes = {one for wider in clauses.purposes for one in dpv.within(wider)}
        every = [(action, one) for action in sorted(clauses.actions) for one in sorted(purposes)]
        self._left = [
            (action, purpose)
            for action, purpose in every
            if all(may_on(DeviceRole.FULL, action, one.clauses.tier) for one in chain)
            and not is_barred(
                [bar for bar in bars if not bar.ids], self._use(action, purpose, Id16(bytes(16)))
            )
        ]
        self._fineness = (*clauses.precision, "|", *sorted(clauses.omit))
        self._ways = self._seen(self._left)

    def of(self, thing: Id16) -> frozenset[Way]:
        """Return what is left of an object for whom the share is; nothing if all is barred."""
        if thing not in self._named:
            return self._ways
        return self._seen(
            [
                (action, purpose)
                for action, purpose in self._left
                if not is_barred(self._of_some, self._use(action, purpose, thing))
            ]
        )

    def _seen(self, left: list[tuple[Action, Purpose]]) -> frozenset[Way]:
        return frozenset((action.value, purpose, *self._fineness) for action, purpose in left)

    def _use(self, action: Action, purpose: Purpose, thing: Id16) -> Use:
        return Use(
            who=_NOBODY,
            device=DeviceRole.FULL,
            action=action,
            purpose=purpose,
            thing=Thing(id=thing, dataset=_NOWHERE),
            task=self._task,
        )


def _sets(old: dict[Id16, frozenset[Way]], new: dict[Id16, frozenset[Way]]) -> Sets:
    both = old.keys() & new.keys()
    unchanged = frozenset(one for one in both if old[one] == new[one])
    return Sets(
        appears=frozenset(new.keys() - old.keys()),
        goes=frozenset(old.keys() - new.keys()),
        changed=frozenset(both - unchanged),
        unchanged=unchanged,
    )


def _bytes(
    before: ShareFacts, after: ShareFacts, sets: Mapping[tuple[ContactId, Tier], Sets]
) -> bytes:
    lines: list[Plain] = [
        [
            who,
            int(tier),
            *(sorted(one) for one in (each.appears, each.goes, each.changed, each.unchanged)),
        ]
        for (who, tier), each in sorted(sets.items())
    ]
    old, new = _documents(before), _documents(after)
    moved = sorted(one for one in old.keys() | new.keys() if old.get(one) != new.get(one))
    changes: list[Plain] = [[one, old.get(one), new.get(one)] for one in moved]
    bars: list[Plain] = [[write_bar(bar) for bar in one.bars] for one in (before, after)]
    return pack([1, lines, changes, bars])


def _documents(facts: ShareFacts) -> dict[bytes, Plain]:
    """Return each share as the digest covers it."""
    return {
        one.id: [to_document(one.clauses), one.issuer, one.is_revoked, one.parent or b""]
        for one in facts.held
    }
