"""Aggregates of a statement: compiled once, and computed for each group of rows.

- DISTINCT drops equal arguments before they are taken. With ORDER BY, and where the order shows
  with DISTINCT, arguments are kept and taken in order when the group is complete.
- Where the order of arguments shows and is one of texts, it must be order C.

Source: docs/spec/57-values-and-residuals.md section 13; PostgreSQL 15, chapter 4.2.7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.residual_calls import AGGREGATES, name_of
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_limits import RowLimit
from sealhold.protect.sql.residual_names import shape
from sealhold.protect.sql.residual_resolve import choose, settled
from sealhold.protect.sql.residual_sorting import SortKey, directions, sort_in_place
from sealhold.protect.sql.residual_states import Aggregates, State
from sealhold.protect.sql.residual_terms import (
    CannotDo,
    Frame,
    Run,
    Term,
    Value,
)

_SHOWS_ORDER: Final = frozenset({"array_agg", "string_agg"})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate of a statement."""

    begin: Callable[[], State]
    arguments: tuple[Run, ...]
    keep: Run | None  # FILTER
    same: Callable[[Value], Value] | None  # DISTINCT: what is equal for equal first arguments
    sorts: tuple[SortKey, ...] = ()
    keeps_values: bool = False  # until the group is complete


class Gathering:
    """One aggregate over one group."""

    __slots__ = ("_aggregate", "_kept", "_seen", "_state")

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._state = aggregate.begin()
        self._seen: set[object] = set()
        self._kept: list[tuple[list[Value], tuple[Value, ...]]] = []

    def take(self, frame: Frame, limit: RowLimit) -> None:
        """Take a row.

        Raises:
            TooMuchToOpenError: what is kept of it is too much.
            PgValueError: a value that the server would refuse to compute.
        """
        aggregate = self._aggregate
        if aggregate.keep is not None and aggregate.keep(frame) is not True:
            return
        values = tuple([run(frame) for run in aggregate.arguments])
        if aggregate.keeps_values:
            limit.keep(values)
        if aggregate.same is not None:
            key = (None if values[0] is None else aggregate.same(values[0]), *values[1:])
            if key in self._seen:
                return
            self._seen.add(key)
        if aggregate.sorts:
            self._kept.append(([each.run(frame) for each in aggregate.sorts], values))
        else:
            self._state.add(*values)

    def result(self) -> Value:
        """Return the aggregate of all rows taken."""
        if self._kept:
            sort_in_place(self._kept, self._aggregate.sorts)
            for _, values in self._kept:
                self._state.add(*values)
            self._kept = []
        return self._state.result()


def aggregate(compiler: Compiler, node: pb.FuncCall) -> tuple[Aggregate, Term] | None:
    """Return an aggregate and a term of its type; None if the function is none.

    Raises:
        CannotDo: not in the list.
    """
    name = name_of(node)
    if name not in AGGREGATES:
        return None
    if node.HasField("over") or node.agg_within_group or node.func_variadic:
        raise CannotDo(f"`{name}` over a window or an ordered set is not in the list")
    parts = [compiler.term(each) for each in node.args]
    if not parts and not node.agg_star:
        raise CannotDo(f"`{name}` without arguments")
    if name == "array_agg":
        parts = [compiler.typing.settled(part) for part in parts]
    given = [part.type for part in parts]
    signature = settled(choose(Aggregates.table[name], given, f"the aggregate `{name}`"), given)
    typed = [
        compiler.typing.typed(part, to) for part, to in zip(parts, signature.takes, strict=True)
    ]
    if signature.compares_text:
        compiler.ordered(typed[0])
    keep = compiler.truth(node.agg_filter).run if node.HasField("agg_filter") else None
    doomed = next((part.doomed for part in typed if part.doomed is not None), None)
    made = Aggregate(
        begin=signature.run,
        arguments=tuple(part.run for part in typed),
        keep=keep,
        same=compiler.equal(typed[0]) if node.agg_distinct else None,
        sorts=_sorts(compiler, node, name, typed),
        keeps_values=bool(node.agg_distinct or node.agg_order) or name in _SHOWS_ORDER,
    )
    in_c = any(part.is_in_c for part in typed)
    return made, Term(
        type=signature.gives, run=_unset, has_columns=True, is_in_c=in_c, doomed=doomed
    )


def _unset(_: Frame) -> Value:
    raise CannotDo("an aggregate outside of its statement")


def _sorts(
    compiler: Compiler, node: pb.FuncCall, name: str, typed: Sequence[Term]
) -> tuple[SortKey, ...]:
    """Return in which order the arguments are taken, where it shows.

    Raises:
        CannotDo: not in the list.
    """
    if node.agg_distinct and not node.agg_order:
        kind = typed[0].type
        if name not in _SHOWS_ORDER and kind.name not in {"float4", "float8"}:
            return ()
        return (
            SortKey(typed[0].run, compiler.ordered(typed[0]), is_falling=False, nulls_high=True),
        )
    if name not in _SHOWS_ORDER and not node.agg_distinct:
        kinds = {part.type.name for part in typed}
        if not kinds & {"float4", "float8", "numeric", "bpchar"}:
            return ()
    found: list[SortKey] = []
    for each in node.agg_order:
        sort_by = each.sort_by
        at = _same_argument(compiler, node, sort_by.node)
        term = typed[at] if at is not None else compiler.typing.settled(compiler.term(sort_by.node))
        if node.agg_distinct and at != 0:
            raise CannotDo("an aggregate of DISTINCT in the order of another expression")
        is_falling, nulls_high = directions(sort_by)
        found.append(
            SortKey(term.run, compiler.ordered(term), is_falling=is_falling, nulls_high=nulls_high)
        )
    return tuple(found)


def _same_argument(compiler: Compiler, node: pb.FuncCall, wanted: pb.Node) -> int | None:
    shapes = [shape(each, compiler.find) for each in node.args]
    found = shape(wanted, compiler.find)
    return shapes.index(found) if found in shapes else None
