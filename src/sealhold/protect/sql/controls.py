"""Statements about the session: transactions, prepared statements, cursors, settings.

Source: docs/spec/60-statements.md section 12.
"""

from collections.abc import Callable
from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql import tree
from sealhold.protect.sql.literals import type_of
from sealhold.protect.sql.plan import Control, Plan, Query, Refused, Relay, Verb
from sealhold.protect.sql.refusing import NotPossibleError
from sealhold.protect.sql.settings import HELD, check_setting
from sealhold.protect.sql.tree import Node

TRANSACTIONS: Final = {
    1: Verb.BEGIN, 2: Verb.BEGIN, 3: Verb.COMMIT, 4: Verb.ROLLBACK, 5: Verb.SAVEPOINT,
    6: Verb.SAVEPOINT, 7: Verb.SAVEPOINT,
}  # fmt: skip  # by TransactionStmtKind; two-phase commit is not among them
SCROLL, HOLD = 0x2, 0x20  # bits of a cursor's options
LOCAL: Final = ("application_name",)  # kept here: it says who the client is

Inner = Callable[[Node, tuple[int, ...]], Plan]


def control_of(  # noqa: C901, PLR0911, PLR0912  # reason: one way for each kind of statement
    node: Node, sql: str, inner: Inner
) -> Plan | None:
    """Return the plan of a statement about the session; None if it is another one.

    Raises:
        PlanError: one that is not possible.
    """
    match node.WhichOneof("node"):
        case "transaction_stmt":
            kind = node.transaction_stmt.kind
            if kind not in TRANSACTIONS:
                raise NotPossibleError("a transaction of two phases")
            return Control(TRANSACTIONS[kind], sql, node.transaction_stmt.savepoint_name)
        case "prepare_stmt":
            return _prepare(node.prepare_stmt, sql, inner)
        case "execute_stmt":
            arguments = tuple(_argument(each) for each in node.execute_stmt.params)
            return Control(Verb.EXECUTE, sql, node.execute_stmt.name, arguments=arguments)
        case "deallocate_stmt":
            return Control(Verb.DEALLOCATE, sql, node.deallocate_stmt.name)
        case "declare_cursor_stmt":
            statement = node.declare_cursor_stmt
            plan = inner(statement.query, ())
            if isinstance(plan, Query) and statement.options & (HOLD | SCROLL):
                raise NotPossibleError(
                    "a cursor WITH HOLD, or one that scrolls, over protected tables"
                )
            return Control(Verb.DECLARE, sql, statement.portalname, plan)
        case "fetch_stmt":
            return Control(Verb.FETCH, sql, node.fetch_stmt.portalname, value=_way(node.fetch_stmt))
        case "close_portal_stmt":
            return Control(Verb.CLOSE, sql, node.close_portal_stmt.portalname)
        case "discard_stmt":
            return Control(Verb.DISCARD, sql, pb.DiscardMode.Name(node.discard_stmt.target)[8:])
        case "variable_set_stmt":
            return _set(node.variable_set_stmt, sql)
        case "variable_show_stmt":
            if node.variable_show_stmt.name.lower() in LOCAL:
                raise NotPossibleError("SHOW of what is not told to the provider")
            return Relay(sql)
        case _:
            return None


def _prepare(statement: pb.PrepareStmt, sql: str, inner: Inner) -> Plan:
    oids: list[int] = []
    for each in statement.argtypes:
        found = type_of(each.type_name)
        if found is None:
            raise NotPossibleError("PREPARE with a type that is not known here")
        oids.append(found.oid)
    plan = inner(statement.query, tuple(oids))
    if isinstance(plan, Refused):
        return plan
    return Control(Verb.PREPARE, sql, statement.name, plan, types=tuple(oids))


def _argument(  # noqa: PLR0911  # reason: one form for each kind of constant
    node: Node,
) -> bytes | None:
    """Return an argument of EXECUTE in text form."""
    if node.HasField("type_cast"):
        return _argument(node.type_cast.arg)
    if node.HasField("a_expr") and tree.operator(node.a_expr) == "-":
        inner = _argument(node.a_expr.rexpr)
        return b"-" + inner if inner is not None else None
    if not node.HasField("a_const"):
        raise NotPossibleError("EXECUTE with anything but constants")
    constant = node.a_const
    match constant.WhichOneof("val"):
        case "ival":
            return str(constant.ival.ival).encode()
        case "fval":
            return str(constant.fval.fval).encode()
        case "boolval":
            return b"true" if constant.boolval.boolval else b"false"
        case "sval":
            return str(constant.sval.sval).encode()
        case _:
            if constant.isnull:
                return None
            return b"0"  # an integer zero is left out of the tree


def _way(fetch: pb.FetchStmt) -> str:
    """Return which rows: `MOVE` or `FETCH`, the direction, and how many."""
    verb = "MOVE" if fetch.ismove else "FETCH"
    return f"{verb} {pb.FetchDirection.Name(fetch.direction)[6:]} {fetch.how_many}"


def _set(statement: pb.VariableSetStmt, sql: str) -> Plan:
    name = statement.name.lower()
    value = ",".join(_value(each) for each in statement.args)
    if name == "client_encoding" and value.upper().replace("-", "") not in {"UTF8", "UNICODE", ""}:
        raise NotPossibleError("the proxy speaks UTF8 alone")
    check_setting(name, value)
    if name in HELD:
        return Relay(sql)
    if name in LOCAL:
        return Control(Verb.SET, "", name, value=value)
    if name in {"search_path", ""}:  # "" is RESET ALL, or a transaction's own settings
        return Relay(sql, changes_names=True)
    return Control(Verb.SET, sql, name, value=value)


def _value(node: Node) -> str:
    constant = node.a_const
    match constant.WhichOneof("val"):
        case "sval":
            return str(constant.sval.sval)
        case "ival":
            return str(constant.ival.ival)
        case "fval":
            return str(constant.fval.fval)
        case _:
            return ""
