"""`sealhold document show`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.documents import At, Name, by, read_at, show_text
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.shown.documents import ContentView
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_show(
    context: typer.Context,
    name: Name,
    at: At = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the text into a new file instead.")
    ] = None,
    authors: Annotated[
        bool, typer.Option("--authors", help="Also list which device wrote how much of the text.")
    ] = False,
) -> None:
    """Show a document: its text, then its fields and items; now or as it was.

    A file that was written with --out is put back by `document edit NAME --file FILE --since
    VERSION`, which keeps what other devices wrote meanwhile.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = DocumentSteps(DeviceWork(node)).show(name, read_at(session, at), authors=authors)
    if out is None:
        show_text(session, found.text)
        emit(session, found, *_blocks(found))
        return
    write_new(out, found.text.encode())
    emit(
        session,
        found,
        Line(f"The text stands in {safe(str(out))}, at version {found.version}.", "good"),
    )


def _blocks(found: ContentView) -> list[Block]:
    blocks: list[Block] = []
    if found.fields:
        rows = [(safe(key), _told(each)) for key, each in sorted(found.fields.items())]
        blocks.append(Table((Column("Field"), Column("Value")), rows))
    if found.items:
        rows = [(f"{at}", _told(each)) for at, each in enumerate(found.items, 1)]
        blocks.append(Table((figure("Item"), Column("Value")), rows))
    if found.written:
        parts = [(by(each.by), each.by.role, f"{each.length:,}") for each in found.written]
        blocks.append(Table((Column("By"), Column("Role"), figure("Characters")), parts))
    if not blocks and not found.text:
        blocks.append(Line("The document is empty.", "hint"))
    return blocks


def _told(value: object) -> str:
    return safe(value) if isinstance(value, str) else safe(json.dumps(value, ensure_ascii=False))
