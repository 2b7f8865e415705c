"""Parts of a parsed statement, made by hand: names, parameters, calls, comparisons.

Source: libpg_query's protobuf form of PostgreSQL's parse tree, as `postgast` gives it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import postgast
from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

Node: TypeAlias = pb.Node


def string(text: str) -> Node:
    """Return a name as it stands in lists of names."""
    return Node(string=pb.String(sval=text))


def is_node(part: Any) -> bool:  # noqa: ANN401  # reason: any message
    """Whether part of a tree is a node, which may be of any kind."""
    return bool(part.DESCRIPTOR.full_name == "pg_query.Node")


def strings(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the names of such a list."""
    return tuple(each.string.sval for each in nodes)


def column(*names: str) -> Node:
    """Return a reference to a column, by its name and what stands before it."""
    return Node(column_ref=pb.ColumnRef(fields=[string(each) for each in names if each]))


def parameter(number: int) -> Node:
    """Return `$number`, counted from one."""
    return Node(param_ref=pb.ParamRef(number=number))


def integer(value: int) -> Node:
    """Return a constant."""
    return Node(a_const=pb.A_Const(ival=pb.Integer(ival=value)))


def true() -> Node:
    """Return the constant."""
    return Node(a_const=pb.A_Const(boolval=pb.Boolean(boolval=True)))


def null() -> Node:
    """Return NULL."""
    return Node(a_const=pb.A_Const(isnull=True))


def target(value: Node, name: str = "") -> Node:
    """Return `value AS name`."""
    return Node(res_target=pb.ResTarget(name=name, val=value))


def compare(name: str, left: Node, right: Node) -> Node:
    """Return `left name right`."""
    kind = pb.A_Expr_Kind.AEXPR_OP
    return Node(a_expr=pb.A_Expr(kind=kind, name=[string(name)], lexpr=left, rexpr=right))


def compared(kind: int, name: str, left: Node, right: Node) -> Node:
    """Return an expression of another kind: IN, BETWEEN, IS DISTINCT FROM, = ANY."""
    return Node(a_expr=pb.A_Expr(kind=kind, name=[string(name)], lexpr=left, rexpr=right))


def listed(items: Sequence[Node]) -> Node:
    """Return a list of expressions."""
    return Node(list=pb.List(items=items))


def both(conditions: Sequence[Node]) -> Node:
    """Return the conjunction of conditions, of which there is one at least."""
    if len(conditions) == 1:
        return conditions[0]
    return Node(bool_expr=pb.BoolExpr(boolop=pb.BoolExprType.AND_EXPR, args=conditions))


def call(name: str, *arguments: Node, order: Sequence[Node] = ()) -> Node:
    """Return a call of one of the server's own functions."""
    return Node(
        func_call=pb.FuncCall(
            funcname=[string("pg_catalog"), string(name)],
            args=arguments,
            agg_order=order,
            funcformat=pb.CoercionForm.COERCE_EXPLICIT_CALL,
        )
    )


def first_of(array: Node) -> Node:
    """Return `(array)[1]`."""
    index = Node(a_indices=pb.A_Indices(uidx=integer(1)))
    return Node(a_indirection=pb.A_Indirection(arg=array, indirection=[index]))


def sorted_by(value: Node, *, descending: bool = False, nulls_last: bool = False) -> Node:
    """Return one term of an ORDER BY."""
    way = pb.SortByDir.SORTBY_DESC if descending else pb.SortByDir.SORTBY_ASC
    nulls = pb.SortByNulls.SORTBY_NULLS_LAST if nulls_last else pb.SortByNulls.SORTBY_NULLS_DEFAULT
    return Node(sort_by=pb.SortBy(node=value, sortby_dir=way, sortby_nulls=nulls))


def conjuncts(condition: Node) -> list[Node]:
    """Return the parts of a condition that must all hold."""
    if condition.HasField("bool_expr") and (condition.bool_expr.boolop == pb.BoolExprType.AND_EXPR):
        return [part for each in condition.bool_expr.args for part in conjuncts(each)]
    return [condition]


def operator(expression: pb.A_Expr) -> str:
    """Return the operator's name; empty if it is of a schema other than the system's."""
    names = strings(expression.name)
    if len(names) == 1 or names[0] == "pg_catalog":
        return names[-1]
    return ""


def function(call_: pb.FuncCall) -> str:
    """Return a function's name without the system's schema; `schema.name` for others."""
    names = strings(call_.funcname)
    return ".".join(names[1:] if names[0] == "pg_catalog" and len(names) > 1 else names)


def type_name(name: str) -> pb.TypeName:
    """Return a type of the system's, by the name that it has in the catalogue or in SQL."""
    internal = {"bigint": "int8", "integer": "int4", "smallint": "int2"}.get(name, name)
    return pb.TypeName(names=[string("pg_catalog"), string(internal)], typemod=-1)


def spelled_type(text: str) -> pb.TypeName:
    """Return a type as SQL spells it, with its modifier; `text` is of our own making."""
    (parsed,) = postgast.parse(f"SELECT NULL::{text}").stmts
    return parsed.stmt.select_stmt.target_list[0].res_target.val.type_cast.type_name


def deparsed(statement: Node) -> str:
    """Return the text of a statement, without comments."""
    return postgast.deparse(pb.ParseResult(version=180004, stmts=[pb.RawStmt(stmt=statement)]))


def messages(part: Message) -> Iterator[Message]:
    """Yield each message of a tree, the outer before the inner."""
    yield part
    for descriptor, value in part.ListFields():
        if descriptor.message_type is not None:
            for each in value if descriptor.is_repeated else (value,):
                yield from messages(each)


def column_names(part: Message) -> set[str]:
    """Return the last names of all references in part of a tree."""
    return {
        each.fields[-1].string.sval
        for each in messages(part)
        if isinstance(each, pb.ColumnRef) and each.fields
    }
