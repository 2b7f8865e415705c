"""All nodes that can be compiled but operators: logic, tests, branches, casts, columns, constants.

Source: docs/spec/57-values-and-residuals.md section 9.
"""

from dataclasses import replace
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.sql.residual_applying import both, chosen, first_of, greatest, negation
from sealhold.protect.sql.residual_calls import call
from sealhold.protect.sql.residual_compiler import IN_ORDER_C, Compiler, Nodes, TextOrder
from sealhold.protect.sql.residual_names import Find, names_in, type_of
from sealhold.protect.sql.residual_operations import operation
from sealhold.protect.sql.residual_resolve import common
from sealhold.protect.sql.residual_terms import (
    BOOL,
    TEXTS,
    CannotDo,
    Frame,
    Run,
    Term,
    Value,
    column,
    made_of,
)
from sealhold.protect.sql.residual_typing import Typing, array_for, literal

_AND, _OR = pb.BoolExprType.AND_EXPR, pb.BoolExprType.OR_EXPR
_TESTS: Final[dict[int, tuple[bool | None, bool]]] = {
    pb.BoolTestType.IS_TRUE: (True, True),
    pb.BoolTestType.IS_NOT_TRUE: (True, False),
    pb.BoolTestType.IS_FALSE: (False, True),
    pb.BoolTestType.IS_NOT_FALSE: (False, False),
    pb.BoolTestType.IS_UNKNOWN: (None, True),
    pb.BoolTestType.IS_NOT_UNKNOWN: (None, False),
}


def _bool_expr(compiler: Compiler, node: pb.BoolExpr) -> Term:
    if node.boolop in {_AND, _OR}:
        return both([compiler.truth(each) for each in node.args], is_or=node.boolop == _OR)
    return negation(compiler.truth(node.args[0]))


def _null_test(compiler: Compiler, node: pb.NullTest) -> Term:
    part = compiler.typing.settled(compiler.term(node.arg))
    inner, is_null = part.run, node.nulltesttype == pb.NullTestType.IS_NULL
    slot = part.slot
    if slot is not None and compiler.groups is None:
        at = slot.at
        return made_of(BOOL, lambda frame: (frame.row[at] is None) is is_null, (part,))
    return made_of(BOOL, lambda frame: (inner(frame) is None) is is_null, (part,))


def _boolean_test(compiler: Compiler, node: pb.BooleanTest) -> Term:
    part = compiler.truth(node.arg)
    wanted, is_wanted = _TESTS[node.booltesttype]
    inner = part.run
    return made_of(BOOL, lambda frame: (inner(frame) is wanted) is is_wanted, (part,))


def _case_expr(compiler: Compiler, node: pb.CaseExpr) -> Term:
    tests: list[Term] = []
    held: Run | None = None
    value: Term | None = None
    if node.HasField("arg"):
        value, held = compiler.hold(compiler.typing.settled(compiler.term(node.arg)))
    whens = [each.case_when for each in node.args]
    for when in whens:
        test = compiler.term(when.expr)
        tests.append(
            compiler.as_truth(test) if value is None else compiler.operator("=", value, test)
        )
    results = compiler.terms([when.result for when in whens])
    otherwise = _otherwise(compiler, node)
    to = common([otherwise.type, *(each.type for each in results)], "CASE")
    found = chosen(
        tests,
        [compiler.typing.typed(each, to) for each in results],
        compiler.typing.typed(otherwise, to),
        to,
    )
    return found if held is None else replace(found, run=_after(held, found.run))


def _otherwise(compiler: Compiler, node: pb.CaseExpr) -> Term:
    if node.HasField("defresult"):
        return compiler.term(node.defresult)
    return literal(pb.A_Const(isnull=True))


def _coalesce_expr(compiler: Compiler, node: pb.CoalesceExpr) -> Term:
    parts = compiler.terms(node.args)
    to = common([part.type for part in parts], "COALESCE")
    typed = [compiler.typing.typed(part, to) for part in parts]
    return first_of(typed, to)


def _min_max_expr(compiler: Compiler, node: pb.MinMaxExpr) -> Term:
    parts = compiler.terms(node.args)
    to = common([part.type for part in parts], "GREATEST")
    typed = [compiler.typing.typed(part, to) for part in parts]
    in_c = any(part.is_in_c for part in typed)
    key = compiler.ordered(replace(typed[0], type=to, is_in_c=in_c))
    found = greatest(typed, key, is_least=node.op == pb.MinMaxOp.IS_LEAST)
    return replace(found, type=to)


def _array(compiler: Compiler, node: pb.A_ArrayExpr) -> Term:
    parts = compiler.terms(node.elements)
    if not parts:
        raise CannotDo("an empty ARRAY[] is not in the list", "write '{}'")
    to = common([part.type for part in parts], "ARRAY")
    runs = [compiler.typing.typed(part, to) for part in parts]
    inner = [part.run for part in runs]
    return made_of(array_for(to), lambda frame: tuple([each(frame) for each in inner]), runs)


def _type_cast(compiler: Compiler, node: pb.TypeCast) -> Term:
    return compiler.typing.typed(
        compiler.term(node.arg), type_of(node.type_name), is_asked_for=True
    )


def _collate(compiler: Compiler, node: pb.CollateClause) -> Term:
    names = [part.string.sval for part in node.collname]
    part = compiler.typing.settled(compiler.term(node.arg))
    if names[-1] not in {"C", "POSIX"} or part.type.name not in TEXTS:
        raise CannotDo(f"the collation `{names[-1]}` is not in the list", IN_ORDER_C)
    return replace(part, is_in_c=True, slot=None)


def _column(compiler: Compiler, node: pb.ColumnRef) -> Term:
    found = column(compiler.find(names_in(node)))
    if compiler.groups is not None:
        raise CannotDo(f"the column `{names_in(node)[-1]}` is not grouped by")
    try:
        codec(found.type)
    except TypeRefusedError as err:
        raise CannotDo(str(err)) from err
    return found


def _call(compiler: Compiler, node: pb.FuncCall) -> Term:
    if compiler.groups is not None:
        found = compiler.groups.aggregate(node)
        if found is not None:
            return found
    return call(compiler, node)


def _parameter(compiler: Compiler, node: pb.ParamRef) -> Term:
    return compiler.typing.parameter(node.number - 1)


def _constant(_: Compiler, node: pb.A_Const) -> Term:
    return literal(node)


def _after(first: Run, then: Run) -> Run:
    def run(frame: Frame) -> Value:
        first(frame)
        return then(frame)

    return run


_NODES: Final[Nodes] = {
    "a_const": _constant,
    "a_expr": operation,
    "a_array_expr": _array,
    "bool_expr": _bool_expr,
    "boolean_test": _boolean_test,
    "case_expr": _case_expr,
    "coalesce_expr": _coalesce_expr,
    "collate_clause": _collate,
    "column_ref": _column,
    "func_call": _call,
    "min_max_expr": _min_max_expr,
    "null_test": _null_test,
    "param_ref": _parameter,
    "type_cast": _type_cast,
}


def compiler(find: Find, typing: Typing, text_order: TextOrder) -> Compiler:
    """Return a compiler of all nodes of the list."""
    return Compiler(_NODES, find, typing, text_order)
