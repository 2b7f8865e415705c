"""Which views a role with masks may use: those that show masked columns as they are, or not at all.

- A view is read as its definition stands at the provider. A masked column may be an output of it,
  also through queries in its FROM and WITH. Anywhere else in it, its rows would tell of values.
- In doubt a view is barred: for this role alone.

Source: docs/spec/65-roles-and-masks.md section 4.
"""

from collections.abc import Iterator
from typing import Any

import postgast
from google.protobuf import message
from postgast import pg_query_pb2 as pb

from sealhold.protect.spec import CELL
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Names, Relation
from sealhold.protect.sql.refusing import MaskedError, PlanError
from sealhold.protect.sql.roles import check_call, is_open
from sealhold.protect.sql.scope import is_of_system
from sealhold.protect.sql.views import shown_by


def why_barred(view: Relation, definition: str, names: Names) -> str:
    """Return why a role may not use a view; empty if it may."""
    try:
        query = postgast.parse(definition).stmts[0].stmt.select_stmt
    except (postgast.PgQueryError, message.Error, IndexError):
        return f'the definition of view "{view.name}" is not understood here'
    parts = list(tree.messages(query))
    tainted: set[str] = set()
    try:
        for each in _shown(parts, names):
            tainted |= _masked_names(each)
    except PlanError as err:
        return f'view "{view.name}": {err.refused.message}'
    if tainted and not (_is_plain(parts) and _are_outputs(query, parts, tainted)):
        return f'view "{view.name}" does more with a masked column than to show it'
    if tainted and not _all_covered(view, query, definition, names, tainted):
        return f'view "{view.name}" shows a masked column in a way that is not followed here'
    return ""


def _shown(parts: list[Any], names: Names) -> Iterator[Relation]:
    # the tables and views that a view shows; PlanError for what is not for the role
    withs = {each.ctename for each in parts if isinstance(each, pb.CommonTableExpr)}
    for each in parts:
        if isinstance(each, pb.FuncCall):
            check_call(each, names)
        if not isinstance(each, pb.RangeVar) or (not each.schemaname and each.relname in withs):
            continue
        relation = names.find(each.schemaname, each.relname)
        if relation is None:
            if not is_of_system(each.schemaname, each.relname) or not is_open(
                each.schemaname, each.relname
            ):
                raise _not_for_it(each)
            continue
        is_table = relation.kind not in {"v", "m"}
        if relation.barred or (is_table and not names.is_listed(relation.schema, relation.name)):
            raise _not_for_it(each)
        yield relation


def _not_for_it(table: pb.RangeVar) -> MaskedError:
    return MaskedError(f'"{table.relname}" is not for this role')


def _masked_names(relation: Relation) -> set[str]:
    return {
        name
        for each in relation.attributes
        if each.column is not None and each.column.mask is not None
        for name in (each.name, *each.places.values())
    }


def _is_plain(parts: list[Any]) -> bool:
    """Whether nothing in a view gives columns other names than its outputs do, or merges rows."""
    for each in parts:
        match each:
            case pb.SelectStmt() if each.op > pb.SetOperation.SETOP_NONE or each.distinct_clause:
                return False
            case pb.Alias() if each.colnames:
                return False
            case pb.CommonTableExpr() if each.aliascolnames:
                return False
            case pb.ColumnRef() if not each.fields[-1].HasField("string"):
                return False
            case _:
                continue
    return True


def _are_outputs(query: pb.SelectStmt, parts: list[Any], tainted: set[str]) -> bool:
    """Whether masked columns are outputs and nothing else; `tainted` gets all names they have."""
    targets = list(_targets(query))
    size = 0
    while len(tainted) != size:
        size = len(tainted)
        for each in targets:
            name = _plain_name(each)
            if name in tainted:
                tainted.add(each.name or name)
    for each in parts:
        if isinstance(each, pb.JoinExpr) and tainted & set(tree.strings(each.using_clause)):
            return False
    named = sum(
        isinstance(each, pb.ColumnRef) and each.fields[-1].string.sval in tainted for each in parts
    )
    return named == sum(_plain_name(each) in tainted for each in targets)


def _targets(query: pb.SelectStmt) -> Iterator[pb.ResTarget]:
    """Yield the outputs of a query, and of those in its FROM and WITH."""
    yield from (each.res_target for each in query.target_list)
    for each in query.with_clause.ctes:
        yield from _targets(each.common_table_expr.ctequery.select_stmt)
    for each in query.from_clause:
        yield from _within(each)


def _within(item: pb.Node) -> Iterator[pb.ResTarget]:
    if item.HasField("range_subselect"):
        yield from _targets(item.range_subselect.subquery.select_stmt)
    elif item.HasField("join_expr"):
        yield from _within(item.join_expr.larg)
        yield from _within(item.join_expr.rarg)


def _plain_name(target: pb.ResTarget) -> str:
    fields = target.val.column_ref.fields
    return fields[-1].string.sval if target.val.HasField("column_ref") and fields else ""


def _all_covered(
    view: Relation, query: pb.SelectStmt, definition: str, names: Names, tainted: set[str]
) -> bool:
    """Whether each output that shows a masked column is one of the view for the client, too."""
    shown = shown_by(definition, names.find)
    for each in query.target_list:
        name = _plain_name(each.res_target)
        if name not in tainted:
            continue
        attribute = view.named(each.res_target.name or name)
        if attribute is None:
            continue  # a companion, which no client sees
        column, suffix = shown.get(attribute.name, (None, CELL))
        # an output that has the name of a masked column, and is another table's, is barred too
        if column is None or column.mask is None or suffix != CELL:
            return False
        if attribute.column is not column:
            return False
    return True
