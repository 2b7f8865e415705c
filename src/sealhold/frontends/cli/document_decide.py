"""`sealhold document decide`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.documents import Name, by
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.model.shown.documents import SuggestionView
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_decide(
    context: typer.Context,
    name: Name,
    take: Annotated[
        str, typer.Option("--take", metavar="EDIT", help="Take this one, with all it needs.")
    ] = "",
    leave: Annotated[
        str, typer.Option("--leave", metavar="EDIT", help="Leave this one out for good.")
    ] = "",
) -> None:
    """List edits that a removed device made too late, and take them or leave them.

    Raises:
        UsageError: both --take and --leave.
    """
    if take and leave:
        raise UsageError("say either --take or --leave")
    session = Session.of(context)
    with reading(session) as node:
        steps = DocumentSteps(DeviceWork(node))
        if take or leave:
            steps.decide(name, take or leave, take=bool(take))
        found = steps.suggestions(name)
    emit(session, {"suggestions": found}, *_blocks(found))


def _blocks(found: list[SuggestionView]) -> list[Block]:
    if not found:
        return [Line("No edit waits for a decision.")]
    rows = [(each.id, by(each.by), each.why, safe(each.text)) for each in found]
    columns = (Column("Edit", whole=True), Column("By"), Column("Why"), Column("It inserts"))
    return [
        Table(columns, rows),
        Line("Take one: sealhold document decide NAME --take EDIT", "hint"),
    ]
