"""`sealhold task run`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.node import datasets, runners, taskkit


def task_run(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The task's folder.")],
    synthetic: Annotated[
        bool,
        typer.Option("--synthetic", help="On made-up data; there is no other way here."),
    ] = True,
    objects: Annotated[
        int, typer.Option(metavar="N", help="How many made-up objects.", min=1, max=5000)
    ] = 200,
    param: Annotated[
        str | None, typer.Option(metavar="NAME", help="The task's first if not said.")
    ] = None,
    selection: Annotated[
        str | None, typer.Option(metavar="NAME", help="The task's first if not said.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number, other made-up data.")] = 1,
) -> None:
    """Try a task on made-up data.

    The same number of objects and the same seed give the same data on every machine. To run a
    task on real data, ask its owner: `sealhold request add`.
    """
    del synthetic  # says in the command line what always holds
    session = Session.of(context)
    with bar_of_objects(session) as bar:
        result = taskkit.run_synthetic(
            path,
            datasets(),
            runners(),
            count=objects,
            param=param,
            selection=selection,
            seed=seed,
            progress=bar,
        )
    emit(session, result, *_blocks(result))


def _blocks(result: taskkit.SyntheticRun) -> list[Block]:
    blocks: list[Block] = [
        Line(f"{result.answer}", "head"),
        Facts(
            [
                ("Made up", f"{result.objects:,}"),
                ("Selected", f"{result.selected:,}"),
                ("Defaults", f"{len(result.defaults):,}"),
            ]
        ),
    ]
    if result.defaults:
        reasons = Counter(default.reason for default in result.defaults)
        rows = [(f"{number:,}", safe(reason)) for reason, number in reasons.most_common()]
        blocks.append(Table((figure("Objects"), Column("Why they got the default")), rows))
    return blocks
