"""What a provider keeps and sees, searched for markers: wire, files, log, activity, dump.

- The provider is the worst one: it keeps every byte that reaches it, each statement in its log,
  all of its write-ahead log, and looks at its own activity all the time.
"""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.proxying.between import Recorder, between
from tests.proxying.cluster import Cluster
from tests.proxying.markers import found_in
from tests.proxying.talking import Talk

LOOK: Final = 0.02  # seconds between two looks at the activity
SEEN: Final = (
    "SELECT query, application_name FROM pg_stat_activity WHERE datname = current_database()"
)
PLACES: Final = ("wire", "files", "wal", "log", "activity", "dump")


class Hunt:
    """All that one provider saw of one database."""

    def __init__(self, rented: Cluster, database: str) -> None:
        self._rented = rented
        self._database = database
        self._recorder = Recorder()
        self._seen: list[str] = []

    @contextmanager
    def watching(self, *, tls: bool = False) -> Iterator[int]:
        """Record what passes and what the server tells of its activity; yield the port to use."""
        done = threading.Event()
        look = threading.Thread(target=self._look, args=(done,), daemon=True)
        look.start()
        folder = self._rented.folder if tls else None
        try:
            with between(self._rented.port, self._recorder.wire, folder) as port:
                yield port
        finally:
            done.set()
            look.join()

    def _look(self, done: threading.Event) -> None:
        with Talk(self._rented.address(self._database)) as link:
            while not done.wait(LOOK):
                self._seen += [part or "" for row in link.rows(SEEN) for part in row]

    def found(self) -> dict[str, Counter[int]]:
        """Return the markers that stand in each place, and how often."""
        self._rented.run("CHECKPOINT")
        wal = self._rented.data / "pg_wal"
        files, logged = Counter[int](), Counter[int]()
        for path in self._rented.data.rglob("*"):
            if path.is_file() and not path.is_symlink():
                (logged if path.is_relative_to(wal) else files).update(found_in(path.read_bytes()))
        return {
            "wire": found_in(self._recorder.seen),
            "files": files,
            "wal": logged,
            "log": found_in(self._rented.log.read_bytes()),
            "activity": found_in("\n".join(self._seen).encode()),
            "dump": found_in(self._dumped()),
        }

    def _dumped(self) -> bytes:
        address = self._rented.address(self._database)
        return subprocess.run(
            [self._rented.room / "pg_dump", "--no-owner"],
            env={**os.environ, **address.environment}, check=True, stdout=subprocess.PIPE,
        ).stdout  # fmt: skip

    def passed(self, words: bytes) -> bool:
        """Tell whether these bytes passed the wire."""
        return words in self._recorder.seen
