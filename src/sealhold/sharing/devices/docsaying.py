"""Where words stand in a document and in its past, so that nothing of them stays when they go.

- Words in a text come together piece by piece, so each state is looked through in which an edit of
  that text was made, that somebody saw who wrote, or that can be shown. Values are looked
  through as they were set.

Source: docs/spec/48-documents.md section 12.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sealhold.sharing.devices.docengine import Engine, EngineError
from sealhold.sharing.devices.dochistory import Stop, occurrences, saying
from sealhold.sharing.devices.docops import Kind, OpId, Place
from sealhold.sharing.devices.docversions import Span, Version, spans_of, within


class Said(NamedTuple):
    """Where words stand.

    `spans`: the units that inserted them.
    `keys`: keys of maps that hold them; keys stay.
    """

    spans: tuple[Span, ...]
    keys: frozenset[str]


def units_that_said(engine: Engine, words: str, versions: Iterable[Version] = ()) -> Said:
    """Return which units of a document said words, at any time.

    Args:
        engine: the document.
        words: what is looked for.
        versions: in which its texts are looked through, too: those that can be shown.

    Raises:
        EngineError: the past is not all kept.
    """
    found = saying(engine.history(), words)
    units = set(found.units)
    stops = [(OpId(*each.unit), _place(each)) for each in found.stops]
    places = {place for _, place in stops}
    wanted: defaultdict[tuple[OpId, ...], set[Place]] = defaultdict(set)
    for unit, place in stops:
        wanted[unit,].add(place)
    # THREAT T510: the engine joins edits of several writes, and what came together of two people's
    # is in no edit at all: each state is looked through that somebody saw, or can be shown
    for heads in found.seen:
        wanted[tuple(OpId(*each) for each in heads)] |= places
    for version in versions:
        if within(version, engine.version()):
            wanted[engine.heads_of(version)] |= places
    # THREAT T510: a word that was typed piece by piece, and deleted since, is found where it stood
    for some, there in zip(wanted.values(), engine.along(wanted), strict=True):
        for place in some:
            units |= _standing(there, place, words)
    for place in places:
        units |= _standing(engine, place, words)
    return Said(spans_of(units), found.keys)


def _place(stop: Stop) -> Place:
    return Place(Kind.TEXT, stop.text and OpId(*stop.text))


def _standing(engine: Engine, place: Place, words: str) -> set[tuple[int, int]]:
    try:
        text = engine.text(place)
    except EngineError:
        return set()  # it was in a container that is not there any more
    ends = {at + each for at in occurrences(text, words) for each in range(len(words))}
    found = (engine.unit_at(place, at) for at in ends)
    return {(each.author, each.number) for each in found if each is not None}
