"""What the commands about devices share: tables, words, and who sits at this screen."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from platform import node as host

from sealhold.frontends.cli.documents import arrived_lines
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import VerificationNeededError
from sealhold.model.shown.devices import DeviceView, FolderView, RoundView

NAME = "What this device is called; by default the name of this machine."
DEVICE = "Its name, or how its id begins."
SPOT = "COLLECTION/PATH, a collection, or a path in a folder that is kept here."
MANY = 8  # paths that are listed


def default_name() -> str:
    """Return the name of this machine."""
    return host().partition(".")[0][:64] or "this device"


def device_blocks(found: Sequence[DeviceView]) -> list[Block]:
    """Return devices as a table."""
    rows = [
        (
            safe(each.name),
            each.role,
            each.standing if not each.reason else f"{each.standing}: {each.reason}",
            "this one" if each.is_here else "",
            each.id[:12],
        )
        for each in found
    ]
    columns = (Column("Name"), Column("Role"), Column("Standing"), Column(""), id_("Id"))
    return [Table(columns, rows)]


def round_blocks(done: RoundView) -> list[Block]:
    """Return how a round went."""
    blocks: list[Block] = [
        Facts(
            [
                ("Came", f"{counted(done.taken, 'entry', 'entries')}, {done.taken_bytes:,} bytes"),
                ("Went", f"{counted(done.given, 'entry', 'entries')}, {done.given_bytes:,} bytes"),
                ("Checked", safe(", ".join(done.verified)) or "no other device has written yet"),
            ]
        )
    ]
    records = done.records
    if records.given or records.withdrawn or records.written or records.removed:
        told = [
            f"{counted(records.given, 'record')} given",
            f"{records.withdrawn} taken away here",
            f"{records.written} written",
            f"{records.removed} taken away by others",
        ]
        blocks += [Line("records of the vault:", "head"), Line(", ".join(told))]
    if done.near:
        blocks.append(Line(f"On the home network: {safe(', '.join(done.near))}"))
    for folder in done.folders:
        blocks += _folder(folder)
    blocks += arrived_lines(done.documents)
    blocks += [Line(f"{safe(place)} does not answer.", "bad") for place in done.away]
    blocks += [
        Line(f"Something is held back, or late: {safe(each)}.", "bad") for each in done.behind
    ]
    blocks += [Line(f"{safe(each)}.", "bad") for each in done.troubles]
    return blocks


def _folder(folder: FolderView) -> list[Block]:
    told = [
        counted(folder.created, "new file"),
        f"{folder.edited} edited",
        f"{folder.moved} moved",
        f"{folder.deleted} deleted here",
        f"{folder.written} written",
        f"{folder.renamed} renamed",
        f"{folder.removed} removed",
    ]
    blocks: list[Block] = [Line(f"{safe(folder.collection)} in {safe(folder.path)}:", "head")]
    blocks.append(Line(", ".join(told)))
    if folder.held:
        words = (
            f"{counted(folder.held, 'file')} were deleted there at once: add --deletes to mean it."
        )
        blocks.append(Line(words, "bad"))
    blocks += [Line(f"busy: {safe(path)}", "hint") for path in folder.busy[:MANY]]
    blocks += [Line(f"failed: {safe(each)}", "bad") for each in folder.failed[:MANY]]
    return blocks


class TerminalScreen:
    """A person at this terminal, or the words that a script was given."""

    def __init__(self, session: Session, words: str) -> None:
        self._session = session
        self._given = words

    def wrong(self, left: int) -> str | None:
        """Tell that a code was wrong, and ask again."""
        sys.stderr.write(f"the code was wrong; tries left: {left}\n")
        if self._given or not self._session.shell.terminal.is_there():
            return None
        return self._session.shell.terminal.line("The six digits of the code: ").strip()

    def words(self, words: tuple[str, ...]) -> bool | str:
        """Show six words, and ask whether the other screen has them.

        Raises:
            VerificationNeededError: nobody is there to compare.
        """
        sys.stderr.write(f"\n    {' '.join(words)}\n\n")
        if self._given:
            return self._given
        if not self._session.shell.terminal.is_there():
            raise VerificationNeededError("somebody has to compare the words on both screens")
        typed = self._session.shell.terminal.line(
            "Does the other screen show these six words, in this order? yes or no: "
        )
        return typed.strip().lower() in {"y", "yes"}


@contextmanager
def told(session: Session) -> Iterator["Telling"]:
    """Show what is being done in one line of standard error, where that is a terminal."""
    telling = Telling(is_shown=sys.stderr.isatty() and not session.quiet and not session.as_json)
    try:
        yield telling
    finally:
        telling.clear()


class Telling:
    """One line that is written over."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._length = 0

    def __call__(self, what: str) -> None:
        """Show what is being done now."""
        if self._is_shown:
            text = safe(what)[:100]
            sys.stderr.write(f"\r{text.ljust(self._length)}")
            sys.stderr.flush()
            self._length = len(text)

    def clear(self) -> None:
        """Leave nothing of it."""
        if self._is_shown and self._length:
            sys.stderr.write(f"\r{' ' * self._length}\r")
            sys.stderr.flush()
