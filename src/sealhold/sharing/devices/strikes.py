"""Which removals count, where some void others: one answer, whichever came first.

- A removal counts if nothing that counts voids it, and does not if something that counts does.
- Where that gives no answer, removals void each other in a ring: all of that ring clash.

Source: docs/spec/12-membership.md section 6.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto


class Verdict(Enum):
    """What becomes of a removal."""

    COUNTS = auto()
    VOID = auto()
    CLASHES = auto()


def judge(
    voided_by: Mapping[int, AbstractSet[int]], clashing: AbstractSet[int]
) -> tuple[dict[int, Verdict], list[frozenset[int]]]:
    """Return what becomes of each removal, and each ring that was found.

    Args:
        voided_by: for each removal those that void it, if they count.
        clashing: those that are known to clash.
    """
    verdicts = dict.fromkeys(clashing, Verdict.CLASHES)
    rings: list[frozenset[int]] = []
    voids: dict[int, list[int]] = {each: [] for each in voided_by}
    for each, others in voided_by.items():
        for other in others:
            voids[other].append(each)
    while True:
        _settle(voided_by, voids, verdicts)
        open_ones = voided_by.keys() - verdicts.keys()
        if not open_ones:
            return verdicts, rings
        for ring in _first(voided_by, voids, open_ones):
            rings.append(ring)
            verdicts |= dict.fromkeys(ring, Verdict.CLASHES)


def _settle(
    voided_by: Mapping[int, AbstractSet[int]],
    voids: Mapping[int, Sequence[int]],
    verdicts: dict[int, Verdict],
) -> None:
    """Add each verdict that follows from those that stand."""
    left = {
        each: sum(verdicts.get(other) is not Verdict.VOID for other in others)
        for each, others in voided_by.items()
    }
    waiting = list(verdicts)
    for each, count in left.items():
        if each not in verdicts and count == 0:
            verdicts[each] = Verdict.COUNTS
            waiting.append(each)
    while waiting:
        each = waiting.pop()
        for other in voids[each]:
            if other in verdicts:
                continue
            if verdicts[each] is not Verdict.VOID:
                verdicts[other] = Verdict.VOID
                waiting.append(other)
                for further in voids[other]:
                    left[further] -= 1
                    if left[further] == 0 and further not in verdicts:
                        verdicts[further] = Verdict.COUNTS
                        waiting.append(further)


def _first(
    voided_by: Mapping[int, AbstractSet[int]],
    voids: Mapping[int, Sequence[int]],
    open_ones: AbstractSet[int],
) -> list[frozenset[int]]:
    """Return the rings of `open_ones` that nothing outside of them may void."""
    order: list[int] = []
    seen: set[int] = set()
    for start in sorted(open_ones):  # depth first, without recursion
        stack = [(start, iter(voids[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            each, following = stack[-1]
            onward = next((n for n in following if n in open_ones and n not in seen), None)
            if onward is None:
                order.append(each)
                stack.pop()
            else:
                seen.add(onward)
                stack.append((onward, iter(voids[onward])))
    found: list[frozenset[int]] = []
    taken: set[int] = set()
    for start in reversed(order):  # against the arrows: a ring at a time
        if start in taken:
            continue
        ring, waiting = {start}, [start]
        while waiting:
            more = (voided_by[waiting.pop()] & open_ones) - taken - ring
            ring |= more
            waiting += more
        taken |= ring
        if all(voided_by[each] & open_ones <= ring for each in ring):
            found.append(frozenset(ring))
    return found
