"""Files that a person handed in and has not said yes to: in memory, of one sign-in, for a while.

- They lie in files that the kernel keeps without a name, as an upload does: nothing is on a disk.
- One handing-in waits in the whole process. Another one, the end of its sign-in, locking the vault
  or ten minutes drop it.
- What is taken in are the files that were shown: a page names its handing-in, and another one
  under the same sign-in does not stand in for it.

Source: docs/spec/20-faces.md section 6.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from threading import Lock
from weakref import ref

from sealhold.frontends.web.upload import Upload
from sealhold.model.errors import ConflictError
from sealhold.model.quantities import MINUTE, Instant

KEPT = 10 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """One handing-in."""

    name: str
    files: tuple[Upload, ...]
    held: ExitStack
    until: Instant


class Tray:
    """What one sign-in handed in."""

    def __init__(self, trays: "Trays") -> None:
        self._trays = trays
        self._batch: _Batch | None = None
        self._count = 0

    def __del__(self) -> None:
        """Let go of what nobody can ask for any more."""
        self.clear()

    def put(self, uploads: Sequence[Upload], now: Instant) -> str:
        """Keep files beyond the call that brought them, and return the name of the handing-in."""
        self._trays.only(self)
        held, kept = ExitStack(), []
        for each in uploads:
            file = held.enter_context(each.path.open("rb"))
            path = Path(f"/proc/{getpid()}/fd/{file.fileno()}")
            kept.append(Upload(name=each.name, path=path, size=each.size))
        self._count += 1
        self._batch = _Batch(
            name=f"{self._count}", files=tuple(kept), held=held, until=Instant(now + KEPT)
        )
        return self._batch.name

    def files(self, name: str, now: Instant) -> tuple[Upload, ...]:
        """Return the files of a handing-in.

        Raises:
            ConflictError: they were dropped, or others came in their place.
        """
        # THREAT T433: what is taken in is what was shown, never what came meanwhile
        if self._batch is None or self._batch.name != name or now >= self._batch.until:
            raise ConflictError("these files do not wait here any more")
        return self._batch.files

    def clear(self) -> None:
        """Let go of what waits."""
        if self._batch is not None:
            self._batch.held.close()
        self._batch = None


class Trays:
    """The trays of all sign-ins: one of them holds something at a time."""

    def __init__(self) -> None:
        self._full: ref[Tray] | None = None
        self._turn = Lock()

    def new(self) -> Tray:
        """Return the tray of a new sign-in."""
        return Tray(self)

    def only(self, tray: Tray) -> None:
        """Empty every tray, `tray` as well, which is filled next."""
        with self._turn:
            before = None if self._full is None else self._full()
            if before is not None:
                before.clear()
            self._full = ref(tray)
