"""What an entry of a log tells: operations on the objects of a collection.

- Each is a list whose first element is its code; an unknown code, a missing or odd field is refused
  before anything is applied.
- Words stand in none of them in clear: names, contents and notes are sealed under keys that are not
  in the log.

Source: docs/spec/11-exchange-and-op-log.md section 3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sealhold.crypto.seal import GCM_TAG_BYTES, SEAL_BYTES, WRAP_BYTES
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.docops import MAX_ENTRY
from sealhold.sharing.devices.treeops import ROOT, OpKind
from sealhold.stores.packs import LARGEST
from sealhold.vault.chunkplaces import HASH_BYTES

MAX_PARENTS = 64
MAX_SEALED = 131_072  # bytes of a sealed version
MAX_NAME = 1_184  # bytes of a sealed name: 255 characters of four bytes, padded, salt and tag
MAX_KIND = 32
MAX_TURN = 4_096
MAX_THINNED = 4_096  # versions
MAX_MOVES = 65_536  # chunks of a pack
_AROUND = 64  # bytes of an operation beside what is sealed in it, and the versions before it
MAX_EDITS = MAX_ENTRY + ID_BYTES + GCM_TAG_BYTES  # bytes of sealed edits: salt before, tag behind


class PutOp(msgspec.Struct, frozen=True):
    """A version of an object."""

    object: bytes
    version: bytes
    parents: tuple[bytes, ...]
    sealed: bytes


class PlaceOp(msgspec.Struct, frozen=True):
    """Where an object stands, and under which name."""

    how: OpKind
    object: bytes
    parent: bytes | None
    sealed: bytes | None  # its name


@dataclass(frozen=True, slots=True)
class KeysOp:
    """A segment of the key bag, and its key under the bag's."""

    segment: bytes
    bag: bytes
    wrap: bytes


@dataclass(frozen=True, slots=True)
class EraseOp:
    """An object that is gone for good."""

    object: bytes


@dataclass(frozen=True, slots=True)
class NoteOp:
    """A state of the collection that is no object."""

    kind: str
    key: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class DocOp:
    """Edits of a document: an entry of it, sealed under a key of its lineage."""

    lineage: bytes
    turn: int  # which number of its log the author edits under
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ThinOp:
    """Versions of an object whose content need not be kept any more."""

    object: bytes
    versions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PackOp:
    """A pack that goes, and where those of its chunks are that stay."""

    old: bytes  # 32, its hash
    new: bytes | None  # 32; None: nothing of it stays
    moves: tuple[tuple[int, int], ...]  # offset in the old pack, offset in the new one


Operation = PutOp | PlaceOp | KeysOp | EraseOp | NoteOp | DocOp | ThinOp | PackOp


def encode(op: Operation) -> list[Plain]:
    """Return the list that stands for an operation."""
    match op:
        case PutOp():
            return [1, op.object, op.version, list(op.parents), op.sealed]
        case PlaceOp():
            return [2, int(op.how), op.object, op.parent, op.sealed]
        case KeysOp():
            return [3, op.segment, op.bag, op.wrap]
        case EraseOp():
            return [4, op.object]
        case NoteOp():
            return [5, op.kind, op.key, op.sealed]
        case DocOp() | ThinOp() | PackOp():
            return _encode_other(op)


def size_of(op: Operation) -> int:
    """Return how many bytes an operation has in an entry, or a few more."""
    if isinstance(op, PutOp):
        return _AROUND + len(op.sealed) + (ID_BYTES + 1) * len(op.parents)
    if isinstance(op, PlaceOp):
        return _AROUND + len(op.sealed or b"")
    return len(pack(encode(op)))


def _encode_other(op: DocOp | ThinOp | PackOp) -> list[Plain]:
    match op:
        case DocOp():
            return [6, op.lineage, op.turn, op.sealed]
        case ThinOp():
            return [7, op.object, list(op.versions)]
        case PackOp():
            return [8, op.old, op.new, [list(each) for each in op.moves]]


def decode(told: Plain) -> Operation:
    """Return the operation that a list stands for.

    Raises:
        InvalidEncodingError: an unknown code, or a field that is not as it must be.
    """
    if not isinstance(told, list) or not told or type(told[0]) is not int:
        raise InvalidEncodingError("an operation is a list that begins with its code")
    if told[0] not in _READERS:
        raise InvalidEncodingError(f"an operation of unknown code {told[0]}")
    count, read = _READERS[told[0]]
    if len(told) != count:
        raise InvalidEncodingError(f"operation {told[0]} has {count} fields, not {len(told)}")
    return read(told[1:])


def _put(told: Sequence[Plain]) -> PutOp:
    parents = told[2]
    if not isinstance(parents, list) or len(parents) > MAX_PARENTS:
        raise InvalidEncodingError(f"a version follows at most {MAX_PARENTS} others")
    followed = tuple(_id(parent) for parent in parents)
    version = _id(told[1])
    if len(set(followed)) != len(followed) or version in followed:
        raise InvalidEncodingError("a version follows another once, and not itself")
    return PutOp(_id(told[0]), version, followed, _bytes(told[3], SEAL_BYTES - 12, MAX_SEALED))


def _place(told: Sequence[Plain]) -> PlaceOp:
    if type(told[0]) is not int or told[0] not in tuple(OpKind):
        raise InvalidEncodingError("an unknown way to place an object")
    how, moved = OpKind(told[0]), _id(told[1])
    parent = None if told[2] is None else _id(told[2])
    sealed = None if told[3] is None else _bytes(told[3], ID_BYTES + 16, MAX_NAME)
    if moved in (parent, ROOT):
        raise InvalidEncodingError("an object does not stand in itself, and is not the top")
    has = (parent is not None, sealed is not None)
    if has not in _PLACED[how]:
        raise InvalidEncodingError(f"{how.name.lower()} has a parent and a name as it needs them")
    return PlaceOp(how, moved, parent, sealed)


def _keys(told: Sequence[Plain]) -> KeysOp:
    return KeysOp(_id(told[0]), _id(told[1]), _bytes(told[2], WRAP_BYTES, WRAP_BYTES))


def _erase(told: Sequence[Plain]) -> EraseOp:
    return EraseOp(_id(told[0]))


def _note(told: Sequence[Plain]) -> NoteOp:
    kind = told[0]
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_KIND or not kind.isascii():
        raise InvalidEncodingError("the kind of a note is a short word")
    return NoteOp(kind, _id(told[1]), _bytes(told[2], 2 * ID_BYTES + 16, MAX_SEALED))


def _doc(told: Sequence[Plain]) -> DocOp:
    turn = told[1]
    if type(turn) is not int or not 0 <= turn <= MAX_TURN:
        raise InvalidEncodingError(f"a turn is a number up to {MAX_TURN}")
    return DocOp(_id(told[0]), turn, _bytes(told[2], ID_BYTES + GCM_TAG_BYTES + 1, MAX_EDITS))


def _thin(told: Sequence[Plain]) -> ThinOp:
    listed = told[1]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_THINNED:
        raise InvalidEncodingError(f"1 to {MAX_THINNED} versions are thinned at once")
    return ThinOp(_id(told[0]), tuple(_id(each) for each in listed))


def _pack(told: Sequence[Plain]) -> PackOp:
    old, moves = _bytes(told[0], HASH_BYTES, HASH_BYTES), told[2]
    new = None if told[1] is None else _bytes(told[1], HASH_BYTES, HASH_BYTES)
    if not isinstance(moves, list) or len(moves) > MAX_MOVES or (new is None) != (not moves):
        raise InvalidEncodingError("a pack goes to another one with its chunks, or with none")
    if new == old:
        raise InvalidEncodingError("a pack does not replace itself")
    return PackOp(old, new, tuple(_move(each) for each in moves))


def _move(told: Plain) -> tuple[int, int]:
    match told:
        case [int(source), int(target)] if 0 <= source < LARGEST and 0 <= target < LARGEST:
            return source, target
        case _:
            raise InvalidEncodingError("a chunk moves from one place in a pack to another")


def _id(value: Plain) -> bytes:
    return _bytes(value, ID_BYTES, ID_BYTES)


def _bytes(value: Plain, least: int, most: int) -> bytes:
    if type(value) is not bytes or not least <= len(value) <= most:
        raise InvalidEncodingError(f"a field of {least} to {most} bytes is not as it must be")
    return value


_BOTH = frozenset({(True, True)})
_PLACED: Mapping[OpKind, frozenset[tuple[bool, bool]]] = {
    OpKind.PLACE: _BOTH,
    OpKind.MOVE: frozenset({(True, True), (True, False), (False, True)}),
    OpKind.DELETE: frozenset({(False, False)}),
    OpKind.FOLDER: _BOTH,
}
_READERS: Mapping[int, tuple[int, Callable[[Sequence[Plain]], Operation]]] = {
    1: (5, _put),
    2: (5, _place),
    3: (4, _keys),
    4: (2, _erase),
    5: (4, _note),
    6: (4, _doc),
    7: (3, _thin),
    8: (4, _pack),
}
