"""The history of a document with words taken out of it, unit for unit.

- What stays keeps its number and its place, so edits that were made on the old history fit the
  new one.
- The history is the engine's own, in its JSON form; it never comes from elsewhere.

Source: docs/spec/48-documents.md section 8.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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


def _name(container: str, authors: Sequence[int]) -> tuple[int, int] | None:
    """Return which unit made a container: `cid:7@0:Text` is the 7th of the first author."""
    if container.startswith("cid:root-"):
        return None
    count, _, index = container.removeprefix("cid:").partition(":")[0].partition("@")
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
