"""`sealhold evidence appraise`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_time
from sealhold.model.errors import NoFileError, UsageError
from sealhold.node import evidencekit

Kind = Annotated[str, typer.Option(metavar="KIND", help="sw, tpm2, sgx, tdx, snp or nitro.")]
Nonce = Annotated[str, typer.Option(metavar="HEX", help="What you had asked it with.")]
Collateral = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Certificates, a key, or the vendor's document."),
]
Time = Annotated[
    str | None, typer.Option(metavar="TIME", help="Judge by this time instead of now.")
]
Statement = Annotated[Path | None, typer.Option(metavar="FILE", help="What it must be bound to.")]
SessionKey = Annotated[
    str, typer.Option(metavar="HEX", help="The public key that it must be bound to.")
]
ReportData = Annotated[
    str, typer.Option(metavar="HEX", help="The bound bytes, if another protocol made them.")
]
Programs = Annotated[list[str] | None, typer.Option(metavar="HEX", help="A program that you know.")]
States = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A state of the platform that you take, as a warning."),
]
Demand = Annotated[
    str, typer.Option(metavar="KIND", help="The kind of evidence that you want at least.")
]
Sealed = Annotated[bool, typer.Option("--sealed", help="Its owner must not see what it computes.")]


def evidence_appraise(  # noqa: PLR0913, PLR0917  reason: each is one thing that a reader knows
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The evidence.")],
    kind: Kind,
    nonce: Nonce,
    collateral: Collateral = None,
    at: Time = None,
    statement: Statement = None,
    session_key: SessionKey = "",
    report_data: ReportData = "",
    measurement: Programs = None,
    state: States = None,
    demand: Demand = "sw",
    sealed: Sealed = False,
) -> None:
    """Tell what a machine's evidence is worth; needs no vault and no network.

    Exit code 0: as you demand; 3: it holds, but is less; 6: refused.

    Raises:
        Exit: with the code of the verdict.
    """
    session = Session.of(context)
    now = world_of(session).clock()
    asked = evidencekit.Asked(
        kind=kind,
        nonce=_digits(nonce),
        statement=None if statement is None else _read(statement),
        session_key=_digits(session_key),
        report_data=_digits(report_data),
        measurements=[_digits(each) for each in measurement or []],
        collateral=[_read(path) for path in collateral or []],
        states=state or [],
        demand=demand,
        sealed=sealed,
        at=now if at is None else read_time(at, now),
    )
    found = evidencekit.appraise_file(_read(file), asked)
    emit(session, found, *_blocks(found))
    raise typer.Exit(found.exit_code)


def _blocks(found: evidencekit.Appraisal) -> list[Block]:
    rows = [
        ("Evidence", f"{found.kind}, {found.status}"),
        ("Rooted in hardware", "yes" if found.hw_rooted else "no"),
        ("Integrity", found.integrity),
        ("Confidentiality", found.confidentiality),
        ("Program", found.measurement or "none that is signed"),
        *([("Platform", found.tcb_status)] if found.tcb_status else []),
        *([("Advisories", ", ".join(found.advisories))] if found.advisories else []),
        ("Holds until", found.not_after),
        *(("But", reason) for reason in found.reasons),
    ]
    table = Table(
        (Column("", whole=True), Column("Found")),
        [(name, safe(value)) for name, value in rows],
    )
    last = Line(found.sentence, "good" if found.exit_code == 0 else "bad")
    return [table, Line(""), last]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(evidencekit.MAX_EVIDENCE * 2 + 1)
    except OSError as err:
        raise NoFileError(f"no file `{safe(str(path))}`") from err


def _digits(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as err:
        raise UsageError(f"`{safe(text[:40])}` is not written in hex digits") from err
