"""Many clients at once, well behaved and not: what a proxy lives with for days.

- A worker has rows of its own and knows what must stand in them, so each answer can be judged
  without a second database.
- A vandal logs in rightly and then sends frames that are cut, swollen, out of order or noise. The
  others must not notice; the proxy may close the vandal's connection, and nothing else.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final

from tests.proxying.addresses import Address
from tests.proxying.tables import Table
from tests.proxying.talking import Step, Talk, Way
from tests.proxying.worlds import KEY, clear, hidden

CROWD: Final = Table(
    name="crowd", dataset="crowd", rows=0, columns=(
        KEY,
        clear("worker", "integer", lambda *_: None, "NOT NULL"),
        hidden("tag", "text", "match", lambda *_: None),
        hidden("secret", "text", "sealed", lambda *_: None),
        hidden("rank", "integer", "match order", lambda *_: None),
    ),
)  # fmt: skip
ROWS: Final = 20  # of one worker
KINDS: Final = b"QPBEDSCHXFdcfp\x00\xff"
QUIET: Final = 0.5  # seconds that a vandal waits for an answer


@dataclass(slots=True)
class Tally:
    """What the workers and vandals of one crowd did."""

    done: int = 0
    vandalised: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, wrong: str = "") -> None:
        with self.lock:
            self.done += 1
            self.wrong += [wrong] * bool(wrong)


def crowd(
    address: Address, workers: int, vandals: int, seconds: float, watch: Callable[[], None]
) -> Tally:
    """Let so many work and vandalise for a while; `watch` is called again and again meanwhile."""
    tally = Tally()
    until = monotonic() + seconds
    with Talk(address) as link:
        (made,) = link.say(CROWD.create)
        assert made.kind == "done", made
    threads = [
        threading.Thread(target=_worked, args=(address, nth, until, tally), daemon=True)
        for nth in range(workers)
    ]
    threads += [
        threading.Thread(target=_vandalised, args=(address, nth, until, tally), daemon=True)
        for nth in range(vandals)
    ]
    for thread in threads:
        thread.start()
    while monotonic() < until:
        watch()
        threads[0].join(1.0)
    for thread in threads:
        thread.join(60.0)
        if thread.is_alive():
            tally.count("a client hangs")
    return tally


def resident_mb(pid: int) -> float:
    """Return the real memory of a process."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    ]
    return int(line.split()[1]) / 1024


def _worked(address: Address, nth: int, until: float, tally: Tally) -> None:
    try:
        with Talk(address) as link:
            worker = _Worker(link, nth, Random(nth))
            worker.begin()
            while monotonic() < until:
                tally.count(worker.work())
    except (ConnectionError, AssertionError) as err:
        tally.count(f"worker {nth}: {err}"[:300])


class _Worker:
    """One client and what it knows of its rows."""

    def __init__(self, link: Talk, nth: int, random: Random) -> None:
        self._link, self._nth, self._random = link, nth, random
        self._rows = {
            nth * 1_000 + at: (f"w{nth}t{at % 3}", f"secret {nth} {at}", at) for at in range(ROWS)
        }

    def begin(self) -> None:
        lines = "".join(
            f"{key}\t{self._nth}\t{tag}\t{secret}\t{rank}\n"
            for key, (tag, secret, rank) in self._rows.items()
        )
        (done,) = self._link.say(Step("COPY crowd FROM STDIN", lines.encode()))
        assert done.tag == f"COPY {ROWS}", done

    def work(self) -> str:
        """Do something, and return what was wrong about the answer."""
        kinds = (self._look, self._look, self._find, self._span, self._change, self._undo)
        return self._random.choice(kinds)()

    def _asked(self, sql: str, wanted: list[tuple[str | None, ...]]) -> str:
        came = self._link.say(sql, self._random.choice([Way.SIMPLE, Way.TEXT]))
        rows = [
            tuple(None if c is None else c.decode() for c in row) for a in came for row in a.rows
        ]
        return "" if sorted(rows) == sorted(wanted) else f"{sql}: {rows or came} for {wanted}"

    def _look(self) -> str:
        key = self._random.choice([*self._rows])
        return self._asked(f"SELECT secret FROM crowd WHERE id = «{key}»", [(self._rows[key][1],)])

    def _find(self) -> str:
        tag = f"w{self._nth}t{self._random.randrange(3)}"
        wanted = [(str(key), row[1]) for key, row in self._rows.items() if row[0] == tag]
        return self._asked(f"SELECT id, secret FROM crowd WHERE tag = «{tag}»", [*wanted])

    def _span(self) -> str:
        low = self._random.randrange(ROWS)
        wanted = [(str(key),) for key, row in self._rows.items() if row[2] >= low]
        sql = f"SELECT id FROM crowd WHERE rank >= «{low}» AND worker = {self._nth}"
        return self._asked(sql, [*wanted])

    def _change(self) -> str:
        key = self._random.choice([*self._rows])
        tag, _, rank = self._rows[key]
        secret = f"changed {self._random.random()}"
        wrong = self._asked(
            f"UPDATE crowd SET secret = «{secret}» WHERE id = «{key}» RETURNING secret", [(secret,)]
        )
        if not wrong:
            self._rows[key] = (tag, secret, rank)
        return wrong

    def _undo(self) -> str:
        key = self._random.choice([*self._rows])
        self._link.say("BEGIN")
        self._link.say(f"UPDATE crowd SET secret = 'never' WHERE worker = {self._nth}")
        self._link.say("ROLLBACK")
        return self._asked(f"SELECT secret FROM crowd WHERE id = {key}", [(self._rows[key][1],)])


def _vandalised(address: Address, nth: int, until: float, tally: Tally) -> None:
    random = Random(-nth - 1)
    while monotonic() < until:
        with suppress(ConnectionError, OSError), Talk(address) as link:
            raw = socket.socket(fileno=os.dup(link.link.socket))
            with raw:
                raw.settimeout(QUIET)
                for _ in range(random.randint(1, 12)):
                    raw.sendall(noise(random))
                    with suppress(TimeoutError):
                        raw.recv(65_536)
        with tally.lock:
            tally.vandalised += 1


def noise(random: Random) -> bytes:
    """Return bytes that look more or less like messages of a client."""
    kind = random.choice(KINDS).to_bytes()
    body = random.choice(
        [
            b"SELECT secret FROM crowd\0",
            b"\0\0\0\0\0\0\0\0",
            b"x\0SELECT $1\0\0\1\0\0\0\x19",
            random.randbytes(random.randrange(60)),
            b"x\0y\0\xff\xff\xff\xff\xff\xff",
            b"",
        ]
    )
    size = random.choice([len(body) + 4, len(body) + 4, len(body) + 4, 3, 0, 2**30, 4, 2**31])
    frame = kind + struct.pack(">I", size & 0xFFFFFFFF) + body
    return random.choice([frame, frame, frame * 3, frame[: random.randrange(1, len(frame))]])
