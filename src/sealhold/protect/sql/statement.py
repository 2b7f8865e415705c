"""The plan of one statement: which way it goes, and what each way makes of it.

- A statement that names nothing protected is relayed, without comments. One that does is rewritten;
  what cannot be rewritten is tried on opened rows; what cannot be done so is refused.
- The default of a doubt is a refusal: a kind of statement that is not known here is never sent.

Source: docs/spec/60-statements.md section 1.
"""

from collections.abc import Callable, Sequence
from typing import Final

import postgast
from google.protobuf import message
from postgast import pg_query_pb2 as pb

from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import by_oid
from sealhold.protect.sql import tree
from sealhold.protect.sql.changing import Changing
from sealhold.protect.sql.controls import control_of
from sealhold.protect.sql.copies import check, copy_from, copy_to, select_of
from sealhold.protect.sql.defining import INDEX_OF_ORDER, Defining
from sealhold.protect.sql.functions import refuse_function
from sealhold.protect.sql.grouping import Laid, column_of
from sealhold.protect.sql.inserting import Inserting
from sealhold.protect.sql.leftover import split
from sealhold.protect.sql.names import Names, Relation
from sealhold.protect.sql.parameters import Parameters
from sealhold.protect.sql.plan import (
    Output,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    Script,
    Touch,
)
from sealhold.protect.sql.refusing import (
    CannotResolveError,
    NotPossibleError,
    PlanError,
)
from sealhold.protect.sql.rules import Rules
from sealhold.protect.sql.scope import Scope
from sealhold.protect.sql.selecting import Selecting
from sealhold.protect.sql.summing import sum_plan
from sealhold.protect.sql.touched import new_schema, tables_of
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work

TOO_DEEP: Final = Refused(
    "54001", "the statement nests too deep", "write `IN (...)` or `concat(...)` for a long chain"
)  # some 40 operators, or queries, within each other
NAMING: Final = frozenset({
    "create_stmt", "create_table_as_stmt", "drop_stmt", "alter_table_stmt", "rename_stmt",
    "index_stmt", "view_stmt", "create_schema_stmt", "alter_object_schema_stmt", "create_seq_stmt",
})  # fmt: skip
HARMLESS: Final = frozenset({
    "drop_stmt", "truncate_stmt", "vacuum_stmt", "lock_stmt", "create_schema_stmt",
    "alter_seq_stmt", "create_seq_stmt", "listen_stmt", "unlisten_stmt", "check_point_stmt",
    "constraints_set_stmt",
    "grant_stmt", "refresh_mat_view_stmt", "cluster_stmt", "reindex_stmt",
})  # fmt: skip  # what reads no value, and is sent as it is for protected tables too
MEANWHILE: Final = frozenset({
    "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "copy_stmt", "truncate_stmt",
    "lock_stmt", "vacuum_stmt",
})  # fmt: skip  # what may be done with a table that is being migrated
DEFINES: Final = frozenset({"create_stmt", "index_stmt", "view_stmt", "alter_table_stmt"})
PLAIN: Final = HARMLESS | DEFINES | frozenset({
    "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "copy_stmt", "merge_stmt",
    "create_table_as_stmt", "explain_stmt", "rename_stmt", "comment_stmt", "notify_stmt",
    "create_enum_stmt", "composite_type_stmt", "create_domain_stmt", "alter_object_schema_stmt",
    "alter_owner_stmt", "create_extension_stmt", "alter_enum_stmt", "create_stats_stmt",
})  # fmt: skip  # what is relayed if nothing protected is named


class Planning:
    """The planning of one statement."""

    def __init__(
        self, rules: Rules, node: Node, text: str, oids: Sequence[int], names: Names
    ) -> None:
        self.rules = rules
        self.node = node
        self.text = text
        self.names = names
        self._oids = oids
        self._begin()

    def _begin(self) -> None:
        self.work = Work(self.names, Parameters(self._oids))
        self.selecting = Selecting(self.work)

    def plan(self) -> Plan:
        """Return the plan of the statement."""
        control = control_of(self.node, self._clean(), self._inner)
        if control is not None:
            return control
        kind = self.node.WhichOneof("node") or ""
        # THREAT T691: a kind of statement that is not known here is not sent
        if kind not in PLAIN:
            raise CannotResolveError(f"{kind.removesuffix('_stmt')} is not understood here")
        tables = tables_of(self.node, self.names, self.rules)
        for each in tree.messages(self.node):
            if isinstance(each, pb.FuncCall):
                refuse_function(each)
        is_rewritten = any(found.is_rewritten for found in tables.values())
        # THREAT T696: what is defined on a table that is migrated would be lost, or keep the clear
        if kind not in MEANWHILE and any(found.mark for found in tables.values()):
            raise NotPossibleError(
                f"{kind.removesuffix('_stmt').replace('_', ' ')} of a table that is being migrated",
                "wait for the end: `sealhold proxy migrate --status` tells of it",
            )
        if not is_rewritten and not self._defines_protected(kind):
            return Relay(self._clean(), tuple(tables), changes_names=kind in NAMING)
        return self._protected(kind)

    def _inner(self, node: Node, oids: tuple[int, ...]) -> Plan:
        sql = tree.deparsed(node)
        return plan_one(self.rules, node, sql, oids, self.names)

    def _clean(self) -> str:
        """Return the text for the provider: as it stands, or without its comments."""
        # THREAT T662, T693: a comment may hold what the provider must not read
        if "--" in self.text or "/*" in self.text:
            return tree.deparsed(self.node)
        return self.text

    def _defines_protected(self, kind: str) -> bool:
        if kind != "create_stmt":
            return False
        return bool(self._defining().columns_of(self.node.create_stmt.relation))

    def _defining(self) -> Defining:
        rules = self.rules
        return Defining(self.work, self.selecting, rules.columns, lists_all=rules.lists_all)

    def _protected(self, kind: str) -> Plan:
        ways: dict[str, Callable[[], Plan]] = {
            "select_stmt": self._select,
            "insert_stmt": self._insert,
            "update_stmt": self._change,
            "delete_stmt": self._change,
            "copy_stmt": self._copy,
        }
        if kind in ways:
            return ways[kind]()
        if kind in DEFINES:
            return self._define(kind)
        if kind in HARMLESS:
            return self._harmless(kind)
        raise NotPossibleError(
            f"{kind.removesuffix('_stmt').replace('_', ' ')} of protected tables"
        )

    # queries

    def _select(self) -> Plan:
        query = self._query(self.node.select_stmt)
        if not self.rules.summed or query.residual is None:
            return query
        self._begin()
        made = sum_plan(self.node.select_stmt, self.selecting, query, self.rules.summed)
        return made or query

    def _query(self, select: pb.SelectStmt) -> Query:
        try:
            return self._pushed(select)
        except NotPossibleError as err:
            refused = err
        self._begin()
        try:
            return self._split(select)
        except NotPossibleError as err:
            raise _both(refused, err) from err

    def _pushed(self, select: pb.SelectStmt) -> Query:
        if select.values_lists or select.op > pb.SetOperation.SETOP_NONE:
            return self._set(select)
        made, scope, shown = self.selecting.begun(select, None)
        laid = self.selecting.push(made, select, scope, shown)
        return self._finished(Node(select_stmt=made), laid, "SELECT")

    def _set(self, select: pb.SelectStmt) -> Query:
        block = self.selecting.nested(select, Scope(), "derived")
        names = [each.name for each in block.fields]
        outputs: list[Output] = []
        at_end = _names_of(block.select)
        for at, each in enumerate(block.fields):
            rid_at = at_end.index(each.rid) if each.rid is not None else None
            outputs.append(Output(names[at], at, each.column, rid_at))
            if each.column is not None:
                self.work.opened[each.column] = None
        sql = tree.deparsed(Node(select_stmt=block.select))
        return self._made(sql, "SELECT", tuple(outputs))

    def _finished(self, node: Node, laid: Laid | None, verb: str, new_rows: int = 0) -> Query:
        outputs = None if laid is None else _outputs(laid)
        return self._made(tree.deparsed(node), verb, outputs, new_rows)

    def _made(
        self, sql: str, verb: str, outputs: tuple[Output, ...] | None, new_rows: int = 0
    ) -> Query:
        parameters = self.work.parameters
        return Query(
            sql, self.work.touch(verb), parameters.all(), outputs, parameters.types(),
            new_rows=new_rows,
        )  # fmt: skip

    def _split(self, select: pb.SelectStmt) -> Query:
        if select.values_lists or select.op > pb.SetOperation.SETOP_NONE:
            raise NotPossibleError("a set of queries over opened rows")
        parts = split(self.selecting, select, self.work)
        parameters = self.work.parameters
        sql = tree.deparsed(Node(select_stmt=parts.select))
        return Query(
            sql, self.work.touch("SELECT"), parameters.all(), parts.outputs, parameters.types(),
            parts.residual,
        )  # fmt: skip

    # changes

    def _target(self, table: pb.RangeVar) -> Relation:
        found = self.names.find(table.schemaname, table.relname)
        if found is None:
            raise CannotResolveError(f'"{table.relname}" is not known')
        self.work.tables[f"{found.schema}.{found.name}"] = None
        return found

    def _insert(self) -> Plan:
        insert = self.node.insert_stmt
        relation = self._target(insert.relation)
        if not relation.is_rewritten:
            return self._insert_clear(insert)
        if relation.kind == "v":
            raise NotPossibleError("INSERT into a view of protected tables")
        inserting = Inserting(self.work, self.selecting, relation)
        made, laid = inserting.rewrite(insert)
        return self._finished(Node(insert_stmt=made), laid, "INSERT", inserting.new_rows)

    def _insert_clear(self, insert: pb.InsertStmt) -> Plan:
        """INSERT of what a query over protected tables gives in the clear."""
        made = pb.InsertStmt()
        made.CopyFrom(insert)
        if insert.HasField("on_conflict_clause") or insert.HasField("returning_clause"):
            raise NotPossibleError("INSERT ... SELECT from protected tables with more clauses")
        if insert.HasField("with_clause"):
            made.with_clause.CopyFrom(self.selecting.withs(insert.with_clause, Scope()))
        block = self.selecting.nested(insert.select_stmt.select_stmt, Scope(), "value")
        made.select_stmt.CopyFrom(Node(select_stmt=block.select))
        return self._finished(Node(insert_stmt=made), None, "INSERT")

    def _change(self) -> Plan:
        try:
            return self._at_once()
        except NotPossibleError as err:
            refused = err
        self._begin()
        try:
            return self._in_two_phases()
        except NotPossibleError as err:
            raise _both(refused, err) from err

    def _changing(self) -> tuple[pb.UpdateStmt | pb.DeleteStmt, Changing, str]:
        is_update = self.node.HasField("update_stmt")
        change = self.node.update_stmt if is_update else self.node.delete_stmt
        relation = self._target(change.relation)
        changing = Changing(self.work, self.selecting, relation)
        return change, changing, "UPDATE" if is_update else "DELETE"

    def _at_once(self) -> Query:
        change, changing, verb = self._changing()
        made, laid = changing.at_once(change)
        return self._finished(_statement(made), laid, verb)

    def _in_two_phases(self) -> Rewrite:
        change, changing, verb = self._changing()
        if not changing.relation.is_protected or changing.relation.kind == "v":
            raise NotPossibleError(f"{verb} of a view, or by opened rows of other tables")
        phases = changing.split(change)
        sql = tree.deparsed(Node(select_stmt=phases.select))
        parameters = self.work.parameters
        select = Query(
            sql, self.work.touch(verb), parameters.all(), phases.outputs, parameters.types()
        )
        learned = self.work.parameters.learned
        self.work.parameters = Parameters(self._oids)
        self.work.parameters.learned.update(learned)
        made, laid = changing.second(change, phases)
        query = self._finished(_statement(made), laid, verb)
        return Rewrite(select, phases.where, phases.assignments, query)

    # the rest

    def _copy(self) -> Plan:
        copy = self.node.copy_stmt
        check(copy)
        if copy.HasField("query"):
            if not copy.query.HasField("select_stmt"):
                raise NotPossibleError("COPY of what a change returns")
            return copy_to(copy, self._query(copy.query.select_stmt))
        relation = self._target(copy.relation)
        if copy.is_from:
            return copy_from(copy, relation, self.work)
        return copy_to(copy, self._query(select_of(copy, relation)))

    def _define(self, kind: str) -> Script:
        self.work.embeds = True
        defining = self._defining()
        match kind:
            case "create_stmt":
                create = self.node.create_stmt
                statements = defining.table(create, self._listed(create.relation))
                tag = "CREATE TABLE"
            case "index_stmt":
                statements, tag = defining.index(self.node.index_stmt), "CREATE INDEX"
            case "view_stmt":
                statements, tag = defining.view(self.node.view_stmt), "CREATE VIEW"
            case _:
                statements, tag = defining.alter(self.node.alter_table_stmt), "ALTER TABLE"
        return Script(tuple(statements), tag, Touch("DDL", tuple(self.work.tables)))

    def _listed(self, table: pb.RangeVar) -> list[str]:
        schema = table.schemaname or new_schema(self.names)
        return self.rules.listed(schema, table.relname)

    def _harmless(self, kind: str) -> Plan:
        drop = self.node.drop_stmt
        if kind == "drop_stmt" and drop.remove_type == pb.ObjectType.OBJECT_INDEX:
            second = pb.DropStmt()
            second.CopyFrom(drop)
            second.missing_ok = True
            for each in second.objects:
                each.list.items[-1].string.sval += INDEX_OF_ORDER
            statements = (self._clean(), tree.deparsed(Node(drop_stmt=second)))
            return Script(statements, "DROP INDEX", Touch("DDL"))
        return Relay(self._clean(), changes_names=kind in NAMING)


def plan_one(rules: Rules, node: Node, text: str, oids: Sequence[int], names: Names) -> Plan:
    """Return the plan of one statement, a refusal among them."""
    try:
        return Planning(rules, node, text, oids, names).plan()
    except PlanError as err:
        return err.refused
    except TypeRefusedError as err:  # of a constant with a type of its own
        return NotPossibleError(str(err)).refused
    except message.Error:
        return TOO_DEEP
    except postgast.PgQueryError as err:
        return CannotResolveError(f"it cannot be written anew: {err.message}").refused


def _outputs(laid: Laid) -> tuple[Output, ...] | None:
    if not any(each.field is not None for each in laid.items):
        return None
    made: list[Output] = []
    for at, each in enumerate(laid.items):
        shown = each.field
        if shown is None:
            made.append(Output(each.name, at))
            continue
        rid_at = laid.rids.get(at)
        if each.extreme:
            plain = by_oid(column_of(shown).type.oid)  # an aggregate's value has no modifier
            made.append(Output(each.name, at, shown.column, rid_at, type=plain))
            continue
        made.append(Output(each.name, at, shown.column, rid_at, shown.table, shown.number))
    return tuple(made)


def _names_of(select: pb.SelectStmt) -> list[str]:
    while select.op > pb.SetOperation.SETOP_NONE:
        select = select.larg
    return [each.res_target.name for each in select.target_list]


def _statement(made: pb.UpdateStmt | pb.DeleteStmt) -> Node:
    if isinstance(made, pb.UpdateStmt):
        return Node(update_stmt=made)
    return Node(delete_stmt=made)


def _both(first: NotPossibleError, second: NotPossibleError) -> NotPossibleError:
    """Return why neither the provider nor the proxy can do it."""
    message, more = first.refused.message, second.refused.message
    said = message if more == message else f"{message}; on opened rows: {more}"
    return NotPossibleError(said, first.refused.hint or second.refused.hint)
