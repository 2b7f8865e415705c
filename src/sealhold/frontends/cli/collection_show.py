"""`sealhold collection show`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.ruling import App, Name
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.personrecords import CollectionView


def collection_show(context: typer.Context, app: App, name: Name) -> None:
    """Show one collection: what it holds, what for, and for how long."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.person_records.collection(app, name)
    emit(session, found, *_blocks(found))


def _blocks(found: CollectionView) -> list[Block]:
    rule = found.rule
    if rule is None:
        return [Line("No collection of that name was laid down.")]
    fields = [
        f"{safe(name)} {each.kind.value}{' (required)' if each.required else ''}"
        for name, each in sorted(rule.fields.items())
    ]
    facts = [
        ("Collection", f"{safe(found.collection)}, version {found.version}"),
        ("Category", f"{safe(rule.category)}{', sensitive' if rule.sensitive else ''}"),
        ("Purposes", " ".join(sorted(rule.purposes))),
        ("Kept for", counted(rule.retention_days, "day") if rule.retention_days else "no end"),
        ("Older versions", f"{rule.versions}"),
        ("Fields", ", ".join(fields) or "any"),
    ]
    return [Facts(facts)]
