"""Versions of a document: how much of each author, which is older, and which all have.

- A version maps each author to how many of its units are there; authors without units are not
  named. All of what a unit was made after is in each version that has the unit.
- What is said here needs no document.

Source: docs/spec/48-documents.md sections 2 and 7.
"""

from collections.abc import Iterable, Mapping

from sealhold.model.errors import InvalidEditError

Version = Mapping[int, int]  # of each author, how many units
Span = tuple[int, int, int]  # author, first number, number after the last


def within(older: Version, newer: Version) -> bool:
    """Return whether all of `older` is in `newer`."""
    return all(end <= newer.get(author, 0) for author, end in older.items())


def joined(*versions: Version) -> dict[int, int]:
    """Return the version that has what any of these has."""
    authors = {author for each in versions for author in each}
    return {who: max(each.get(who, 0) for each in versions) for who in authors}


def common(*versions: Version) -> dict[int, int]:
    """Return what all of these have; it is a version, for each holds the past of what it holds."""
    if not versions:
        return {}
    least = {who: min(each.get(who, 0) for each in versions) for who in versions[0]}
    return {who: end for who, end in least.items() if end}


def missing(here: Version, there: Version) -> tuple[Span, ...]:
    """Return what `there` has and `here` has not."""
    return tuple(
        (who, here.get(who, 0), end) for who, end in sorted(there.items()) if here.get(who, 0) < end
    )


def spans_of(units: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """Return units, each an author and a number, as the fewest spans, in order."""
    spans: list[Span] = []
    for author, count in sorted(units):
        if spans and spans[-1][0] == author and spans[-1][2] == count:
            spans[-1] = (author, spans[-1][1], count + 1)
        else:
            spans.append((author, count, count + 1))
    return tuple(spans)


def agreed(acknowledged: Mapping[bytes, Version], living: Iterable[bytes]) -> dict[int, int]:
    """Return where a document may be cut: the version that every living device has acknowledged.

    Args:
        acknowledged: of each device, by its id, the newest version that it said it had kept.
        living: the devices that edit or keep the document, as the membership log has them.

    Raises:
        InvalidEditError: no device lives, so nobody agreed to anything.
    """
    # THREAT T476: a device that never answered holds back the cut, and loses nothing
    devices = list(living)
    if not devices:
        raise InvalidEditError("no device that could have agreed")
    return common(*(acknowledged.get(each, {}) for each in devices))
