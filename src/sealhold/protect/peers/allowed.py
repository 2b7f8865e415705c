"""What a statement of another proxy may be made of: parts, functions, operators and types, listed.

- What is not in the lists is refused, whatever it would do: a function that reads a file, a type
  whose reading tells whether a table is there, a lock, a sample.
- Names of functions and types are written with the system's schema, so nobody's own are meant.

Source: docs/spec/67-proxy-to-proxy.md section 2.
"""

from typing import Final

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from sealhold.protect.sql import tree
from sealhold.protect.sql.plan import Refused
from sealhold.protect.sql.refusing import NOT_LISTED, PlanError, WrongError
from sealhold.protect.sql.tree import Node

MAX_TEXT: Final = 16_384  # bytes of a statement
_PARTS: Final = frozenset({
    "Node", "SelectStmt", "ResTarget", "ColumnRef", "String", "Integer", "Float", "Boolean",
    "A_Const", "A_Star", "A_Expr", "BoolExpr", "NullTest", "BooleanTest", "TypeCast", "TypeName",
    "FuncCall", "CaseExpr", "CaseWhen", "CoalesceExpr", "MinMaxExpr", "SubLink", "RangeVar",
    "RangeSubselect", "JoinExpr", "Alias", "SortBy", "WithClause", "CommonTableExpr", "List",
    "ParamRef", "A_ArrayExpr", "WindowDef",
})  # fmt: skip
_FUNCTIONS: Final = frozenset({
    "count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "string_agg", "array_agg",
    "lower", "upper", "length", "char_length", "character_length", "octet_length", "btrim", "ltrim",
    "rtrim", "substr", "substring", "left", "right", "replace", "reverse", "strpos", "position",
    "starts_with", "concat", "concat_ws", "abs", "round", "trunc", "ceil", "ceiling", "floor",
    "mod", "extract", "date_part", "date_trunc", "row_number", "rank", "dense_rank", "lag", "lead",
    "first_value", "last_value", "like_escape", "timezone", "overlaps",
})  # fmt: skip
_OPERATORS: Final = frozenset({
    "=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "||",
    "~~", "!~~", "~~*", "!~~*", "BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC",
    "NOT BETWEEN SYMMETRIC",
})  # fmt: skip
_TYPES: Final = frozenset({
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar",
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "bytea",
})  # fmt: skip
_SYSTEM: Final = "pg_catalog"


class BeyondGrantError(PlanError):
    """A statement that the grant does not cover (SH007)."""

    def __init__(self, message: str) -> None:
        super().__init__(Refused(NOT_LISTED, message))


def parsed(text: str) -> Node:
    """Return the one SELECT of a text, of which every part is in the lists.

    Raises:
        BeyondGrantError: it is another statement, several, or has a part that is not.
        WrongError: it does not parse.
    """
    if len(text.encode()) > MAX_TEXT:
        raise BeyondGrantError("a statement of more than 16 KiB")
    try:
        found = postgast.parse(text)
        if len(found.stmts) != 1 or not found.stmts[0].stmt.HasField("select_stmt"):
            raise BeyondGrantError("one SELECT is answered, and nothing else")
        node = found.stmts[0].stmt
        _check(node)
    except postgast.PgQueryError as err:
        raise WrongError("42601", "it does not parse") from err
    except (RecursionError, DecodeError) as err:
        raise BeyondGrantError("it is nested too deeply") from err
    return node


def condition(text: str) -> Node | None:
    """Return a condition on the rows of a table; None for an empty text.

    Raises:
        BeyondGrantError: it is none, or has a part that is not in the lists, or a parameter.
        WrongError: it does not parse.
    """
    if not text.strip():
        return None
    select = parsed(f"SELECT WHERE {text}").select_stmt
    # what follows a WHERE in a text is no part of a condition
    if {each.name for each, _ in select.ListFields()} != {"where_clause", "limit_option", "op"}:
        raise BeyondGrantError("a condition that is more than one")
    if any(isinstance(each, pb.SubLink | pb.ParamRef) for each in tree.messages(select)):
        raise BeyondGrantError("a condition with a query or a parameter in it")
    return select.where_clause


def _check(node: Node) -> None:
    for part in tree.messages(node):
        # THREAT T757: functions, casts and forms that show more than rows are side doors
        if part.DESCRIPTOR.name not in _PARTS:
            raise BeyondGrantError(f"{part.DESCRIPTOR.name} has no place in what others ask")
        match part:
            case pb.FuncCall():
                _check_call(part)
            case pb.TypeName():
                _check_type(part)
            case pb.A_Expr() if tree.operator(part) not in _OPERATORS:
                raise BeyondGrantError("an operator that is not answered for others")
            case pb.WithClause() if part.recursive:
                raise BeyondGrantError("a WITH that names itself")
            case pb.RangeVar() if part.catalogname or not part.inh:
                raise BeyondGrantError("another form of a table than its name")
            case _:
                pass


def _check_call(call: pb.FuncCall) -> None:
    name = tree.function(call)
    if name not in _FUNCTIONS:
        raise BeyondGrantError("a function that is not answered for others")
    if len(call.funcname) == 1:
        del call.funcname[:]
        call.funcname.extend([tree.string(_SYSTEM), tree.string(name)])


def _check_type(type_: pb.TypeName) -> None:
    names = tree.strings(type_.names)
    if names[0] == _SYSTEM:
        names = names[1:]
    if len(names) != 1 or names[0] not in _TYPES or type_.setof or type_.pct_type:
        raise BeyondGrantError("a type that is not answered for others")
    if len(type_.names) == 1:
        del type_.names[:]
        type_.names.extend([tree.string(_SYSTEM), tree.string(names[0])])
