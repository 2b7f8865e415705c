"""`sealhold task check`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node import datasets, runners, taskkit


def task_check(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The task's folder.")],
    objects: Annotated[
        int, typer.Option(metavar="N", help="How many made-up objects to try.", min=1, max=5000)
    ] = taskkit.CORPUS,
) -> None:
    """Tell each fault of a task, with its place.

    Reads the manifest and the program, then runs it on made-up objects, several times and in
    another order. Exit code 5 if the task cannot be used so.

    Raises:
        Exit: with the code of the report.
    """
    session = Session.of(context)
    now = world_of(session).clock()
    report = taskkit.check_folder(path, datasets(), runners(), now, objects)
    emit(session, report, *_blocks(path, report))
    raise typer.Exit(report.exit_code)


def _blocks(path: Path, report: taskkit.Report) -> list[Block]:
    blocks: list[Block] = [
        Line(
            f"{safe(str(path / fault.file))}:{fault.line}:{fault.column}:"
            f" {'error' if fault.refuses else 'note'}: {safe(fault.message)}",
            "bad" if fault.refuses else "plain",
        )
        for fault in report.faults
    ]
    name = f"{safe(report.name)} {safe(report.version)}".strip() or "The task"
    tried = f"tried on {counted(report.objects, 'made-up object')}"
    if report.exit_code:
        return [*blocks, Line(f"{name} cannot be used so.", "bad")]
    return [
        *blocks,
        Line(f"{name} is in order; {tried}.", "good"),
        Line(f"Next: sealhold task leakage {safe(str(path))}", "hint"),
    ]
