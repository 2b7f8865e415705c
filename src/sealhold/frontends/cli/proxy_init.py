"""`sealhold proxy init`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.proxies import PASSWORD_VARIABLE
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node.proxyproposing import Proposed, propose_policy, provider


def proxy_init(  # noqa: PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://USER@HOST/DATABASE, no password.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the policy.")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the policy and its data; else the database's.")
    ] = "",
    csp: Annotated[
        str, typer.Option(metavar="ID", help="How the policy names the provider.")
    ] = "rented",
    schema: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose tables; once for each; else `public`."),
    ] = None,
    secret: Annotated[
        str,
        typer.Option(metavar="env:NAME", help="Which variable has the password; `` for none."),
    ] = f"env:{PASSWORD_VARIABLE}",
    look: Annotated[
        bool,
        typer.Option("--look", help="Ask also how many values and rows the server counted."),
    ] = False,
) -> None:
    """Propose a protection policy for a live database, from its catalogue alone.

    Names, types, keys and references are asked for, and no row is read. With --look the server's
    own counts are asked for too: how many values a column has, and how wide they are. Nothing is
    changed there, and what is written here is a guess for you to read.
    """
    session = Session.of(context)
    found = propose_policy(
        provider(csp, url, secret),
        world_of(session),
        session.shell.environment,
        name=name,
        schemas=schema or ("public",),
        counts=look,
    )
    write_new(out, found.text)
    value = {
        "file": str(out),
        "policy": found.name,
        "looked": look,
        "tables": found.tables,
        "left_out": found.left_out,
        "not_tables": [{"name": each, "kind": kind} for each, kind in found.not_tables],
        "findings": found.findings,
    }
    emit(session, value, *_blocks(out, found))


def _blocks(out: Path, found: Proposed) -> Iterator[Block]:
    for table in found.tables:
        yield Line(safe(table.name), "head")
        rows = [
            tuple(map(safe, (f"{each.name} {each.type}", ", ".join(each.protect), each.why)))
            for each in table.columns
        ]
        columns = (Column("Column"), Column("Protected by"), Column("Why"))
        yield Table(columns, rows)
        yield Line("")
    if found.left_out:
        yield Line("Left out, so refused: no policy can name it, or its type is not known", "head")
        yield from (Line(safe(each), indent=2) for each in found.left_out)
    if found.not_tables:
        yield Line("Not in a policy: a view shows what its tables allow", "head")
        told = (f"{each}, a {kind}" for each, kind in found.not_tables)
        yield from (Line(safe(each), indent=2) for each in told)
    for each in found.findings:
        yield Line(f"{safe(each.key)}: {safe(each.message)}; {safe(each.remedy)}")
    columns_clear = sum(each.protect == ("clear",) for one in found.tables for each in one.columns)
    said = f"{counted(columns_clear, 'column')} would stay clear." if columns_clear else ""
    yield Line(f"No row was read. Written to {safe(str(out))}. {said}".rstrip(), "good")
    yield Line(f"Next: read it, then sealhold proxy check {safe(str(out))}", "hint")
