"""Expressions as the provider may compute them: on terms where columns are protected.

- A protected column stands where a technique of it answers: beside a value in a comparison, beside
  a column of the same key, in IS NULL, in COUNT. Anywhere else the expression is not possible.
- A value beside a protected column goes as a parameter in the column's own form, never as it is.

Source: docs/spec/60-statements.md section 5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.masks import NOTHING
from sealhold.protect.pgtypes.codec import Settings
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.spec import CELL, Op
from sealhold.protect.sql import tree
from sealhold.protect.sql.coercing import converts
from sealhold.protect.sql.hiding import hidden_value
from sealhold.protect.sql.literals import Literal, literal_of, parameter_of
from sealhold.protect.sql.plan import Expression, Hidden, How
from sealhold.protect.sql.refusing import NotPossibleError, WrongError, cannot, masked
from sealhold.protect.sql.residual import CannotDo, Slot, compile_expression
from sealhold.protect.sql.scope import Field, Scope
from sealhold.protect.sql.searching import searched
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work, check_kind, rebuilt

KIND: Final = pb.A_Expr_Kind
EQUALS: Final = ("=", "<>", "!=")
ORDERS: Final[dict[str, How]] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
DISTINCTS: Final = (KIND.AEXPR_DISTINCT, KIND.AEXPR_NOT_DISTINCT)

BY_SETTINGS: Final = frozenset({"timestamptz", "timetz", "timestamp", "date", "interval"})

EXISTS: Final = "exists"  # only whether there is a row
VALUE: Final = "value"  # its outputs are clear
DERIVED: Final = "derived"  # a table: outputs with their companions


@dataclass(frozen=True, slots=True)
class Block:
    """A query within a statement, rewritten."""

    select: pb.SelectStmt
    fields: tuple[Field, ...]
    is_known: bool = True


# what rewrites a query in an expression; the text is its purpose, or the suffix of the companion
# that stands for its one output
Nested = Callable[[pb.SelectStmt, Scope, str], Block]


class Expressions:
    """Rewrites expressions in one scope."""

    def __init__(self, work: Work, scope: Scope, nested: Nested) -> None:
        self.work = work
        self.scope = scope
        self._nested = nested

    def protected(self, node: Node) -> Field | None:
        """Return the protected column that a node is a plain reference to."""
        if not node.HasField("column_ref"):
            return None
        fields = node.column_ref.fields
        if not fields or not all(each.HasField("string") for each in fields):
            return None
        found = self.scope.resolve(tree.strings(fields))
        return found if found is not None and found.column is not None else None

    def push(  # noqa: PLR0911  # reason: one way for each kind of node
        self, node: Node
    ) -> Node:
        """Return the expression for the provider.

        Raises:
            NotPossibleError: it needs the value of a protected column.
            PlanError: it is wrong, or cannot be resolved.
        """
        kind = check_kind(node)
        match kind:
            case "column_ref":
                return self._column(node)
            case "param_ref":
                return self.work.parameters.given(node.param_ref.number - 1)
            case "a_expr":
                found = searched(self, node, is_condition=False)
                return self._operation(node) if found is None else found
            case "null_test":
                return self._null_test(node)
            case "func_call":
                found = searched(self, node, is_condition=False)
                return self._call(node) if found is None else found
            case "sub_link":
                return self._sub_link(node)
            case _:
                return rebuilt(node, self.push)

    def condition(self, node: Node) -> Node:
        """Return a condition of which NULL is as good as false, for the provider.

        Raises:
            PlanError: as `push`.
        """
        if node.HasField("bool_expr") and node.bool_expr.boolop != pb.BoolExprType.NOT_EXPR:
            return rebuilt(node, self.condition)
        found = searched(self, node, is_condition=True)
        return self.push(node) if found is None else found

    def _column(self, node: Node) -> Node:
        fields = node.column_ref.fields
        if not all(each.HasField("string") for each in fields):
            if self.scope.is_protected:
                raise NotPossibleError("a whole row of a protected table: name its columns")
            return node
        found = self.scope.resolve(tree.strings(fields))
        if found is None:
            return node
        if found.column is not None:
            raise cannot(found.column, "use as a value")
        return found.at()

    def _null_test(self, node: Node) -> Node:
        field = self.protected(node.null_test.arg)
        if field is None:
            return rebuilt(node, self.push)
        mask = self._column_of(field).mask
        if mask is not None and mask.show == NOTHING:
            raise masked(self._column_of(field), "IS NULL")
        copy = Node()
        copy.CopyFrom(node)
        copy.null_test.arg.CopyFrom(field.at(CELL))
        return copy

    # comparisons

    def _operation(  # noqa: C901, PLR0911  # reason: one way for each kind of comparison
        self, node: Node
    ) -> Node:
        expression = node.a_expr
        left, right = expression.lexpr, expression.rexpr
        field = self.protected(left)
        other = self.protected(right)
        if field is None and other is None:
            return rebuilt(node, self.push)
        name = tree.operator(expression)
        kind = expression.kind
        for each in (field, other):
            if each is not None and each.column is not None and each.column.mask is not None:
                raise masked(each.column, f"the operator {name or 'of another schema'}")
        if kind == KIND.AEXPR_OP and name in (*EQUALS, *ORDERS) and left.WhichOneof("node"):
            if field is not None and other is not None:
                return self._columns(field, name, other)
            if field is None and other is not None:
                return self._value(other, FLIPPED.get(name, name), left)
            if field is not None:
                return self._value(field, name, right)
        if field is None:
            raise cannot(self._column_of(other), f"the operator {name or 'of another schema'}")
        if kind in DISTINCTS:
            return self._distinct(field, kind, right)
        if kind == KIND.AEXPR_IN:
            return self._in(field, name, right.list.items)
        if kind in {KIND.AEXPR_BETWEEN, KIND.AEXPR_NOT_BETWEEN}:
            return self._between(field, kind, right.list.items)
        if kind == KIND.AEXPR_OP_ANY and name == "=":
            return self._any(field, right)
        raise cannot(self._column_of(field), f"the operator {name}")

    @staticmethod
    def _column_of(field: Field | None) -> Column:
        if field is None or field.column is None:
            raise NotPossibleError("no protected column")
        return field.column

    def suffix(self, field: Field, op: Op) -> str:
        """Return the suffix of the technique that answers `op` on a column as it is shown here."""
        column = self._column_of(field)
        if column.mask is not None:
            raise masked(column, op.value)
        for suffix, technique in column.techniques.items():
            # a beacon gives rows too many: what it finds is compared on opened rows
            if op in technique.answers and suffix in field.places and technique.exact:
                return suffix
        raise cannot(column, op)

    def _columns(self, left: Field, name: str, right: Field) -> Node:
        op = Op.JOIN if name in EQUALS else Op.RANGE
        one, two = self._column_of(left), self._column_of(right)
        if one is not two and not one.same_key(op, two):
            raise NotPossibleError(
                f'columns "{one.name}" and "{two.name}" are protected under different keys',
                "give both the same `domain` and a technique that both have",
            )
        return tree.compare(name, left.at(self.suffix(left, op)), right.at(self.suffix(right, op)))

    def _value(self, field: Field, name: str, value: Node) -> Node:
        if name in EQUALS:
            suffix = self.suffix(field, Op.EQUAL)
            return tree.compare(name, field.at(suffix), self.hidden(field, suffix, "=", value))
        suffix = self.suffix(field, Op.RANGE)
        return tree.compare(name, field.at(suffix), self.hidden(field, suffix, ORDERS[name], value))

    def _distinct(self, field: Field, kind: int, value: Node) -> Node:
        other = self.protected(value)
        suffix = self.suffix(field, Op.EQUAL)
        if other is not None:
            one, two = self._column_of(field), self._column_of(other)
            if one is not two and not one.same_key(Op.JOIN, two):
                raise cannot(one, Op.JOIN)
            right = other.at(self.suffix(other, Op.JOIN))
        else:
            right = self.hidden(field, suffix, "=", value)
        return tree.compared(kind, "=", field.at(suffix), right)

    def _in(self, field: Field, name: str, items: Sequence[Node]) -> Node:
        suffix = self.suffix(field, Op.EQUAL)
        column = self._column_of(field)
        if len(items) > 1:  # the server looks for one type of all, and finds the column's
            for each in items:
                parameter_of(each, column.type, self.work.parameters, stored=True)
        terms = [self.hidden(field, suffix, "=", each) for each in items]
        return tree.compared(KIND.AEXPR_IN, name, field.at(suffix), tree.listed(terms))

    def _between(self, field: Field, kind: int, bounds: Sequence[Node]) -> Node:
        suffix = self.suffix(field, Op.RANGE)
        low = self.hidden(field, suffix, ">=", bounds[0])
        high = self.hidden(field, suffix, "<=", bounds[1])
        name = "BETWEEN" if kind == KIND.AEXPR_BETWEEN else "NOT BETWEEN"
        return tree.compared(kind, name, field.at(suffix), tree.listed([low, high]))

    def _any(self, field: Field, value: Node) -> Node:
        suffix = self.suffix(field, Op.EQUAL)
        column = self._column_of(field)
        if value.HasField("a_array_expr"):
            terms = [self.hidden(field, suffix, "=", each) for each in value.a_array_expr.elements]
            if terms:
                return tree.compared(KIND.AEXPR_IN, "=", field.at(suffix), tree.listed(terms))
        client = parameter_of(value, column.type, self.work.parameters, is_array=True)
        if client is None:
            raise cannot(column, "= ANY of anything but a parameter")
        given = self.work.parameters.type_of(client)
        hidden = Hidden(column, suffix, client, given, how="=", is_array=True)
        right = self.work.parameters.hidden(hidden)
        return tree.compared(KIND.AEXPR_OP_ANY, "=", field.at(suffix), right)

    def hidden(self, field: Field, suffix: str, how: How, value: Node) -> Node:
        """Return the parameter for a value that is compared with a column, or stored in it."""
        return self.hide(self._column_of(field), suffix, how, value)

    def hide(
        self, column: Column, suffix: str, how: How, value: Node, row: int | None = None
    ) -> Node:
        """Return the parameter for a value, in the form of one physical column.

        Raises:
            NotPossibleError: the value is known at the provider alone, or of a type that is not
                converted here.
        """
        # THREAT T694: a constant beside a protected column is in no text
        if value.HasField("a_const") and value.a_const.isnull:
            return tree.null()
        parameters = self.work.parameters
        client = parameter_of(value, column.type, parameters, stored=how == "store")
        if client is not None:
            given = parameters.type_of(client)
            if given is not None and not converts(given, column.type, how):
                raise cannot(
                    column, f"a value of type {given.name} there", is_stored=how == "store"
                )
            return parameters.hidden(Hidden(column, suffix, client, given, how=how, row=row))
        expression = literal_of(value, column.type, parameters, how) or self._computed(value)
        if expression is None or not converts(expression.type, column.type, how):
            raise cannot(column, "that value there", is_stored=how == "store")
        if isinstance(expression, Literal):
            _check(expression)
        hidden = Hidden(column, suffix, None, expression.type, expression, how=how, row=row)
        if self.work.embeds:
            return _embedded(hidden)
        return parameters.hidden(hidden)

    def _computed(self, value: Node) -> Expression | None:
        """Return what computes a value of constants and parameters at each execution, if it can."""
        parameters = self.work.parameters
        try:
            made = compile_expression(value, _no_column, parameters.type_of)
        except CannotDo:
            return None
        except PgValueError as err:
            raise WrongError(err.sqlstate, err.message) from err
        for client, type_ in made.learned.items():
            parameters.learn(client, type_)
        return made

    # calls and queries

    def _call(self, node: Node) -> Node:
        call = node.func_call
        fields = [self.protected(each) for each in call.args]
        for each in fields:
            if each is not None and self._column_of(each).mask is not None:
                raise masked(self._column_of(each), f"{tree.function(call)}()")
        if tree.function(call) != "count" or len(fields) != 1 or fields[0] is None:
            return rebuilt(node, self.push)
        field = fields[0]
        suffix = self.suffix(field, Op.GROUP) if call.agg_distinct else CELL
        copy = Node(func_call=rebuilt(call, self._but_protected))
        copy.func_call.args[0].CopyFrom(field.at(suffix))
        return copy

    def _but_protected(self, node: Node) -> Node:
        return node if self.protected(node) is not None else self.push(node)

    def _sub_link(self, node: Node) -> Node:
        link = node.sub_link
        if not link.subselect.HasField("select_stmt"):
            raise NotPossibleError("only SELECT stands in an expression")
        copy = Node()
        copy.CopyFrom(node)
        select = link.subselect.select_stmt
        field = self.protected(link.testexpr) if link.HasField("testexpr") else None
        if field is not None:
            self._member(copy, field, tree.strings(link.oper_name), select)
            return copy
        if link.HasField("testexpr"):
            copy.sub_link.testexpr.CopyFrom(self.push(link.testexpr))
        purpose = EXISTS if link.sub_link_type == pb.SubLinkType.EXISTS_SUBLINK else VALUE
        inner = self._nested(select, self.scope, purpose)
        copy.sub_link.subselect.CopyFrom(Node(select_stmt=inner.select))
        return copy

    def _member(
        self, copy: Node, field: Field, operator: tuple[str, ...], select: pb.SelectStmt
    ) -> None:
        """Compare terms with terms: a protected column in a query of protected values."""
        column = self._column_of(field)
        if operator and operator[-1] not in EQUALS:
            raise cannot(column, Op.RANGE)
        suffix = self.suffix(field, Op.JOIN)
        inner = self._nested(select, self.scope, suffix)
        other = inner.fields[0].column if len(inner.fields) == 1 else None
        if other is None or (other is not column and not column.same_key(Op.JOIN, other)):
            raise cannot(column, Op.JOIN)
        copy.sub_link.testexpr.CopyFrom(field.at(suffix))
        copy.sub_link.subselect.CopyFrom(Node(select_stmt=inner.select))


def _check(literal: Literal) -> None:
    """Refuse a text that is no value of its type, as the server does before it runs anything."""
    if literal.type.typmod != -1:
        return  # what is too long is said when it is stored
    try:
        literal.evaluate((), (), Settings())
    except PgValueError as err:
        raise WrongError(err.sqlstate, err.message) from err


def _no_column(names: tuple[str, ...]) -> Slot:
    raise CannotDo(f'"{names[-1]}" is known at the provider alone')


def _embedded(hidden: Hidden) -> Node:
    """Return the term of a constant, written out."""
    column = hidden.column
    if column.type.name in BY_SETTINGS:
        raise cannot(column, "a constant whose meaning hangs on a setting, in a view")
    try:
        value = hidden_value(hidden, (), Settings(), 0)
    except PgValueError as err:
        raise WrongError(err.sqlstate, err.message) from err
    type_ = column.techniques[hidden.suffix].sql_type
    if value is None or type_ != "bytea":
        raise cannot(column, "a constant in a view")
    text = Node(a_const=pb.A_Const(sval=pb.String(sval="\\x" + value.hex())))
    return Node(type_cast=pb.TypeCast(arg=text, type_name=tree.type_name("bytea")))
