"""`sealhold task build`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import AppFolder, write_new
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node import appkit, taskfolder


def task_build(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The task's folder.")],
    keys: Annotated[
        Path,
        typer.Option(metavar="DIR", help="The author's folder; keys are made if it has none."),
    ] = Path("app-keys"),
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it; NAME.task.json if not said."),
    ] = None,
) -> None:
    """Sign a task, so that vaults take it.

    Fills in the digest of the program and the author's key, and signs the whole. The task's id is
    the digest of what is signed: one changed byte makes another task. A program of tier `wasm` that
    names a Python `source` is made of it first, with componentize-py, if it is missing or older.
    """
    session = Session.of(context)
    author = AppFolder(keys).keys_or_new(world_of(session).entropy)
    compiled = taskfolder.compile_source(path)
    envelope = taskfolder.build(path, author.signing)
    digest = appkit.task_id(envelope).hex()
    target = out or Path(f"{path.resolve().name}.task.json")
    write_new(target, envelope)
    emit(
        session,
        {"file": str(target), "task": digest, "author": author.public.hex()},
        Line("The task is signed.", "head"),
        *(() if compiled is None else (Line(f"Made {safe(str(compiled))} of its source."),)),
        Facts(
            [
                ("File", safe(str(target))),
                ("Task", digest),
                ("Author", author.public.hex()),
            ]
        ),
        Line(f"Next: sealhold request add {safe(str(path))} --keys {safe(str(keys))}", "hint"),
    )
