"""`sealhold proxy explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.proxypolicy import (
    MAX_POLICY,
    Explained,
    ExplainedStatement,
    explain,
    explain_statement,
)


def proxy_explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy, in TOML.")],
    sql: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Tell what would become of this statement instead."),
    ] = None,
) -> None:
    """Tell what lies at the provider under a policy, and what the provider learns.

    Each column that there is at the provider is listed, and no other. Nothing is asked of it.
    """
    session = Session.of(context)
    data, world = read_file(file, MAX_POLICY), world_of(session)
    tables = explain(data, world)
    if sql is None:
        emit(session, {"tables": tables}, *_blocks(tables))
        return
    found = explain_statement(data, sql, world)
    emit(session, {"tables": tables, "statement": _value(found)}, *_statement(found))


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
