"""Searches in statements: for words, and for ranges that the provider must not know.

- `column @@ to_tsquery('simple', ...)`, the same with `plainto_tsquery` or with
  `to_tsvector('simple', column)`, and `sealhold_word(column, ...)` become a comparison of row
  numbers with an array, which a look-up fills before the statement is bound.
- In a condition, where NULL counts as false, that is all. Elsewhere it is NULL where the text is.
- What a range finds are rows too many: it narrows a condition that is done on opened rows.

Source: docs/spec/62-words-and-ranges-in-statements.md section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

from postgast import pg_query_pb2 as pb

from sealhold.model.errors import InvalidQueryError
from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import Settings
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.coercing import NUMBERS, TEXTS
from sealhold.protect.sql.literals import TEXT, Literal, literal_of, parameter_of
from sealhold.protect.sql.plan import Found, Sought
from sealhold.protect.sql.refusing import NotPossibleError, PlanError, WrongError, cannot, masked
from sealhold.protect.sql.scope import Field
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.tsquery import Wanted, read_plain, read_tsquery
from sealhold.protect.sql.work import Work
from sealhold.protect.techniques.words import Words

KIND: Final = pb.A_Expr_Kind
BIGINTS: Final = 1016
WORD: Final = "sealhold_word"
QUERIES: Final = ("to_tsquery", "plainto_tsquery")
MATCHES: Final = "@@"
_SIMPLE: Final = ("simple", "pg_catalog.simple")
_PARTS: Final = 2  # arguments: a configuration and a text
_BOUNDS: Final = {"=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FLIPPED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Around(Protocol):
    """What expressions are rewritten in: see `expressions.py`."""

    work: Work

    def protected(self, node: Node) -> Field | None:
        """Return the protected column that a node is a plain reference to."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search as it stands in a statement."""

    field: Field
    how: str
    value: Node


def read(how: str, text: str, words: Words) -> Wanted:
    """Return the rows that a search asks for.

    Raises:
        InvalidQueryError: what may mean something else at PostgreSQL, or is not kept.
        PgValueError: what PostgreSQL calls a syntax error.
    """
    return read_plain(text, words) if how == QUERIES[1] else read_tsquery(text, words)


def searched(expressions: Around, node: Node, *, is_condition: bool) -> Node | None:
    """Return what a search for words becomes; None if a node is none.

    Raises:
        NotPossibleError: a search that is not answered.
        MaskedError: a search in a column of which a mask is shown.
        WrongError: what is no search at PostgreSQL either.
    """
    asked = _asked(expressions, node)
    if asked is None:
        if _name(node) == WORD:
            raise NotPossibleError(f"{WORD} of anything but a protected column and a text")
        return None
    field, column = asked.field, asked.field.column
    if column is None:
        return None
    if column.mask is not None or column.words is None:
        _refuse(column, Op.WORD)
    rid = field.row()
    if rid is None or expressions.work.embeds:
        _refuse(column, "a search in a view, or beside a query that does not show its rows,")
    sought = _sought(expressions, asked)
    is_negated = _is_negated(sought, column.words)
    found = Found(column, (sought,), is_negated)
    array = expressions.work.parameters.other(BIGINTS, found)
    if is_negated:
        made = tree.compared(KIND.AEXPR_OP_ALL, "<>", rid, array)
    else:
        made = tree.compared(KIND.AEXPR_OP_ANY, "=", rid, array)
        if is_condition:  # no row without a text is found
            return made
    is_there = Node(
        null_test=pb.NullTest(arg=field.at(CELL), nulltesttype=pb.NullTestType.IS_NOT_NULL)
    )
    if is_condition:
        return tree.both([made, is_there])
    when = Node(case_when=pb.CaseWhen(expr=is_there, result=made))
    return Node(case_expr=pb.CaseExpr(args=[when]))


def narrowed(expressions: Around, conditions: Sequence[Node]) -> list[Node]:
    """Return conditions for the provider that hold for all rows for which the given ones do."""
    bounds: dict[tuple[str, str], tuple[Field, list[Sought]]] = {}
    for each in conditions:
        for field, sought in _ranges(expressions, each):
            key = (field.alias, field.name)
            bounds.setdefault(key, (field, []))[1].append(sought)
    made: list[Node] = []
    for field, listed in bounds.values():
        rid = field.row()
        if rid is not None and field.column is not None:
            found = Found(field.column, tuple(listed))
            array = expressions.work.parameters.other(BIGINTS, found)
            made.append(tree.compared(KIND.AEXPR_OP_ANY, "=", rid, array))
    return made


def _asked(expressions: Around, node: Node) -> _Asked | None:
    if node.HasField("func_call"):
        call = node.func_call
        if _name(node) != WORD or len(call.args) != _PARTS:
            return None
        field = expressions.protected(call.args[0])
        return None if field is None else _Asked(field, QUERIES[0], call.args[1])
    if not node.HasField("a_expr") or tree.operator(node.a_expr) != MATCHES:
        return None
    left, right = node.a_expr.lexpr, node.a_expr.rexpr
    for text, query in ((left, right), (right, left)):
        field = _text(expressions, text)
        if field is None or field.column is None:
            continue
        if not query.HasField("func_call") or _name(query) not in QUERIES:
            _refuse(field.column, "@@ with anything but to_tsquery or plainto_tsquery")
        if not _is_simple(query.func_call):
            _refuse(field.column, "a search by another configuration than 'simple'")
        return _Asked(field, _name(query), query.func_call.args[1])
    return None


def _text(expressions: Around, node: Node) -> Field | None:
    """Return the column whose text is searched."""
    field = expressions.protected(node)
    if field is None and node.HasField("func_call") and _name(node) == "to_tsvector":
        arguments = node.func_call.args
        field = expressions.protected(arguments[-1]) if arguments else None
        if field is not None and field.column is not None and not _is_simple(node.func_call):
            _refuse(field.column, "a search by another configuration than 'simple'")
    return field


def _is_simple(call: pb.FuncCall) -> bool:
    if len(call.args) != _PARTS:
        return False
    configuration = call.args[0]
    if configuration.HasField("type_cast"):
        configuration = configuration.type_cast.arg
    return configuration.a_const.sval.sval in _SIMPLE


def _name(node: Node) -> str:
    return tree.function(node.func_call) if node.HasField("func_call") else ""


def _sought(expressions: Around, asked: _Asked) -> Sought:
    parameters = expressions.work.parameters
    value, column = asked.value, asked.field.column
    if column is None:
        raise NotPossibleError("no protected column")
    if value.HasField("a_const") and value.a_const.isnull:
        return Sought(asked.how, TEXT, None)
    client = parameter_of(value, TEXT, parameters, stored=True)
    if client is not None:
        given = parameters.type_of(client) or TEXT
        if given.oid not in TEXTS:
            _refuse(column, f"a search by a value of type {given.name}")
        return Sought(asked.how, given, client)
    literal = literal_of(value, TEXT, parameters, "store")
    if literal is None or literal.type.oid not in TEXTS:
        _refuse(column, "a search by anything but a constant or parameter")
    return Sought(asked.how, literal.type, None, literal)


def _is_negated(sought: Sought, words: Words) -> bool:
    """Read a constant, so that what is wrong is said before anything is asked.

    Raises:
        WrongError: what PostgreSQL calls a syntax error.
        NotPossibleError: what may mean something else there, or is not kept.
    """
    if not isinstance(sought.expression, Literal):
        return False
    try:
        value = sought.expression.evaluate((), (), Settings())
        return read(sought.how, (value or b"").decode(), words).is_negated
    except PgValueError as err:
        raise WrongError(err.sqlstate, err.message) from err
    except InvalidQueryError as err:
        raise NotPossibleError(str(err)) from err


# ranges


def _ranges(expressions: Around, node: Node) -> list[tuple[Field, Sought]]:
    """Return the bounds that a condition sets to columns with hidden ranges."""
    if not node.HasField("a_expr"):
        return []
    expression = node.a_expr
    left, right = expression.lexpr, expression.rexpr
    name = tree.operator(expression)
    field, values = _bounded(expressions, left), [(name, right)]
    if expression.kind == KIND.AEXPR_BETWEEN:
        values = list(zip((">=", "<="), right.list.items, strict=True))
    elif expression.kind != KIND.AEXPR_OP or name not in _BOUNDS:
        return []
    elif field is None:
        field, values = _bounded(expressions, right), [(_FLIPPED[name], left)]
    if field is None:
        return []
    found = []
    for how, value in values:
        sought = _bound(expressions, field, how, value)
        if sought is not None:
            found.append((field, sought))
    return found


def _bounded(expressions: Around, node: Node) -> Field | None:
    try:
        field = expressions.protected(node)
    except PlanError:
        return None
    column = field.column if field is not None else None
    return field if column is not None and column.ranges and column.mask is None else None


def _bound(expressions: Around, field: Field, how: str, value: Node) -> Sought | None:
    """Return a bound; None where it is none that is known before the statement runs."""
    column, parameters = field.column, expressions.work.parameters
    if column is None:
        return None
    client = parameter_of(value, column.type, parameters)
    if client is not None:
        given = parameters.type_of(client)
        return Sought(how, given, client) if given and given.oid in NUMBERS else None
    literal = literal_of(value, column.type, parameters, "=")
    if literal is None or literal.type.oid not in NUMBERS:
        return None
    return Sought(how, literal.type, None, literal)


def _refuse(column: Column, op: Op | str) -> NoReturn:
    if column.mask is not None:  # THREAT T734: a search would say what stands behind the mask
        raise masked(column, "a search for words")
    raise cannot(column, op)
