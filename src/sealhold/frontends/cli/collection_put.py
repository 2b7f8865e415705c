"""`sealhold collection put`."""

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit, safe, say
from sealhold.frontends.cli.ruling import App, DryRun, File, Name, preview_blocks, read_form
from sealhold.frontends.cli.session import Session
from sealhold.frontends.ruleforms import CollectionForm


def collection_put(
    context: typer.Context, app: App, name: Name, file: File, dry_run: DryRun = False
) -> None:
    """Lay down a collection of records that an app may keep of its people.

    The file has `category` and `purposes`, and may have `sensitive`, `retention_days`, `versions`
    and `fields`. What it does to records that are kept is told first. Takes your passphrase, typed
    at the terminal for this one decision.
    """
    session = Session.of(context)
    rule = read_form(file, CollectionForm).rule()
    with reading(session) as node:
        ahead = node.rules_ahead.collection(app, name, rule)
        if dry_run:
            emit(session, ahead, *preview_blocks(ahead), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *preview_blocks(ahead), Line(""))
        passphrase = confirmed(session, node, "Passphrase, to lay it down: ")
        laid = node.person_records.lay_down(app, name, rule, passphrase)
    emit(session, laid, Line(f"Version {laid.version} of `{safe(name)}` of {safe(app)} holds."))
