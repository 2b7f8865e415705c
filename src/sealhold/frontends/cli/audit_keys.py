"""`sealhold audit keys`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.shown.keys import LogKeysView


def audit_keys(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what leads from older keys to the newest."),
    ] = None,
) -> None:
    """List the keys that sign for the log.

    By them others check what you hand out. The file that `--out` writes says of each key which one
    follows it, signed by both. Whoever trusts one of them gives that file to `sealhold verify`,
    beside the paper. It tells nothing else of your vault.
    """
    session = Session.of(context)
    with reading(session) as node:
        keys = node.audit.keys()
        if out is not None:
            write_new(out, node.audit.keys_file())
    emit(session, keys, *_blocks(keys, out))


def _blocks(keys: LogKeysView, out: Path | None) -> list[Block]:
    columns = (figure("Version"), Column("Log key", whole=True), Column("State"))
    rows = [(str(key.version), key.digest, key.state) for key in keys.keys]
    blocks: list[Block] = [Line(f"Log {keys.origin}"), Table(columns, rows)]
    if out is not None:
        where = safe(str(out))
        return [*blocks, Line(f"What leads from key to key is in {where}.")]
    if len(rows) > 1:
        told = "Give the way from key to key to whoever checks: sealhold audit keys --out FILE"
        return [*blocks, Line(told, "hint")]
    return [*blocks, Line("Change it: sealhold key rotate log", "hint")]
