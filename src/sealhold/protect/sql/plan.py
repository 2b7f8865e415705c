"""What is done for one statement of a client: made by the planner, carried out by the session.

- A plan holds no value of a client but constants of the statement's text. It is made once for a
  text, and used for each execution.
- Numbers of parameters and columns count from zero.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealhold.protect.columns import Column
    from sealhold.protect.guards import Guard
    from sealhold.protect.pgtypes.codec import Settings
    from sealhold.protect.pgtypes.types import PgType
    from sealhold.protect.sql.residual import Residual


class Expression(Protocol):
    """A value that is computed at each execution."""

    @property
    def type(self) -> PgType:
        """Its type."""
        ...

    def evaluate(
        self, row: Sequence[bytes | None], parameters: Sequence[bytes | None], settings: Settings
    ) -> bytes | None:
        """Return the value on one row, in binary send form.

        Raises:
            PgValueError: it has none, as on the server.
        """
        ...


How = Literal["store", "=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter that goes to the provider as the client sent it, in its format."""

    client: int


@dataclass(frozen=True, slots=True)
class Known:
    """A value that the statement's text gives, in binary send form of a physical type."""

    value: bytes | None


@dataclass(frozen=True, slots=True)
class Row:
    """The number of the row that an INSERT makes: drawn anew for each execution."""

    row: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value for a protected column, as the technique of `suffix` stores it.

    It comes from the client's parameter `client`, which is of type `given`, or is computed by
    `expression` from all of the client's parameters. `coercing.py` makes it one of the column's
    type: `how` says for what.
    """

    column: Column
    suffix: str
    client: int | None
    given: PgType | None = None  # None: of the column's type
    expression: Expression | None = None
    how: How = "store"
    row: int | None = None  # of which new row, for a cell that is bound to its row
    is_array: bool = False  # each element is hidden: `= ANY($1)`


@dataclass(frozen=True, slots=True)
class Made:
    """The array of what a rewriting made for one physical column, one element for each row."""

    assignment: int | None  # of the rewriting; None: the row numbers, or their tags
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """One value that rows are looked for by, in tables beside a column."""

    how: str  # to_tsquery, plainto_tsquery; or a comparison of a range
    type: PgType  # of the value
    client: int | None
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of the rows that a search finds, as an array: made before a Bind is sent."""

    column: Column
    sought: tuple[Sought, ...]  # of a range: all that must hold
    is_negated: bool = False  # they are the rows that are not meant


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the rows that an execution writes: drawn anew for each."""


@dataclass(frozen=True, slots=True)
class RowTag:
    """The tag of a row that an INSERT makes, over what other parameters hold."""

    guard: Guard
    row: int
    places: tuple[int | None, ...]  # of each physical column the parameter; None: NULL


Source = Given | Known | Row | Hidden | Made | Found | Version | RowTag


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of what the provider is sent: the type it is declared with, and its value."""

    oid: int  # 0: the provider says
    source: Source


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the answer, as the client sees it."""

    name: str
    at: int  # the column of the provider's answer
    column: Column | None = None  # None: as the provider gives it
    rid_at: int | None = None  # where the row number stands, for cells bound to rows
    table: int = 0  # oid and number of attribute, as RowDescription tells them
    attribute: int = 0
    type: PgType | None = None  # None: the column's own


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a table's rows in an answer: physical columns in order, number, version and tag."""

    guard: Guard
    at: int  # the first of them
    is_optional: bool = False  # an outer join has NULLs in the place of a row that is not there

    @property
    def rid_at(self) -> int:
        """The column with the row's number; version and tag are the next two."""
        return self.at + len(self.guard.physical)


@dataclass(frozen=True, slots=True)
class Touch:
    """What a statement does, without a value: what the gate decides on and the log says."""

    verb: str  # SELECT, INSERT, ...
    tables: tuple[str, ...] = ()  # schema.table, in order
    opens: tuple[Column, ...] = ()  # whose values come out in plain, here or at the client
    writes: tuple[Column, ...] = ()
    reads: bool = False  # rows come out, though the verb does not say so


@dataclass(frozen=True, slots=True)
class Query:
    """A statement for the provider, and how its answer is read."""

    sql: str
    touch: Touch
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[Output, ...] | None = None  # None: the provider's columns as they are
    types: tuple[PgType | None, ...] = ()  # of the client's parameters, where the plan knows them
    residual: Residual | None = None  # its rows are `outputs`, its columns are the client's then
    new_rows: int = 0  # row numbers that one execution takes
    kept: list[Any] = field(default_factory=list, init=False, compare=False, repr=False)
    has_pairs: bool = False  # it asks or writes tables beside: see `besides.py`
    wholes: tuple[Whole, ...] = ()  # rows that are verified before anything of them is opened
    is_once: bool = False  # no rows of `wholes` come together twice
    locks: bool = False  # the rows of the first of `wholes` are locked


@dataclass(frozen=True, slots=True)
class Relay:
    """A statement that touches nothing protected: it goes without comments, its answer unread."""

    sql: str
    tables: tuple[str, ...] = ()
    changes_names: bool = False  # DDL, SET search_path, DISCARD: names are read anew after it
    touch: Touch | None = None  # None: it needs no leave


@dataclass(frozen=True, slots=True)
class Script:
    """DDL for one statement of the client: several for the provider, all or none of them."""

    statements: tuple[str, ...]
    tag: str  # what the client is answered: CREATE TABLE
    touch: Touch
    begun: tuple[Column, ...] = ()  # whose tables beside are empty from now on
    forgets: str = ""  # a table whose rows are tagged and that is made anew


@dataclass(frozen=True, slots=True)
class Kept:
    """A column of a changed row that tables beside are kept of."""

    column: Column
    old: int  # the output of `select` with the value that was
    assignment: int | None  # its new value; None: the row goes


@dataclass(frozen=True, slots=True)
class Assignment:
    """A protected column that is set: its new value is computed from a row that was read."""

    column: Column
    expression: Expression | None  # over the outputs of `select`, and parameters; None is NULL


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A change in two phases, in one transaction: rows are locked and read, then changed.

    The first output of `select` is the row number (bigint, binary form); `where` drops rows after
    they were opened. `change` is sent once with arrays (`Made`); its answer is the client's.
    Of a table with a `guard` each change is one: an INSERT too, whose `select` is its `change`.
    """

    select: Query
    where: Expression | None
    assignments: tuple[Assignment, ...]
    change: Query
    kept: tuple[Kept, ...] = ()
    guard: Guard | None = None
    may_skip: bool = False  # ON CONFLICT DO NOTHING


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column that sums are grouped by: where it stands in the rows of `sums`."""

    at: int
    by: tuple[int, ...]  # terms that are equal in a group; none: its own value
    type: PgType


@dataclass(frozen=True, slots=True)
class Tally:
    """One aggregate of a SumPlan."""

    kind: Literal["sum", "avg", "count"]
    at: int  # which of its columns; of a count, which value of a row of `sums`


@dataclass(frozen=True, slots=True)
class SumPlan:
    """Sums that an agent makes: of rows whose numbers the provider gives, block by block.

    The rows of `sums` are keys, the mark of each column, how many rows, their numbers, the cells of
    those in no block, and counts; `Made(n)` is the first block of the n-th column. `residual` makes
    the client's rows of one row for each group: its keys and tallies. Where no agent can do it,
    `opened` is run, which also says what the client sees.
    """

    opened: Query
    sums: Query
    columns: tuple[Column, ...]
    keys: tuple[GroupKey, ...]
    marks: tuple[int, ...]
    count: int
    rids: int
    cells: tuple[int, ...]
    tallies: tuple[Tally, ...]
    residual: Residual
    is_grouped: bool


@unique
class Verb(Enum):
    """A statement that the session itself understands."""

    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ROLLBACK = "ROLLBACK"
    SAVEPOINT = "SAVEPOINT"
    PREPARE = "PREPARE"
    EXECUTE = "EXECUTE"
    DEALLOCATE = "DEALLOCATE"
    DECLARE = "DECLARE"
    FETCH = "FETCH"
    CLOSE = "CLOSE"
    DISCARD = "DISCARD"
    SET = "SET"
    EMPTY = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A statement about the session: transactions, prepared statements, cursors, settings."""

    verb: Verb
    sql: str  # for the provider, without comments
    name: str = ""
    inner: Plan | None = None  # of PREPARE and DECLARE
    arguments: tuple[bytes | None, ...] = ()  # of EXECUTE, in text form
    types: tuple[int, ...] = ()  # declared by PREPARE
    value: str = ""  # of SET; of a savepoint, what is done with it


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """A COPY of a protected table: how its lines are read and written."""

    sql: str  # COPY ... (physical columns) FROM STDIN or TO STDOUT, in binary form
    into: bool
    columns: tuple[CopyColumn, ...]  # in the order of the client's lines
    form: str = "text"  # text, csv, binary: the client's
    options: dict[str, str] = field(default_factory=dict)  # delimiter, null, quote, escape, header
    defaults: tuple[tuple[Column, bytes | None], ...] = ()  # columns that the lines do not have
    rid: bool = False  # each row gets a number, which is the last physical column
    query: Query | None = None  # of COPY (SELECT ...) TO, or of a table
    touch: Touch = Touch("COPY")
    guard: Guard | None = None
    order: tuple[int, ...] = ()  # of a guarded table: where each physical column is among ours


@dataclass(frozen=True, slots=True)
class CopyColumn:
    """One column of the client's lines."""

    name: str
    type: PgType
    column: Column | None  # None: clear


@dataclass(frozen=True, slots=True)
class Refused:
    """A statement that is not sent."""

    code: str  # SH001 ... SH008, or a SQLSTATE of PostgreSQL
    message: str
    hint: str = ""
    position: int = 0  # in characters from 1; 0: nowhere


Plan = Query | SumPlan | Relay | Script | Rewrite | Control | CopyPlan | Refused
