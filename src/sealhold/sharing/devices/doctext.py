"""How one text becomes another: the edits of somebody who wrote the whole anew.

- What is equal at both ends stays; between them lines are compared, in changed lines words, and
  in changed words code points. All of it is bounded, for the texts may be made to take long.
- The edits come from the end to the beginning, so the place of each holds when it is made.

Source: docs/spec/48-documents.md section 6.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from sealhold.sharing.devices.docversions import Span, spans_of

MAX_PARTS = 20_000  # lines, or words, on both sides together; beyond, they are one edit
MAX_POINTS = 40_000  # code points of one side times those of the other, compared one by one
MAX_WORK = 1_000_000  # of such products in one comparison
_WORD = re.compile(r"\s|[^\s]+")


class Edit(NamedTuple):
    """At `at`, `gone` code points give way to `text`."""

    at: int
    gone: int
    text: str


_Inner = Callable[[str, str], Iterable[Edit]]


def difference(old: str, new: str) -> list[Edit]:
    """Return the edits that make `old` into `new`, the last place first."""
    return list(_Comparing().lines(old, new))[::-1]


def carried(base: str, new: str, now: str) -> list[Edit]:
    """Return the edits from `base` to `new` as edits of `now`, which came of `base` too.

    What `now` has lost already is not deleted again, and what it has beside stays.
    """
    places = _places(base, now)
    edits = []
    for at, gone, text in difference(base, new):
        left = [place for place in places[at : at + gone] if place is not None]
        start = left[0] if left else _beside(places, at, at + gone)
        edits += [Edit(place, end - place, "") for _, place, end in reversed(_runs(left))]
        edits.append(Edit(start, 0, text))
    return [each for each in edits if each.gone or each.text]


def _runs(places: Sequence[int]) -> tuple[Span, ...]:
    return spans_of((0, place) for place in places)


def _beside(places: Sequence[int | None], first: int, end: int) -> int:
    """Return where what stands between code points `first` and `end` of the base would stand."""
    for at in range(first - 1, -1, -1):
        before = places[at]
        if before is not None:
            return before + 1
    return next((each for each in islice(places, end, None) if each is not None), 0)


def _places(base: str, now: str) -> list[int | None]:
    """Return of each code point of `base` where it is in `now`, if it is."""
    places: list[int | None] = []
    shift = 0
    for at, gone, text in reversed(difference(base, now)):
        places += range(len(places) + shift, at + shift)
        places += [None] * gone
        shift += len(text) - gone
    return places + list(range(len(places) + shift, len(base) + shift))


def _equal(old: str, new: str) -> int:
    """Return how many code points both begin with."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if old[low:middle] == new[low:middle] else (low, middle - 1)
    return low


class _Comparing:
    """One comparison of two texts, with what it may still spend on single code points."""

    def __init__(self) -> None:
        self._left = MAX_WORK

    def lines(self, old: str, new: str) -> Iterator[Edit]:
        """Yield what differs, in order."""
        return self._parted(old, new, lambda text: text.splitlines(keepends=True), self._words)

    def _words(self, old: str, new: str) -> Iterator[Edit]:
        return self._parted(old, new, _WORD.findall, self._points)

    def _points(self, old: str, new: str) -> Iterator[Edit]:
        work = len(old) * len(new)
        if work > min(MAX_POINTS, self._left):
            yield Edit(0, len(old), new)
            return
        self._left -= work
        for start, stop, first, last in _changes(old, new):
            yield Edit(start, stop - start, new[first:last])

    def _parted(
        self, old: str, new: str, parts: Callable[[str], list[str]], inner: _Inner
    ) -> Iterator[Edit]:
        head = _equal(old, new)
        tail = _equal(old[head:][::-1], new[head:][::-1])
        ones, others = parts(old[head : len(old) - tail]), parts(new[head : len(new) - tail])
        if len(ones) + len(others) > MAX_PARTS:
            yield Edit(head, len(old) - tail - head, new[head : len(new) - tail])
            return
        at, place = head, 0
        for start, stop, first, last in _changes(ones, others):
            at += sum(map(len, ones[place:start]))
            gone, text = "".join(ones[start:stop]), "".join(others[first:last])
            found = inner(gone, text) if gone and text else (Edit(0, len(gone), text),)
            yield from (Edit(at + each.at, each.gone, each.text) for each in found)
            at, place = at + len(gone), stop


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    matcher = SequenceMatcher(None, old, new, autojunk=not isinstance(old, str))
    return (each[1:] for each in matcher.get_opcodes() if each[0] != "equal")
