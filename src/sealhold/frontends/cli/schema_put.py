"""`sealhold schema put`."""

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit, safe, say
from sealhold.frontends.cli.ruling import App, DryRun, File, preview_blocks, read_form
from sealhold.frontends.cli.session import Session
from sealhold.frontends.ruleforms import SchemaForm


def schema_put(context: typer.Context, app: App, file: File, dry_run: DryRun = False) -> None:
    """Lay down what an app may keep of its people.

    The file is what `sealhold schema show APP --json` prints: for each field category, purposes,
    term and how people are found by it. What it does to values that are kept is told first. A field
    is never taken out. Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    rules = read_form(file, SchemaForm).rules()
    with reading(session) as node:
        ahead = node.rules_ahead.schema(app, rules)
        if dry_run:
            emit(session, ahead, *preview_blocks(ahead), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *preview_blocks(ahead), Line(""))
        passphrase = confirmed(session, node, "Passphrase, to lay it down: ")
        laid = node.people.lay_down(app, rules, passphrase)
    told = f"Version {laid.version} of the schema of {safe(app)} holds, with {len(laid.fields)}"
    emit(session, laid, Line(f"{told} field{'s' if len(laid.fields) > 1 else ''}."))
