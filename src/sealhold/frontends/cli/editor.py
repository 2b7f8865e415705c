"""A text in the editor of a person, and what they made of it.

- It lies in a folder that this user alone can enter, in memory where the machine has a place for
  that, and goes when it was taken in. If it could not be taken in it stays, and its path is told.

Source: docs/spec/48-documents.md section 12.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealhold.frontends.cli.documents import read_text
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import EditorFailedError, UsageError

MEMORY = Path("/dev/shm")  # noqa: S108  reason: nothing of it reaches a disk


@contextmanager
def edited(session: Session, text: str) -> Iterator[str]:
    """Yield what a person makes of `text` in their editor; the block takes it in.

    Raises:
        UsageError: there is no terminal, so nobody could edit.
        EditorFailedError: the editor cannot be started, or said that it failed.
        InvalidError: what was written is no text.
    """
    if not session.shell.terminal.is_there():
        raise UsageError("there is no terminal for an editor: say --file FILE or another edit")
    # THREAT T512: what is being written lies open only where nobody else gets at it, and not on
    place = MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="sealhold-", dir=place))  # 0700
    path, is_kept = folder / "document.md", False
    ends = bool(text) and not text.endswith("\n")  # editors end a last line that has no end
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write((text + "\n" * ends).encode())
        _run(session, path)
        is_kept = True
        after = read_text(path)
        yield after.removesuffix("\n") if ends else after
        is_kept = False
    finally:
        if is_kept:
            sys.stderr.write(f"what you wrote is in {path}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _run(session: Session, path: Path) -> None:
    around = session.shell.environment
    editor = around.get("VISUAL") or around.get("EDITOR") or "vi"
    try:
        command = [*shlex.split(editor), str(path)]
        code = subprocess.run(command, check=False).returncode  # noqa: S603  reason: as above
    except (OSError, ValueError) as err:
        raise EditorFailedError(f"the editor `{editor}` cannot be started") from err
    if code:
        raise EditorFailedError(f"the editor `{editor}` ended with {code}; nothing was changed")
