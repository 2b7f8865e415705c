"""How far an import, a fetch or a run is: on standard error, and only where that is a terminal.

- Of an import: a bar over all bytes, the rate, the time left and the file that is read now.
- Of a run: a bar over all objects, how many there are, the rate and the time left.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from sealhold.frontends.cli.out import safe
from sealhold.frontends.cli.session import Session
from sealhold.node import Found
from sealhold.node import Progress as Step

Watch = Callable[[Step], None]
PATIENCE = 0.2  # seconds of a run without a bar: what is done by then needs none
Count = Callable[[int, int], None]  # done, and in all


@contextmanager
def bar_over(session: Session, found: Sequence[Found]) -> Iterator[Watch | None]:
    """Show a bar for as long as the block runs; yields what hears the steps, or None."""
    if not _is_shown(session):
        yield None
        return
    sizes = {each.path: each.size for each in found}
    done: dict[Path, int] = {}
    progress = Progress(
        BarColumn(24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True, no_color=not session.color),
        transient=True,
    )
    with progress:
        bar = progress.add_task("", total=sum(sizes.values()))

        def watch(step: Step) -> None:
            done[step.path] = min(step.bytes_read, sizes.get(step.path, 0))
            progress.update(bar, completed=sum(done.values()), description=safe(step.path.name))

        yield watch


@contextmanager
def bar_of_bytes(session: Session) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each file that is fetched; yields what hears its name, bytes and limit."""
    if not _is_shown(session):
        yield lambda _name, _count, _most: None
        return
    progress = Progress(
        BarColumn(24),
        DownloadColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True, no_color=not session.color),
        transient=True,
    )
    bars: dict[str, TaskID] = {}
    with progress:

        def watch(name: str, count: int, most: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(safe(name), total=most)
            progress.update(bars[name], completed=count)

        yield watch


@contextmanager
def bar_of_objects(session: Session) -> Iterator[Count]:
    """Show a bar for as long as the block runs; yields what hears how many are done."""
    if not _is_shown(session):
        yield lambda _done, _all: None
        return
    progress = Progress(
        BarColumn(24),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not session.color),
        transient=True,
    )
    bar = progress.add_task("", total=None)
    began = monotonic()

    def watch(done: int, every: int) -> None:
        if monotonic() - began > PATIENCE:
            progress.start()  # again and again, which it does not mind
        progress.update(bar, completed=done, total=every)

    try:
        yield watch
    finally:
        progress.stop()


class _Rate(ProgressColumn):
    """Objects per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, nothing as long as there is none."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


def _is_shown(session: Session) -> bool:
    return not session.quiet and not session.as_json and sys.stderr.isatty()
