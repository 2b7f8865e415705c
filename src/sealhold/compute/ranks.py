"""Answers of several parts as one whole number: ranks of multisets, and digits of mixed base.

- A histogram or a list of the largest values leaves as its rank among all that were possible, so
  it passes the same gate and costs just log2 of their number. `unrank` gives the parts back.
- Rank 0 is the empty multiset; every rank below the count belongs to exactly one multiset.

Source: docs/spec/09-leakage.md section 4 (the combinatorial number system, Knuth 7.2.1.3).
"""

from collections.abc import Sequence
from math import comb, prod


def multisets(kinds: int, most: int) -> int:
    """Return how many multisets of at most `most` members there are over `kinds` values."""
    return comb(most + kinds, kinds)


def rank_counts(counts: Sequence[int]) -> int:
    """Return the rank of the multiset in which kind i stands `counts[i]` times."""
    total, place = 0, -1
    for index, count in enumerate(counts, 1):
        place += count + 1
        total += comb(place, index)
    return total


def unrank_counts(rank: int, kinds: int) -> list[int]:
    """Return how often each of `kinds` kinds stands in the multiset of `rank`."""
    places: list[int] = []
    for index in range(kinds, 0, -1):
        place = _largest_place(rank, index)
        places.append(place)
        rank -= comb(place, index)
    places.reverse()
    return [place - before - 1 for before, place in zip([-1, *places], places, strict=False)]


def rank_largest(members: Sequence[int], most: int) -> int:
    """Return the rank of the at most `most` greatest of `members`, which are positions from 0."""
    places = padded(sorted(members)[-most:], most)
    return sum(comb(value + index - 1, index) for index, value in enumerate(places, 1))


def unrank_largest(rank: int, most: int) -> list[int]:
    """Return the positions that `rank_largest` ranked, in ascending order, without padding."""
    found: list[int] = []
    for index in range(most, 0, -1):
        place = _largest_place(rank, index)
        found.append(place - index)
        rank -= comb(place, index)
    return [value for value in reversed(found) if value >= 0]


def padded(members: Sequence[int], most: int) -> list[int]:
    """Return `most` ascending places for positions: each one more, 0 in front where none is."""
    return [0] * (most - len(members)) + [member + 1 for member in sorted(members)]


def join_digits(digits: Sequence[int], bases: Sequence[int]) -> int:
    """Return the number whose digit i, from the most significant on, has base `bases[i]`."""
    number = 0
    for digit, base in zip(digits, bases, strict=True):
        number = number * base + digit
    return number


def split_digits(number: int, bases: Sequence[int]) -> list[int]:
    """Return the digits that `join_digits` joined."""
    digits: list[int] = []
    for base in reversed(bases):
        number, digit = divmod(number, base)
        digits.append(digit)
    return digits[::-1]


def numbers_of(bases: Sequence[int]) -> int:
    """Return how many numbers the digits of these bases can write."""
    return prod(bases)


def _largest_place(rank: int, index: int) -> int:
    """Return the greatest place whose comb(place, index) is at most `rank`."""
    high = index
    while comb(high, index) <= rank:
        high *= 2
    low = index - 1  # comb(index - 1, index) is 0
    while high - low > 1:
        middle = (low + high) // 2
        if comb(middle, index) <= rank:
            low = middle
        else:
            high = middle
    return low
