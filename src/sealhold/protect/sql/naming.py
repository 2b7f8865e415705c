"""How PostgreSQL names an output that has no name: after its column, function or type.

Source: the rules that parse_target.c of PostgreSQL 15 documents for unnamed result columns.
"""

from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.tree import Node, strings

UNNAMED: Final = "?column?"
_STRONG, _WEAK = 2, 1
_VALUES: Final = {
    1: "current_date", 2: "current_time", 3: "current_time", 4: "current_timestamp",
    5: "current_timestamp", 6: "localtime", 7: "localtime", 8: "localtimestamp",
    9: "localtimestamp", 10: "current_role", 11: "current_user", 12: "user",
    13: "session_user", 14: "current_catalog", 15: "current_schema",
}  # fmt: skip  # by SQLValueFunctionOp, whose number 0 is unused


def output_name(value: Node) -> str:
    """Return the name of an output without AS."""
    name, _ = _figured(value)
    return name or UNNAMED


def _figured(value: Node) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912  # reason: one rule a kind
    kind = value.WhichOneof("node")
    match kind:
        case "column_ref":
            names = [
                each.string.sval for each in value.column_ref.fields if each.HasField("string")
            ]
            return (names[-1], _STRONG) if names else ("", 0)
        case "a_indirection":
            names = [
                each.string.sval
                for each in value.a_indirection.indirection
                if each.HasField("string")
            ]
            return (names[-1], _STRONG) if names else _figured(value.a_indirection.arg)
        case "func_call":
            return strings(value.func_call.funcname)[-1], _STRONG
        case "a_expr" if value.a_expr.kind == pb.A_Expr_Kind.AEXPR_NULLIF:
            return "nullif", _STRONG
        case "type_cast":
            name, strength = _figured(value.type_cast.arg)
            if strength < _STRONG and value.type_cast.type_name.names:
                return strings(value.type_cast.type_name.names)[-1], _WEAK
            return name, strength
        case "collate_clause":
            return _figured(value.collate_clause.arg)
        case "grouping_func":
            return "grouping", _STRONG
        case "sub_link":
            return _sub_link(value)
        case "case_expr":
            name, strength = _figured(value.case_expr.defresult)
            return (name, strength) if strength > _WEAK else ("case", _WEAK)
        case "a_array_expr":
            return "array", _STRONG
        case "row_expr":
            return "row", _STRONG
        case "coalesce_expr":
            return "coalesce", _STRONG
        case "min_max_expr":
            return ("greatest" if value.min_max_expr.op == 1 else "least"), _STRONG
        case "sqlvalue_function":
            return _VALUES.get(value.sqlvalue_function.op, UNNAMED), _STRONG
        case _:
            return "", 0


def _sub_link(value: Node) -> tuple[str, int]:
    link = value.sub_link
    match link.sub_link_type:
        case 1:  # EXISTS
            return "exists", _STRONG
        case 7:  # ARRAY
            return "array", _STRONG
        case 5:  # a value: named as its one output is
            targets = link.subselect.select_stmt.target_list
            if not targets:
                return "", 0
            one = targets[0].res_target
            return (one.name, _STRONG) if one.name else _figured(one.val)
        case _:
            return "", 0
