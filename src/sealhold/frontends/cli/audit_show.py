"""`sealhold audit show`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.errors import UsageError
from sealhold.model.quantities import show_bits
from sealhold.model.shown import LedgerLine, LogState
from sealhold.node import Node

UNLOCK = "unlock"


def audit_show(
    context: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", help="How many.", min=1)] = 20,
    before: Annotated[
        int | None, typer.Option(metavar="SEQ", help="Only entries below this one.", min=0)
    ] = None,
    proof: Annotated[
        int | None, typer.Option(metavar="SEQ", help="Write the proof of one entry.", min=0)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write that proof.")
    ] = None,
    checkpoint: Annotated[
        bool,
        typer.Option("--checkpoint", help="Print the newest checkpoint: keep it elsewhere."),
    ] = False,
) -> None:
    """Show what happened: who, why, what left, at what cost.

    The newest entry comes first. The proof of an entry is a file that `sealhold verify` reads
    anywhere; it shows that entry alone.

    Raises:
        UsageError: one of `--proof` and `--out` without the other.
    """
    session = Session.of(context)
    if (proof is None) != (out is None):
        raise UsageError("`--proof` and `--out` go together")
    with reading(session) as node:
        if proof is not None and out is not None:
            _write_proof(session, node, proof, out)
        elif checkpoint:
            state = node.audit.state()
            emit(session, state, *(Line(each) for each in state.checkpoint.splitlines()))
        else:
            state = node.audit.state()
            if session.as_json:
                emit(session, {"entries": node.audit.ledger(before, limit), "log": state})
            else:
                emit(session, None, *_blocks(islice(_rows(node.audit.lines(before)), limit), state))


def _write_proof(session: Session, node: Node, seq: int, out: Path) -> None:
    write_new(out, node.audit.proof(seq))
    emit(
        session,
        {"seq": seq, "file": str(out)},
        Line(f"The proof of entry {seq} is in {safe(str(out))}."),
        Line(f"Next, anywhere: sealhold verify {safe(str(out))}", "hint"),
    )


def _alike(line: LedgerLine) -> tuple[str, str, int]:
    """Return what makes neighbours one row: a command opens the vault, and so does the next."""
    return line.kind, line.actor, 0 if line.kind == UNLOCK else line.seq


def _row(group: Sequence[LedgerLine]) -> tuple[str, ...]:
    newest, oldest = group[0], group[-1]
    several = len(group) > 1
    return (
        f"{oldest.seq}-{newest.seq}" if several else f"{newest.seq}",
        moment(newest.at),
        safe(newest.actor),
        safe(newest.what) + (f", {len(group)} times" if several else ""),
        show_bits(newest.cost) if newest.cost else "",
        show_bits(newest.left) if newest.left is not None else "",
    )


def _rows(lines: Iterable[LedgerLine]) -> Iterator[tuple[str, ...]]:
    for _, group in groupby(lines, _alike):
        yield _row(list(group))


def _blocks(rows: Iterable[tuple[str, ...]], state: LogState) -> list[Block]:
    columns = (
        figure("Entry"),
        Column("When", whole=True),
        Column("Who"),
        Column("What"),
        figure("Bits"),
        figure("Left"),
    )
    told = f"{counted(state.size, 'entry', 'entries')}; root {state.root}"
    return [
        Table(columns, list(rows)),
        Line(told, "hint"),
        Line("Check them all: sealhold audit verify", "hint"),
    ]
