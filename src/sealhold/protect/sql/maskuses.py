"""Where a query that is done on opened rows names masked columns: as outputs, or not.

Source: docs/spec/65-roles-and-masks.md section 3.
"""

from collections.abc import Iterable
from typing import Final, NoReturn

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.sql import tree
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.refusing import WrongError, masked
from sealhold.protect.sql.tree import Node

_CLAUSES: Final = ("group_clause", "sort_clause", "distinct_clause", "window_clause")


def masked_outputs(rest: pb.SelectStmt, expressions: Expressions) -> set[tuple[str, str]]:
    """Return the masked columns that are outputs of a query, by table and name.

    Raises:
        MaskedError: one stands anywhere else than in WHERE, which is looked at where it is pushed.
    """
    found: dict[tuple[str, str], Column] = {}
    names: dict[str, Column] = {}
    places: dict[int, Column] = {}
    others: list[Node] = []
    for at, each in enumerate(rest.target_list, 1):
        target = each.res_target
        field = expressions.protected(target.val)
        if field is None or field.column is None or field.column.mask is None:
            others.append(target.val)
            continue
        found[field.alias, field.name] = field.column
        names[target.name] = places[at] = field.column
    _refuse_named(others, expressions)
    if not found:
        return set()
    if rest.distinct_clause:
        _refuse(next(iter(found.values())), "DISTINCT")
    for clause in _CLAUSES:
        nodes = getattr(rest, clause)
        _refuse_named(nodes, expressions)
        for each in nodes:
            by = each.sort_by.node if each.HasField("sort_by") else each
            name = _name(by)
            column = names.get(name) if name else None
            if by.HasField("a_const"):
                column = places.get(int(by.a_const.ival.ival))
            if column is not None:
                _refuse(column, "sorting or grouping")
    if rest.HasField("having_clause"):
        _refuse_named((rest.having_clause,), expressions)
    return set(found)


def _refuse_named(nodes: Iterable[Node], expressions: Expressions) -> None:
    for node in nodes:
        for each in tree.messages(node):
            if not isinstance(each, pb.ColumnRef):
                continue
            try:
                field = expressions.protected(Node(column_ref=each))
            except WrongError:
                continue  # the name of an output, or of a query within
            if field is not None and field.column is not None and field.column.mask is not None:
                _refuse(field.column, "what is done on opened rows")


def _refuse(column: Column, done: str) -> NoReturn:
    raise masked(column, done)


def _name(node: Node) -> str:
    fields = node.column_ref.fields
    return fields[0].string.sval if node.HasField("column_ref") and len(fields) == 1 else ""
