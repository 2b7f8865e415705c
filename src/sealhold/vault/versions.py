"""The keys of one subject that wrap record keys: one wraps, older ones only open.

- A row names the version that it lies under, and is opened by that one.
- What seals takes the version and its key in one go, so that a key which is turned over meanwhile
  comes whole before it or whole after it.
- A version that is destroyed is not here; a row that came back under it opens for nobody.

Source: docs/spec/28-rotation.md section 1.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

from sealhold.crypto.seal import Sealer
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import AppId, SubjectId
from sealhold.stores.spec import Row


@dataclass(frozen=True, slots=True)
class Versions:
    """The record-wrapping keys of one subject at one moment."""

    subject: SubjectId
    app: AppId
    version: int  # the one in force
    records: Sealer  # of that version
    sealers: Mapping[int, Sealer]  # each that there is

    @property
    def now(self) -> "Versions":
        """These: of one moment there is no other."""
        return self

    def opener(self, version: int) -> Sealer:
        """Return what opens the wraps of a version.

        Raises:
            SealBrokenError: it is destroyed, or never was.
        """
        found = self.sealers.get(version)
        # THREAT T271: a row under a destroyed version opens for nobody, wherever it came from
        if found is None:
            raise SealBrokenError("it lies under a version of a key that is not there")
        return found


class Turning:
    """The versions of one subject as they are now; another moment puts others here.

    Of the owner, who has no row that each commit could be held to, whoever seals keeps the turn
    until the writer has it: then what was sealed under a version is there for whoever turns it.
    """

    __slots__ = ("__weakref__", "_lock", "blocks", "now")

    def __init__(self, now: Versions) -> None:
        self.now = now
        # key blocks as they were opened, by number: the row, and what is in it
        self.blocks: dict[int, tuple[Row, bytes]] = {}
        self._lock = RLock()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Let nobody else seal for this subject, or turn its keys over, until the block ends."""
        with self._lock:  # THREAT T272: what was sealed is written before the key is turned over
            yield
