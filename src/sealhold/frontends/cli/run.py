"""`sealhold run`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import STOPPED, Session
from sealhold.frontends.cli.stopping import counted_and_stoppable
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import bits, moment
from sealhold.model.errors import NoFileError, StoppedError, TakenError
from sealhold.model.ids import Kind, canonical
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import AnswerShape, AnswerView, GrantView, Meter
from sealhold.node import Node

FILES = ("answer.sealed", "proof.json", "receipt.json")


def run(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write answer.sealed and proof.json, which go to the asker, and receipt.json,"
            " which is yours.",
        ),
    ] = None,
) -> None:
    """Answer an allowed request: one number leaves, with a proof.

    Charged before anything runs, and never given back. Asked again, the stored answer leaves once
    more and costs nothing. Ctrl-C stops between two objects; the same command goes on from there.
    """
    session = Session.of(context)
    if out is not None:
        make_room(out, FILES)
    with deciding(session) as (node, _):
        answer = _run(session, node, grant)
        used = next(each for each in node.grants.list() if each.id == answer.grant)
        shape = node.requests.show(canonical(used.request)).answer
        year = node.budgets.meters()[0]
    if out is not None:
        _write(out, answer)
    blocks = [Line(_read_out(answer, used, shape), "head"), *_blocks(answer, used, year, out)]
    emit(session, {"answer": answer, "grant": used}, *blocks)


def _run(session: Session, node: Node, grant: str) -> AnswerView:
    with counted_and_stoppable(session, node) as run:
        try:
            return node.runs.run(grant, progress=run.watch)
        except StoppedError:
            if not run.is_stopped:
                raise
    run.tell(grant)
    raise typer.Exit(STOPPED)


def make_room(out: Path, files: Sequence[str]) -> None:
    """Make the folder, and refuse to begin where the papers could not be written: runs are charged.

    Raises:
        TakenError: a file of that name is there.
        NoFileError: the folder cannot be made.
    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise NoFileError(f"`{out}` cannot be made: {err.strerror}") from err
    taken = [name for name in files if (out / name).exists()]
    if taken:
        raise TakenError(f"`{out}` holds a `{taken[0]}` already")


def _write(out: Path, answer: AnswerView) -> None:
    for name, content in zip(
        FILES, (answer.sealed, answer.proof, answer.owner_receipt), strict=True
    ):
        write_new(out / name, content)


def _read_out(answer: AnswerView, grant: GrantView, asked: AnswerShape) -> str:
    """Return the answer: `7`, or `4-7` if it was rounded down to every fourth."""
    last = min(answer.value + (grant.terms.coarsen - 1) * asked.step, asked.last)
    return f"{answer.value}" if last <= answer.value else f"{answer.value}-{last}"


def _blocks(answer: AnswerView, grant: GrantView, year: Meter, out: Path | None) -> list[Block]:
    left = MicroBits(max(0, grant.terms.budget - grant.spent))
    year_left = MicroBits(max(0, year.cap - year.used))
    again = "" if answer.cost else ", the stored answer once more"
    parts = [("Reads", safe(answer.reads))] if answer.reads else []
    blocks: list[Block] = [
        Facts(
            [
                ("Says", safe(answer.label)),
                *parts,
                ("To", safe(grant.app_name)),
                ("Cost", f"{bits(answer.cost)}{again}"),
                ("Left", f"{bits(left)} of this grant, {bits(year_left)} of the year for all"),
                ("Released", moment(answer.released_at)),
                ("Receipt", short(Kind.RECEIPT, answer.receipt)),
                ("In the log", f"entry {answer.seq}"),
            ]
        ),
    ]
    if out is None:
        return [
            *blocks,
            Line(
                f"Get the papers: sealhold run {short(Kind.GRANT, grant.id)} --out answer", "hint"
            ),
        ]
    folder = safe(str(out))
    return [
        *blocks,
        Line(f"In {folder}: {', '.join(FILES)}"),
        Line(f"Next, anywhere: sealhold verify {folder}/proof.json", "hint"),
    ]
