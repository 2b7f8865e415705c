"""A planner over two protected tables and one in the clear, without a database."""

from dataclasses import replace
from functools import cache

from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.policy import Bind, ColumnPolicy, Policy, TablePolicy, Unlisted
from sealhold.protect.sql.names import RID, Names, read_names
from sealhold.protect.sql.plan import Plan
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.views import shown_by

_OIDS = {"integer": "23", "text": "25", "bytea": "17"}


class CountingEntropy:
    """Bytes that count on: no two draws are equal."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")


def column(
    name: str, type_: str, *protect: str, domain: str = "", scale: int | None = None
) -> ColumnPolicy:
    return ColumnPolicy(
        name=name, type=type_, protect=protect or ("clear",), domain=domain, scale=scale
    )


PATIENT = TablePolicy(
    dataset="clinic",
    name="patient",
    key=("id",),
    columns=(
        column("id", "integer"),
        column("name", "text", "sealed"),
        column("email", "text", "match", domain="email"),
        column("age", "integer", "order", "match"),
        column("city", "text"),
        column("code", "text", "deterministic"),
    ),
)
EPISODE = TablePolicy(
    dataset="clinic",
    name="episode",
    bind=Bind.COLUMN,
    columns=(
        column("id", "integer"),
        column("mail", "text", "match", domain="email"),
        column("cost", "numeric(10,2)", "order", scale=2),
        column("note", "text", "sealed"),
    ),
)
BARE = TablePolicy(
    dataset="clinic",
    name="bare",
    columns=(column("id", "integer"), column("name", "text", "sealed")),
)


POLICY = Policy(name="clinic", version=1, default=Unlisted.CLEAR, tables=(PATIENT, EPISODE, BARE))


@cache
def columns() -> dict[tuple[str, str], dict[str, Column]]:
    return columns_of(POLICY, Derived(lambda _: Secret(bytes(32), "none")), CountingEntropy())


@cache
def planner(default: Unlisted = Unlisted.CLEAR) -> tuple[Planner, Names]:
    policy = replace(POLICY, default=default)
    made = Planner(policy, columns())
    rows = [
        each
        for table in (PATIENT, EPISODE)
        for each in _rows(table, columns()["public", table.name])
    ]
    rows += [row("plain", "id", 1, "integer"), row("plain", "city", 2, "text")]
    rows += [row("bare", each.name, at, each.type) for at, each in enumerate(BARE.columns, 1)]
    view = "SELECT p.email AS mail, p.email_m AS mail_m, p._sh_rid AS mail_sh_rid FROM patient p"
    rows += [row("v", name, at, "bytea", "v") for at, name in enumerate(("mail", "mail_m"), 1)]
    rows += [row("v", "mail_sh_rid", 3, "bytea", "v")]
    answers: list[list[tuple[str, ...]]] = [
        [("pg_catalog",), ("public",)],
        rows,
        [("public", "v", view)],
        [("C",)],
    ]
    return made, read_names(answers, columns(), made.is_listed, shown_by)


def plan(text: str, *oids: int, default: Unlisted = Unlisted.CLEAR) -> Plan:
    made, names = planner(default)
    (only,) = made.plan(text, oids, names)
    return only


def _rows(table: TablePolicy, columns: dict[str, Column]) -> list[tuple[str, ...]]:
    found = []
    for each in table.columns:
        protected = columns.get(each.name)
        suffixes = ("",) if protected is None else tuple(protected.techniques)
        found += [
            (each.name + suffix, each.type if protected is None else "bytea") for suffix in suffixes
        ]
    found.append((RID, "bytea"))
    return [row(table.name, name, at, type_) for at, (name, type_) in enumerate(found, 1)]


def row(
    table: str, name: str, at: int, type_: str, kind: str = "r", comment: str = ""
) -> tuple[str, ...]:
    oid = "1000" if kind == "r" else "2000"
    return (
        "public",
        table,
        oid,
        kind,
        name,
        str(at),
        _OIDS[type_],
        "-1",
        "false",
        "false",
        comment,
    )
