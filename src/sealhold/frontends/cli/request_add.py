"""`sealhold request add`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import AppFolder, Asked
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_bits, read_time, short
from sealhold.model.ids import Kind, canonical
from sealhold.model.shown import Mode
from sealhold.node import appkit


def request_add(  # noqa: PLR0913  reason: each is one thing that a request says
    context: typer.Context,
    *,
    task: Annotated[Path, typer.Argument(metavar="TASKFOLDER", help="Folder with `task.json`.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="The app's folder.")] = Path("app-keys"),
    app: Annotated[
        str | None, typer.Option(metavar="ID", help="Which of the names that vaults gave it.")
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Which objects; the task's first if not said.")
    ] = None,
    param: Annotated[
        str | None, typer.Option(help="Which parameter; the task's first if not said.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="How often.")] = Mode.ONCE,
    daily: Annotated[bool, typer.Option("--daily", help="An answer each day.")] = False,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="A date, or a length such as `30d`.")
    ] = None,
    budget: Annotated[str | None, typer.Option(metavar="BITS", help="In all, in bits.")] = None,
    retention_days: Annotated[
        int, typer.Option(metavar="DAYS", help="When you will erase the answer.", min=0)
    ] = 30,
    name: Annotated[str | None, typer.Option(help="What would leave, in a few words.")] = None,
    url: Annotated[str, typer.Option(help="Where the answer goes; https.")] = "https://localhost/",
    reason: Annotated[str | None, typer.Option(help="Why, in your words.")] = None,
) -> None:
    """Ask for an answer, as an app's developer does.

    Builds and signs task and request with the app's keys, and hands both to the vault with the
    app's token. The owner is shown them, and decides.
    """
    session = Session.of(context)
    folder, now = AppFolder(keys), world_of(session).clock()
    entrance = folder.entrance(app)
    wish = appkit.Wish(
        app=entrance.app,
        name=name,
        reason=reason,
        param=param,
        selection=selection,
        recipient=entrance.name,
        url=url,
        daily=daily,
        mode=mode,
        until=None if until is None else read_time(until, now),
        budget=None if budget is None else read_bits(budget),
        retention_days=retention_days,
    )
    papers = appkit.build_request(task, folder.keys(), wish, now)
    with reading(session) as node:
        request = node.outside.submit(entrance.token, papers.request, papers.task, papers.code)
    folder.note(Asked(request=request, task=papers.digest, label=papers.label))
    id_text = short(Kind.REQUEST, request)
    emit(
        session,
        {"request": canonical(request), "task": papers.digest.hex(), "label": papers.label},
        Line("The request is handed in.", "head"),
        Facts(
            [
                ("Request", id_text),
                ("From", safe(entrance.name)),
                ("Asks for", safe(papers.label)),
                ("Task", papers.digest.hex()),
            ]
        ),
        Line(f"Next, as the owner: sealhold request show {id_text}", "hint"),
    )
