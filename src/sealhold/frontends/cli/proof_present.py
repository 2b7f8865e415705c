"""`sealhold proof present`."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.run import make_room
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import bits
from sealhold.model.ids import Kind

FILES = ("proof.sd-jwt", "task.json")


def proof_present(
    context: typer.Context,
    receipt: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="Its id, from `sealhold run` or the ledger.")
    ],
    audience: Annotated[
        str, typer.Option(metavar="TEXT", help="Whom you show it to; of use to nobody else.")
    ],
    nonce: Annotated[str, typer.Option(metavar="TEXT", help="What they sent you along.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Write proof.sd-jwt and task.json there.")
    ],
    open_: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="CLAIM", help="A claim to open; may be given again."),
    ] = None,
) -> None:
    """Show an answer's proof to somebody, with the claims that you open.

    A claim that the app was not told is charged before it is shown, once, and never given back.
    Which there are, and at which price: `sealhold proof show`.
    """
    session = Session.of(context)
    make_room(out, FILES)
    with deciding(session) as (node, _):
        shown = node.parts.proofs.present(receipt, open_ or [], audience, nonce)
    for name, content in zip(FILES, (shown.presentation, shown.task), strict=True):
        write_new(out / name, content)
    folder = safe(str(out))
    emit(
        session,
        {"receipt": shown.receipt, "opened": shown.opened, "cost": shown.cost, "seq": shown.seq},
        Facts(
            [
                ("Opened", ", ".join(map(safe, shown.opened)) or "nothing"),
                ("For", safe(audience)),
                ("Cost", bits(shown.cost)),
                ("Receipt", short(Kind.RECEIPT, shown.receipt)),
                ("In the log", f"entry {shown.seq}"),
            ]
        ),
        Line(f"In {folder}: {', '.join(FILES)}"),
        Line(
            f"Next, anywhere: sealhold verify {folder}/proof.sd-jwt {folder}/task.json"
            f" --audience {safe(quote(audience))} --nonce {safe(quote(nonce))}",
            "hint",
        ),
    )
