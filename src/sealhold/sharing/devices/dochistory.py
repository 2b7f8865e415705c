"""The history of a document with words taken out of it, unit for unit.

- What stays keeps its number and its place, so edits that were made on the old history fit the
  new one.
- The history is the engine's own, in its JSON form; it never comes from elsewhere.

Source: docs/spec/48-documents.md section 8.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sealhold.sharing.devices.docops import CONTAINER_MARK

BLANK = "\N{REPLACEMENT CHARACTER}"

Gone = Callable[[int, int], bool]  # author and number of a unit: does what it inserted go?
_Plain = Any  # reason: a JSON tree of the engine


def redacted_history(text: str, gone: Gone) -> str:
    """Return the history `text` without what the units that are `gone` inserted."""
    history = json.loads(text)
    authors = [int(each) for each in history["peers"]]
    for change in history["changes"]:
        author = authors[int(change["id"].partition("@")[2])]
        for op in change["ops"]:
            _redact(op["content"], author, op["counter"], gone)
    return json.dumps(history, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What a history tells of its units.

    `texts`: of each text, the units that inserted something; the root is None, others are named
    by the unit that made them.
    `values_given_way`: units that set a value under a key where another one stands now, or none.
    """

    texts: dict[tuple[int, int] | None, set[tuple[int, int]]]
    values_given_way: set[tuple[int, int]]


def told_history(text: str) -> Told:
    """Return what the history `text` tells of its units."""
    history = json.loads(text)
    authors = [int(each) for each in history["peers"]]
    texts: dict[tuple[int, int] | None, set[tuple[int, int]]] = {}
    written: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for change in history["changes"]:
        first, _, index = change["id"].partition("@")
        author = authors[int(index)]
        for op in change["ops"]:
            content, count = op["content"], op["counter"]
            if "text" in content:
                units = {(author, count + at) for at in range(len(content["text"]))}
                texts.setdefault(_name(op["container"], authors), set()).update(units)
            elif "key" in content:
                time = change["lamport"] + count - int(first)
                written.setdefault((op["container"], content["key"]), []).append(
                    (time, author, count)
                )
    given_way = {
        (author, count) for each in written.values() for _, author, count in sorted(each)[:-1]
    }
    return Told(texts, given_way)


class Stop(NamedTuple):
    """A text right after an operation on it."""

    unit: tuple[int, int]  # the last of the operation: author and number
    text: tuple[int, int] | None  # as in `Told.texts`


@dataclass(frozen=True, slots=True)
class Saying:
    """Where a history says some words.

    `units`: those of values that hold them, and of insertions that hold them whole.
    `stops`: where texts are to be looked through, for words that came together piece by piece.
    `seen`: heads of what somebody saw who wrote: all texts are to be looked through there.
    `keys`: keys of maps that hold them, which stay.
    """

    units: frozenset[tuple[int, int]]
    stops: tuple[Stop, ...]
    seen: frozenset[tuple[tuple[int, int], ...]]
    keys: frozenset[str]


def saying(text: str, words: str) -> Saying:
    """Return where the history `text` says `words`."""
    history = json.loads(text)
    authors = [int(each) for each in history["peers"]]
    units: set[tuple[int, int]] = set()
    keys: set[str] = set()
    stops: list[Stop] = []
    seen: set[tuple[tuple[int, int], ...]] = set()
    for change in history["changes"]:
        author = authors[int(change["id"].partition("@")[2])]
        if change["deps"]:
            seen.add(tuple(_unit(each, authors) for each in change["deps"]))
        for op in change["ops"]:
            content, count = op["content"], op["counter"]
            if "text" in content or "len" in content:
                length = len(content["text"]) if "text" in content else abs(content["len"])
                if op["container"].endswith(":Text"):
                    last = (author, count + length - 1)
                    stops.append(Stop(last, _name(op["container"], authors)))
                found = occurrences(content.get("text", ""), words)
                units |= {(author, count + at + n) for at in found for n in range(len(words))}
            elif "value" in content:
                is_list = content["type"] == "insert" and "pos" in content
                many = content["value"] if is_list else [content["value"]]
                units |= {(author, count + n) for n, each in enumerate(many) if holds(each, words)}
            if words in content.get("key", ""):
                keys.add(content["key"])
    return Saying(frozenset(units), tuple(stops), frozenset(seen), frozenset(keys))


def occurrences(text: str, words: str) -> list[int]:
    """Return where a text holds words; they may overlap."""
    found, at = list[int](), text.find(words)
    while at >= 0:
        found.append(at)
        at = text.find(words, at + 1)
    return found


def holds(value: _Plain, words: str) -> bool:
    """Return whether a plain value holds words: in a text, a key, or a number as it is written."""
    match value:
        case dict():
            return any(words in key or holds(each, words) for key, each in value.items())
        case list():
            return any(holds(each, words) for each in value)
        case str():
            return not value.startswith(CONTAINER_MARK) and words in value
        case None:
            return False
        case _:
            return words in json.dumps(value)


def _name(container: str, authors: Sequence[int]) -> tuple[int, int] | None:
    """Return which unit made a container: `cid:7@0:Text` is the 7th of the first author."""
    if container.startswith("cid:root-"):
        return None
    return _unit(container.removeprefix("cid:").partition(":")[0], authors)


def _unit(name: str, authors: Sequence[int]) -> tuple[int, int]:
    """Return author and number of a unit: `7@0` is the 7th of the first author."""
    count, _, index = name.partition("@")
    return authors[int(index)], int(count)


def _redact(content: _Plain, author: int, first: int, gone: Gone) -> None:
    if "text" in content:
        content["text"] = "".join(
            BLANK if gone(author, first + at) else each for at, each in enumerate(content["text"])
        )
    elif "value" in content:
        value = content["value"]
        if content["type"] == "insert" and "pos" in content:  # of a list: a value for each unit
            content["value"] = [
                _blank(each) if gone(author, first + at) else each for at, each in enumerate(value)
            ]
        elif gone(author, first):
            content["value"] = _blank(value)


def _blank(value: _Plain) -> _Plain:
    is_container = isinstance(value, str) and value.startswith(CONTAINER_MARK)
    return value if is_container else None
