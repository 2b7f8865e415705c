"""Which objects of a share lie in its space: those that its preview says appear, and no other.

- What is barred whole is not given at all: at T0 and T1 nothing but this would keep it back.
- What is excluded from a folder is barred, since the folder is what the share names.

Source: docs/spec/49-sharing.md sections 1 and 7; docs/spec/52-share-spaces.md section 3.
"""

from collections.abc import Iterable
from dataclasses import replace

from sealhold.model.ids import ContactId, GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.node.sharefiles import Offered
from sealhold.policy.preview import seen
from sealhold.policy.share import Bar, Clauses, What
from sealhold.policy.sharefacts import HeldShare, ShareFacts

_ANYBODY = ContactId(bytes(32))


def given(clauses: Clauses, offered: Iterable[Offered], now: Instant) -> list[Offered]:
    """Return the objects that somebody sees under a share; none before its begin or after its end.

    Args:
        clauses: with the owner's ids.
        offered: the objects that these mean.
        now: the time.
    """
    if not clauses.covers(now):
        return []
    every = list(offered)
    if not clauses.bars:
        return every
    whole = replace(clauses, what=What(ids=frozenset(each.id for each in every)), count=None)
    share = HeldShare(
        id=GrantId(Id16(bytes(16))), issuer=_ANYBODY, clauses=whole, signed=True, epoch=1, newest=1
    )
    facts = ShareFacts(now=now, owner=_ANYBODY, held=(share,))
    # THREAT T548: what a preview does not show lies in no space
    visible = {one for ways in seen(facts, [each.thing for each in every]).values() for one in ways}
    return [each for each in every if each.id in visible]


def excluded(clauses: Clauses, items: Iterable[Id16]) -> Clauses:
    """Return clauses that bar objects whole, and all that is under them in no other way."""
    whole = [bar for bar in clauses.bars if bar.ids and not bar.actions | bar.purposes]
    joined = Bar(ids=frozenset(items).union(*(bar.ids for bar in whole)))
    return replace(clauses, bars=(*(bar for bar in clauses.bars if bar not in whole), joined))
