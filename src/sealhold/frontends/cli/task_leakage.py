"""`sealhold task leakage`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.quantities import show_bits
from sealhold.node import datasets, taskkit


def task_leakage(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The task's folder.")],
    queries: Annotated[
        int, typer.Option(metavar="N", help="How many answers are asked for.", min=1)
    ] = 1,
    selection: Annotated[
        str | None, typer.Option(metavar="NAME", help="As if this one alone were granted.")
    ] = None,
) -> None:
    """Work out what a task can tell at most, in bits.

    Whatever the program does, and whoever asks: the bounds follow from the manifest alone.
    """
    session = Session.of(context)
    now = world_of(session).clock()
    found = taskkit.leakage_of(path, datasets(), queries, now, selection)
    emit(session, found, *_blocks(found))


def _blocks(found: taskkit.Leakage) -> list[Block]:
    one, query = found.object, found.query
    lasting = [
        ("the program", show_bits(one.function)),
        (f"the selections, {counted(found.cells, 'cell')}", show_bits(one.selection)),
        ("the time of the answer", show_bits(one.timing)),
        (f"being there, on {counted(found.epochs, 'day')}", show_bits(one.presence)),
        ("in all", show_bits(one.total)),
    ]
    each = [
        (f"which of {query.alternatives:,} answers", show_bits(query.answer)),
        ("the time of the answer", show_bits(query.timing)),
        ("in all", show_bits(query.total)),
    ]
    times = counted(found.queries, "answer")
    bounds = [
        (f"one object, {found.percent} % of what it holds", show_bits(found.per_object)),
        ("all objects together", show_bits(found.data_set)),
        ("one object, if nothing were bounded", show_bits(found.unprotected)),
    ]
    bits = figure("Bits")
    return [
        Table((Column("One object tells, once for life"), bits), lasting),
        Line(""),
        Table((Column("Each answer tells"), bits), each),
        Line(""),
        Table((Column(f"At most, in {times}"), bits), bounds),
        Line(""),
        Line(f"It can be asked {counted(found.most_queries, 'time')} in all, then never again."),
        *_noise(found),
    ]


def _noise(found: taskkit.Leakage) -> list[Block]:
    noise = found.noise
    if noise is None:
        return []
    spent, fit = found.queries * noise.cost, noise.cap // noise.cost
    return [
        Line(""),
        Line(f"Each answer is blurred: {noise.words}."),
        Line(
            f"{counted(found.queries, 'answer')}, each drawn anew: {spent:,} micro-rho;"
            f" {noise.cap:,} a year are enough for {fit:,}."
        ),
    ]
