"""Tables as text: CSV, TSV and their cousins; one row, one object.

- Delimiter, charset, decimal sign and date order are proven from the file, or stay undecided:
  then the cell is kept as the text it is.
- The file is read twice in bounded memory: once to prove, once to give.
- `raw` holds the row's own texts where a value is written otherwise than they are.
- A row with more or fewer cells than the table is a reject; so is all before the table.
- A cell that looks like a formula or a terminal command is a text like any other.

Source: docs/spec/18-connectors.md section 9; RFC 4180.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import Charset, charset_of, head_text, is_text, lines_of
from sealhold.connectors.detect import magic_of
from sealhold.connectors.proof import ColumnProof, Converter, Form, converter, decide
from sealhold.connectors.rows import ROWS, table_of, title_of
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Why
from sealhold.connectors.tabletext import (
    DELIMITERS,
    Layout,
    is_clear_header,
    layout_of,
    may_be_header,
    names_of,
)
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

MAX_CELL = 1_048_576  # characters; one open quote may not swallow a whole file
MAX_ROW = 16_777_216  # characters of a row with all its lines
_CHUNK = 1_000  # rows that are proven at once
_FEW = 3  # rows with which a table is more than a guess
_LOST = "\ufffd"  # stands for a byte that the charset lacks
_NAMED, _LIKELY, _UNLIKELY = 60, 40, 20
_NO_TABLE = ("<", "{", "BEGIN:", "%PDF")  # how formats begin whose lines may hold commas

Row = tuple[int, list[str]]  # the line it begins in, and its cells
Broken = tuple[int, str]  # the line, and what is wrong


class Csv:
    """Reads delimited text."""

    name: ClassVar[str] = "csv"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (ROWS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        if magic_of(head) is not None or not is_text(head):
            return Guess(sure=0, what="")
        layout = _layout(head)
        if layout is None or head_text(head[:64]).lstrip().startswith(_NO_TABLE):
            return Guess(sure=0, what="")
        what = f"CSV, {layout.width} columns, {DELIMITERS[layout.delimiter]}"
        if file_name.casefold().endswith((".csv", ".tsv", ".tab")):
            return Guess(sure=_NAMED, what=what)
        if layout.rows < _FEW:
            return Guess(sure=0, what="")
        return Guess(sure=_LIKELY if layout.agreeing == 1 else _UNLIKELY, what=what)

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(frozen=True, slots=True)
class _Table:
    """All that is proven about a file before its rows are given."""

    layout: Layout
    charset: Charset
    names: list[str]
    has_header: bool
    typed: list[tuple[str, Converter, bool]]  # the last: text and value are the same
    texts: list[str]  # names of the columns that are text
    table: str


def _layout(head: bytes) -> Layout | None:
    return layout_of(head_text(head), is_whole=len(head) < SNIFF_BYTES)


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    layout = _layout(file.read(SNIFF_BYTES))
    if layout is None:
        raise UnreadableSourceError("no table: the lines have no common number of cells")
    table = _prove(file, layout)
    is_before = True
    for line, row in _rows(file, table.charset, layout):
        where = f"line {line}"
        if isinstance(row, str):
            yield reject(where, Why.MALFORMED, row)
        elif len(row) != layout.width:
            detail = f"{len(row)} cells where the table has {layout.width}"
            why = Why.UNSUPPORTED if is_before else Why.MALFORMED
            yield reject(where, why, detail, layout.delimiter.join(row))
        elif is_before and table.has_header:
            is_before = False
        else:
            is_before = False
            yield _item(table, row, where)


def _item(table: _Table, row: list[str], where: str) -> Found:
    if not table.charset.is_proven and _LOST in "".join(row):
        return reject(where, Why.ENCODING, "bytes that are no text in UTF-8 or Windows-1252")
    # THREAT T22: a formula or a terminal's command is a text like any other, to the letter
    cells: dict[str, Plain] = dict(zip(table.names, row, strict=True))
    title = title_of(cells[name] for name in table.texts)
    first = None
    is_same = table.charset.is_proven
    for name, convert, is_exact in table.typed:
        text = cells[name]
        if text:
            cell = convert(text)
            cells[name] = cell.value
            first = first or cell.when
            is_same = is_same and (is_exact or cell.value == text)
    if "" in row:
        cells = {name: None if cell == "" else cell for name, cell in cells.items()}
    fields: dict[str, Plain] = {
        "table": table.table,
        "title": title,
        "at": first.at if first else None,
        "offset_min": first.offset_min if first else None,
        "cells": cells,
    }
    raw = None if is_same else row
    return Item(dataset="rows", fields=fields, raw=raw, original_id=None, position=where)


def _prove(file: BinaryIO, layout: Layout) -> _Table:
    """Read the whole file once and return what its rows prove.

    Raises:
        UnreadableSourceError: no row belongs to a table.
    """
    charset = charset_of(file)
    rows = (
        row
        for _line, row in _rows(file, charset, layout)
        if not isinstance(row, str) and len(row) == layout.width
    )
    first = next(rows, None)
    if first is None:
        raise UnreadableSourceError("no table: no row has the number of cells of its beginning")
    proofs = [ColumnProof() for _cell in first]
    for chunk in _chunks(rows):
        _see(proofs, chunk)
    has_header = may_be_header(first) and (
        is_clear_header(first) or any(form is not Form.TEXT for form in decide(proofs))
    )
    names = names_of(first) if has_header else names_of([""] * layout.width)
    if not has_header:
        _see(proofs, [first])
    typed = [
        (name, converter(form), form is Form.INTEGER)
        for name, form in zip(names, decide(proofs), strict=True)
        if form is not Form.TEXT
    ]
    numbers = {name for name, _convert, _is_exact in typed}
    texts = [name for name in names if name not in numbers]
    return _Table(layout, charset, names, has_header, typed, texts, table_of(names))


def _see(proofs: list[ColumnProof], rows: list[list[str]]) -> None:
    for proof, values in zip(proofs, zip(*rows, strict=True), strict=True):
        proof.see(values)


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    chunk: list[list[str]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _RowLines:
    """The lines of one row after another: quotes can make any number of them one row."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.size = 0  # characters since the row began

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.size > MAX_ROW:  # THREAT T440: a row of many small cells ends here
            raise csv.Error
        line = next(self._lines)
        self.size += len(line)
        return line


def _rows(file: BinaryIO, charset: Charset, layout: Layout) -> Iterator[Row | Broken]:
    """Yield each row that is not empty, or what is wrong with it."""
    csv.field_size_limit(MAX_CELL)  # THREAT T23: an open quote ends here, not at the end of memory
    lines = _RowLines(lines_of(file, charset))
    reader = csv.reader(lines, delimiter=layout.delimiter)
    while True:
        line = reader.line_num + 1
        lines.size = 0
        try:
            row = next(reader, None)
        except csv.Error:
            yield line, f"a cell over {MAX_CELL} characters, a row over {MAX_ROW}, or a stray end"
            continue
        if row is None:
            return
        if row:
            yield line, row
