"""`sealhold proxy explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.proxypolicy import (
    MAX_POLICY,
    OTHERS,
    Explained,
    ExplainedStatement,
    Role,
    explain,
    explain_role,
    explain_statement,
)


def proxy_explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy, in TOML.")],
    sql: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Tell what would become of this statement instead."),
    ] = None,
    role: Annotated[
        str | None, typer.Option(metavar="NAME", help="Tell it for users of this role.")
    ] = None,
) -> None:
    """Tell what lies at the provider under a policy, and what the provider learns.

    Each column that there is at the provider is listed, and no other. Nothing is asked of it.

    With `--role` also what its users may do and are shown; with `--sql` what becomes of a statement
    of theirs.
    """
    session = Session.of(context)
    data, world = read_file(file, MAX_POLICY), world_of(session)
    tables = explain(data, world)
    whose = None if role is None else explain_role(data, role)
    value: dict[str, object] = {"tables": tables}
    if whose is not None:
        value["role"] = _role_value(whose)
    if sql is None:
        emit(session, value, *_blocks(tables), *(() if whose is None else _role(whose)))
        return
    found = explain_statement(data, sql, world, whose)
    emit(session, {**value, "statement": _value(found)}, *_statement(found))


def _role_value(role: Role) -> dict[str, object]:
    """Return a role in the form of docs/spec/65-roles-and-masks.md section 6."""
    masks = [
        {"column": each.column, "show": each.show, "writes": each.writes} for each in role.masks
    ]
    return {
        "name": role.name, "users": role.users, "may": role.may, "tables": role.tables,
        "masks": masks,
    }  # fmt: skip


def _role(role: Role) -> Iterator[Block]:
    yield Line(f"Users of the role {safe(role.name)}", "head")
    users = ", ".join("all who are in no other role" if u == OTHERS else u for u in role.users)
    yield Facts(
        [
            ("Users", safe(users or "nobody")),
            ("May", ", ".join(role.may) or "what each of them may"),
            ("Tables", safe(", ".join(role.tables) or "those of each of them")),
        ]
    )
    rows = [
        (safe(each.column), safe(each.show), "yes" if each.writes else "no") for each in role.masks
    ]
    if rows:
        yield Table(tuple(map(Column, ("Column", "Shown of it", "May write"))), rows)


def _value(found: ExplainedStatement) -> dict[str, object]:
    """Return a statement in the form of docs/spec/60-statements.md section 13."""
    refused = found.refused
    return {
        "csp": found.csp,
        "residual": found.residual,
        "leaks": found.leaks,
        "refused": refused
        and {"code": refused.code, "reason": refused.message, "remedy": refused.hint},
    }


def _statement(found: ExplainedStatement) -> Iterator[Block]:
    if found.refused is not None:
        yield Line(f"Refused: {found.refused.code}", "bad")
        yield Line(safe(found.refused.message), indent=2)
        if found.refused.hint:
            yield Line(f"What would allow it: {safe(found.refused.hint)}", "hint")
        return
    yield from _listed("The provider is sent", found.csp or ("nothing",))
    yield from _listed("Done at the proxy", found.residual or ("nothing more",))
    learnt = found.leaks or ("nothing beside the text above",)
    yield from _listed("What the provider learns from it, beside its text", learnt)


def _listed(head: str, lines: tuple[str, ...]) -> Iterator[Block]:
    yield Line(head, "head")
    yield from (Line(safe(each), indent=2) for each in lines)


def _blocks(tables: tuple[Explained, ...]) -> Iterator[Block]:
    for table in tables:
        added = "".join(f", {safe(each.name)} {each.type}" for each in table.added)
        yield Line(f"{safe(table.name)}{added and ', with' + added[1:]}", "head")
        rows = []
        for column in table.columns:
            stored = ", ".join(f"{each.name} {each.type}" for each in column.physical)
            learnt = "; ".join(
                f"{leak.learns} ({leak.attack})" if leak.attack else leak.learns
                for leak in column.leaks
            )
            protect = ", ".join(column.protect)
            name = f"{column.name} {column.type}"
            rows.append((*map(safe, (name, protect, stored, learnt)), f"{column.bytes:,}"))
        yield Table(
            (
                *map(Column, ("Column", "Protected by", "At the provider", "What it learns")),
                figure("Bytes more"),
            ),
            rows,
            tall=True,
        )
        yield Line("")
