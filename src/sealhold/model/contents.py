"""Reading a record's content: one JSON object, in the form that every program reads alike.

- Refused are names that stand twice, numbers that are none or that others round, half characters,
  and what is nested too deep or too long.

Source: docs/spec/25-records-of-people.md section 2; RFC 8259, RFC 7493 sections 2.2 and 2.3.
"""

import json
from typing import NoReturn

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError

MAX_CONTENT = 65_536  # bytes, as JSON and as it is kept; larger content is an attachment
MAX_DEPTH = 32
MAX_NUMBER = 2**53 - 1


def read_json(data: bytes, limit: int = MAX_CONTENT) -> Plain:
    """Return the value of a JSON text.

    Raises:
        InvalidEncodingError: it is not JSON of the form above.
    """
    if len(data) > limit:
        raise InvalidEncodingError(f"{len(data)} bytes of content, at most {limit}")
    try:
        value = _decoder.decode(data.decode())
    except (ValueError, RecursionError) as err:
        raise InvalidEncodingError("the content is not JSON that all read alike") from err
    check_plain(value)
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


def check_plain(value: Plain, depth: int = MAX_DEPTH) -> None:
    """Let a JSON value pass that others read alike.

    Raises:
        InvalidEncodingError: a number over 2^53 - 1 or none, half a character, or too deep.
    """
    match value:
        case dict():
            _check_depth(depth)
            for name, inner in value.items():
                _check_text(name)
                check_plain(inner, depth - 1)
        case list():
            _check_depth(depth)
            for inner in value:
                check_plain(inner, depth - 1)
        case str():
            _check_text(value)
        case None | bool():
            return
        case int() if abs(value) <= MAX_NUMBER:
            return
        case float() if abs(value) < float("inf"):
            return
        case _:
            raise InvalidEncodingError("a number that is none, or that others would round")


def _check_depth(depth: int) -> None:
    if depth == 0:
        raise InvalidEncodingError(f"nested deeper than {MAX_DEPTH}")


def _check_text(text: Plain) -> None:
    try:
        text.encode()
    except (UnicodeEncodeError, AttributeError) as err:
        raise InvalidEncodingError("half a character") from err


def _unique(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
