"""INSERT, UPDATE, DELETE and COPY of tables whose rows are tagged.

- Each value is known here, in the form that the server will give back; what the server would
  compute itself is refused. So the tag of a row covers what the client meant.
- UPDATE and DELETE read their rows whole, locked and verified; a row gets a new version and tag.
- What RETURNING shows is read from rows that are verified, too.

Source: docs/spec/63-integrity-of-rows.md section 6; ADR 91.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.guards import TAG, VERSION, Guard
from sealhold.protect.pgtypes.types import named
from sealhold.protect.spec import CELL
from sealhold.protect.sql import tree
from sealhold.protect.sql.changing import BIGINTS, VALUES, Change, Changing, unnest
from sealhold.protect.sql.copies import attributes_of, binary, check, read_options
from sealhold.protect.sql.defaults import default_of
from sealhold.protect.sql.expressions import Expressions
from sealhold.protect.sql.fromclause import Shown
from sealhold.protect.sql.inserting import BIGINT, Inserting
from sealhold.protect.sql.leftover import Base, compiled, push_where
from sealhold.protect.sql.names import RID, Relation
from sealhold.protect.sql.parameters import Parameters
from sealhold.protect.sql.plan import (
    CopyColumn,
    CopyPlan,
    Made,
    Output,
    Query,
    Rewrite,
    RowTag,
    Version,
    Whole,
)
from sealhold.protect.sql.refusing import CannotResolveError, NotPossibleError
from sealhold.protect.sql.residual import Residual
from sealhold.protect.sql.scope import Scope, entry_of
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.wholerows import conditions, lay_out
from sealhold.protect.sql.work import Work
from sealhold.protect.techniques.plain import Plain

BYTEAS: Final = 1001
BYTEA: Final = 17
_SKIPS: Final = pb.OnConflictAction.ONCONFLICT_NOTHING
Changed: TypeAlias = pb.InsertStmt | pb.UpdateStmt | pb.DeleteStmt
_MEANT: Final = "what the provider computes cannot be told from what it invents: give a value"


class Returned:
    """What a change gives back: rows whole, and what the client gets of them."""

    def __init__(self, work: Work, selecting: Selecting, relation: Relation, guard: Guard) -> None:
        self._work, self._selecting = work, selecting
        self._relation, self._guard = relation, guard
        self.outputs: tuple[Output, ...] = ()
        self.wholes: tuple[Whole, ...] = ()
        self.residual: Residual | None = None

    def write(self, made: Changed, change: Changed, alias: str) -> None:
        """Write the RETURNING of a change for the provider.

        Raises:
            CannotResolveError: a form of it that is not understood.
            PlanError: the client's cannot be done on verified rows.
        """
        work = self._work
        work.guarded, work.joined = {alias: self._guard}, []
        entry = entry_of(self._relation, alias)
        base = Base(Scope([entry]))
        if change.HasField("returning_clause"):
            if change.returning_clause.options:
                raise CannotResolveError("RETURNING WITH is not understood here")
            asked = pb.SelectStmt(
                target_list=change.returning_clause.exprs,
                limit_option=pb.LimitOption.LIMIT_OPTION_DEFAULT,
                op=pb.SetOperation.SETOP_NONE,
            )
            expressions = Expressions(work, base.scope, self._selecting.nested)
            items = self._selecting.items(asked, expressions, [Shown(list(entry.fields))])
            del asked.target_list[:]
            asked.target_list.extend(tree.target(each.value, each.name) for each in items)
            self.residual = compiled(asked, base, work)
        targets, self.outputs, self.wholes = lay_out(base.cells, work)
        made.returning_clause.CopyFrom(pb.ReturningClause(exprs=targets))
        for column in base.opened:
            work.opened[column] = None

    def query(self, node: Node, verb: str, new_rows: int = 0) -> Query:
        """Return the change as it is sent."""
        work = self._work
        _drop_plain(work)
        return Query(
            tree.deparsed(node), work.touch(verb), work.parameters.all(), self.outputs,
            work.parameters.types(), self.residual, new_rows, wholes=self.wholes, is_once=True,
        )  # fmt: skip


class GuardedInserting(Inserting):
    """Rewrites one INSERT."""

    def __init__(self, work: Work, selecting: Selecting, relation: Relation, guard: Guard) -> None:
        super().__init__(work, selecting, relation)
        self._guard = guard
        self._places: tuple[str, ...] = ()

    def plan(self, insert: pb.InsertStmt) -> Rewrite:
        """Return how it is carried out.

        Raises:
            NotPossibleError: it might change a row that is not known here.
            PlanError: it cannot be.
        """
        clause = insert.on_conflict_clause
        if insert.HasField("on_conflict_clause") and clause.action != _SKIPS:
            raise NotPossibleError(
                "ON CONFLICT DO UPDATE of a table whose rows are verified",
                "ON CONFLICT DO NOTHING, then UPDATE where no row was made",
            )
        bare = pb.InsertStmt()
        bare.CopyFrom(insert)
        bare.ClearField("returning_clause")
        made, _ = self.rewrite(bare)
        returned = Returned(self.work, self.selecting, self.relation, self._guard)
        returned.write(made, insert, insert.relation.alias.aliasname or insert.relation.relname)
        query = returned.query(Node(insert_stmt=made), "INSERT", self.new_rows)
        return Rewrite(
            query,
            None,
            (),
            query,
            guard=self._guard,
            may_skip=insert.HasField("on_conflict_clause"),
        )

    def _columns(self, insert: pb.InsertStmt) -> list[tuple[str, Column | None]]:
        given = [name for name, _ in super()._columns(insert)][: self._given]
        rest = [each.name for each in self.relation.attributes if each.name not in given]
        return [(name, self._guard.columns[name]) for name in (*given, *rest)]

    def _write_columns(
        self, made: pb.InsertStmt, columns: Sequence[tuple[str, Column | None]]
    ) -> None:
        super()._write_columns(made, columns)
        self._places = tuple(each.res_target.name for each in made.cols)
        made.cols.extend(Node(res_target=pb.ResTarget(name=name)) for name in (VERSION, TAG))

    def _row(self, columns: Sequence[tuple[str, Column | None]], items: Sequence[Node]) -> Node:
        row = self.new_rows
        node = super()._row(columns, items)
        at = {
            name: None if not value.HasField("param_ref") else value.param_ref.number - 1
            for name, value in zip(self._places, node.list.items, strict=True)
        }
        places = tuple(at[name] for name in self._guard.physical)
        parameters = self.work.parameters
        version = parameters.other(BIGINT, Version())
        tag = parameters.other(BYTEA, RowTag(self._guard, row, places))
        return tree.listed([*node.list.items, version, tag])

    def _default(self, name: str, column: Column, suffix: str, row: int) -> Node:
        check_known(self.relation, name)
        return super()._default(name, column, suffix, row)


class GuardedChanging(Changing):
    """Rewrites one UPDATE or DELETE, always in two phases."""

    def __init__(self, work: Work, selecting: Selecting, relation: Relation, guard: Guard) -> None:
        super().__init__(work, selecting, relation)
        self._guard = guard
        self.wholes: tuple[Whole, ...] = ()

    def second_phase(self, change: Change, sets: Sequence[Column], verb: str) -> Query:
        """Return the change itself: rows by their numbers, all that is new from arrays."""
        parameters = self.work.parameters
        arrays, names = [parameters.other(BIGINTS, Made(None))], [RID]
        made = type(change)()
        made.relation.CopyFrom(change.relation)
        if isinstance(made, pb.UpdateStmt):
            for at, column in enumerate(sets):
                for suffix, technique in column.techniques.items():
                    oid = named(technique.sql_type + "[]").oid
                    arrays.append(parameters.other(oid, Made(at, suffix)))
                    names.append(f"v{len(names)}")
                    made.target_list.append(_set(column.physical(suffix), _new(names[-1])))
            version = parameters.other(BIGINT, Version())
            arrays.append(parameters.other(BYTEAS, Made(None, TAG)))
            names.append(TAG)
            made.target_list.append(_set(VERSION, version))
            made.target_list.append(_set(TAG, _new(TAG)))
            made.from_clause.append(unnest(arrays, names))
        else:
            made.using_clause.append(unnest(arrays, names))
        made.where_clause.CopyFrom(tree.compare("=", tree.column(self.alias, RID), _new(RID)))
        returned = Returned(self.work, self.selecting, self.relation, self._guard)
        returned.write(made, change, self.alias)
        node = Node(update_stmt=made) if isinstance(made, pb.UpdateStmt) else Node(delete_stmt=made)
        return returned.query(node, verb)

    def _begin(self, change: Change, made: Change) -> Expressions:
        alias = change.relation.alias.aliasname or change.relation.relname
        self.work.guarded = {alias: self._guard}
        return super()._begin(change, made)

    def _column(self, name: str) -> Column | None:
        super()._column(name)
        return self._guard.columns[name]

    def _left(self, made: pb.SelectStmt, change: Change, expressions: Expressions) -> list[Node]:
        push_where(made, change, expressions)
        return conditions(change, self.work)

    def _laid(self, base: Base) -> tuple[list[Node], tuple[Output, ...]]:
        targets, outputs, self.wholes = lay_out(base.cells, self.work)
        return targets, outputs

    def _protected(self, change: Change) -> list[pb.ResTarget]:
        found = super()._protected(change)
        for each in found:
            if each.indirection or each.val.HasField("multi_assign_ref"):
                raise NotPossibleError("several columns set at once, or part of one")
            column = self._guard.columns[each.name]
            if each.val.HasField("set_to_default"):
                check_known(self.relation, each.name)
            if any(technique.sql_type.endswith("[]") for technique in column.techniques.values()):
                raise NotPossibleError(f'UPDATE of "{each.name}", an array in the clear')
        return found


def change_rows(found: Changing, change: Change, verb: str, oids: Sequence[int]) -> Rewrite:
    """Return how an UPDATE or DELETE is carried out; `found` knows of its table.

    Raises:
        PlanError: it cannot be.
    """
    work, relation, guard = found.work, found.relation, found.relation.guard
    assert guard is not None  # noqa: S101  reason: for the type alone; who calls has looked
    work.reads_whole = True
    changing = GuardedChanging(work, found.selecting, relation, guard)
    phases = changing.split(change)
    _drop_plain(work)
    parameters = work.parameters
    select = Query(
        tree.deparsed(Node(select_stmt=phases.select)), work.touch(verb),
        parameters.all(), phases.outputs, parameters.types(),
        wholes=changing.wholes, locks=True,
    )  # fmt: skip
    work.parameters = Parameters(oids)
    work.parameters.learned.update(parameters.learned)
    query = changing.second_phase(change, [each.column for each in phases.assignments], verb)
    return Rewrite(select, phases.where, phases.assignments, query, guard=guard)


def copy_into(copy: pb.CopyStmt, relation: Relation, guard: Guard, work: Work) -> CopyPlan:
    """Return how lines become rows that are tagged.

    Raises:
        NotPossibleError: a condition, or a value that the provider computes.
        PlanError: a file of the server, an unknown option or column.
    """
    check(copy)
    if copy.HasField("where_clause"):
        raise NotPossibleError("COPY ... WHERE into a protected table")
    given = [each.name for each in attributes_of(copy, relation)]
    columns = tuple(
        CopyColumn(name, guard.columns[name].type, guard.columns[name]) for name in given
    )
    defaults: list[tuple[Column, bytes | None]] = []
    for each in relation.attributes:
        if each.name not in given:
            check_known(relation, each.name)
            defaults.append((guard.columns[each.name], default_of(each)))
    every = [*(guard.columns[name] for name in given), *(column for column, _ in defaults)]
    physical = [column.physical(suffix) for column in every for suffix in column.techniques]
    for column in every:
        if not _is_plain(column):
            work.written[column] = None
    made = pb.CopyStmt()
    made.CopyFrom(copy)
    del made.options[:], made.attlist[:]
    made.attlist.extend(map(tree.string, (*physical, RID, VERSION, TAG)))
    made.options.append(binary())
    form, options = read_options(copy)
    return CopyPlan(
        tree.deparsed(Node(copy_stmt=made)), into=True, columns=columns, form=form,
        options=options, defaults=tuple(defaults), rid=True, touch=work.touch("COPY FROM"),
        guard=guard, order=tuple(physical.index(name) for name in guard.physical),
    )  # fmt: skip


def check_known(relation: Relation, name: str) -> None:
    """Refuse a default that the provider computes.

    Raises:
        NotPossibleError: the column has one.
    """
    # THREAT T718: a value that the provider made would get a tag of ours
    attribute = relation.named(name)
    if attribute is not None and attribute.is_computed:
        raise NotPossibleError(
            f'the default of "{name}", in a table whose rows are verified', _MEANT
        )


def _drop_plain(work: Work) -> None:
    """Take columns in the clear out of what is written: the gate is asked of protected ones."""
    for column in [each for each in work.written if _is_plain(each)]:
        del work.written[column]


def _is_plain(column: Column) -> bool:
    return isinstance(column.techniques[CELL], Plain)


def _new(name: str) -> Node:
    return tree.column(VALUES, name)


def _set(name: str, value: Node) -> Node:
    return Node(res_target=pb.ResTarget(name=name, val=value))
