"""The declared tables of one store: what they are made of, and what a read of them may ask.

- A declaration that breaks a rule is refused with `InvalidError` before anything is touched; so are
  bounds, keys and cursors of a wrong shape.
- A key is bounded when its table is declared, so no single key has to be measured.
- Where a scan begins and ends is worked out here, so every backend pages alike.

Source: docs/spec/04-stores.md sections 2 and 5.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidError
from sealhold.stores.shapes import MISFIT, Shape, shape_of
from sealhold.stores.spec import (
    MAX_KEY,
    MAX_PAGE,
    PAGE_BYTES,
    ColumnKind,
    Cursor,
    Key,
    Row,
    TableSpec,
)

SCHEMA_VERSION = 1  # of how a backend keeps what is declared; docs/spec/04-stores.md section 6
KEY = "key"  # the name under which every table's key is an index
MAX_FOUND = 16  # declarations of whole stores that are kept as they were found

_TABLE = re.compile(r"[a-z_]+")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows of an index: `lower` <= row < `upper`, compared over as many columns as each has.

    An empty tuple bounds nothing; with `past`, rows that start with `lower` are left out.
    """

    lower: Key
    upper: Key
    past: bool = False


def check_limit(limit: int) -> None:
    """Let a page length pass that a scan may have.

    Raises:
        InvalidError: out of range.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidError(f"a page of {limit} rows; 1 to {MAX_PAGE} are possible")


class Table:
    """One declared table, and what fits it."""

    def __init__(self, spec: TableSpec) -> None:
        _check_names(spec)
        self.spec = spec
        self.columns = tuple(spec.columns)
        self.row = shape_of(tuple(spec.columns.values()))
        self.key = self._shape(spec.key)
        self.key_at = self._places(spec.key)
        self.flags = [at for at, kind in enumerate(self.row.kinds) if kind is ColumnKind.FLAG]
        self.sealed = [at for at, kind in enumerate(self.row.kinds) if kind is ColumnKind.SEALED]
        self.indexes = {KEY: spec.key, **spec.indexes}
        self.orders = {
            name: (*columns, *(c for c in spec.key if c not in columns))
            for name, columns in self.indexes.items()
        }
        self.prefixes = {
            name: [self._shape(columns[:length]) for length in range(len(columns) + 1)]
            for name, columns in self.indexes.items()
        }
        self._order_shapes = {name: self._shape(cols) for name, cols in self.orders.items()}
        for name, shapes in self.prefixes.items():
            if shapes[-1].longest() is None:
                raise InvalidError(f"index `{name}` of table `{spec.name}` has a sealed column")
        if (self.key.longest() or 0) > MAX_KEY:
            raise InvalidError(f"the key of table `{spec.name}` may be over {MAX_KEY} bytes")

    def describe(self) -> list[object]:
        """Return this declaration as plain values; equal tables have equal ones."""
        columns = [[name, kind.name] for name, kind in self.spec.columns.items()]
        indexes = [[name, list(cols)] for name, cols in sorted(self.spec.indexes.items())]
        return [self.spec.name, columns, list(self.spec.key), indexes]

    def key_of(self, row: Row) -> Key:
        """Return the key columns' values of `row`."""
        return tuple([row[at] for at in self.key_at])

    def order_of(self, index: str, row: Row) -> Key:
        """Return by what `row` is sorted in `index`: its columns, then the rest of the key."""
        return tuple([row[at] for at in self._places(self.orders[index])])

    def check_key(self, key: Key) -> None:
        """Let a fitting key pass.

        Raises:
            InvalidError: it is no key of this table.
        """
        if self.key.measure(key) == MISFIT:
            raise InvalidError(f"not a key of table `{self.spec.name}`")

    def check_keys(self, keys: Sequence[Key]) -> None:
        """Let fitting keys pass.

        Raises:
            InvalidError: one of them is no key of this table.
        """
        if self.key.measure_all(keys, MAX_KEY) == MISFIT:
            for key in keys:
                self.check_key(key)

    def span(self, index: str, lo: Key, hi: Key, after: Cursor | None, *, reverse: bool) -> "Span":
        """Return the one span that bounds and cursor leave of `index`.

        Raises:
            InvalidError: no such index, bounds of a wrong shape, or a cursor of another index.
        """
        if index not in self.prefixes:
            raise InvalidError(f"table `{self.spec.name}` has no index `{index}`")
        whole = self.prefixes[index][-1]
        if not (whole.bounds(lo) and whole.bounds(hi)):
            raise InvalidError(f"a bound does not fit index `{index}` of `{self.spec.name}`")
        if after is None:
            return Span(lo, hi)
        seen = self._place(index, after)
        if reverse:
            return Span(lo, min(seen, hi) if hi else seen)
        return Span(seen, hi, past=True) if seen >= lo else Span(lo, hi)

    def page(self, rows: Iterable[Row], limit: int) -> tuple[list[Row], bool]:
        """Return the first rows, as many as make a page, and whether more follow.

        Where a row has sealed cells, no more than one behind the page's last is taken of `rows`.
        """
        if not self.sealed:
            taken = [*islice(rows, limit + 1)]
            return taken[:limit], len(taken) > limit
        page: list[Row] = []
        size = 0
        for row in rows:
            for at in self.sealed:
                size += len(row[at] or b"")
            # INVARIANT: a page has a row at least, so whoever goes on from it comes to an end
            if len(page) == limit or (page and size > PAGE_BYTES):
                return page, True
            page.append(row)
        return page, False

    def lean(self, row: Row, most: int) -> Row:
        """Return a row without its sealed cells of more than `most` bytes."""
        cells = [*row]
        for at in self.sealed:
            if len(cells[at]) > most:
                cells[at] = None
        return tuple(cells)

    def cursor(self, index: str, row: Row) -> Cursor:
        """Return the cursor that stands behind `row`."""
        return Cursor(pack(list(self.order_of(index, row))))

    def _place(self, index: str, cursor: Cursor) -> Key:
        cells = unpack(cursor)
        if not isinstance(cells, list) or self._order_shapes[index].measure(tuple(cells)) == MISFIT:
            raise InvalidError(f"not a cursor of index `{index}` of `{self.spec.name}`")
        return tuple(cells)

    def _shape(self, columns: Sequence[str]) -> Shape:
        return shape_of(tuple([self.spec.columns[name] for name in columns]))

    def _places(self, columns: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.columns.index(name) for name in columns)


class Tables:
    """The declared tables of one store."""

    def __init__(self, specs: Sequence[TableSpec]) -> None:
        self._by_name: Mapping[str, Table] = {spec.name: Table(spec) for spec in specs}
        self._schema = b""  # as it was worked out
        if len(self._by_name) != len(specs):
            raise InvalidError("a table is declared twice")

    @classmethod
    def declared(cls, specs: Sequence[TableSpec]) -> "Tables":
        """Return what the very same declarations were found to be before, or what they are.

        Raises:
            InvalidError: a declaration breaks a rule.
        """
        named = tuple(map(id, specs))  # of no other while what is found here keeps them
        found = _FOUND.get(named)
        if found is None:
            if len(_FOUND) == MAX_FOUND:
                _FOUND.clear()
            found = _FOUND[named] = cls(specs)
        return found

    @classmethod
    def of_schema(cls, schema: bytes) -> "Tables":
        """Return the declarations that `schema` returned.

        Raises:
            InvalidEncodingError, TypeError, ValueError: it is no such bytes.
            InvalidError: a declaration breaks a rule, or is of another version.
        """
        version, told = unpack(schema)
        if version != SCHEMA_VERSION:
            raise InvalidError("the tables are declared in another version")
        return cls(
            [
                TableSpec(
                    name=name,
                    columns={column: ColumnKind[kind] for column, kind in columns},
                    key=tuple(key),
                    indexes={index: tuple(cols) for index, cols in indexes},
                )
                for name, columns, key, indexes in told
            ]
        )

    def __iter__(self) -> Iterator[Table]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Table | None:
        """Return the table of that name, if it was declared."""
        return self._by_name.get(name)

    def named(self, name: str) -> Table:
        """Return the table of that name.

        Raises:
            InvalidError: none was declared.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise InvalidError(f"no table `{name}`") from None

    def schema(self) -> bytes:
        """Return all declarations as bytes; equal stores have equal ones."""
        if not self._schema:
            told = sorted((table.describe() for table in self), key=lambda told: str(told[0]))
            self._schema = pack([SCHEMA_VERSION, told])
        return self._schema


_FOUND: Final[dict[tuple[int, ...], Tables]] = {}


def _check_names(spec: TableSpec) -> None:
    if not _TABLE.fullmatch(spec.name):
        raise InvalidError(f"`{spec.name[:64]}` cannot name a table")
    for name in (*spec.columns, *spec.indexes):
        if not _COLUMN.fullmatch(name):
            raise InvalidError(
                f"`{name[:64]}` of table `{spec.name}` cannot name a column or index"
            )
    if KEY in spec.indexes:
        raise InvalidError(f"`{KEY}` of table `{spec.name}` is an index already")
    for columns in (spec.key, *spec.indexes.values()):
        known = all(name in spec.columns for name in columns)
        if not columns or not known or len(set(columns)) != len(columns):
            raise InvalidError(f"table `{spec.name}` has a key or index of no good columns")
