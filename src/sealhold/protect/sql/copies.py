"""COPY of a protected table: which lines the client sends or gets, and what the provider is sent.

- Towards the provider it is the binary form, with the number of each row as its last column.
- Out of a table it is a query like any other, whose rows are written as lines here.

Source: docs/spec/60-statements.md section 11; PostgreSQL 15, COPY.
"""

from typing import Final

from postgast import pg_query_pb2 as pb

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.types import by_oid
from sealhold.protect.spec import CELL
from sealhold.protect.sql import tree
from sealhold.protect.sql.defaults import default_of
from sealhold.protect.sql.names import RID, Attribute, Relation
from sealhold.protect.sql.plan import CopyColumn, CopyPlan, Query
from sealhold.protect.sql.refusing import CannotResolveError, NotPossibleError, WrongError
from sealhold.protect.sql.tree import Node
from sealhold.protect.sql.work import Work

OPTIONS: Final = frozenset({
    "format", "delimiter", "null", "header", "quote", "escape", "force_quote", "force_not_null",
    "force_null", "encoding", "freeze",
})  # fmt: skip


def copy_from(copy: pb.CopyStmt, relation: Relation, work: Work) -> CopyPlan:
    """Return how lines become rows of a protected table.

    Raises:
        PlanError: a file of the server, a condition, an unknown option or column.
    """
    check(copy)
    if copy.HasField("where_clause"):
        raise NotPossibleError("COPY ... WHERE into a protected table")
    attributes = attributes_of(copy, relation)
    columns: list[CopyColumn] = []
    physical: list[str] = []
    for each in attributes:
        type_ = each.column.type if each.column is not None else by_oid(each.type_oid, each.typmod)
        if type_ is None:
            raise NotPossibleError(f'COPY of column "{each.name}", whose type is not known here')
        columns.append(CopyColumn(each.name, type_, each.column))
        suffixes = (CELL,) if each.column is None else tuple(each.column.techniques)
        physical += [each.places[suffix] for suffix in suffixes]
        if each.column is not None:
            work.written[each.column] = None
    names = {each.name for each in attributes}
    defaults: list[tuple[Column, bytes | None]] = []
    for each in relation.attributes:
        if each.column is not None and each.default is not None and each.name not in names:
            defaults.append((each.column, default_of(each)))
            physical += [each.places[suffix] for suffix in each.column.techniques]
    made = pb.CopyStmt()
    made.CopyFrom(copy)
    del made.options[:], made.attlist[:]
    made.attlist.extend(tree.string(each) for each in (*physical, RID))
    made.options.append(binary())
    form, options = read_options(copy)
    sql = tree.deparsed(Node(copy_stmt=made))
    return CopyPlan(
        sql, into=True, columns=tuple(columns), form=form, options=options,
        defaults=tuple(defaults), rid=True,
        touch=work.touch("COPY FROM"),
    )  # fmt: skip


def select_of(copy: pb.CopyStmt, relation: Relation) -> pb.SelectStmt:
    """Return the query of a COPY out of a table."""
    attributes = attributes_of(copy, relation)
    table = pb.RangeVar()
    table.CopyFrom(copy.relation)
    return pb.SelectStmt(
        target_list=[tree.target(tree.column(each.name)) for each in attributes],
        from_clause=[Node(range_var=table)],
        limit_option=pb.LimitOption.LIMIT_OPTION_DEFAULT,
        op=pb.SetOperation.SETOP_NONE,
    )


def copy_to(copy: pb.CopyStmt, query: Query) -> CopyPlan:
    """Return how the rows of a query become lines."""
    form, options = read_options(copy)
    return CopyPlan(
        query.sql, into=False, columns=(), form=form, options=options, query=query,
        touch=query.touch,
    )  # fmt: skip


def check(copy: pb.CopyStmt) -> None:
    """Refuse a COPY of a file or program of the server's."""
    if copy.filename or copy.is_program:
        raise CannotResolveError("COPY with a file or program of the provider", "COPY ... STDIN")


def read_options(copy: pb.CopyStmt) -> tuple[str, dict[str, str]]:
    """Return the form of the client's lines, and the options that differ from its own."""
    form = "text"
    options: dict[str, str] = {}
    for each in copy.options:
        name = each.def_elem.defname
        if name not in OPTIONS:
            raise WrongError("42601", f'option "{name}" not recognized')
        value = _text(each.def_elem.arg)
        if name == "format":
            form = value
        elif name in {"force_not_null", "force_null"} or (name == "force_quote" and value != "*"):
            raise NotPossibleError(f"COPY with {name} on a protected table")
        elif name == "encoding" and value.upper().replace("-", "") != "UTF8":
            raise NotPossibleError("COPY in another encoding than UTF8")
        elif name not in {"freeze", "encoding"}:
            options[name] = value
    if form not in {"text", "csv", "binary"}:
        raise WrongError("22023", f'COPY format "{form}" not recognized')
    return form, options


def _text(argument: Node) -> str:
    match argument.WhichOneof("node"):
        case "string":
            return str(argument.string.sval)
        case "boolean":
            return "true" if argument.boolean.boolval else "false"
        case "integer":
            return str(argument.integer.ival)
        case "a_star":
            return "*"
        case "list":
            return ",".join(tree.strings(argument.list.items))
        case _:
            return "true"


def attributes_of(copy: pb.CopyStmt, relation: Relation) -> list[Attribute]:
    """Return the columns that the client's lines have, in order."""
    names = tree.strings(copy.attlist)
    if not names:
        return list(relation.attributes)
    found: list[Attribute] = []
    for name in names:
        attribute = relation.named(name)
        if attribute is None:
            raise WrongError(
                "42703", f'column "{name}" of relation "{relation.name}" does not exist'
            )
        found.append(attribute)
    return found


def binary() -> Node:
    """Return the option that asks for the binary form."""
    return Node(
        def_elem=pb.DefElem(
            defname="format", arg=tree.string("binary"), defaction=pb.DefElemAction.DEFELEM_UNSPEC
        )
    )
