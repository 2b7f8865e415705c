"""`sealhold proxy check`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.out import Block, Line, emit, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.node.proxypolicy import MAX_POLICY, Brought, Report, bring_over, judge


def proxy_check(  # noqa: PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The policy, in TOML.")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The version before, to compare with.")
    ] = None,
    accept_weaker: Annotated[
        bool,
        typer.Option("--accept-weaker", help="What shows more than before is meant so."),
    ] = False,
    from_clarus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Bring over a policy of CLARUS, in XML.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write what was brought over.")
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the policy that is brought over.")
    ] = "clarus",
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A table that `*` stands for, once for each."),
    ] = None,
) -> None:
    """Tell each fault of a protection policy, with its key and line.

    Nothing is asked of a provider, and no vault is opened. Exit code 5 if the policy cannot be used
    so, or if a protection of CLARUS was not brought over.

    Raises:
        UsageError: not one file to look at.
        Exit: with the code of the report.
    """
    session = Session.of(context)
    if (file is None) == (from_clarus is None) or (out is None) != (from_clarus is None):
        raise UsageError("name a FILE, or else `--from-clarus FILE --out FILE`")
    if file is not None:
        data = read_file(file, MAX_POLICY)
        before = None if previous is None else read_file(previous, MAX_POLICY)
        report = judge(data, before, accept_weaker=accept_weaker)
        emit(session, report, *_blocks(file, report))
        raise typer.Exit(report.exit_code)
    assert from_clarus is not None and out is not None  # noqa: PT018, S101  # reason: see above
    brought = bring_over(read_file(from_clarus, MAX_POLICY), name, table or ())
    write_new(out, brought.text)
    value = {"file": str(out), "unmapped": brought.converted.unmapped, "report": brought.report}
    emit(session, value, *_unmapped(brought), *_blocks(out, brought.report))
    raise typer.Exit(brought.exit_code)


def _blocks(path: Path, report: Report) -> list[Block]:
    blocks: list[Block] = []
    for found in report.findings:
        where = f"{safe(str(path))}:{found.line}: {safe(found.key)}:"
        kind = found.severity.value
        told = f"{where} {kind}: {safe(found.message)}; {safe(found.remedy)}"
        blocks.append(Line(told, "bad" if kind == "error" else "plain"))
    named = f"{safe(report.name)} {report.version}" if report.version else safe(str(path))
    if report.exit_code:
        return [*blocks, Line(f"{named} cannot be used so.", "bad")]
    doubts = len(report.findings)
    also = f", with {counted(doubts, 'doubt')}" if doubts else ""
    return [
        *blocks,
        Line(f"{named} is in order{also}.", "good"),
        Line(f"Next: sealhold proxy explain {safe(str(path))}", "hint"),
    ]


def _unmapped(brought: Brought) -> list[Block]:
    found = brought.converted.unmapped
    return [
        Line(
            f"{safe(each.where)}: not brought over: {safe(each.what)}",
            "bad" if each.is_protection else "plain",
        )
        for each in found
    ]
