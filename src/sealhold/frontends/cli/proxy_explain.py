"""`sealhold proxy explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.proxypolicy import MAX_POLICY, Explained, explain


def proxy_explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy, in TOML.")],
) -> None:
    """Tell what lies at the provider under a policy, and what the provider learns.

    Each column that there is at the provider is listed, and no other. Nothing is asked of it.
    """
    session = Session.of(context)
    tables = explain(read_file(file, MAX_POLICY), world_of(session))
    emit(session, {"tables": tables}, *_blocks(tables))


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
