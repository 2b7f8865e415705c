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
    rule: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="A rule that holds while it is there.")
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
    """Bind grants and rules to a medium: they hold only while it is there.

    A signed file is written into the folder. Pulled out, what hangs on it is refused and what runs
    under it ends, within a second while the vault is served. Rules that allow or show hold only
    while it is there, and so does what they allowed; with `--narrow`, rules that ask or deny do.
    Takes your passphrase, typed at the terminal for this one decision.

    Raises:
        UsageError: no end, or nothing that hangs on it.
    """
    session = Session.of(context)
    if not until:
        raise UsageError("say with `--until` how long it holds")
    if not grant and not rule and not narrow:
        raise UsageError("name a grant with `--grant` or a rule with `--rule`, or say `--narrow`")
    ends = read_time(until, world_of(session).clock())
    told = [Line(each) for each in _effects(grant or [], rule or [], narrow=narrow)]
    if dry_run:
        said = {"grants": grant or [], "rules": rule or [], "narrow": narrow, "until": ends}
        emit(session, said | {"done": False}, *told)
        return
    with reading(session) as node:
        check_can_confirm(session, node)
        say(session, *told)
        passphrase = confirmed(session, node)
        made = node.parts.media.door.make(
            folder, grant or [], ends, passphrase, narrow=narrow, rules=rule or []
        )
    emit(session, made, token_facts(made))


def _effects(grants: list[str], rules: list[str], *, narrow: bool) -> list[str]:
    """Return what the token would do, in sentences."""
    said = []
    if grants or not rules:
        what = counted(len(grants), "grant") if grants else "Every grant"
        effect = "do not hold" if narrow else "hold only"
        said.append(f"{what}: would {effect} while this medium is there.")
    if rules:
        said.append(f"{counted(len(rules), 'rule')}: would hold only while this medium is there.")
    return said
