"""`sealhold policy token make`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading, world_of
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.policytokens import token_facts
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, read_time
from sealhold.model.errors import UsageError


def policy_token_make(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the medium is.")],
    grant: Annotated[
        list[str] | None, typer.Option(metavar="GRANT", help="A grant that hangs on it.")
    ] = None,
    until: Annotated[str, typer.Option(metavar="TIME", help="Until when: a date, or `30d`.")] = "",
    narrow: Annotated[
        bool,
        typer.Option(
            "--narrow", help="While it is there they do NOT hold; without a grant: none does."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Bind grants to a medium: they hold only while it is there.

    A signed file is written into the folder. Pulled out, what hangs on it is refused and what runs
    under it ends, within a second while the vault is served. Takes your passphrase, typed at the
    terminal for this one decision.

    Raises:
        UsageError: no end, or nothing that hangs on it.
    """
    session = Session.of(context)
    if not until:
        raise UsageError("say with `--until` how long it holds")
    if not grant and not narrow:
        raise UsageError("name a grant with `--grant`, or say `--narrow`")
    ends = read_time(until, world_of(session).clock())
    what = counted(len(grant), "grant") if grant else "Every grant"
    effect = "do not hold" if narrow else "hold only"
    told = Line(f"{what}: would {effect} while this medium is there.")
    if dry_run:
        emit(session, {"grants": grant or [], "narrow": narrow, "until": ends, "done": False}, told)
        return
    with reading(session) as node:
        check_can_confirm(session, node)
        say(session, told)
        passphrase = confirmed(session, node)
        made = node.parts.media.door.make(folder, grant or [], ends, passphrase, narrow=narrow)
    emit(session, made, token_facts(made))
