"""`sealhold request add`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import AppFolder, Asked, Entrance
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_bits, read_time, short
from sealhold.model.ids import Kind, canonical
from sealhold.model.shown import Mode
from sealhold.node import appkit

TaskFolder = Annotated[Path, typer.Argument(metavar="TASKFOLDER", help="Folder with `task.json`.")]
Keys = Annotated[Path, typer.Option(metavar="DIR", help="The app's folder.")]
Which = Annotated[
    str | None, typer.Option(metavar="ID", help="Which of the names that vaults gave it.")
]
Selection = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which objects; the task's first if not said.")
]
Param = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which parameter; the task's first if not said.")
]
Often = Annotated[
    Mode,
    typer.Option(
        metavar="MODE", help="How often: `once`, `until` its end, or `each` time they agree."
    ),
]
Daily = Annotated[bool, typer.Option("--daily", help="An answer each day.")]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="A date, or a length such as `30d`.")
]
Budget = Annotated[str | None, typer.Option(metavar="BITS", help="In all, in bits.")]
Kept = Annotated[int, typer.Option(metavar="DAYS", help="When you will erase the answer.", min=0)]
Name = Annotated[str | None, typer.Option(metavar="TEXT", help="What would leave, in a few words.")]
Url = Annotated[str, typer.Option(metavar="URL", help="Where the answer goes; https.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, in your words.")]


def request_add(  # noqa: PLR0913  reason: each is one thing that a request says
    context: typer.Context,
    *,
    task: TaskFolder,
    keys: Keys = Path("app-keys"),
    app: Which = None,
    selection: Selection = None,
    param: Param = None,
    mode: Often = Mode.ONCE,
    daily: Daily = False,
    until: Until = None,
    budget: Budget = None,
    retention_days: Kept = 30,
    name: Name = None,
    url: Url = "https://localhost/",
    reason: Reason = None,
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
    _hand_in(session, folder, entrance, papers)


def _hand_in(
    session: Session, folder: AppFolder, entrance: Entrance, papers: appkit.Papers
) -> None:
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
