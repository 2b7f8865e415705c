"""Sums over the grid of a grant: which statements there are, and which groups are told.

    SELECT city, count(*), sum(cost) FROM visit GROUP BY city

- A statement groups by exactly the columns of the grid and has no other clause, so all groups that
  are ever told are the same disjoint ones: no two differ by a few rows.
- A group is told if it has enough rows, and each measure of the grant has enough values in it and
  no NULL or enough of them. That is one rule for all statements: a group is told in all or in none.
- How many were left out is not said.

Source: docs/spec/67-proxy-to-proxy.md section 3.
"""

from collections.abc import Sequence
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.peers.allowed import BeyondGrantError
from sealhold.protect.peers.narrowing import condition_of, from_clause
from sealhold.protect.peers.paper import Grid
from sealhold.protect.sql import tree
from sealhold.protect.sql.refusing import WrongError
from sealhold.protect.sql.tree import Node

_CLAUSES: Final = frozenset({"target_list", "from_clause", "group_clause", "limit_option", "op"})
_OF_CALLS: Final = frozenset({"funcname", "args", "agg_star", "funcformat", "location"})
_OF_TABLES: Final = frozenset({
    "schemaname", "relname", "inh", "relpersistence", "location", "alias"
})  # fmt: skip
_SUMS: Final = frozenset({"count", "sum", "avg"})


def gridded(node: Node, grid: Grid) -> Node:
    """Return the statement for the planner: with what tells which groups there are behind it.

    Raises:
        BeyondGrantError: it is anything but sums over the grid.
        WrongError: it names what the grid does not have.
    """
    select = node.select_stmt
    # THREAT T759: a clause more makes groups that overlap others
    beyond = sorted({each.name for each, _ in select.ListFields()} - _CLAUSES)
    if beyond:
        raise BeyondGrantError(f"a grant of sums takes no {beyond[0].removesuffix('_clause')}")
    called = _called(select, grid)
    groups = [_column(each, called) for each in select.group_clause]
    if sorted(groups) != sorted(grid.by):
        raise BeyondGrantError(f"a grant of sums groups by {', '.join(grid.by)}, and by no less")
    made = pb.SelectStmt(
        target_list=[_item(each.res_target, grid, called) for each in select.target_list],
        from_clause=[from_clause(grid.table)],
        group_clause=[tree.column(each) for each in grid.by],
        op=pb.SetOperation.SETOP_NONE,
        limit_option=pb.LimitOption.LIMIT_OPTION_DEFAULT,
    )
    made.target_list.append(tree.target(_counted(None)))
    made.target_list.extend(tree.target(_counted(each)) for each in grid.measures)
    where = condition_of(grid.table)
    if where is not None:
        made.where_clause.CopyFrom(where)
    return Node(select_stmt=made)


def behind(grid: Grid) -> int:
    """Return how many columns stand behind those of the asker."""
    return 1 + len(grid.measures)


def is_told(grid: Grid, counts: Sequence[str | None]) -> bool:
    """Whether a group is told, by the columns that stand behind the asker's."""
    rows, *values = (int(each or 0) for each in counts)
    # THREAT T759: what is of few rows is of few people; their NULLs and values as well
    if rows < grid.least:
        return False
    return all(
        each >= grid.least and (rows - each == 0 or rows - each >= grid.least) for each in values
    )


def _called(select: pb.SelectStmt, grid: Grid) -> str:
    """Return how a statement calls the one table of its FROM.

    Raises:
        BeyondGrantError: it has more, or in another form.
        WrongError: it is another table.
    """
    item = select.from_clause[0] if len(select.from_clause) == 1 else Node()
    table = item.range_var
    is_one = item.HasField("range_var") and {f.name for f, _ in table.ListFields()} <= _OF_TABLES
    if not is_one or table.alias.colnames:
        raise BeyondGrantError("a grant of sums is asked of one table")
    if table.relname != grid.table.name or table.schemaname not in {"", grid.table.schema}:
        raise WrongError("42P01", "a table that the grant does not have")
    return str(table.alias.aliasname or table.relname)


def _column(node: Node, called: str) -> str:
    names = tree.strings(node.column_ref.fields) if node.HasField("column_ref") else ()
    if len(names) == 1 or (len(names) == 2 and names[0] == called):  # noqa: PLR2004  # reason: table, column
        return names[-1]
    raise BeyondGrantError("a grant of sums takes columns by their names alone")


def _item(target: pb.ResTarget, grid: Grid, called: str) -> Node:
    value = target.val
    if value.HasField("column_ref"):
        name = _column(value, called)
        if name not in grid.by:
            raise WrongError("42703", "a column that the grid does not have")
        return tree.target(tree.column(name), target.name)
    if not value.HasField("func_call"):
        raise BeyondGrantError("a grant of sums tells COUNT, SUM and AVG")
    return tree.target(_sum(value.func_call, grid, called), target.name)


def _sum(call: pb.FuncCall, grid: Grid, called: str) -> Node:
    name = tree.function(call)
    if name not in _SUMS or {each.name for each, _ in call.ListFields()} - _OF_CALLS:
        raise BeyondGrantError("a grant of sums tells COUNT, SUM and AVG")
    if call.agg_star:
        return _counted(None)
    measure = _column(call.args[0], called) if len(call.args) == 1 else ""
    if measure not in grid.measures:
        raise WrongError("42703", "a column that the grant does not sum")
    return tree.call(name, tree.column(measure))


def _counted(measure: str | None) -> Node:
    if measure is not None:
        return tree.call("count", tree.column(measure))
    counted = tree.call("count")
    counted.func_call.agg_star = True
    return counted
