"""UPDATE and DELETE of protected tables: at once where the provider can, else in two phases.

- Values for cells that are bound to their rows are made for each row: the rows are locked and read
  first, then written by their numbers, in the client's transaction.
- So are new values that are computed from opened columns, and rows that only opened columns tell.

Source: docs/spec/60-statements.md section 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.masking import is_masked_clear
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Bind
from sealhold.protect.sql import tree
from sealhold.protect.sql.besides import columns_beside
from sealhold.protect.sql.defaults import default_of
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.fromclause import FromClause
from sealhold.protect.sql.grouping import Laid
from sealhold.protect.sql.inserting import unmarked
from sealhold.protect.sql.leftover import Base, push_where
from sealhold.protect.sql.literals import Value, is_null
from sealhold.protect.sql.names import RID, Attribute, Relation
from sealhold.protect.sql.plan import Assignment, Kept, Made, Output
from sealhold.protect.sql.refusing import NotPossibleError, WrongError, cannot, masked
from sealhold.protect.sql.residual import (
    CannotDo,
    Expression,
    compile_expression,
    compile_predicate,
)
from sealhold.protect.sql.scope import UNDEFINED, Scope, entry_of
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.wholerows import lay_out
from sealhold.protect.sql.work import Work

BIGINTS: Final = 1016
VALUES: Final = "_sh_new"
Change: TypeAlias = pb.UpdateStmt | pb.DeleteStmt


@dataclass(frozen=True, slots=True)
class TwoPhases:
    """A change in two phases, as trees."""

    select: pb.SelectStmt
    outputs: tuple[Output, ...]
    where: Expression | None
    assignments: tuple[Assignment, ...]
    kept: tuple[Kept, ...] = ()


class Changing:
    """Rewrites one UPDATE or DELETE."""

    def __init__(self, work: Work, selecting: Selecting, relation: Relation) -> None:
        self.work = work
        self.selecting = selecting
        self.relation = relation
        self.scope = Scope()
        self.alias = ""

    def _begin(self, change: Change, made: Change) -> Expressions:
        if change.HasField("with_clause"):
            made.with_clause.CopyFrom(self.selecting.withs(change.with_clause, Scope()))
        self.alias = change.relation.alias.aliasname or change.relation.relname
        self.scope = Scope([entry_of(self.relation, self.alias)])
        name = "from_clause" if isinstance(change, pb.UpdateStmt) else "using_clause"
        clause = FromClause(self.work, self.scope, self.selecting.nested)
        items, _ = clause.rewrite(getattr(change, name))
        made.ClearField(name)
        getattr(made, name).extend(items)
        return Expressions(self.work, self.scope, self.selecting.nested)

    def _attribute(self, name: str) -> Attribute:
        attribute = self.relation.named(name)
        if attribute is None:
            raise WrongError(
                "42703", f'column "{name}" of relation "{self.relation.name}" does not exist'
            )
        return attribute

    def _column(self, name: str) -> Column | None:
        return self._attribute(name).column

    def _has_default(self, target: pb.ResTarget) -> bool:
        """Whether a column is set to its default, which is another value than NULL."""
        is_default = bool(target.val.HasField("set_to_default"))
        column = self._column(target.name)
        if is_default and column is not None and is_masked_clear(column):
            raise masked(column, "SET TO DEFAULT")
        return is_default and self._attribute(target.name).default is not None

    def at_once(self, change: Change) -> tuple[Change, Laid | None]:
        """Return the change for the provider to do by itself.

        Raises:
            NotPossibleError: it needs opened rows.
        """
        if self._kept(change):
            raise NotPossibleError("a change of what is found by words or hidden ranges, at once")
        made = type(change)()
        made.CopyFrom(change)
        expressions = self._begin(change, made)
        if isinstance(change, pb.UpdateStmt):
            del made.target_list[:]
            for each in change.target_list:
                made.target_list.extend(self._assigned(each, expressions))
            made.target_list.extend(unmarked(self.relation, change.target_list))
        if change.HasField("where_clause"):
            made.where_clause.CopyFrom(expressions.condition(change.where_clause))
        return made, self.selecting.returning(made, change, self.scope)

    def _assigned(self, node: Node, expressions: Expressions) -> list[Node]:
        one = node.res_target
        column = self._column(one.name)
        if one.indirection or one.val.HasField("multi_assign_ref"):
            raise NotPossibleError("several columns set at once, or part of one")
        if column is None:
            value = one.val if one.val.HasField("set_to_default") else expressions.push(one.val)
            return [Node(res_target=pb.ResTarget(name=self.relation.place(one.name), val=value))]
        self.work.written[column] = None
        is_empty = is_null(one.val) and not self._has_default(one)
        if column.bind is Bind.ROW and not is_empty:
            raise cannot(column, "one cell for all rows", is_stored=True)
        return [
            Node(
                res_target=pb.ResTarget(
                    name=self.relation.place(column.name, suffix),
                    val=tree.null()
                    if is_empty
                    else expressions.hide(column, suffix, "store", one.val),
                )
            )
            for suffix in column.techniques
        ]

    # in two phases

    def split(self, change: Change) -> TwoPhases:
        """Return the first phase of a change; the second is made by `second`."""
        made = pb.SelectStmt(limit_option=pb.LimitOption.LIMIT_OPTION_DEFAULT, op=1)
        holder = type(change)()
        holder.CopyFrom(change)
        expressions = self._begin(change, holder)
        if holder.HasField("with_clause"):
            made.with_clause.CopyFrom(holder.with_clause)
        table = pb.RangeVar()
        table.CopyFrom(change.relation)
        items = holder.from_clause if isinstance(holder, pb.UpdateStmt) else holder.using_clause
        made.from_clause.extend([Node(range_var=table), *items])
        base = Base(self.scope)
        left = self._left(made, change, expressions)
        try:
            where = (
                compile_predicate(tree.both(left), base.slot, self.work.parameters.type_of)
                if left
                else None
            )
            assignments = tuple(self._computed(each, base) for each in self._protected(change))
            kept = tuple(self._old(each, base, assignments) for each in self._kept(change))
        except LookupError as err:
            raise WrongError(UNDEFINED, str(err)) from err
        except CannotDo as err:
            raise NotPossibleError(str(err), err.advice) from err
        except PgValueError as err:
            raise WrongError(err.sqlstate, err.message) from err
        for computed in (where, *(each.expression for each in assignments)):
            if isinstance(computed, Expression):
                for client, type_ in computed.learned.items():
                    self.work.parameters.learn(client, type_)
        targets, outputs = self._laid(base)
        made.target_list.extend(targets)
        lock = pb.LockingClause(
            locked_rels=[
                Node(range_var=pb.RangeVar(relname=self.alias, inh=True, relpersistence="p"))
            ],
            strength=pb.LockClauseStrength.LCS_FORUPDATE,
            wait_policy=pb.LockWaitPolicy.LockWaitBlock,
        )
        made.locking_clause.append(Node(locking_clause=lock))
        for each in base.opened:
            self.work.opened[each] = None
        return TwoPhases(made, outputs, where, assignments, kept)

    def _old(self, column: Column, base: Base, assignments: Sequence[Assignment]) -> Kept:
        new = [at for at, each in enumerate(assignments) if each.column is column]
        old = base.slot((self.alias, column.name)).at
        return Kept(column, old, new[-1] if new else None)

    def _kept(self, change: Change) -> list[Column]:
        """Return the columns whose tables beside a change has to keep up with."""
        columns = columns_beside(self.relation)
        if isinstance(change, pb.DeleteStmt):
            return columns
        names = {each.res_target.name for each in change.target_list}
        return [each for each in columns if each.name in names]

    def _left(self, made: pb.SelectStmt, change: Change, expressions: Expressions) -> list[Node]:
        """Let the provider do what it can of a WHERE, and return the rest."""
        return push_where(made, change, expressions)

    def _laid(self, base: Base) -> tuple[list[Node], tuple[Output, ...]]:
        targets, outputs, _ = lay_out(base.cells, self.work, [tree.column(self.alias, RID)])
        return targets, outputs

    def _protected(self, change: Change) -> list[pb.ResTarget]:
        if isinstance(change, pb.DeleteStmt):
            return []
        return [
            each.res_target
            for each in change.target_list
            if self._column(each.res_target.name) is not None
        ]

    def _computed(self, target: pb.ResTarget, base: Base) -> Assignment:
        column = self._column(target.name)
        if column is None:
            raise NotPossibleError("no protected column")
        self.work.written[column] = None
        if self._has_default(target):
            return Assignment(column, Value(column.type, default_of(self._attribute(target.name))))
        if is_null(target.val):
            return Assignment(column, None)
        parameters = self.work.parameters
        if target.val.HasField("param_ref"):
            parameters.learn(target.val.param_ref.number - 1, column.type)
        return Assignment(
            column, compile_expression(target.val, base.slot, parameters.type_of, column.type)
        )

    def second(self, change: Change, phases: TwoPhases) -> tuple[Change, Laid | None]:
        """Return the second phase: rows by their numbers, new values from arrays."""
        parameters = self.work.parameters
        arrays = [parameters.other(BIGINTS, Made(None))]
        names = [RID]
        sets: list[Node] = []
        for at, each in enumerate(phases.assignments):
            for suffix, technique in each.column.techniques.items():
                oid = named(technique.sql_type + "[]").oid
                arrays.append(parameters.other(oid, Made(at, suffix)))
                names.append(f"v{len(names)}")
                value = tree.column(VALUES, names[-1])
                place = self.relation.place(each.column.name, suffix)
                sets.append(Node(res_target=pb.ResTarget(name=place, val=value)))
        made = type(change)()
        made.CopyFrom(change)
        expressions = self._begin(change, made)
        values = unnest(arrays, names)
        (made.from_clause if isinstance(made, pb.UpdateStmt) else made.using_clause).append(values)
        rid = tree.compare("=", tree.column(self.alias, RID), tree.column(VALUES, RID))
        conditions = [rid]
        if _is_joined(change):  # which rows of the other tables belong to each
            pushed = pb.SelectStmt()
            push_where(pushed, change, expressions)
            if pushed.HasField("where_clause"):
                conditions.insert(0, pushed.where_clause)
        made.where_clause.CopyFrom(tree.both(conditions))
        if isinstance(made, pb.UpdateStmt) and isinstance(change, pb.UpdateStmt):
            del made.target_list[:]
            for each in change.target_list:
                if self._column(each.res_target.name) is None:
                    made.target_list.extend(self._assigned(each, expressions))
            made.target_list.extend(sets)
            made.target_list.extend(unmarked(self.relation, change.target_list))
        return made, self.selecting.returning(made, change, self.scope)


def _is_joined(change: Change) -> bool:
    return bool(change.from_clause if isinstance(change, pb.UpdateStmt) else change.using_clause)


def unnest(arrays: list[Node], names: list[str]) -> Node:
    """Return arrays as a table of one row for each element."""
    # by its bare name: only so the server takes several arrays side by side
    call = Node(func_call=pb.FuncCall(funcname=[tree.string("unnest")], args=arrays))
    function = pb.RangeFunction(
        functions=[tree.listed([call, Node()])],
        alias=pb.Alias(aliasname=VALUES, colnames=[tree.string(each) for each in names]),
    )
    return Node(range_function=function)
