"""`sealhold document edit`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sealhold.frontends.cli.documents import Name, document_blocks, read_at, read_text, read_value
from sealhold.frontends.cli.editor import edited
from sealhold.frontends.cli.opening import reading, what_opens
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.model.shown.documents import DocumentView
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps, Edits

File = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Its content is the text from now on; - is a pipe."),
]
Since = Annotated[
    str, typer.Option(metavar="VERSION", help="What FILE was made from: later edits stay.")
]
Append = Annotated[str, typer.Option(metavar="TEXT", help="Put this behind the text.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set a field; the value is JSON or a text."),
]
Unset = Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Take a field out.")]
Add = Annotated[
    list[str] | None, typer.Option(metavar="VALUE", help="Put an item behind the others.")
]
Take = Annotated[
    list[int] | None, typer.Option(min=1, metavar="N", help="Take out an item; the first is 1.")
]


def document_edit(  # noqa: PLR0913, PLR0917  reason: each is one kind of edit
    context: typer.Context,
    name: Name,
    file: File = None,
    since: Since = "",
    append: Append = "",
    set_: Set = None,
    unset: Unset = None,
    add: Add = None,
    take: Take = None,
) -> None:
    """Edit a document: in your editor, or by what the options say; only what changed is written.

    Without an option its text is opened in $VISUAL or $EDITOR, from a file that you alone can read
    and that goes afterwards. What other devices wrote meanwhile stays.

    Raises:
        UsageError: a field without a value, or --since without a file.
    """
    session = Session.of(context)
    if since and file is None:
        raise UsageError("--since tells what --file was made from")
    fields = dict(_pair(each) for each in set_ or [])
    is_by_option = file is not None or append or fields or unset or add or take
    if not is_by_option:
        found = _in_editor(session, name)
    else:
        text = None if file is None else read_text(file)
        with reading(session) as node:
            steps = DocumentSteps(DeviceWork(node))
            before = steps.show(name, read_at(session, since)).text if since else None
            edits = Edits(
                text=text,
                before=before,
                append=append,
                put=fields,
                drop=unset or [],
                add=[read_value(each) for each in add or []],
                take=take or [],
            )
            found = steps.edit(name, edits)
    emit(
        session,
        found,
        *document_blocks([found]),
        Line("Now: sealhold device sync", "hint"),
    )


def _in_editor(session: Session, name: str) -> DocumentView:
    # the vault is shut while somebody types, so that syncing goes on
    given = what_opens(session)
    with reading(session, given) as node:
        before = DocumentSteps(DeviceWork(node)).show(name).text
    with edited(session, before) as after, reading(session, given) as node:
        return DocumentSteps(DeviceWork(node)).edit(name, Edits(text=after, before=before))


def _pair(text: str) -> tuple[str, Any]:
    key, is_there, value = text.partition("=")
    if not is_there:
        raise UsageError(f"`{text}` is no FIELD=VALUE")
    return key, read_value(value)
