"""How expressions are named, typed and compared as they are written.

- An output without AS is named as the server names it: by its column, function or type.
- Two expressions are the same if they are written the same but for where they stand and how their
  columns are qualified: so GROUP BY and ORDER BY find what they mean.

Source: docs/spec/57-values-and-residuals.md section 8; PostgreSQL 15, chapters 4.2 and 7.3.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import PgType, array_of, by_oid, modifier, named
from sealhold.protect.sql.residual_terms import CannotDo, Slot

Find: TypeAlias = Callable[[tuple[str, ...]], Slot]
_NO_NAME: Final = "?column?"
_FULL_RANGE: Final = 0x7FFF
_WRITTEN: Final = frozenset(
    {"location", "list_start", "list_end", "rexpr_list_start", "rexpr_list_end"}
)


def names_in(reference: pb.ColumnRef) -> tuple[str, ...]:
    """Return the parts of a column's name.

    Raises:
        CannotDo: it stands for all columns.
    """
    names = []
    for part in reference.fields:
        if part.WhichOneof("node") != "string":
            raise CannotDo("`*` in place of columns is not in the list", "name the columns")
        names.append(part.string.sval)
    return tuple(names)


def title(node: pb.Node) -> str:
    """Return the name of an output that has no AS."""
    return _title(node)[0] or _NO_NAME


def _title(node: pb.Node) -> tuple[str, int]:
    """Return a name and how strong it is: 2 of its own, 1 of a type, 0 none."""
    kind = node.WhichOneof("node") or ""
    if kind in _OF_ITS_OWN:
        return _OF_ITS_OWN[kind](node), 2
    match kind:
        case "a_expr":
            is_nullif = node.a_expr.kind == pb.A_Expr_Kind.AEXPR_NULLIF
            return ("nullif", 2) if is_nullif else ("", 0)
        case "type_cast":
            inner = _title(node.type_cast.arg)
            last = node.type_cast.type_name.names[-1].string.sval
            return inner if inner[1] > 1 else (last, 1)
        case "collate_clause":
            return _title(node.collate_clause.arg)
        case "case_expr":
            inner = _title(node.case_expr.defresult)
            return inner if inner[1] > 1 else ("case", 1)
        case _:
            return "", 0


_OF_ITS_OWN: Final[dict[str, Callable[[pb.Node], str]]] = {
    "column_ref": lambda node: node.column_ref.fields[-1].string.sval,
    "func_call": lambda node: node.func_call.funcname[-1].string.sval,
    "coalesce_expr": lambda _: "coalesce",
    "min_max_expr": lambda node: (
        "least" if node.min_max_expr.op == pb.MinMaxOp.IS_LEAST else "greatest"
    ),
    "a_array_expr": lambda _: "array",
}


def type_of(name: pb.TypeName) -> PgType:
    """Return the type that a cast names.

    Raises:
        CannotDo: not in the list.
    """
    words = [part.string.sval for part in name.names]
    is_known = len(words) == 1 or words[:-1] == ["pg_catalog"]
    if name.setof or name.pct_type or not is_known:
        raise CannotDo(f"type `{'.'.join(words)}` is not in the list")
    word = words[-1]
    if word == "char" or "(" in word or "[" in word:
        raise CannotDo(f"type `{word}` is not in the list")
    try:
        found = named(word)
        found = by_oid(found.oid) or found
        given = [each.a_const.ival.ival for each in name.typmods]
        if found.name == "interval" and given:
            if given[0] != _FULL_RANGE:
                raise CannotDo("intervals of some fields only are not in the list")
            given = given[1:]
        found = PgType(found.oid, found.name, modifier(found.name, given), found.length)
        return array_of(found) if name.array_bounds else found
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err


def shape(node: Message, find: Find) -> object:
    """Return what is equal for expressions that are written the same."""
    if isinstance(node, pb.Node) and node.WhichOneof("node") == "column_ref":
        return "column", find(names_in(node.column_ref)).at
    parts: list[object] = [node.DESCRIPTOR.name]
    for field, value in node.ListFields():
        if field.name in _WRITTEN:
            continue
        if isinstance(value, Message):
            parts.append((field.name, shape(value, find)))
        elif isinstance(value, (str, int, float)):
            parts.append((field.name, value))
        else:
            parts.append((field.name, tuple(_item(each, find) for each in value)))
    return tuple(parts)


def _item(value: object, find: Find) -> object:
    return shape(value, find) if isinstance(value, Message) else value
