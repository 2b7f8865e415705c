"""Where words stand in a document and in its past, so that nothing of them stays when they go.

- Words in a text come together piece by piece, so each state is looked through in which an edit of
  that text was made, and the one that stands. Values are looked through as they were set.

Source: docs/spec/48-documents.md section 12.
"""

from typing import NamedTuple

from sealhold.sharing.devices.docengine import Engine, EngineError
from sealhold.sharing.devices.dochistory import occurrences, saying
from sealhold.sharing.devices.docops import Kind, OpId, Place
from sealhold.sharing.devices.docversions import Span, spans_of


class Said(NamedTuple):
    """Where words stand.

    `spans`: the units that inserted them.
    `keys`: keys of maps that hold them; keys stay.
    """

    spans: tuple[Span, ...]
    keys: frozenset[str]


def units_that_said(engine: Engine, words: str) -> Said:
    """Return which units of a document said words, at any time.

    Raises:
        EngineError: the past is not all kept.
    """
    found = saying(engine.history(), words)
    units = set(found.units)
    places = [Place(Kind.TEXT, stop.text and OpId(*stop.text)) for stop in found.stops]
    # THREAT T510: a word that was typed piece by piece, and deleted since, is found where it stood
    for place, there in zip(
        places, engine.along([[OpId(*stop.unit)] for stop in found.stops]), strict=True
    ):
        units |= _standing(there, place, words)
    for place in set(places):
        units |= _standing(engine, place, words)
    return Said(spans_of(units), found.keys)


def _standing(engine: Engine, place: Place, words: str) -> set[tuple[int, int]]:
    try:
        text = engine.text(place)
    except EngineError:
        return set()  # it was in a container that is not there any more
    ends = {at + each for at in occurrences(text, words) for each in range(len(words))}
    found = (engine.unit_at(place, at) for at in ends)
    return {(each.author, each.number) for each in found if each is not None}
