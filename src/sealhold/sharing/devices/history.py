"""Which versions of a file are kept, and how a file, a folder or all stood at a time.

- All versions of the last 30 days are kept; beyond, the last content of each day to a year, and
  of each month before that. What stands and what is held is kept.
- Thinning drops contents. The rows of versions stay, or what they followed would stand again.
- How something stood at a time follows from versions and operations alone.

Source: docs/spec/47-folders.md section 9.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from sealhold.model.quantities import DAY, Instant, Millis, utc
from sealhold.sharing.devices.conflict import Standing, Version, heads, standing
from sealhold.sharing.devices.filenames import LINUX, Holds
from sealhold.sharing.devices.namespace import Shown, Tree
from sealhold.sharing.devices.treeops import Op

NONE: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long versions are kept."""

    every: Millis  # all of them
    daily: Millis  # the last of each day (UTC); beyond, of each month


RULE = Keeping(every=Millis(30 * DAY), daily=Millis(365 * DAY))


@dataclass(frozen=True, slots=True)
class Restored:
    """How a collection, or a part of it, stood at a time."""

    shown: Mapping[bytes, Shown]  # folders before what they hold
    versions: Mapping[bytes, Version]  # of each file that is shown
    dropped: frozenset[bytes]  # files whose content of then was thinned or erased


def to_drop(
    versions: Iterable[Version],
    now: Instant,
    *,
    held: Container[bytes] = NONE,
    keeping: Keeping = RULE,
) -> frozenset[bytes]:
    """Return the versions of one file whose content may be dropped.

    Args:
        versions: all that are known.
        now: what ages are counted from; not of a clock that is skewed.
        held: ids of versions that a duty, a pin or an older device needs.
        keeping: how long.
    """
    known = list(versions)
    kept = {each.id for each in heads(known)}
    last: dict[object, Version] = {}
    for each in known:
        # INVARIANT: what is told to be from the future is young, not old.
        age = now - each.time.ms
        if age < keeping.every or each.id in held:
            kept.add(each.id)
        elif each.content is not None:
            day = utc(Instant(each.time.ms)).date()
            span = day if age < keeping.daily else (day.year, day.month)
            if span not in last or last[span].order < each.order:
                last[span] = each
    kept.update(each.id for each in last.values())
    return frozenset(each.id for each in known if each.id not in kept and each.content is not None)


def standing_at(versions: Iterable[Version], at: Instant) -> Standing:
    """Return what held of one file at a time: from the versions that were made until then."""
    return standing(each for each in versions if each.time.ms <= at)


def tree_at(ops: Iterable[Op], at: Instant) -> Tree:
    """Return the tree of a collection at a time."""
    return Tree(op for op in ops if op.time.ms <= at)


def restored(
    ops: Iterable[Op],
    versions: Callable[[bytes], Iterable[Version]],
    at: Instant,
    *,
    top: bytes | None = None,
    dropped: Container[bytes] = NONE,
    holds: Holds = LINUX,
) -> Restored:
    """Return how a collection stood at a time, or what then lay in one folder, or one file.

    Args:
        ops: all operations of the tree.
        versions: gives all versions of a file.
        at: the time.
        top: the folder or file that is asked for; None for the whole collection.
        dropped: ids of versions whose content is gone.
        holds: which names the file system can hold.
    """
    tree = tree_at(ops, at)
    stood = {thing: standing_at(versions(thing), at) for thing in tree.objects()}
    edited = {thing for thing, each in stood.items() if each.is_edit_over_delete}
    shown = tree.shown(edited, holds)
    if top is not None:
        path = shown[top].path if top in shown else None
        shown = {
            thing: each
            for thing, each in shown.items()
            if path is not None and each.path[: len(path)] == path
        }
    found: dict[bytes, Version] = {}
    lost: set[bytes] = set()
    for thing, each in shown.items():
        version = stood[thing].shown
        if each.is_folder or version is None:
            continue
        if version.id in dropped:
            lost.add(thing)
        else:
            found[thing] = version
    return Restored(shown, found, frozenset(lost))
