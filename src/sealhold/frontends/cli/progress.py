"""How far an import or a fetch is: on standard error, and only where that is a terminal.

- A bar over all bytes, the rate, the time left and the file that is read now.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from sealhold.frontends.cli.out import safe
from sealhold.frontends.cli.session import Session
from sealhold.node import Found
from sealhold.node import Progress as Step

Watch = Callable[[Step], None]


@contextmanager
def bar_over(session: Session, found: Sequence[Found]) -> Iterator[Watch | None]:
    """Show a bar for as long as the block runs; yields what hears the steps, or None."""
    if session.quiet or session.as_json or not sys.stderr.isatty():
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
    if session.quiet or session.as_json or not sys.stderr.isatty():
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
