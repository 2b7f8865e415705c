"""Alice's vault, made from the files of her year; and GreenCorp, which asks her one thing.

- Her files are read by the very import that reads anybody's, and are gone afterwards.
- GreenCorp's keys and token lie in a folder of their own beside the vault: the other side.
- Time in the demo begins at one moment and goes on from there.

Source: docs/howto/demo.md.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.compute import appkit
from sealhold.demo.life import papers, trips
from sealhold.demo.life.town import NOW
from sealhold.model.errors import TamperedError
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown import ImportReport, Mode
from sealhold.node import Node, World, create, opened

PASSPHRASE = "alice in the harbour"  # noqa: S105  # reason: nobody real is behind it
APP = "GreenCorp HR"
SELECTION = "2026-10"
TASK = Path(__file__).parent / "greencorp"
READY = "ready"  # the last file that is written

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoFolders:
    """Where the demo keeps its two sides."""

    folder: Path

    @property
    def vault(self) -> Path:
        """Alice's home."""
        return self.folder / "alice"

    @property
    def greencorp(self) -> Path:
        """The asker's keys and token."""
        return self.folder / "greencorp"

    @property
    def is_ready(self) -> bool:
        """Whether an earlier start finished making it."""
        return (self.folder / READY).exists()

    def remove(self) -> None:
        """Take away all of it; nothing outside of the folder was ever written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def world() -> World:
    """Return the demo's surroundings: its time starts at one moment, in each process anew."""
    started = time.monotonic_ns()
    begin = int(NOW.timestamp() * 1000)

    def clock() -> Instant:
        return Instant(begin + (time.monotonic_ns() - started) // 1_000_000)

    return World(clock=clock)


def build(folders: DemoFolders, say: Say) -> None:
    """Make the demo, unless an earlier start did.

    Raises:
        TamperedError: an import of our own files went wrong.
    """
    if folders.is_ready:
        return
    folders.remove()
    folders.folder.mkdir(parents=True, mode=0o700)
    here = world()
    create(folders.vault, PASSPHRASE, headless=True, world=here)
    with opened(folders.vault, PASSPHRASE, here) as node:
        report = _import(node)
        say(_counts(report))
        _ask(node, folders)
    (folders.folder / READY).write_text("made\n")


def life() -> dict[str, bytes]:
    """Return the files of Alice's year by name."""
    return {**papers.files(), **trips.files()}


def _import(node: Node) -> ImportReport:
    with TemporaryDirectory(prefix="sealhold-demo-") as folder:
        paths = []
        for name, content in life().items():
            path = Path(folder) / name
            path.write_bytes(content)
            paths.append(path)
        report = node.sources.import_paths(paths)
    if report.unreadable or report.rejected:
        raise TamperedError("a file of the demo is not what it was made as")
    return report


def _ask(node: Node, folders: DemoFolders) -> None:
    keys = appkit.make_keys(node.parts.core.entropy)
    app, token = node.apps.register_app(APP, keys.public)
    folders.greencorp.mkdir(mode=0o700)
    (folders.greencorp / "keys.json").write_bytes(keys.document())
    (folders.greencorp / "token").write_text(token)
    now = node.parts.core.clock()
    wish = appkit.Wish(
        app=app.id,
        name="Green rides in October 2026",
        reason="We pay 20 € for each month with ten or more rides on foot or by bike.",
        selection=SELECTION,
        recipient="GreenCorp payroll",
        url="https://greencorp.example/bonus",
        retention_days=365,
        mode=Mode.ONCE,
        until=Instant(now + 7 * DAY),
    )
    paper = appkit.build_request(TASK, keys, wish, now)
    node.outside.submit(token, paper.request, paper.task, paper.code)


def _counts(report: ImportReport) -> str:
    kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(report.by_collection.items()))
    return f"{report.new:,} items in {report.seconds:.1f} s: {kinds}"
