"""Values that stand in a statement's text: constants, and the client's parameters with a cast.

Source: docs/spec/60-statements.md section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import PgType, by_oid, named
from sealhold.protect.sql.coercing import INTEGERS, TEXTS, converts
from sealhold.protect.sql.parameters import Parameters
from sealhold.protect.sql.plan import How
from sealhold.protect.sql.tree import Node, operator, strings

INT4, INT8, NUMERIC_, BOOL = named("integer"), named("bigint"), named("numeric"), named("boolean")
TEXT = named("text")
_SYSTEM: Final = "pg_catalog"
_MINUS: Final = "-"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of a statement: the text of a value of a type."""

    type: PgType
    text: bytes

    def evaluate(
        self,
        row: Sequence[bytes | None],  # noqa: ARG002  # reason: the form of an expression
        parameters: Sequence[bytes | None],  # noqa: ARG002
        settings: Settings,
    ) -> bytes | None:
        """Return the value in binary send form.

        Raises:
            PgValueError: the text is no value of the type.
        """
        return codec(self.type).to_binary(self.text, settings)


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is known, in binary send form."""

    type: PgType
    value: bytes | None

    def evaluate(
        self,
        row: Sequence[bytes | None],  # noqa: ARG002  # reason: the form of an expression
        parameters: Sequence[bytes | None],  # noqa: ARG002
        settings: Settings,  # noqa: ARG002
    ) -> bytes | None:
        """Return the value."""
        return self.value


def parameter_of(
    value: Node,
    type_: PgType,
    parameters: Parameters,
    *,
    is_array: bool = False,
    stored: bool = False,
) -> int | None:
    """Return the client's parameter, counted from zero, that a value is; None if it is none.

    What is learned about its type is noted.
    """
    if value.HasField("param_ref"):
        client = int(value.param_ref.number) - 1
        wanted = compared_as(type_)
        if stored:
            wanted = _plain(type_)
        elif is_array:
            wanted = named(wanted.name + "[]")
        parameters.learn(client, wanted)
        return client
    if value.HasField("type_cast") and value.type_cast.arg.HasField("param_ref"):
        cast = cast_type(value)
        client = int(value.type_cast.arg.param_ref.number) - 1
        if cast is None or cast.typmod != -1:
            return None
        parameters.learn(client, cast)
        known = parameters.type_of(client)
        return client if known is not None and known.oid == cast.oid else None
    return None


def literal_of(  # noqa: PLR0911  # reason: one form for each kind of constant
    value: Node, type_: PgType, parameters: Parameters, how: How
) -> Literal | None:
    """Return the constant that a value is; one in quotes is of type `type_`."""
    if value.HasField("type_cast"):
        return _cast(value, type_, parameters, how)
    if value.HasField("a_expr"):
        return _negative(value, type_, parameters, how)
    if not value.HasField("a_const"):
        return None
    constant = value.a_const
    match constant.WhichOneof("val"):
        case "sval":
            return Literal(type_ if how == "store" else _plain(type_), constant.sval.sval.encode())
        case "ival":
            return Literal(INT4, str(constant.ival.ival).encode())
        case "fval":
            return _number(constant.fval.fval)
        case "boolval":
            return Literal(BOOL, b"t" if constant.boolval.boolval else b"f")
        case _:
            return None


def _cast(value: Node, type_: PgType, parameters: Parameters, how: How) -> Literal | None:
    inner = literal_of(value.type_cast.arg, type_, parameters, how)
    cast = cast_type(value)
    if inner is None or cast is None or (cast.typmod != -1 and cast.oid not in TEXTS):
        return None
    is_text = value.type_cast.arg.a_const.HasField("sval")
    is_integer = inner.type.oid in INTEGERS and converts(inner.type, cast, "store")
    return Literal(cast, inner.text) if is_text or is_integer else None


def _negative(value: Node, type_: PgType, parameters: Parameters, how: How) -> Literal | None:
    if operator(value.a_expr) != _MINUS or value.a_expr.lexpr.WhichOneof("node"):
        return None
    inner = literal_of(value.a_expr.rexpr, type_, parameters, how)
    if inner is None or inner.type.oid not in {*INTEGERS, NUMERIC_.oid}:
        return None
    negative = b"-" + inner.text
    if inner.type.oid in INTEGERS:
        return Literal(_integer_type(int(negative)), negative)
    return Literal(inner.type, negative)


def cast_type(value: Node) -> PgType | None:
    """Return the type of a cast; None if it is none that is known here."""
    return type_of(value.type_cast.type_name)


def type_of(name: pb.TypeName) -> PgType | None:
    """Return the type that a name in a statement means; None if it is none that is known here."""
    names = strings(name.names)
    if not names or (len(names) > 1 and names[0] != _SYSTEM):
        return None
    modifiers = [each.a_const.ival.ival for each in name.typmods if each.HasField("a_const")]
    text = names[-1] + (f"({','.join(map(str, modifiers))})" if modifiers else "")
    try:
        return named(text + "[]" * len(name.array_bounds))
    except (ValueError, KeyError, TypeError):
        return None


def compared_as(type_: PgType) -> PgType:
    """Return the type that a value of none takes beside a column: a varchar compares as text."""
    return TEXT if type_.name == "varchar" else _plain(type_)


def _plain(type_: PgType) -> PgType:
    """Return the type without its modifier: a comparison does not cut or round."""
    return by_oid(type_.oid) or type_


def _number(text: str) -> Literal:
    if text.isdigit():
        return Literal(_integer_type(int(text)), text.encode())
    return Literal(NUMERIC_, text.encode())


def _integer_type(value: int) -> PgType:
    if -(2**31) <= value < 2**31:
        return INT4
    return INT8 if -(2**63) <= value < 2**63 else NUMERIC_


def is_null(value: Node) -> bool:
    """Whether a value is NULL, or DEFAULT."""
    if value.HasField("set_to_default"):
        return True
    return bool(value.HasField("a_const") and value.a_const.isnull)
