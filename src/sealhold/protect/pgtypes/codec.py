"""The forms of each type of the list: `codec(type)`.

- A codec is made once for a type with its modifier, and holds no value.

Source: docs/spec/57-values-and-residuals.md section 2.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from sealhold.protect.pgtypes.arrays import Array
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.intervals import Interval
from sealhold.protect.pgtypes.jsons import Json, Jsonb
from sealhold.protect.pgtypes.numbers import Bool, Float, Integer
from sealhold.protect.pgtypes.numeric import Numeric
from sealhold.protect.pgtypes.others import Bytes, Uuid
from sealhold.protect.pgtypes.texts import Blank, Name, Text, varchar
from sealhold.protect.pgtypes.times import Date, Time, Timestamp, ZonedTime, ZonedTimestamp
from sealhold.protect.pgtypes.types import PgType, element_of

__all__ = ["Codec", "Settings", "codec"]

_MAKERS: Final[dict[str, Callable[[PgType], Codec[Any]]]] = {
    "bool": Bool,
    "bytea": Bytes,
    "name": Name,
    "int8": Integer,
    "int2": Integer,
    "int4": Integer,
    "text": Text,
    "json": Json,
    "float4": Float,
    "float8": Float,
    "bpchar": Blank,
    "varchar": varchar,
    "date": Date,
    "time": Time,
    "timestamp": Timestamp,
    "timestamptz": ZonedTimestamp,
    "interval": Interval,
    "timetz": ZonedTime,
    "numeric": Numeric,
    "uuid": Uuid,
    "jsonb": Jsonb,
}


@lru_cache(maxsize=1024)
def codec(type_: PgType) -> Codec[Any]:
    """Return the forms of a type with its modifier.

    Raises:
        TypeRefusedError: not a type of the list.
    """
    element = element_of(type_)
    if element is not None:
        return Array(type_, codec(element))
    maker = _MAKERS.get(type_.name)
    if maker is None:
        raise TypeRefusedError(f"type `{type_.name}` is not in the list")
    return maker(type_)
