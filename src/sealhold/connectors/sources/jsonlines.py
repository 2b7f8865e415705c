"""JSON lines (NDJSON): one object a line, one row.

- Keys of an inner object become `outer.inner`; deeper ones stay as they are, as JSON.
- Numbers with a point stay numbers; a whole number over 64 bits becomes text, and `raw` the line.
- `at` is the first value, in the order of the keys, that is a time in the form of RFC 3339.
- A line that is no object is a reject, with its line number.

Source: docs/spec/18-connectors.md section 9; RFC 8259.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import BinaryIO, ClassVar, NoReturn

from sealhold.connectors.batches import Group, in_batches, read_cursor, reject, write_cursor
from sealhold.connectors.charset import MAX_LINE, Charset, head_text, marked
from sealhold.connectors.rows import ROWS, table_of, title_of
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Reject, Why
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_LARGEST = 1 << 63
_KEY = re.compile(r'"\s*:')
_MAX_DEPTH = 32  # of one line; exports nest fewer than 10 deep


class JsonLines:
    """Reads JSON lines."""

    name: ClassVar[str] = "jsonlines"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (ROWS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        lines = head_text(head).split("\n")
        first = next((line for line in lines if line.strip()), "")
        if not first.lstrip().startswith("{"):
            return Guess(sure=0, what="")
        try:
            is_object = isinstance(_parse(first), dict)
        except (ValueError, RecursionError):  # or one object that is longer than the head
            is_object = len(lines) == 1 and len(head) >= SNIFF_BYTES
        return Guess(sure=90 if is_object else 0, what="JSON lines" if is_object else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return in_batches(_groups(file, cursor), self._rows)


def _groups(file: BinaryIO, cursor: str | None) -> Iterator[Group]:
    offset, number = read_cursor(cursor, 2)
    file.seek(0)
    charset = marked(file.read(4)) or Charset("utf-8", 0, is_proven=True)
    if charset.name != "utf-8":
        raise UnreadableSourceError("JSON lines that are not UTF-8")
    file.seek(max(offset, charset.mark))
    table = ""
    if number:
        table = _table_at(file, charset.mark)
        file.seek(offset)
    while line := file.readline(MAX_LINE + 1):
        number += 1
        where = f"line {number}"
        if len(line) > MAX_LINE:  # THREAT T23: a line is skipped in pieces, never held whole
            _skip(file, line)
            found: Item | Reject = reject(where, Why.TOO_LARGE, f"over {MAX_LINE} bytes", line)
        elif not line.strip():
            continue
        else:
            found = _row(line, where, table)
            if not table and isinstance(found, Item):
                table = str(found.fields["table"])
        yield (found,), write_cursor(file.tell(), number)


def _table_at(file: BinaryIO, start: int) -> str:
    """Return the table's name, which the first line that is an object gives."""
    file.seek(start)
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            _skip(file, line)
            continue
        found = _row(line, "", "")
        if isinstance(found, Item):
            return str(found.fields["table"])
    return ""


def _skip(file: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(MAX_LINE)


def _row(line: bytes, where: str, table: str) -> Item | Reject:
    try:
        text = line.decode()
        value = _parse(text)
        keys = _keys(value, _MAX_DEPTH) if isinstance(value, dict) else 0
    except UnicodeDecodeError:
        return reject(where, Why.ENCODING, "not UTF-8", line)
    except (ValueError, RecursionError):
        return reject(where, Why.MALFORMED, "not JSON, or nested too deep", line)
    if not isinstance(value, dict):
        return reject(where, Why.UNSUPPORTED, "JSON, but no object", line)
    cells = _flat(value)
    plain = {name: _sized(cell) for name, cell in cells.items()}
    when = next((w for cell in plain.values() if (w := _when(cell))), None)
    fields: dict[str, Plain] = {
        "table": table or table_of(cells),
        "title": title_of(cell for cell in plain.values() if not _when(cell)),
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "cells": plain,
    }
    # a key that stands twice hides a value: then more keys are written than found
    is_all = plain == cells and keys == len(_KEY.findall(text))
    raw = None if is_all else text.strip()
    return Item(dataset="rows", fields=fields, raw=raw, original_id=None, position=where)


def _parse(text: str) -> Plain:
    return _DECODER.decode(text)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_float)


def _keys(value: Plain, depth: int) -> int:
    """Return how many keys there are in all objects of a value.

    Raises:
        ValueError: nested deeper than `depth`.
    """
    if depth == 0:
        raise ValueError(depth)
    if isinstance(value, dict):
        inner = value.values()
        count = len(value)
    else:
        inner = value
        count = 0
    for one in inner:
        if isinstance(one, dict | list):
            count += _keys(one, depth - 1)
    return count


def _flat(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the object with the keys of inner objects beside its own, where no two are equal."""
    cells: dict[str, Plain] = {}
    for name, cell in value.items():
        if isinstance(cell, dict) and cell:
            inner = {f"{name}.{key}": deep for key, deep in cell.items()}
            if not any(key in cells or key in value for key in inner):
                cells |= inner
                continue
        cells[name] = cell
    return cells


def _sized(value: Plain) -> Plain:
    """Return a value without whole numbers that need more than 64 bits."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, list):
        return [_sized(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _sized(inner) for name, inner in value.items()}
    return value


def _when(value: Plain) -> When | None:
    return parse_time(value) if isinstance(value, str) else None
