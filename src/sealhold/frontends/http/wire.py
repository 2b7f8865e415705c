"""Values as JSON, and the schema of that JSON, from one reading of the type hints.

- An id travels as a canonical UUID, other bytes as base64, an instant as milliseconds since 1970,
  a cost as micro-bits: whole numbers, as inside.
- The shape follows from the value's class, so no second description can drift from it.

Source: docs/spec/20-faces.md section 7.
"""

import base64
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from sealhold.model.contents import LONG_CONTENT
from sealhold.model.encoding import Plain
from sealhold.model.ids import Id16, canonical
from sealhold.model.people import ProfileView
from sealhold.model.personrecords import RecordView

Schema = dict[str, Any]  # reason: JSON Schema is a tree of plain values
SCALARS: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    Any: {},
    type(None): {"type": "null"},
}

AS_IS = frozenset({str, int, bool, float, type(None)})  # what is JSON as it stands


LONG = LONG_CONTENT  # characters or bytes; what is longer is read and written beside the loop
SHORT_FIELDS = LONG // 16_384  # so many fields of a profile are never longer


class Known(dict[str, Schema]):
    """The classes that are described, by name; the second of one name has a longer one."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[type, str] = {}

    def name(self, cls: type) -> str:
        """Return the name of a class here."""
        if cls not in self._names:
            taken = cls.__name__ in self._names.values()
            part = cls.__module__.rpartition(".")[2].title().replace("_", "")
            self._names[cls] = part + cls.__name__ if taken else cls.__name__
        return self._names[cls]


UUID: Schema = {"type": "string", "format": "uuid"}


def to_wire(value: Plain) -> Plain:
    """Return `value` as plain JSON values."""
    kind: type = type(value)
    if kind in AS_IS:
        return value
    if kind is dict:
        return {
            str(key): item if type(item) in AS_IS else to_wire(item) for key, item in value.items()
        }
    plan = _plan(kind)
    return _other(value) if plan is None else _parts(value, plan)


def _parts(value: Plain, plan: tuple[tuple[str, bool], ...]) -> Plain:
    told: dict[str, Plain] = {}
    for name, is_id in plan:
        inner = getattr(value, name)
        if is_id:
            told[name] = _id(inner)
        elif name == "content" and isinstance(value, RecordView):
            told[name] = msgspec.Raw(msgspec.json.encode(inner))  # far faster than through it
        else:
            told[name] = inner if type(inner) in AS_IS else to_wire(inner)
    return told


def _other(value: Plain) -> Plain:
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_wire(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(to_wire(item) for item in value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.value if isinstance(value, Enum) else value


def is_long(value: Plain) -> bool:
    """Return whether writing `value` would hold up others who wait for the same thread."""
    if not isinstance(value, ProfileView) or len(value.fields) <= SHORT_FIELDS:
        return False
    return sum(len(each) for each in value.fields.values() if isinstance(each, str)) > LONG


def schema_of(hint: object, known: Known) -> Schema:
    """Return the JSON Schema of `hint`; classes are described once, in `known`.

    Raises:
        TypeError: a hint that has no form on the wire.
    """
    if _is_new_id(hint):
        return UUID
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if hint in SCALARS:
        return dict(SCALARS[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        return _described(hint, known)
    return _composed(hint, known)


def _composed(hint: object, known: Known) -> Schema:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [schema_of(part, known) for part in parts]}
    if origin in {tuple, list, set, frozenset}:
        if origin is tuple and parts[-1] is not Ellipsis:
            items = [schema_of(part, known) for part in parts]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        return {"type": "array", "items": schema_of(parts[0], known)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(parts[1], known)}
    raise TypeError(f"no form on the wire for {hint}")


def _described(cls: type, known: Known) -> Schema:
    name = known.name(cls)
    if name not in known:
        known[name] = {}  # taken, so that a class within itself ends
        hints = _hints(cls)
        known[name] = {
            "type": "object",
            "description": (cls.__doc__ or "").partition("\n")[0],
            "properties": {each: schema_of(hint, known) for each, hint in hints.items()},
            "required": sorted(hints),
            "additionalProperties": False,
        }
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def _hints(cls: type) -> Mapping[str, object]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


@cache
def _plan(cls: type) -> tuple[tuple[str, bool], ...] | None:
    """Return the fields of a dataclass, and of each whether it is an id; None for another class."""
    if not is_dataclass(cls):
        return None
    return tuple((name, _is_id(hint)) for name, hint in _hints(cls).items())


def _is_id(hint: object) -> bool:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return any(_is_new_id(part) for part in typing.get_args(hint))
    return _is_new_id(hint)


def _is_new_id(hint: object) -> bool:
    while isinstance(hint, typing.NewType):
        if hint is Id16:
            return True
        hint = hint.__supertype__
    return False


def _id(value: Id16 | None) -> str | None:
    return None if value is None else canonical(value)
