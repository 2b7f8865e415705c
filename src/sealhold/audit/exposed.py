"""What a removed device had of one collection, as a line of an exposure receipt.

- Each number is what the device that issues the receipt knows, at the moment before the removal: it
  is counted, and nothing in it is estimated.

Source: docs/spec/06-receipts.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from sealhold.audit.forms import COUNT, FLAG, ID, TEXT, Form, word
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import Id16

MAX_LINES = 10_000  # collections of one receipt


class Keeps(StrEnum):
    """Which contents a device had said of itself that it keeps."""

    ALL = "all"  # or it said nothing: a device keeps all unless it says otherwise
    SOME = "some"  # which, it tells nobody: `versions` is what it could have
    NOTHING = "nothing"  # it holds no keys


class Limit(StrEnum):
    """What a removal is, and what it is not."""

    NEW_DATA = "this stops new data; it does not reach into that machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """What a device had of a collection."""

    collection: Id16
    name: str  # of the collection
    entries: int  # by the device, that were heard of
    last: int | None  # time of the newest of those by its own clock, in milliseconds; None: none
    epochs: int  # whose secret it was given
    objects: int  # that were shown
    versions: int  # of contents, those of the history too, whose keys it had
    keeps: Keeps
    others: int  # other devices, each of which writes so that it can read, until it hears
    ends: bool  # False: the collection is another person's, who has to hear of it first


_FORMS: Mapping[str, Form] = {
    "collection": ID,
    "name": TEXT,
    "entries": COUNT,
    "last": COUNT,
    "epochs": COUNT,
    "objects": COUNT,
    "versions": COUNT,
    "keeps": word(Keeps),
    "others": COUNT,
    "ends": FLAG,
}
_NAMES = {field.name for field in fields(Exposed)}


def _write_one(one: Exposed) -> Plain:
    tree: dict[str, Plain] = {}
    for name, form in _FORMS.items():
        value = getattr(one, name)
        tree[name] = None if value is None else form.write(value)
    return tree


def _read_one(tree: Plain) -> Exposed:
    if not isinstance(tree, dict) or tree.keys() != _NAMES:
        raise InvalidEncodingError("a line of an exposure receipt with other fields")
    values: dict[str, Plain] = {
        name: None if name == "last" and tree[name] is None else form.read(tree[name])
        for name, form in _FORMS.items()
    }
    return Exposed(**values)


def _write_all(lines: Plain) -> Plain:
    return [_write_one(each) for each in lines]


def _read_all(tree: Plain) -> tuple[Exposed, ...]:
    if not isinstance(tree, list) or not 1 <= len(tree) <= MAX_LINES:
        raise InvalidEncodingError("no list of what a device had")
    found = tuple(_read_one(each) for each in tree)
    ids = [each.collection for each in found]
    # INVARIANT: one collection stands once, in the order of ids, so there is one form.
    if ids != sorted(set(ids)):
        raise InvalidEncodingError("what a device had is not in order")
    return found


EXPOSED = Form(_write_all, _read_all)
