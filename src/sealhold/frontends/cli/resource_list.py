"""`sealhold resource list`."""

from collections.abc import Sequence

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.shown import ResourceView

NONE = "No program that you allowed reads a third party's file."


def resource_list(context: typer.Context) -> None:
    """List third parties' files that programs read."""
    session = Session.of(context)
    with reading(session) as node:
        views = node.resources.list()
    emit(session, views, *resource_blocks(views))


def resource_blocks(views: Sequence[ResourceView]) -> list[Block]:
    """Return each file as a person reads it."""
    if not views:
        return [Line(NONE)]
    blocks: list[Block] = []
    for view in views:
        blocks += [Line(f"{view.id}, read by {safe(view.task)}", "head"), Facts(facts_of(view))]
    if any(view.why or view.fetched_at is None for view in views):
        blocks.append(Line("Try again: sealhold resource fetch", "hint"))
    return blocks


def facts_of(view: ResourceView) -> list[tuple[str, str]]:
    """Return where a file comes from, what names it, and whether it is here."""
    most = f"at most {counted(view.max_bytes, 'byte')}"
    named = f"digest {view.sha256}" if view.sha256 else f"signer {view.signer}"
    versions = f", {counted(view.max_versions, 'version')}" if view.signer else ""
    facts = [("From", f"{safe(view.url)}, {most}"), ("Named by", f"{named}{versions}")]
    if view.fetched_at is None or view.size is None:
        facts.append(("Here", "not fetched yet"))
    else:
        here = f"{counted(view.size, 'byte')}, fetched {moment(view.fetched_at)}"
        facts.append(("Here", f"{here}, digest {view.digest}" if view.signer else here))
    if view.why and view.tried_at is not None:
        facts.append(("Last try", f"{moment(view.tried_at)}: {view.why}"))
    return facts
