"""`sealhold audit statement`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web import sheetlines, sheets
from sealhold.model.shown.statement import Statement


def audit_statement(  # reason: each is a word of the command line
    context: typer.Context,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Which month; else the last whole one.")
    ] = None,
    level: Annotated[
        Literal["page", "detail", "json"],
        typer.Option(help="A page, each line of it, or the signed paper."),
    ] = "page",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page as one HTML file.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page as a PDF of one page.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the signed paper.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the whole log, to add the paper up again by."),
    ] = None,
) -> None:
    """Tell what happened in a month: who used what for what, what left, what to decide.

    Every figure is a sum over the log. With the signed paper and the log, `sealhold verify` adds
    it up again on any machine. The log tells all that ever happened here: keep it to yourself.
    """
    session = Session.of(context)
    wanted = month or sheets.month_beside(sheets.month_of(world_of(session).clock()), -1)
    with reading(session) as node:
        statement = node.statements.statement(wanted)
        paper = node.statements.paper(statement)
        if log is not None:
            write_new(log, b"".join(node.statements.export()))
    if html is not None:
        from sealhold.frontends.web.sheetpaper import html_of  # noqa: PLC0415  # reason: see below

        write_new(html, html_of(statement).encode())
    if pdf is not None:
        from sealhold.frontends.web.sheetpdf import pdf_of  # noqa: PLC0415  # reason: an extra

        write_new(pdf, pdf_of(statement))
    if out is not None:
        write_new(out, paper)
    written = [str(path) for path in (html, pdf, out, log) if path is not None]
    if level == "json" and not session.as_json:
        sys.stdout.write(paper.decode())
        sys.stdout.flush()
        return
    blocks = _page(statement) if level == "page" else _detail(statement)
    told = [Line(f"Written: {safe(', '.join(written))}.", "good")] if written else []
    emit(session, statement, *blocks, *told)


def _page(statement: Statement) -> Iterator[Block]:
    sheet = sheets.sheet_of(statement)
    yield Line(sheet.title, "head")
    yield Line(sheet.span, "hint")
    yield Line("")
    yield Line(sheet.lead)
    yield Line("")
    if sheet.rows:
        columns = (Column("Who"), Column("For what"), *map(figure, sheets.HEAD[2:]))
        rows = [*sheet.rows, sheet.foot]
        yield Table(columns, [tuple(map(safe, row)) for row in rows])
        yield Line("")
    yield Facts([(note.heading, safe(note.text)) for note in sheet.notes])
    yield Line("")
    yield Line("To decide now", "head")
    for text in sheet.decide or ("Nothing.",):
        yield Line(safe(text))
    yield Line("")
    yield Facts([("Log", sheet.log), ("Root", sheet.root)])
    yield Line(f"Each line of it: sealhold audit statement --month {statement.drawn.month}"
               " --level detail", "hint")  # fmt: skip


def _detail(statement: Statement) -> Iterator[Block]:
    for table in sheetlines.tables_of(statement):
        yield Line(table.heading, "head")
        columns = [
            Column(name, whole=name == "Entries") if not is_figure else figure(name)
            for name, is_figure in table.columns
        ]
        yield Table(columns, [tuple(map(safe, row)) for row in table.rows], tall=True)
        yield Line("")
    yield Line("One entry with its proof: sealhold audit show --proof SEQ --out FILE", "hint")
