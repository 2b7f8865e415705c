"""A query of which part is done on opened rows: what the provider gives, and what is left over.

- The provider does the FROM and each part of the WHERE that it can; it gives the plain columns and
  cells that the rest needs. The rest is done here, with the server's own semantics.
- If only parts of a WHERE are left over, the provider still sorts.
- The same serves a change whose rows, or new values, need opened columns.

Source: docs/spec/60-statements.md section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.fromclause import Shown
from sealhold.protect.sql.grouping import Grouping, contains_aggregate
from sealhold.protect.sql.maskuses import masked_outputs
from sealhold.protect.sql.plan import Output, Whole
from sealhold.protect.sql.refusing import NotPossibleError, PlanError, WrongError, masked
from sealhold.protect.sql.residual import CannotDo, Residual, Slot, compile_select
from sealhold.protect.sql.scope import UNDEFINED, Field, Scope
from sealhold.protect.sql.searching import narrowed
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.wholerows import Filtered, conditions, lay_out
from sealhold.protect.sql.work import Work


@dataclass(slots=True)
class Base:
    """The columns that the provider gives for what is left over, each once."""

    scope: Scope
    slots: dict[tuple[str, str], Slot] = field(default_factory=dict)
    opened: dict[Column, None] = field(default_factory=dict)
    cells: list[tuple[Field, Node]] = field(default_factory=list)
    shown: set[tuple[str, str]] = field(default_factory=set)  # masked, and outputs alone

    def slot(self, names: tuple[str, ...]) -> Slot:
        """Return where a column stands in each row; it is asked for from now on.

        Raises:
            LookupError: there is none of that name.
            NotPossibleError: it is of a table whose columns are not known, or of such a type.
        """
        try:
            found = self.scope.resolve(names)
        except WrongError as err:
            if err.refused.code == UNDEFINED:
                raise LookupError(err.refused.message) from err
            raise
        if found is None or found.type is None:
            raise NotPossibleError(f'column "{names[-1]}" is of a type or table not known here')
        key = (found.alias, found.name)
        if found.column is not None and found.column.mask is not None and key not in self.shown:
            raise masked(found.column, "what is done on opened rows")
        if key not in self.slots:
            self.slots[key] = Slot(len(self.cells), found.type)
            self.cells.append((found, found.at()))
            if found.column is not None:
                self.opened[found.column] = None
        return self.slots[key]


@dataclass(frozen=True, slots=True)
class Split:
    """A query for the provider, and what is left over."""

    select: pb.SelectStmt
    outputs: tuple[Output, ...]
    residual: Residual
    opened: tuple[Column, ...]
    wholes: tuple[Whole, ...] = ()
    is_once: bool = False


def split(selecting: Selecting, select: pb.SelectStmt, work: Work) -> Split:
    """Return a query of which the provider does the part it can.

    Raises:
        PlanError: the rest cannot be done here either.
    """
    left: list[Node] = []
    made, scope, shown = selecting.begun(select, None, left)
    expressions = Expressions(work, scope, selecting.nested)
    base = Base(scope)
    rest = pb.SelectStmt()
    rest.CopyFrom(select)
    rest.ClearField("with_clause")
    _expand(rest, selecting, expressions, shown)
    base.shown = masked_outputs(rest, expressions)
    left += push_where(made, select, expressions)
    if work.guarded:
        left = conditions(select, work)
    rest.ClearField("where_clause")
    if left:
        rest.where_clause.CopyFrom(tree.both(left))
    for name in ("target_list", "group_clause", "sort_clause", "distinct_clause", "window_clause"):
        made.ClearField(name)
    for name in ("having_clause", "limit_count", "limit_offset"):
        made.ClearField(name)
    made.limit_option = pb.LimitOption.LIMIT_OPTION_DEFAULT
    if _only_filters(rest) and not work.guarded:
        _push_sort(made, rest, expressions, selecting, select, shown)
    residual = compiled(rest, base, work)
    targets, outputs, wholes = lay_out(base.cells, work)
    made.target_list.extend(targets or [tree.target(tree.integer(1))])
    for each in base.opened:
        work.opened[each] = None
    is_once = bool(wholes) and len(wholes) == len(scope.entries)
    return Split(made, outputs, residual, tuple(base.opened), wholes, is_once)


def compiled(rest: pb.SelectStmt, base: Base, work: Work) -> Residual:
    """Return what is done here of a query.

    Raises:
        PlanError: it cannot be.
    """
    try:
        residual = compile_select(
            rest, base.slot, work.parameters.type_of, text_order=work.names.text_order
        )
    except LookupError as err:
        raise WrongError(UNDEFINED, str(err)) from err
    except CannotDo as err:
        raise NotPossibleError(str(err), err.advice) from err
    except PgValueError as err:
        raise WrongError(err.sqlstate, err.message) from err
    for client, type_ in residual.learned.items():
        work.parameters.learn(client, type_)
    return residual


def push_where(made: Filtered, select: Filtered, expressions: Expressions) -> list[Node]:
    """Let the provider do what it can of a WHERE, and return the rest."""
    made.ClearField("where_clause")
    if not select.HasField("where_clause"):
        return []
    pushed: list[Node] = []
    left: list[Node] = []
    for each in tree.conjuncts(select.where_clause):
        try:
            pushed.append(expressions.condition(each))
        except NotPossibleError:
            left.append(each)
    pushed += narrowed(expressions, left)
    if pushed:
        made.where_clause.CopyFrom(tree.both(pushed))
    return left


def _expand(
    rest: pb.SelectStmt, selecting: Selecting, expressions: Expressions, shown: Sequence[Shown]
) -> None:
    """Write each output out, so that no `*` is left."""
    items = selecting.items(rest, expressions, shown)
    del rest.target_list[:]
    rest.target_list.extend(tree.target(each.value, each.name) for each in items)


def _only_filters(rest: pb.SelectStmt) -> bool:
    return not (
        rest.group_clause
        or rest.distinct_clause
        or rest.HasField("having_clause")
        or rest.window_clause
        or any(contains_aggregate(each) for each in rest.target_list)
    )


def _push_sort(
    made: pb.SelectStmt,
    rest: pb.SelectStmt,
    expressions: Expressions,
    selecting: Selecting,
    select: pb.SelectStmt,
    shown: Sequence[Shown],
) -> None:
    """Let the provider sort, where it can."""
    if not rest.sort_clause:
        return
    items = selecting.items(select, expressions, shown)
    try:
        ordered = Grouping(expressions, items).sorting_columns(select)
    except PlanError:
        return
    made.sort_clause.extend(ordered)
    del rest.sort_clause[:]
