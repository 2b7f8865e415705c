"""The window of a recovery: how long others hold back a new root, and what a veto changes.

- Everybody judges by when they themselves heard of a thing: who writes a time into a paper, a
  thief for instance, moves no window.
- One veto counts, from a device that may administer, after a fresh verification of its user. It
  doubles the window once and names the device; a second one changes nothing. So a stolen device
  delays the owner and never locks them out.
- More cards than are needed, or the longer wait, prevail over a veto. A policy that the present
  root signed newly ends a recovery that its owner did not open.
- Which papers are whole and whose signatures fit was checked before; these are rules over values,
  and the order in which things are handed in makes no difference.

Source: docs/spec/13-pairing.md section 11.
"""

from dataclasses import dataclass
from enum import Enum, unique

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant

DAY_MS = 86_400_000
WINDOW_MS = 3 * DAY_MS  # if the owner said nothing else
MAX_WINDOW_MS = 30 * DAY_MS
WAITING_MS = 90 * DAY_MS  # of an heir, if the owner said nothing else
FRESH_MS = 300_000  # between the verification of a user and the veto or use
NEVER = Instant((1 << 63) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """What the owner laid down, signed by the root."""

    generation: int  # a newer policy has a higher one
    needed: int  # cards or shares
    window_ms: int = WINDOW_MS
    waiting_ms: int = WAITING_MS  # of an heir

    def __post_init__(self) -> None:
        if self.needed < 1 or not 0 <= self.window_ms <= MAX_WINDOW_MS or self.waiting_ms < 0:
            raise InvalidError("a recovery needs cards, and a window of 0 to 30 days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a recovery was opened."""

    recovery: bytes  # 16 bytes
    heard: Instant
    by_heir: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """A device's no. `verified` is how long before it its user was verified, in milliseconds."""

    recovery: bytes
    device: bytes
    verified: int | None  # none: not at all
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownShare:
    """That a share was shown, by its number in the set."""

    recovery: bytes
    place: int
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolicy:
    """That the present root signed a policy."""

    generation: int
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceUse:
    """That an own device was used, after its user was verified as in `Veto`."""

    device: bytes
    verified: int | None
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that somebody who judges has heard.

    A contact counts the moment at which it was given its share as a use.
    """

    admins: frozenset[bytes]  # devices that may administer, as of the notice
    vetoes: tuple[Veto, ...] = ()
    shares: tuple[ShownShare, ...] = ()
    policies: tuple[NewPolicy, ...] = ()
    uses: tuple[DeviceUse, ...] = ()  # of own devices alone


@unique
class Course(Enum):
    """What becomes of a recovery."""

    HELD = "held"  # the old root stands, and nothing is released
    PREVAILS = "prevails"  # the new root is accepted, and escrow is handed out
    ENDED = "ended"  # by the present root, or by a sign of life against an heir
    UNOPENED = "unopened"  # an heir who came before their time


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a recovery stands at a moment, for one who judges."""

    course: Course
    holds_until: Instant  # when it prevails with the shares that were shown; NEVER if too few
    named: bytes | None  # the device whose veto counts, to be shown to all contacts


def judged(policy: RecoveryPolicy, notice: Notice, facts: Facts, now: Instant) -> Standing:
    """Return how a recovery stands at `now`; what was heard later counts not yet."""
    opened = notice.heard
    if notice.by_heir and _last_use(facts, before=opened) + policy.waiting_ms > opened:
        return Standing(course=Course.UNOPENED, holds_until=NEVER, named=None)
    vetoes = [each for each in _counting(policy, notice, facts) if each.heard <= now]
    first = min(vetoes, key=lambda each: (each.heard, each.device), default=None)
    named = None if first is None else first.device
    until = _prevails(policy, notice, facts, now, is_vetoed=named is not None)
    if _ended(policy, notice, facts) <= min(now, until):
        return Standing(course=Course.ENDED, holds_until=NEVER, named=named)
    course = Course.PREVAILS if until <= now else Course.HELD
    return Standing(course=course, holds_until=until, named=named)


def _counting(policy: RecoveryPolicy, notice: Notice, facts: Facts) -> list[Veto]:
    """Return the vetoes that count."""
    return [
        veto
        for veto in facts.vetoes
        if veto.recovery == notice.recovery
        and veto.device in facts.admins
        and _is_fresh(veto.verified)
        and notice.heard <= veto.heard < notice.heard + policy.window_ms
    ]


def _prevails(
    policy: RecoveryPolicy, notice: Notice, facts: Facts, now: Instant, *, is_vetoed: bool
) -> Instant:
    """Return when the shares that were shown by now are enough."""
    first: dict[int, Instant] = {}
    for share in facts.shares:
        if share.recovery == notice.recovery and share.heard <= now:
            first[share.place] = min(share.heard, first.get(share.place, NEVER))
    times = [*sorted(first.values()), NEVER, NEVER]
    enough = times[min(policy.needed, len(times)) - 1]
    one_more = times[min(policy.needed + 1, len(times)) - 1]
    plain = Instant(notice.heard + policy.window_ms)
    # INVARIANT: a veto delays by one window at most; it never decides.
    if not is_vetoed:
        return max(plain, enough)
    doubled = Instant(plain + policy.window_ms)
    return min(max(plain, one_more), max(doubled, enough))


def _ended(policy: RecoveryPolicy, notice: Notice, facts: Facts) -> Instant:
    """Return when a newer policy, or a sign of life against an heir, was first heard."""
    newer = [each.heard for each in facts.policies if each.generation > policy.generation]
    alive = [each.heard for each in facts.uses if _is_fresh(each.verified)]
    lives = [heard for heard in alive if notice.by_heir and heard >= notice.heard]
    return min([*newer, *lives], default=NEVER)


def _last_use(facts: Facts, *, before: Instant) -> int:
    """Return when an own device was last heard of, used by a verified user; 0 for never."""
    heard = [each.heard for each in facts.uses if _is_fresh(each.verified)]
    return max((each for each in heard if each < before), default=0)


def _is_fresh(verified: int | None) -> bool:
    return verified is not None and 0 <= verified <= FRESH_MS
