"""Operators as they are written: between two, before one, IN, BETWEEN, ANY, NULLIF, DISTINCT FROM.

Source: docs/spec/57-values-and-residuals.md section 9.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.types import PgType, element_of
from sealhold.protect.sql.residual_applying import any_or_all, applied, both, distinct, negation
from sealhold.protect.sql.residual_compiler import Compiler
from sealhold.protect.sql.residual_matching import matching
from sealhold.protect.sql.residual_operators import PREFIX
from sealhold.protect.sql.residual_resolve import choose, common
from sealhold.protect.sql.residual_terms import TEXT, UNKNOWN, CannotDo, Frame, Term, Value, made_of
from sealhold.protect.sql.residual_typing import array_for

_MATCHING: Final = {
    pb.A_Expr_Kind.AEXPR_LIKE: ("~~", "!~~"),
    pb.A_Expr_Kind.AEXPR_ILIKE: ("~~*", "!~~*"),
}
_BETWEEN: Final = {
    pb.A_Expr_Kind.AEXPR_BETWEEN: (False, False),
    pb.A_Expr_Kind.AEXPR_NOT_BETWEEN: (True, False),
    pb.A_Expr_Kind.AEXPR_BETWEEN_SYM: (False, True),
    pb.A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM: (True, True),
}


def operation(compiler: Compiler, node: pb.A_Expr) -> Term:
    """Return the term of an operator as it is written.

    Raises:
        CannotDo: not in the list.
    """
    names = [part.string.sval for part in node.name]
    if len(names) > 2 or (len(names) == 2 and names[0] != "pg_catalog"):  # noqa: PLR2004  # reason: schema and name
        raise CannotDo(f"the operator `{'.'.join(names)}` is not in the list")
    name, kind = names[-1], node.kind
    if kind == pb.A_Expr_Kind.AEXPR_OP:
        return _plain(compiler, name, node)
    if kind in _MATCHING:
        return matching(compiler, node, name)
    if kind in _BETWEEN:
        return _between(compiler, node, *_BETWEEN[kind])
    match kind:
        case pb.A_Expr_Kind.AEXPR_IN:
            found = _among(compiler, node, is_negated=name == "<>")
        case pb.A_Expr_Kind.AEXPR_DISTINCT | pb.A_Expr_Kind.AEXPR_NOT_DISTINCT:
            found = _distinct(compiler, node)
        case pb.A_Expr_Kind.AEXPR_NULLIF:
            found = _nullif(compiler, node)
        case pb.A_Expr_Kind.AEXPR_OP_ANY | pb.A_Expr_Kind.AEXPR_OP_ALL:
            found = _any(compiler, name, node, is_all=kind == pb.A_Expr_Kind.AEXPR_OP_ALL)
        case _:
            raise CannotDo(f"`{name}` is not in the list", "use LIKE")
    return found


def _plain(compiler: Compiler, name: str, node: pb.A_Expr) -> Term:
    if name in {"~~", "!~~", "~~*", "!~~*"}:
        return matching(compiler, node, name)
    right = compiler.term(node.rexpr)
    if node.HasField("lexpr"):
        return compiler.operator(name, compiler.term(node.lexpr), right)
    candidates = PREFIX.get(name)
    if candidates is None:
        raise CannotDo(f"the operator `{name}` is not in the list")
    signature = choose(candidates, [right.type], f"the operator `{name}`")
    return applied(signature, [compiler.typing.typed(right, signature.takes[0])])


def _between(compiler: Compiler, node: pb.A_Expr, is_negated: bool, is_symmetric: bool) -> Term:  # noqa: FBT001  # reason: off a table
    value = compiler.term(node.lexpr)
    low, high = compiler.terms(node.rexpr.list.items)

    def within(least: Term, most: Term) -> Term:
        parts = [compiler.operator(">=", value, least), compiler.operator("<=", value, most)]
        return both(parts, is_or=False)

    found = within(low, high)
    if is_symmetric:
        found = both([found, within(high, low)], is_or=True)
    return negation(found) if is_negated else found


def _among(compiler: Compiler, node: pb.A_Expr, *, is_negated: bool) -> Term:
    value, items = compiler.term(node.lexpr), compiler.terms(node.rexpr.list.items)
    fixed = [item for item in items if not item.has_columns]
    to = _common(value, fixed)
    if to is not None:
        items = [item if item.has_columns else compiler.typing.typed(item, to) for item in items]
    tests = [compiler.operator("=", value, item) for item in items]
    found = both(tests, is_or=True)
    return negation(found) if is_negated else found


def _common(value: Term, fixed: Sequence[Term]) -> PgType | None:
    """Return the type that a list's constants take; None if each is compared on its own."""
    if len(fixed) < 2:  # noqa: PLR2004  # reason: one alone is no list
        return None
    try:
        return common([value.type, *(item.type for item in fixed)], "a list")
    except CannotDo:
        return None


def _distinct(compiler: Compiler, node: pb.A_Expr) -> Term:
    left, right = compiler.term(node.lexpr), compiler.term(node.rexpr)
    signature = compiler.signature("=", left, right)
    parts = [
        compiler.typing.typed(term, to)
        for term, to in zip((left, right), signature.takes, strict=True)
    ]
    is_negated = node.kind == pb.A_Expr_Kind.AEXPR_NOT_DISTINCT
    return distinct(signature, parts, is_negated=is_negated)


def _nullif(compiler: Compiler, node: pb.A_Expr) -> Term:
    left, right = compiler.term(node.lexpr), compiler.term(node.rexpr)
    signature = compiler.signature("=", left, right)
    left = compiler.typing.typed(left, signature.takes[0])
    same = compiler.operator("=", left, right)
    value, test = left.run, same.run

    def run(frame: Frame) -> Value:
        return None if test(frame) is True else value(frame)

    return made_of(left.type, run, (left, right, same))


def _any(compiler: Compiler, name: str, node: pb.A_Expr, *, is_all: bool) -> Term:
    left, right = compiler.term(node.lexpr), compiler.term(node.rexpr)
    element = UNKNOWN if right.type is UNKNOWN else element_of(right.type)
    if element is None:
        raise CannotDo("ANY and ALL of what is no array")
    signature = compiler.signature(name, left, replace(right, type=element))
    to = array_for(signature.takes[1])
    if element is not UNKNOWN and right.type.oid != to.oid:
        if element.name != "varchar" or signature.takes[1].oid != TEXT.oid:
            raise CannotDo("ANY and ALL of an array of another type", "add a cast")
        to = right.type
    parts = [compiler.typing.typed(left, signature.takes[0]), compiler.typing.typed(right, to)]
    return any_or_all(signature, parts, is_all=is_all)
