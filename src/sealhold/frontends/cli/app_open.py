"""`sealhold app open`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import AppFolder, Asked, write_new
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Kind, canonical
from sealhold.model.shown import Verdict
from sealhold.node import appkit, verify_files


def app_open(
    context: typer.Context,
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="The sealed answer.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="The app's folder.")] = Path("app-keys"),
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the proof to FILE.")
    ] = None,
) -> None:
    """Open a sealed answer, as the app that asked for it.

    Exit code 0: the proof in it holds; else as `verify` says it, 6 if it was altered.

    Raises:
        Exit: with the code of the verdict on the proof, if it does not hold.
        GivenUpError: there is no answer in it: the program was not done by its last slot.
        InvalidError: longer than any answer.
        SealBrokenError: it was not sealed to these keys, for a request of theirs.
    """
    session = Session.of(context)
    folder = AppFolder(keys)
    asked, proof = _opened(read_file(answer, appkit.MAX_ANSWER), folder)
    verdict = verify_files([proof], at=world_of(session).clock())
    told = appkit.told_in(proof)
    if out is not None:
        write_new(out, proof)
    value = {
        "request": canonical(asked.request),
        "label": asked.label,
        "value": told["value"],
        "left_at": told["slot_time"],
        "verdict": verdict,
    }
    emit(
        session,
        value,
        Line(f"{told['value']}", "head"),
        Facts(
            [
                ("Says", safe(asked.label)),
                ("Request", short(Kind.REQUEST, asked.request)),
                ("Possible", _possible(verdict)),
                ("Left at", told["slot_time"]),
                ("Proof", verdict.sentence),
            ]
        ),
        Line(
            f"The proof is in {safe(str(out))}." if out else "Keep the proof: --out proof.json",
            "plain" if out else "hint",
        ),
    )
    if verdict.exit_code:
        raise typer.Exit(verdict.exit_code)


def _opened(sealed: bytes, folder: AppFolder) -> tuple[Asked, bytes]:
    keys = folder.keys()
    for asked in folder.asked():
        try:
            return asked, appkit.open_answer(sealed, keys, asked.request, asked.task)
        except SealBrokenError:
            continue
    raise SealBrokenError("the answer opens with none of the app's requests")


def _possible(verdict: Verdict) -> str:
    return next((check.detail for check in verdict.checks if check.name == "value"), "")
