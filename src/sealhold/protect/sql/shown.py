"""What the client sees of a query: its outputs, in their order.

Source: docs/spec/60-statements.md section 5.
"""

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.types import by_oid
from sealhold.protect.sql.grouping import Laid, column_of
from sealhold.protect.sql.plan import Output


def outputs_of(laid: Laid) -> tuple[Output, ...] | None:
    """Return the outputs of a query; None if none of them is protected."""
    if not any(each.field is not None for each in laid.items):
        return None
    made: list[Output] = []
    for at, each in enumerate(laid.items):
        shown = each.field
        if shown is None:
            made.append(Output(each.name, at))
            continue
        rid_at = laid.rids.get(at)
        if each.extreme:
            plain = by_oid(column_of(shown).type.oid)  # an aggregate's value has no modifier
            made.append(Output(each.name, at, shown.column, rid_at, type=plain))
            continue
        made.append(Output(each.name, at, shown.column, rid_at, shown.table, shown.number))
    return tuple(made)


def names_of(select: pb.SelectStmt) -> list[str]:
    """Return the names of what a query gives; of a set of queries, those of the first."""
    while select.op > pb.SetOperation.SETOP_NONE:
        select = select.larg
    return [each.res_target.name for each in select.target_list]
