"""A statement of another proxy, narrowed to its grant before anything else is made of it.

    FROM patient AS p   becomes   FROM (SELECT id, city FROM public.patient WHERE ... OFFSET 0) AS p

- Each occurrence of a table is replaced, wherever it stands, so columns outside the grant and rows
  outside its condition are not there for any clause of the statement.
- `OFFSET 0` keeps the conditions of the asker from being computed on rows that the grant leaves
  out: an error or the time that it takes would tell of them.

Source: docs/spec/67-proxy-to-proxy.md section 2.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.peers.allowed import BeyondGrantError, condition
from sealhold.protect.peers.paper import GrantedTable
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.refusing import WrongError
from sealhold.protect.sql.tree import Node

_SETS: Final = (pb.SetOperation.SETOP_NONE, pb.LimitOption.LIMIT_OPTION_DEFAULT)


def narrowed(node: Node, tables: Sequence[GrantedTable], names: Names) -> Node:
    """Narrow a SELECT that was checked, in place, and return it.

    Raises:
        BeyondGrantError: a WITH has the name of a table.
        WrongError: it names a table that the grant does not have.
    """
    found = list(tree.messages(node))
    withs = {each.ctename for each in found if isinstance(each, pb.CommonTableExpr)}
    for name in withs:
        # THREAT T756: outside its scope a name of a WITH would mean a table of that name
        known = any(name == each.name for each in tables)
        if known or name.startswith("pg_") or names.find("", name) is not None:
            raise BeyondGrantError(f'a WITH by the name of a table, "{name}"')
    places = [each for each in found if isinstance(each, pb.Node) and each.HasField("range_var")]
    shown = {each.full: _query(each) for each in tables}
    for place in places:
        _replace(place, withs, tables, shown)
    return node


def from_clause(table: GrantedTable) -> Node:
    """Return the table itself, as it stands in a FROM."""
    return Node(
        range_var=pb.RangeVar(
            schemaname=table.schema, relname=table.name, inh=True, relpersistence="p"
        )
    )


def condition_of(table: GrantedTable) -> Node | None:
    """Return the condition on the rows of a table, each column with the table's name before it.

    Raises:
        BeyondGrantError: it names a column in another form.
    """
    where = condition(table.where)
    if where is None:
        return None
    for each in tree.messages(where):
        if isinstance(each, pb.ColumnRef):
            names = tree.strings(each.fields)
            if len(names) != 1 or not names[0]:
                raise BeyondGrantError("a condition names columns by their names alone")
            # THREAT T756: a column that is gone must not become one of the query around
            del each.fields[:]
            each.fields.extend([tree.string(table.name), tree.string(names[0])])
    return where


def _replace(
    place: Node,
    withs: set[str],
    tables: Sequence[GrantedTable],
    shown: Mapping[str, Node],
) -> None:
    named = place.range_var
    if not named.schemaname and named.relname in withs:
        return
    alias = pb.Alias(aliasname=named.relname)
    if named.HasField("alias"):
        alias.CopyFrom(named.alias)
    table = _table(named, tables)
    # THREAT T756: each occurrence is narrowed, so no way of writing a statement goes round it
    place.range_subselect.CopyFrom(pb.RangeSubselect(subquery=shown[table.full], alias=alias))


def _table(named: pb.RangeVar, tables: Sequence[GrantedTable]) -> GrantedTable:
    found = [
        each
        for each in tables
        if each.name == named.relname and named.schemaname in {"", each.schema}
    ]
    if len(found) != 1:  # one that is there and one that is not are refused by the same words
        raise WrongError("42P01", "a table that the grant does not have")
    return found[0]


def _query(table: GrantedTable) -> Node:
    where = condition_of(table)
    operation, limit = _SETS
    select = pb.SelectStmt(
        target_list=[tree.target(tree.column(table.name, each)) for each in table.columns],
        from_clause=[from_clause(table)],
        op=operation,
        limit_option=limit,
    )
    if where is not None:
        select.where_clause.CopyFrom(where)
        # THREAT T758: what is computed on rows outside the grant would tell of them by its errors
        select.limit_offset.CopyFrom(tree.integer(0))
        select.limit_option = pb.LimitOption.LIMIT_OPTION_COUNT
    return Node(select_stmt=select)
