"""`sealhold proxy ask`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.errors import UsageError
from sealhold.model.shown.peers import PeerAnswer
from sealhold.node.peerwork import MAX_GRANT, PeerWork

PORTS = range(1, 65536)


def proxy_ask(
    context: typer.Context,
    grant: Annotated[Path, typer.Option(metavar="FILE", help="The grant.")],
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where their proxy answers.")],
    sql: Annotated[str, typer.Option(metavar="SELECT", help="One statement.")],
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="That of a parameter; once for each, in order."),
    ] = None,
    owner: Annotated[
        str, typer.Option(metavar="KEY", help="The owner's key as they told it; needed once.")
    ] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Print lines of CSV.")] = False,
) -> None:
    """Ask the proxy of another vault, under a grant of its owner.

    The answer is shown once its receipt, signed by the owner, was checked against it and kept.
    """
    session = Session.of(context)
    envelope = read_file(grant, MAX_GRANT)
    address = _address(to)
    with reading(session) as node:
        answer = PeerWork(node).ask(envelope, owner, address, sql, tuple(value or ()))
    if csv and not session.as_json:
        sys.stdout.write(_csv(answer))
        return
    emit(session, answer, *_blocks(answer))


def _address(to: str) -> tuple[str, int]:
    host, _, port = to.rpartition(":")
    if not host or not port.isdecimal() or int(port) not in PORTS:
        raise UsageError("`--to` is HOST:PORT, as in clinic.example.org:6544")
    return host.strip("[]"), int(port)


def _blocks(answer: PeerAnswer) -> list[Block]:
    rows = [["" if each is None else safe(each) for each in row] for row in answer.rows]
    columns = [Column(safe(name)) for name in answer.columns]
    told = f"{counted(len(rows), 'row')}, as of {moment(answer.at)}; the receipt is kept"
    return [Table(columns, rows, tall=True), Line(told, "hint")]


def _csv(answer: PeerAnswer) -> str:
    lines = [answer.columns, *answer.rows]
    return "".join(",".join(map(_cell, line)) + "\r\n" for line in lines)


def _cell(value: str | None) -> str:
    """Return a value in quotes, and nothing for NULL."""
    return "" if value is None else '"' + value.replace('"', '""') + '"'
