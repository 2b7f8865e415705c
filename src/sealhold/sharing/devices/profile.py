"""What a device keeps the content of: all, what is recent, pinned or tagged, within a size.

- Every device knows every name, and searches over all; a profile decides on contents alone.
- A content goes from a device only if another one holds it that does not give it away, or a
  back-up. What only this device holds stays, whatever its profile says.
- The same facts give the same answer, in whichever order they come.

Source: docs/spec/47-folders.md section 10.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, Instant


class Which(Enum):
    """The contents that a device keeps beyond those that are pinned or tagged."""

    ALL = "all"
    INDEX = "index"  # none: names and the index alone
    RECENT = "recent"  # what was changed or opened within so many days


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one device keeps."""

    which: Which
    days: int = 0  # of `RECENT`
    tags: frozenset[str] = frozenset()  # what bears one of them is kept
    budget: int | None = None  # bytes; None: no bound

    def __post_init__(self) -> None:
        if (self.which is Which.RECENT) != (self.days > 0):
            raise InvalidError("a profile of recent files says how many days, and no other does")
        if self.budget is not None and self.budget < 0:
            raise InvalidError("a size budget is not negative")


EVERYTHING = Profile(which=Which.ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A version that stands, and what is known of it."""

    version: bytes  # 16 bytes
    size: int  # bytes
    used: Instant  # when it was last changed, or opened on this device
    is_here: bool  # this device holds its content
    is_pinned: bool = False  # on this device
    is_pending: bool = False  # it was made here, and nobody else is known to have it
    tags: frozenset[str] = frozenset()
    holders: frozenset[bytes] = frozenset()  # other devices that said they hold it, and back-ups


@dataclass(frozen=True, slots=True)
class Choice:
    """What a device does about contents."""

    fetch: tuple[bytes, ...]  # versions, the most wanted first
    evict: tuple[bytes, ...]  # versions, the least wanted first
    stuck: frozenset[bytes] = field(default_factory=frozenset)  # unwanted, and held by nobody else
    over: int = 0  # bytes above the budget that cannot go


def choose(
    profile: Profile, items: Iterable[Item], lasting: frozenset[bytes], now: Instant
) -> Choice:
    """Return which versions to fetch and which to let go.

    Args:
        profile: of this device.
        items: the versions that stand.
        lasting: devices and back-ups that keep all they hold: their profile is everything without
            a budget, and they were not removed.
        now: what days are counted from.
    """
    ranked = sorted(items, key=lambda each: _rank(profile, each, now))
    fetch: list[bytes] = []
    evict: list[bytes] = []
    stuck: set[bytes] = set()
    # What cannot go takes its room first.
    taken = sum(each.size for each in ranked if _stays(each, lasting))
    for each in ranked:
        is_wanted = _is_wanted(profile, each, now)
        if _stays(each, lasting):
            if not is_wanted:
                stuck.add(each.version)
            continue
        fits = profile.budget is None or taken + each.size <= profile.budget
        if is_wanted and fits:
            taken += each.size
            if not each.is_here:
                fetch.append(each.version)
        elif each.is_here:
            evict.append(each.version)
    over = 0 if profile.budget is None else max(0, taken - profile.budget)
    return Choice(tuple(fetch), tuple(reversed(evict)), frozenset(stuck), over)


def _stays(item: Item, lasting: frozenset[bytes]) -> bool:
    """Return whether it is here, and may not go, as nobody else is sure to keep it."""
    # INVARIANT: a content that is let go is held by one that keeps all it holds.
    return item.is_here and (item.is_pending or not item.holders & lasting)


def _is_wanted(profile: Profile, item: Item, now: Instant) -> bool:
    if item.is_pinned or item.tags & profile.tags:
        return True
    match profile.which:
        case Which.ALL:
            return True
        case Which.INDEX:
            return False
        case Which.RECENT:
            return now - item.used <= profile.days * DAY


def _rank(profile: Profile, item: Item, now: Instant) -> tuple[bool, bool, bool, int, bytes]:
    """Return what orders items, the most wanted first; the id ends a tie."""
    return (
        not item.is_pinned,
        not item.tags & profile.tags,
        not _is_wanted(profile, item, now),
        -item.used,
        item.version,
    )
