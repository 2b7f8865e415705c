"""Edits that make a document as it was, and edits that take words out of it.

- An earlier version comes back as edits of today: what was written since stays in the past.
- What goes is deleted where it stands; from the past it goes with a new lineage.

Source: docs/spec/48-documents.md section 12.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from sealhold.sharing.devices.docediting import LIST, MAP, TEXT
from sealhold.sharing.devices.dochistory import holds
from sealhold.sharing.devices.docops import Kind, Place
from sealhold.sharing.devices.docsaying import Said
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docversions import Version, spans_of

_Value = Any  # reason: a plain value of a document


def match(document: Document, content: Mapping[str, _Value]) -> None:
    """Make a document hold `content`, by edits; what is equal is not touched.

    Containers within it come back as plain values.

    Raises:
        InvalidEditError: a value is larger than one may be.
    """
    document.write(content["text"], TEXT)
    now = document.content()
    wanted: Mapping[str, _Value] = content["map"]
    for key in now["map"].keys() - wanted.keys():
        document.drop(key, MAP)
    for key, value in wanted.items():
        if key not in now["map"] or _form(now["map"][key]) != _form(value):
            document.put(key, value, MAP)
    _match_list(document, now["list"], content["list"])


def strike(document: Document, words: str, versions: Sequence[Version] = ()) -> Said:
    """Delete words where they stand; return all units that ever were part of them.

    What a document said of them before goes from texts letter by letter, too. Where what is left
    comes together to the same words again, that goes as well. `versions` are looked through, too.

    Raises:
        InvalidEditError: the past is not all kept.
    """
    # THREAT T510: letters that are left may come together to the same words: until none stands
    said, before = document.said(words, versions), None
    while said != before:
        _strike(document, words, said)
        said, before = document.said(words, versions), said
    return said


def _strike(document: Document, words: str, said: Said) -> None:
    gone = {(author, n) for author, first, end in said.spans for n in range(first, end)}
    for place, value in list(_containers(document)):
        if place.kind is Kind.TEXT:
            units = document.units_of(place)
            runs = spans_of((0, at) for at, unit in enumerate(units) if unit in gone)
            for _, first, end in reversed(runs):
                document.delete(first, end - first, place)
        elif place.kind is Kind.MAP:
            for key, each in value.items():
                if document.child(place, key) is None and holds(each, words):
                    document.drop(key, place)
        else:
            for at in reversed(range(len(value))):
                if document.child(place, at) is None and holds(value[at], words):
                    document.remove(at, 1, place)


def _match_list(document: Document, now: Sequence[_Value], wanted: Sequence[_Value]) -> None:
    before, after = [_form(each) for each in now], [_form(each) for each in wanted]
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for what, start, stop, first, last in reversed(changes):
        if what != "equal":
            document.remove(start, stop - start, LIST)
            for each in reversed(wanted[first:last]):
                document.add(start, each, LIST)


def _form(value: _Value) -> str:
    return json.dumps(value, sort_keys=True)


def _containers(document: Document) -> Iterator[tuple[Place, _Value]]:
    """Yield all containers of a document, and what each holds."""
    content = document.content()
    left: list[tuple[Place, _Value]] = [
        (TEXT, content["text"]),
        (MAP, content["map"]),
        (LIST, content["list"]),
    ]
    while left:
        place, value = left.pop()
        yield place, value
        if place.kind is not Kind.TEXT:
            pairs = value.items() if place.kind is Kind.MAP else enumerate(value)
            for key, each in pairs:
                inner = document.child(place, key)
                if inner is not None:
                    left.append((inner, each))
