"""What a device does to the namespace of a collection: place, move, delete.

- An operation names an object by its id; its own place in the order of all is (time, author).
- Its bytes are deterministic CBOR; what is read back has been checked field by field.

Source: docs/spec/47-folders.md section 2.
"""

from enum import IntEnum

import msgspec

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.filenames import checked_name
from sealhold.sharing.devices.logicaltime import LogicalTime, checked_time

ROOT = bytes(ID_BYTES)  # the folder that all others lie in; it is no object
_FIELDS = 7
MAX_OP = 512  # bytes; a name has 255, all else less than 100


class OpKind(IntEnum):
    """What is done; the value stands in the bytes."""

    PLACE = 1  # a new file or link: parent and name
    MOVE = 2  # parent, or name, or both
    DELETE = 3
    FOLDER = 4  # a new folder: parent and name


class Op(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `place`, `move` and `delete` make them."""

    kind: OpKind
    object: bytes  # 16 random bytes
    time: LogicalTime
    author: bytes  # 16 bytes: the device
    parent: bytes | None = None  # None: stays where it is
    name: str | None = None  # None: keeps its name, or the name was erased

    @property
    def order(self) -> tuple[int, int, bytes]:
        """Return what all devices order operations by."""
        return self.time.ms, self.time.step, self.author

    @property
    def key(self) -> tuple[int, int, bytes, bytes]:
        """Return what no other operation has: two by one author at one time differ in content."""
        name = b"\xff" if self.name is None else self.name.encode()  # no UTF-8 begins so
        return (
            self.time.ms,
            self.time.step,
            self.author,
            bytes([self.kind]) + self.object + (self.parent or b"") + name,
        )


def place(
    thing: bytes,
    parent: bytes,
    name: str | None,
    time: LogicalTime,
    author: bytes,
    *,
    is_folder: bool = False,
) -> Op:
    """Return the operation that puts a new object under a folder, or an old one back.

    Raises:
        InvalidError: no id, no name, or an object in itself.
    """
    kind = OpKind.FOLDER if is_folder else OpKind.PLACE
    return _checked(kind, thing, parent, name, time, author)


def move(
    thing: bytes,
    time: LogicalTime,
    author: bytes,
    *,
    parent: bytes | None = None,
    name: str | None = None,
) -> Op:
    """Return the operation that gives an object another folder, another name, or both.

    Raises:
        InvalidError: neither, no id, no name, or an object in itself.
    """
    return _checked(OpKind.MOVE, thing, parent, name, time, author)


def delete(thing: bytes, time: LogicalTime, author: bytes) -> Op:
    """Return the operation that deletes an object where it is.

    Raises:
        InvalidError: no id.
    """
    return _checked(OpKind.DELETE, thing, None, None, time, author)


def pack_op(op: Op) -> bytes:
    """Return the bytes of an operation: `[kind, object, parent, name, ms, step, author]`."""
    return pack([int(op.kind), op.object, op.parent, op.name, *op.time, op.author])


def unpack_op(data: bytes) -> Op:
    """Return the operation that `data` encodes.

    Raises:
        InvalidEncodingError: not an operation in its one form.
    """
    if len(data) > MAX_OP:
        raise InvalidEncodingError(f"an operation of {len(data)} bytes, at most {MAX_OP}")
    value = unpack(data)
    if not isinstance(value, list) or len(value) != _FIELDS:
        raise InvalidEncodingError("not an operation of a namespace")
    kind, thing, parent, name, ms, step, author = value
    try:
        return _checked(OpKind(kind), thing, parent, name, checked_time(ms, step), author)
    except (InvalidError, ValueError) as err:
        raise InvalidEncodingError("not an operation of a namespace") from err


def _checked(
    kind: OpKind, thing: Plain, parent: Plain, name: Plain, time: LogicalTime, author: Plain
) -> Op:
    ids = (thing, author) if parent is None else (thing, author, parent)
    if any(type(each) is not bytes or len(each) != ID_BYTES for each in ids):
        raise InvalidError("an id has 16 bytes")
    if thing in {ROOT, parent}:
        raise InvalidError("the root, or an object in itself")
    if kind in {OpKind.PLACE, OpKind.FOLDER} and parent is None:
        raise InvalidError("an object is placed under a folder")
    if kind is OpKind.MOVE and parent is None and name is None:
        raise InvalidError("a move without a folder and without a name")
    if kind is OpKind.DELETE and (parent is not None or name is not None):
        raise InvalidError("a delete has no folder and no name")
    if name is not None:
        checked_name(name)
    return Op(kind=kind, object=thing, time=time, author=author, parent=parent, name=name)
