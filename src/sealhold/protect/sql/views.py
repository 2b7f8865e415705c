"""What a view at the provider shows of protected columns, read from its definition.

- Each output that is a plain reference is followed to the table or view it comes from, through
  queries within. Any other output shows nothing protected: the provider computes it.

Source: docs/spec/60-statements.md section 2.
"""

from collections.abc import Callable

import postgast
from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Relation
from sealhold.protect.sql.tree import Node

Part = tuple[Column, str]  # a column, and the suffix of what is kept of it
Find = Callable[[str, str], Relation | None]


def shown_by(definition: str, find: Find) -> dict[str, Part]:
    """Return which outputs of a view are cells and companions, by name."""
    parsed = postgast.parse(definition)
    return _outputs(parsed.stmts[0].stmt.select_stmt, find, {})


def _outputs(
    select: pb.SelectStmt, find: Find, withs: dict[str, dict[str, Part]]
) -> dict[str, Part]:
    while select.op > pb.SetOperation.SETOP_NONE:
        select = select.larg
    withs = dict(withs)
    for each in select.with_clause.ctes:
        query = each.common_table_expr
        withs[query.ctename] = _outputs(query.ctequery.select_stmt, find, withs)
    tables: dict[str, dict[str, Part]] = {}
    for item in select.from_clause:
        _tables(item, find, withs, tables)
    found: dict[str, Part] = {}
    for each in select.target_list:
        target = each.res_target
        if not target.val.HasField("column_ref"):
            continue
        *before, name = tree.strings(target.val.column_ref.fields)
        places = [tables.get(before[-1], {})] if before else list(tables.values())
        part = next((shown[name] for shown in places if name in shown), None)
        if part is not None:
            found[target.name or name] = part
    return found


def _tables(
    item: Node, find: Find, withs: dict[str, dict[str, Part]], into: dict[str, dict[str, Part]]
) -> None:
    match item.WhichOneof("node"):
        case "range_var":
            table = item.range_var
            alias = table.alias.aliasname or table.relname
            if not table.schemaname and table.relname in withs:
                into[alias] = withs[table.relname]
                return
            relation = find(table.schemaname, table.relname)
            into[alias] = {} if relation is None else _parts(relation)
        case "range_subselect":
            query = item.range_subselect
            into[query.alias.aliasname] = _outputs(query.subquery.select_stmt, find, withs)
        case "join_expr":
            _tables(item.join_expr.larg, find, withs, into)
            _tables(item.join_expr.rarg, find, withs, into)
        case _:
            return


def _parts(relation: Relation) -> dict[str, Part]:
    return {
        place: (each.column, suffix)
        for each in relation.attributes
        if each.column is not None
        for suffix, place in each.places.items()
    }
