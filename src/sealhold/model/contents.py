"""Reading a record's content: one JSON object, in the form that every program reads alike.

- Refused are names that stand twice, numbers that are none or that others round, half characters,
  and what is nested too deep or too long.

Source: docs/spec/25-records-of-people.md section 2; RFC 8259, RFC 7493 sections 2.2 and 2.3.
"""

import json
from typing import NoReturn

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError

# bytes, as JSON without spaces and as it is kept: 1 MiB but for what its row has beside; larger
# content is an attachment
MAX_CONTENT = 1_047_552
LONG_CONTENT = 65_536  # bytes; longer content is read, sealed and opened where it holds up nobody
LONGER_AS_JSON = 8  # times at most, as JSON: three bytes keep 5.960464477539063e-8
MAX_DEPTH = 32
MAX_NUMBER = 2**53 - 1
INFINITE = float("inf")


def read_json(data: bytes, limit: int = MAX_CONTENT) -> Plain:
    """Return the value of a JSON text; half a character in it is found when it is packed.

    Raises:
        InvalidEncodingError: it is not JSON of the form above.
    """
    if len(data) > limit:
        raise InvalidEncodingError(f"{len(data)} bytes of content, at most {limit}")
    try:
        # THREAT T435: nesting, digits and doubled names end it where they are met
        value = _decoder.decode(data.decode())
    except (ValueError, RecursionError) as err:
        raise InvalidEncodingError("the content is not JSON that all read alike") from err
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:  # as deep as that at most
        check_depth(value)
    return value


def read_object(data: bytes) -> dict[str, Plain]:
    """Return a JSON object.

    Raises:
        InvalidEncodingError: it is none.
    """
    value = read_json(data)
    if not isinstance(value, dict):
        raise InvalidEncodingError("a record's content is a JSON object")
    return value


def check_depth(value: Plain, depth: int = MAX_DEPTH) -> None:
    """Let a JSON value pass that is not nested deeper than `depth`.

    Raises:
        InvalidEncodingError: it is.
    """
    if not isinstance(value, dict | list):
        return
    if depth == 0:
        raise InvalidEncodingError(f"nested deeper than {MAX_DEPTH}")
    for inner in value.values() if isinstance(value, dict) else value:
        check_depth(inner, depth - 1)


def _unique(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > MAX_NUMBER:
        raise ValueError("others would round it")
    return number


def _part(text: str) -> float:
    number = float(text)
    if abs(number) == INFINITE:
        raise ValueError("too large")
    return number


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_number, parse_int=_whole, parse_float=_part
)
