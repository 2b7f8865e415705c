"""How a table was written as text: which delimiter, which row names the columns.

- A delimiter is proven by rows: most of them must have one and the same number of cells, over one.
- Rows before the first of that width belong to no table; the first is a header if its cells are
  all different, none is empty, and none is a number or a date.

Source: docs/spec/18-connectors.md section 5.
"""

import csv
from collections import Counter
from dataclasses import dataclass

from sealhold.connectors.proof import ColumnProof, Form

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_COLUMNS = 4_096  # a spreadsheet allows 16,384; nobody's export uses them
_ROWS_LOOKED_AT = 200
_AGREEING = 0.8  # of the rows that are looked at


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written."""

    delimiter: str
    width: int
    agreeing: float  # share of the rows that have `width` cells
    rows: int


def layout_of(text: str, *, is_whole: bool) -> Layout | None:
    """Return how the beginning of a table is written, or None if it is no table."""
    lines = text.splitlines(keepends=True)
    if not is_whole and len(lines) > 1:
        lines.pop()  # cut off in the middle
    found = [layout for delimiter in DELIMITERS if (layout := _try(lines, delimiter))]
    return max(found, key=lambda layout: (layout.agreeing, layout.width), default=None)


def _try(lines: list[str], delimiter: str) -> Layout | None:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _ROWS_LOOKED_AT:
                break
    except csv.Error:
        return None
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    agreeing = count / len(rows)
    if agreeing < _AGREEING or width > MAX_COLUMNS:
        return None
    return Layout(delimiter, width, agreeing, len(rows))


def is_header(row: list[str]) -> bool:
    """Whether a table's first row names its columns."""
    names = [cell.strip() for cell in row]
    return all(names) and len(set(names)) == len(names) and not any(map(_is_value, names))


def names_of(row: list[str]) -> list[str]:
    """Return the names that a header gives."""
    return [cell.strip() for cell in row]


def _is_value(text: str) -> bool:
    proof = ColumnProof()
    proof.see([text])
    return bool(proof.forms() - {Form.TEXT})
