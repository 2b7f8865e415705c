"""What an edit of a document is: operations, changes and entries, and their one byte form.

- Operations are edits as an author made them: positions in the state that the author saw. Nothing
  of the engine's own byte formats is in them.
- An entry is one author's span of numbers without a gap. Each change says what it was made after.
- The decoder is strict and bounded: what it returns can be counted and held in memory.

Source: docs/spec/48-documents.md sections 3 and 4.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import InvalidEditError, InvalidEncodingError, TamperedError

FORM = 1
MAX_ENTRY = 900_000  # bytes of one entry; sealed, it stands in an entry of a log
MAX_OPS = 65_536  # operations of one entry
MAX_HEADS = 64  # what one change can be made after
MAX_CHANGES = 1_024  # of one entry
MAX_KEY = 1_024  # code points of a key of a map
MAX_DEPTH = 16  # lists and maps within a plain value
MAX_COUNT = (1 << 31) - (1 << 21)  # units of one author; the engine counts in 31 bits
MAX_AUTHOR = (1 << 64) - 2
_I64 = 1 << 63
CONTAINER_MARK = "\N{PARROT}:"  # with which the engine's own history names a container

Value = Any  # reason: None, bool, int, float, str, or a list or map of those


class Kind(IntEnum):
    """What a container holds."""

    TEXT = 0
    MAP = 1
    LIST = 2


class OpId(NamedTuple):
    """One unit of one author: a code point, a value, or a deletion of one."""

    author: int
    number: int


class Place(NamedTuple):
    """A container: one of the three roots, or the one that a unit made."""

    kind: Kind
    made_by: OpId | None = None


class New(NamedTuple):
    """Instead of a value: a container of its own."""

    kind: Kind


class Insert(NamedTuple):
    """Text before the code point at `at`."""

    place: Place
    at: int
    text: str


class Delete(NamedTuple):
    """Code points of a text."""

    place: Place
    at: int
    length: int


class Put(NamedTuple):
    """A value, or a new container, under a key of a map."""

    place: Place
    key: str
    value: Value


class Drop(NamedTuple):
    """Nothing any more under a key of a map."""

    place: Place
    key: str


class Add(NamedTuple):
    """A value, or a new container, before the one at `at` of a list."""

    place: Place
    at: int
    value: Value


class Remove(NamedTuple):
    """Values of a list."""

    place: Place
    at: int
    length: int


class Move(NamedTuple):
    """The value at `at` of a list, to where `to` is."""

    place: Place
    at: int
    to: int


class Swap(NamedTuple):
    """Another value, or a new container, at `at` of a list."""

    place: Place
    at: int
    value: Value


Op = Insert | Delete | Put | Drop | Add | Remove | Move | Swap
_OPS: tuple[type[Op], ...] = (Insert, Delete, Put, Drop, Add, Remove, Move, Swap)
_CODES = {form: code for code, form in enumerate(_OPS)}
_KINDS = (Kind.TEXT, Kind.TEXT, Kind.MAP, Kind.MAP, Kind.LIST, Kind.LIST, Kind.LIST, Kind.LIST)


@dataclass(frozen=True, slots=True)
class Change:
    """Operations made in one go; `after` is empty if they follow the author's own last unit."""

    after: tuple[OpId, ...]
    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """The units of `author` from number `start` on."""

    author: int
    start: int
    changes: tuple[Change, ...]

    @property
    def end(self) -> int:
        """The number after its last unit."""
        return self.start + sum(units(op) for each in self.changes for op in each.ops)


def units(op: Op) -> int:
    """Return how many numbers of its author an operation takes."""
    if isinstance(op, Insert):
        return len(op.text)
    return op.length if isinstance(op, Delete | Remove) else 1


def packed(entry: Entry) -> bytes:
    """Return the bytes of an entry."""
    changes = [[list(map(list, each.after)), list(map(_plain, each.ops))] for each in entry.changes]
    return pack([FORM, entry.author, entry.start, changes])


def unpacked(data: bytes) -> Entry:
    """Return the entry that `data` is.

    Raises:
        TamperedError: not an entry, or beyond a limit.
    """
    # THREAT T473: counted before anything is done with it
    if len(data) > MAX_ENTRY:
        raise TamperedError(f"an entry of {len(data)} bytes, at most {MAX_ENTRY}")
    try:
        form, author, start, changes = unpack_own(data)
        if form != FORM:
            raise TamperedError(f"an entry of the unknown form {form!r:.20}")
        if len(changes) > MAX_CHANGES or sum(len(ops) for _, ops in changes) > MAX_OPS:
            raise TamperedError("an entry of too many changes or operations")
        entry = Entry(
            _number(author, MAX_AUTHOR), _number(start, MAX_COUNT), tuple(map(_change, changes))
        )
        again = packed(entry)
    except (InvalidEncodingError, InvalidEditError, ValueError, TypeError, RecursionError) as err:
        raise TamperedError("not an entry of a document") from err
    if again != data:
        raise TamperedError("an entry in another form than its one")
    if not entry.changes or entry.end > MAX_COUNT:
        raise TamperedError("an entry without a change, or with too high numbers")
    return entry


def checked(value: Value, depth: int = MAX_DEPTH) -> Value:
    """Return a plain value that a document can hold.

    Raises:
        InvalidEditError: of another type, nested too deep, or a number out of range.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        fits = -_I64 <= value < _I64
    elif isinstance(value, float):
        fits = math.isfinite(value)
    elif isinstance(value, str):
        fits = is_text(value) and not value.startswith(CONTAINER_MARK)
    elif isinstance(value, list):
        fits = depth > 0
        for each in value if fits else ():
            checked(each, depth - 1)
    else:
        fits = isinstance(value, dict) and depth > 0
        for key, each in value.items() if fits else ():
            checked_key(key)
            checked(each, depth - 1)
    if not fits:
        raise InvalidEditError("a value that a document cannot hold")
    return value


def checked_key(key: Value) -> str:
    """Return a key that a map can have.

    Raises:
        InvalidEditError: not text, too long, or half a character.
    """
    if not isinstance(key, str) or len(key) > MAX_KEY or not is_text(key):
        raise InvalidEditError("not a key of a map")
    return key


def is_text(text: str) -> bool:
    """Return whether there is no half of a character in `text`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(op: Op) -> list[Value]:
    place = 0 if op.place.made_by is None else list(op.place.made_by)
    rest = list(op[1:])
    if isinstance(op, Put | Add | Swap):
        rest[1:] = [1, int(op.value.kind)] if isinstance(op.value, New) else [0, op.value]
    return [_CODES[type(op)], place, *rest]


def _change(plain: Value) -> Change:
    after, ops = plain
    if len(after) > MAX_HEADS or not ops:
        raise TamperedError("a change without an operation, or after too much")
    heads = tuple(map(_op_id, after))
    if list(heads) != sorted(set(heads)):
        raise TamperedError("what a change was made after is not in order")
    return Change(heads, tuple(map(_op, ops)))


def _op_id(plain: Value) -> OpId:
    author, number = plain
    return OpId(_number(author, MAX_AUTHOR), _number(number, MAX_COUNT))


def _op(plain: Value) -> Op:
    code, made_by, *rest = plain
    code = _number(code, len(_OPS) - 1)
    place = Place(_KINDS[code], None if made_by == 0 else _op_id(made_by))
    return _READERS[code](place, *rest)


def _insert(place: Place, at: Value, text: Value) -> Op:
    if not isinstance(text, str) or not text:
        raise TamperedError("an insertion of no text")
    return Insert(place, _number(at), text)


def _delete(place: Place, at: Value, length: Value) -> Op:
    return Delete(place, _number(at), _number(length, least=1))


def _put(place: Place, key: Value, made: Value, value: Value) -> Op:
    return Put(place, checked_key(key), _value(made, value))


def _drop(place: Place, key: Value) -> Op:
    return Drop(place, checked_key(key))


def _add(place: Place, at: Value, made: Value, value: Value) -> Op:
    return Add(place, _number(at), _value(made, value))


def _remove(place: Place, at: Value, length: Value) -> Op:
    return Remove(place, _number(at), _number(length, least=1))


def _move(place: Place, at: Value, to: Value) -> Op:
    return Move(place, _number(at), _number(to))


def _swap(place: Place, at: Value, made: Value, value: Value) -> Op:
    return Swap(place, _number(at), _value(made, value))


_READERS: tuple[Callable[..., Op], ...] = (
    _insert,
    _delete,
    _put,
    _drop,
    _add,
    _remove,
    _move,
    _swap,
)


def _value(made: Value, value: Value) -> Value:
    return New(Kind(_number(value, 2))) if _number(made, 1) else checked(value)


def _number(plain: Value, most: int = MAX_COUNT, *, least: int = 0) -> int:
    if type(plain) is not int or not least <= plain <= most:
        raise TamperedError("a number out of range")
    return plain
