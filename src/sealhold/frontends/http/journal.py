"""What a served vault writes down of itself: one JSON object a line, with nothing personal in it.

- A request is its method, the pattern of its route, its status, size and time. No body, header,
  query, token or address gets here: they are not handed over.
- What stood in a path, an id for the most part, is a tag under a key that is drawn at each start
  and kept nowhere: lines of one run can be joined by it, and joined to nothing else.
- A journal that cannot be written, or is read slowly, holds up no answer: lines wait for a thread
  of their own, so many at most, and what finds no room is left out.

Source: docs/spec/29-operations.md section 4.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Thread
from typing import Any, Self

import msgspec

from sealhold.model.clock import Clock

MOST_LINES = 4_096  # that wait: about a megabyte
LAST = 2.0  # seconds for what waits at the end


class Aside:
    """Writes lines by `write` in a thread of its own, as long as the block runs."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._lines: Queue[str | None] = Queue(MOST_LINES)
        self._thread = Thread(target=self._run, name="journal", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what waits, if it is read in time."""
        with suppress(Full):
            self._lines.put(None, timeout=LAST)
        self._thread.join(LAST)

    def __call__(self, line: str) -> None:
        """Take a line to be written; one for which there is no room is left out."""
        with suppress(Full):
            self._lines.put_nowait(line)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # nobody reads any more
                self._write(line)


class Journal:
    """Writes lines by `write`, from any thread."""

    def __init__(
        self, write: Callable[[str], object], clock: Clock, tag: Callable[[str], str]
    ) -> None:
        self._write = write
        self._clock = clock
        self._tag = tag

    def happened(self, event: str, **facts: str | int | bool) -> None:
        """Write that something happened to the service itself."""
        self._line({"event": event, **facts})

    def answered(  # reason: all that may be told of an answer
        self,
        method: str,
        route: str,
        names: Mapping[str, str],
        *,
        status: int,
        size: int,
        seconds: float,
        fault: str,
    ) -> None:
        """Write that a request was answered."""
        # THREAT T284: what stands in a path never gets into a log as it is
        tags = {name: self._tag(value) for name, value in names.items()}
        facts: dict[str, Any] = {  # reason: JSON
            "event": "request",
            "method": method,
            "route": route,
            "status": status,
            "bytes": size,
            "ms": round(seconds * 1000, 2),
        }
        if tags:
            facts["tags"] = tags
        if fault:
            facts["fault"] = fault
        self._line(facts)

    def _line(self, facts: Mapping[str, Any]) -> None:  # reason: JSON
        at = datetime.fromtimestamp(self._clock() / 1000, UTC)
        told = {"at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **facts}
        with suppress(OSError, ValueError):  # nobody reads any more
            self._write(msgspec.json.encode(told).decode() + "\n")
