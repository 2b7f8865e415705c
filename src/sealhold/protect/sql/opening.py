"""Rows of the provider, opened: what the client gets of them, in the formats that it asked for.

- All rows of one read are opened together, column by column. Nothing of them leaves before all are
  open: one that does not open is SH003, in place of the rest.
- What is left over of a query (`residual`) is done on all its rows, once they are there, and handed
  out from here by the client's Executes.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from sealhold.model.errors import SealholdError, TamperedError
from sealhold.model.pgsteps import Call
from sealhold.protect.pgtypes.codec import Codec, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.policy import Limits
from sealhold.protect.sql.checking import Checking
from sealhold.protect.sql.errors import error, finding, told, too_many
from sealhold.protect.sql.leasing import Leasing
from sealhold.protect.sql.line import RELAYED, Line
from sealhold.protect.sql.plan import Output, Query
from sealhold.protect.sql.prepared import Prepared, Told
from sealhold.protect.sql.recipes import recipe_of
from sealhold.protect.sql.residual_limits import RowLimit
from sealhold.protect.sql.rows import ALL, Row, RowReader
from sealhold.protect.sql.wire import (
    TEXT,
    Field,
    build_fields,
    build_row,
    build_rows,
    format_of,
    frame,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SUSPENDED: Final = frame(b"s")
NO_DATA: Final = frame(b"n")
_COMPLETE, _SUSPENDED, _EMPTY, _NO_DATA = (ord(each) for each in "CsIn")
_rid = struct.Struct(">q").unpack
_RID_BYTES: Final = 8


def width_of(query: Query) -> int:
    """Return how many columns the provider's answer has."""
    return recipe_of(query).width


def asked_formats(query: Query, results: Sequence[int], width: int) -> tuple[int, ...]:
    """Return the format of each of the provider's columns, for the formats the client asked for."""
    return recipe_of(query).asked(tuple(results), width)


def described(query: Query, prepared: Prepared, results: Sequence[int]) -> tuple[Field, ...] | None:
    """Return the columns that the client gets, None if there are no rows at all."""
    given = prepared.fields
    if query.residual is not None:
        return tuple(
            _typed(name, type_, format_of(results, at))
            for at, (name, type_) in enumerate(query.residual.outputs)
        )
    if given is None or query.wholes:
        return None
    if query.outputs is None:
        return tuple(each._replace(format=format_of(results, at)) for at, each in enumerate(given))
    return tuple(
        _field(output, given, format_of(results, at)) for at, output in enumerate(query.outputs)
    )


def row_description(query: Query, prepared: Prepared, results: Sequence[int]) -> bytes:
    """Return RowDescription or NoData, as the client is told what it gets."""
    key = query, tuple(results)
    found = prepared.described
    if found is not None and found[0] is query and found[1] == key[1]:
        return found[2]
    fields = described(query, prepared, results)
    said = NO_DATA if fields is None else build_fields(fields)
    if prepared.fields is not None:
        prepared.described = (*key, said)
    return said


class Opening:
    """How the rows of one portal are opened, and those that wait here to be handed out."""

    def __init__(
        self,
        query: Query,
        leasing: Leasing,
        settings: "Callable[[], Settings]",
        results: Sequence[int],
        limits: Limits,
        parameters: Sequence[bytes | None],
        checking: Checking | None = None,
    ) -> None:
        self.query = query
        self._checking = checking
        self.leasing = leasing
        self.results = tuple(results)
        self.most = limits.fetch_rows  # that may be kept here
        self._most_bytes = limits.fetch_bytes
        self._bytes = 0
        self.has_begun = False
        self._settings = settings
        self._parameters = parameters
        self._outputs = query.outputs or ()
        recipe = recipe_of(query)
        self._hidden, self._texts = recipe.hidden, recipe.texts
        self._reader = recipe.reader or RowReader(None if query.outputs is None else recipe.width)
        self.kept: list[Row] = []
        self.ready: list[Row] | None = None
        self._next = 0

    @property
    def is_kept(self) -> bool:
        """Whether rows are gathered before any is handed out."""
        return self.query.residual is not None

    def read(self, data: bytes, at: int, most: int = ALL) -> tuple[list[Row], int]:
        """Return at most so many whole rows from `at` on, still closed, and where they end.

        Raises:
            WireError: a row out of form.
        """
        return self._reader.rows(data, at, most)

    def room(self) -> int:
        """Return how many rows are worth a look: what leases cover by now, and one at least."""
        return max(1, self.leasing.room(self.query.touch, self._hidden)) if self._hidden else ALL

    def may_open(self, rows: int) -> int:
        """Return how many of so many rows leases cover; they are counted."""
        if not self._hidden:
            return rows
        return self.leasing.opens(self.query.touch, rows, self._hidden)

    def more(self) -> Call:
        """Return the call that brings leases for one row at least."""
        return self.leasing.call(self.query.touch, self._hidden)

    def opened(self, rows: Sequence[Row]) -> list[Sequence[bytes | None]]:
        """Return the columns of the query's outputs, those that were hidden in binary form.

        Raises:
            TamperedError: a cell does not open, or a row is not as it was written last.
            PgValueError: a row of a transaction that is too old to be judged.
            TooFastError: the user sees more different rows than the policy lets them.
        """
        columns = list(zip(*rows, strict=True))
        if self._checking is not None:
            self._checking.check(columns)
        if self.query.outputs is None:
            return list(columns)
        made: list[Sequence[bytes | None]] = []
        seen: dict[str, Sequence[int]] = {}  # by table, what tells its rows apart
        for output in self._outputs:
            cells = columns[output.at]
            if output.column is not None:
                places = _places(columns, output.rid_at, len(rows))
                # THREAT T660, T661: what does not open in its place ends the answer
                made.append(output.column.decode(cells, places))
                name = f"{output.column.schema}.{output.column.table}"
                if name not in seen:
                    seen[name] = places if output.rid_at is not None else list(map(hash, cells))
            else:
                made.append(cells)
        for name, keys in seen.items():
            self.leasing.showing(name, keys)
        return made

    def shown(self, rows: Sequence[Row]) -> list[Sequence[bytes | None]]:
        """Return the columns as the client gets them, in its formats.

        Raises:
            TamperedError: a cell does not open.
            PgValueError: an opened cell holds no value of its type.
        """
        columns = self.opened(rows)
        for at, form in self._texts:
            if format_of(self.results, at) == TEXT:
                columns[at] = _texts(columns[at], form, self._settings())
        return columns

    def keep(self, rows: Sequence[Row]) -> bool:
        """Open rows and keep them; return whether there is room for more.

        Raises:
            TamperedError: a cell does not open.
        """
        opened = self.opened(rows)
        self.kept.extend(zip(*opened, strict=True) if opened else [()] * len(rows))
        self._bytes += sum(len(cell) for row in rows for cell in row if cell is not None)
        return len(self.kept) <= self.most and self._bytes <= self._most_bytes

    def finish(self) -> None:
        """Do what is left over, on all rows.

        Raises:
            PgValueError: an error of a value, as the server has it.
            SealholdError: another one.
        """
        residual = self.query.residual
        if residual is not None:
            limit = RowLimit(self.most, self._most_bytes)
            run = residual.run(self.kept, self._parameters, self._settings(), limit)
            self.ready = [tuple(each) for each in run]
        self.kept = []

    def next_rows(self, most: int) -> tuple[list[Sequence[bytes | None]], int, bool]:
        """Return the columns of the next rows, their count, and whether `most` ended them."""
        residual, ready = self.query.residual, self.ready
        if residual is None or ready is None:
            return [], 0, False
        start = self._next
        stop = self._next = min(start + most, len(ready)) if most else len(ready)
        rows = ready[start:stop]
        columns: list[Sequence[bytes | None]] = list(zip(*rows, strict=True))
        for at, (_, type_) in enumerate(residual.outputs if rows else ()):
            if format_of(self.results, at) == TEXT:
                columns[at] = _texts(columns[at], codec(type_), self._settings())
        count = stop - start
        return columns, count, bool(most) and count == most


class Passed(Told):
    """The answer to an Execute of which the provider's rows are the client's."""

    table = RELAYED


class Rows(Told):
    """The answer to an Execute whose rows are opened."""

    def __init__(self, opening: Opening, most: int = 0) -> None:
        super().__init__(opening.query)
        self.opening = opening
        self.is_over = False
        self.count = 0
        self._most = most  # rows for this Execute, of those that are kept; 0: all
        self.is_given_up = False

    def rows(self, line: Line, data: bytes, at: int) -> int:
        """Open all rows that are whole, then tell the client of them."""
        opening = self.opening
        rows, end = self.read(data, at, ALL if self.is_given_up else opening.room())
        if self.is_given_up or not rows:
            return end
        may = opening.may_open(len(rows))
        if not may:
            self.stall(line)
            return at
        if may < len(rows):  # a lease is over since
            rows, end = self.read(data, at, may)
        try:
            self.open(line, rows)
        # THREAT T647: nothing of these rows has left; those that follow are not opened
        except TamperedError as err:
            opening.leasing.found(finding(err), self.query.touch, str(err))
            self.fail(line, told(err))
        except (PgValueError, SealholdError) as err:
            self.fail(line, value_error(err))
        return end

    def read(self, data: bytes, at: int, most: int) -> tuple[list[Row], int]:
        """Return at most so many whole rows, still closed, and where they end."""
        return self.opening.read(data, at, most)

    def open(self, line: Line, rows: list[Row]) -> None:
        """Open rows that leases cover, and tell the client of them or keep them."""
        opening = self.opening
        if not opening.is_kept:
            line.say(self.framed(opening.shown(rows), len(rows)))
            self.count += len(rows)
        elif not opening.keep(rows):
            self.fail(line, too_many(opening.most))

    def take(self, line: Line, kind: int, message: bytes) -> bool:
        """Take the end of the rows."""
        if kind not in {_COMPLETE, _SUSPENDED, _EMPTY}:
            return super().take(line, kind, message)
        self.is_over = True
        if self.is_given_up:
            return True
        if not self.opening.is_kept:
            self.complete(line, message)
            return True
        if kind == _SUSPENDED:
            self.fail(line, too_many(self.opening.most))
            return True
        try:
            self.opening.finish()
            said = self.hand_out(self._most)
        except (PgValueError, SealholdError) as err:
            self.fail(line, value_error(err))
        else:
            line.say(said)
        return True

    def complete(self, line: Line, message: bytes) -> None:
        """Tell the client of the end."""
        line.say(message)

    def give_up(self) -> None:
        """Open nothing more."""
        self.is_given_up = True
        self.opening.kept = []

    def dropped(self, line: Line) -> None:  # noqa: ARG002  reason: nothing is told
        """Note that no rows come."""
        self.is_over = True

    def error(self, line: Line, message: bytes) -> None:
        """Tell the client, and open nothing more."""
        self.is_over = True
        super().error(line, message)

    def framed(self, columns: Sequence[Sequence[bytes | None]], count: int) -> bytes:
        """Return rows as the client gets them."""
        return framed(columns, count)

    def hand_out(self, most: int) -> bytes:
        """Return the next rows of those that are kept, and what follows them."""
        return handed_out(self.opening, most)

    def stall(self, line: Line) -> None:
        """Let the provider's rows wait until a lease covers them."""
        line.stall = self.opening.more()
        line.steps.append(line.stall)

    def fail(self, line: Line, said: bytes) -> None:
        """Tell the client of an error in place of what is still to come."""
        self.give_up()
        line.fail(said)


def framed(columns: Sequence[Sequence[bytes | None]], count: int) -> bytes:
    """Return DataRows; rows without columns are rows too."""
    if not columns:
        return build_row(()) * count
    if count == 1:
        return build_row([each[0] for each in columns])
    return build_rows(columns)


def handed_out(opening: Opening, most: int) -> bytes:
    """Return the next rows that wait, at most so many (0: all), and what follows them."""
    columns, count, is_suspended = opening.next_rows(most)
    end = SUSPENDED if is_suspended else frame(b"C", b"SELECT %d\0" % count)
    return framed(columns, count) + end


def value_error(err: PgValueError | SealholdError) -> bytes:
    """Return an error of a value, as PostgreSQL would say it, or one of ours."""
    if isinstance(err, PgValueError):
        return error(err.sqlstate, err.message)
    return told(err)


def _places(columns: Sequence[Row], rid_at: int | None, count: int) -> Sequence[int]:
    if rid_at is None:
        return (0,) * count
    cells = columns[rid_at]
    if count == 1 and cells[0] and len(cells[0]) == _RID_BYTES:
        return _rid(cells[0])
    if None in cells or set(map(len, cast("Sequence[bytes]", cells))) != {_RID_BYTES}:
        # a cell in a row without its number opens nowhere
        return [_rid(each)[0] if each and len(each) == _RID_BYTES else 0 for each in cells]
    return struct.unpack(f">{count}q", b"".join(cast("Sequence[bytes]", cells)))


def _texts(
    values: Sequence[bytes | None], form: Codec[Any], settings: Settings
) -> list[bytes | None]:
    to_text = form.to_text
    return [None if each is None else to_text(each, settings) for each in values]


def _field(output: Output, given: Sequence[Field], format_: int) -> Field:
    told = given[output.at]
    if output.column is None:
        place = (output.table or told.table, output.attribute or told.attribute)
        return Field(output.name, *place, told.type, told.length, told.typmod, format_)
    type_ = output.type or output.column.type
    return Field(
        output.name, output.table or told.table, output.attribute,
        type_.oid, type_.length, type_.typmod, format_,
    )  # fmt: skip


def _typed(name: str, type_: PgType, format_: int) -> Field:
    return Field(name, 0, 0, type_.oid, type_.length, type_.typmod, format_)
