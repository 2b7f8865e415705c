"""How a table was written as text: which delimiter, which row names the columns.

- A delimiter is proven by rows: most of them must have one and the same number of cells, over one.
- Rows before the first of that width belong to no table. The first is a header if none of its
  cells is a number or a date, and either a column below is one, or all its cells are different.

Source: docs/spec/18-connectors.md section 9.
"""

import csv
from collections import Counter
from dataclasses import dataclass

from sealhold.connectors.proof import ColumnProof

DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}  # the rarer in texts first
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
    *whole, last = text.split("\n")  # and at no other character: a cell may hold U+2028
    lines = [line + "\n" for line in whole]
    if is_whole or not lines:
        lines.append(last)  # else it may be cut off in the middle
    found = [layout for delimiter in DELIMITERS if (layout := _try(lines, delimiter))]
    return max(found, key=lambda layout: layout.agreeing, default=None)  # the first among equals


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


def may_be_header(row: list[str]) -> bool:
    """Whether a table's first row can name its columns: it has words, and none is a value."""
    return any(cell.strip() for cell in row) and not any(_is_value(cell.strip()) for cell in row)


def is_clear_header(row: list[str]) -> bool:
    """Whether a row of words is a header even of a table that holds nothing but words."""
    names = [cell.strip() for cell in row]
    return all(names) and len(set(names)) == len(names)


def names_of(row: list[str]) -> list[str]:
    """Return the names that a header gives, each once: `amount`, `amount 2`, `column 3`."""
    names: dict[str, None] = {}  # in their order
    counts: dict[str, int] = {}
    for number, cell in enumerate(row, start=1):
        name = plain = cell.strip() or f"column {number}"
        while name in names:  # from where the last one of that name ended
            counts[plain] = counts.get(plain, 1) + 1
            name = f"{plain} {counts[plain]}"
        names[name] = None
    return list(names)


def _is_value(text: str) -> bool:
    proof = ColumnProof()
    proof.see([text])
    return bool(proof.forms())
