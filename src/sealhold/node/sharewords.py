"""Shares in words: their clauses, how they stand, what taking one back does.

- Whatever is said of what makes a clause hold comes from the one table of tiers.

Source: docs/spec/49-sharing.md section 5; docs/spec/52-share-spaces.md section 5.
"""

from collections.abc import Mapping, Sequence

from sealhold.model.ids import ContactId
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown.shares import LineView, RevokedView
from sealhold.policy.share import Clauses
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import lines
from sealhold.sharing.peers.sharepaper import Record


def line_views(clauses: Clauses, names: Mapping[ContactId, str]) -> tuple[LineView, ...]:
    """Return the clauses of a share in words."""
    return tuple(LineView(says=each.says, holds=each.holds) for each in lines(clauses, names))


def standing_of(clauses: Clauses, now: Instant) -> str:
    """Return how a share that was not taken back stands."""
    if now < clauses.not_before:
        return "not begun"
    return "in force" if clauses.covers(now) else "over"


def revoked_view(
    record: Record,
    objects: int,
    released: int,
    lent: Mapping[str, Instant],
    left: Sequence[str] = (),
) -> RevokedView:
    """Return what a revocation does, in the four lines that are true of it.

    Args:
        record: of the share.
        objects: how many it shows.
        released: how many uses were released.
        lent: own devices that may not hear of it before the end of what they were lent.
        left: what other own devices still have to do, in words.
    """
    tier = record.clauses.tier
    if tier is Tier.ANSWER:
        given = _many(released, "answer")
    elif tier is Tier.KEY_PER_USE:
        given = (
            f"{released} uses of {objects} objects; whoever was shown something can have kept it"
        )
    else:
        given = f"{_many(objects, 'object')}, as shown; a copy cannot be taken back"
    until = "".join(f"; `{name}` may give keys until {rfc3339(end)}" for name, end in lent.items())
    until += "".join(f"; {each}" for each in left)
    return RevokedView(
        stops=f"new versions, keys and answers{until}",
        given=given,
        asked="their vault is asked to close and delete it; what it answers is shown here",
        unknown="whether copies were made outside their vault",
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
