"""`sealhold proxy grant make`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, fields_of, safe
from sealhold.frontends.cli.querygrants import grant_facts
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.peerwork import MAX_TERMS, PeerWork


def proxy_grant_make(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="TERMS", help="What is granted, in TOML.")],
    to: Annotated[str, typer.Option(metavar="KEY", help="The key of their proxy.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the grant is written.")],
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
) -> None:
    """Let the proxy of another vault ask this one's: what, how much, and until when.

    The file is for them; it serves nobody else. They ask while `proxy serve --peers` runs here.
    """
    session = Session.of(context)
    data = read_file(file, MAX_TERMS)
    with deciding(session) as (node, _):
        made, envelope = PeerWork(node).make(data, to, policy)
    write_new(out, envelope)
    emit(
        session,
        {**fields_of(made), "file": str(out)},
        Line("The grant is made.", "head"),
        grant_facts(made),
        Line(f"Give them {safe(str(out))}, and tell them your key.", "hint"),
    )
