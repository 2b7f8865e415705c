"""A table that is migrated while two clients use it, through a proxy that is killed and started.

- Each client has rows of its own and keeps what they hold: its truth. Where a connection is lost in
  the middle of a change, both outcomes are allowed until the row is read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic, sleep
from typing import Final

from sealhold.config import PASSPHRASE_VARIABLE
from sealhold.node import opened
from sealhold.node.proxying import proxying
from sealhold.node.proxymigrations import Migrations
from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster
from tests.proxying.starting import ENDING, PASSPHRASE, USER, USERS
from tests.proxying.tables import Table
from tests.proxying.talking import Answer, Talk
from tests.proxying.worlds import clear, hidden, maybe, number, whole, words

ACCOUNT: Final = Table(
    name="account", dataset="bank", rows=0, columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        hidden("owner", "text", "match", words, "NOT NULL UNIQUE"),
        hidden("amount", "integer", "order", whole(0, 999), "NOT NULL"),
        clear("branch", "integer", whole(0, 9), "NOT NULL"),
        hidden("note", "text", "sealed", maybe(words)),
        hidden("marks", "text[]", "sealed", maybe(words)),
    ),
)  # fmt: skip
FILLED: Final = (
    "INSERT INTO account SELECT g, 'owner ' || g, g % 1000, g % 10,"
    " CASE WHEN g % 7 = 0 THEN NULL ELSE 'note ' || g END,"
    " CASE WHEN g % 3 = 0 THEN NULL ELSE ARRAY['m' || g, NULL, 'x'] END"
    " FROM generate_series(1, {}) g"
)
ALL: Final = "SELECT id, owner, amount, branch, note, marks FROM account"
OTHERS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'rented'"
    " AND backend_type = 'client backend'"
)
AGAIN: Final = frozenset({"40001"})
GONE: Final = frozenset({"SH005", "57P01"})
Row = tuple[str | None, ...]


def filled(rented: Cluster, rows: int) -> dict[int, Row]:
    """Make the table in the clear at the provider, as it was before, and return what it holds."""
    rented.run("DROP TABLE IF EXISTS account", "rented")
    rented.run(ACCOUNT.create, "rented")
    rented.run(FILLED.format(rows), "rented")
    rented.run("CREATE INDEX by_amount ON account (amount)", "rented")
    rented.run("CREATE INDEX by_note ON account (note)", "rented")
    return {int(row[0] or 0): row for row in rented.run(ALL, "rented")}


@dataclass(slots=True)
class Running:
    """A proxy that is started, killed and started again over one vault."""

    home: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> Address:
        with (self.home.parent / "proxy.log").open("a") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "sealhold", "proxy", "serve", "--home", str(self.home),
                 "--json", "--listen", f"127.0.0.1:{self.port}", *self.options],
                env={**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE}, stdout=subprocess.PIPE,
                stderr=errors, text=True,
            )  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, (self.home.parent / "proxy.log").read_text()[-2_000:]
        self.port = json.loads(said)["port"]
        self.process = process
        return Address(port=self.port, user=USER, password=USERS, database="rented")

    def kill(self, rented: Cluster) -> None:
        """End it at once, and wait until the provider has done what it was asked before that.

        Else a statement of a lost connection could be done after its client looked for its outcome.
        """
        if self.process is not None:
            self.process.kill()
            self._ended(self.process)
        while rented.run(OTHERS) != [("0",)]:
            sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(ENDING)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self._ended(self.process)

    @staticmethod
    def _ended(process: "subprocess.Popen[str]") -> None:
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def running_over(home: Path) -> Iterator[Address]:
    """Serve a vault's proxy for the length of a block."""
    running = Running(home)
    try:
        yield running.start()
    finally:
        running.stop()


@contextmanager
def owned(home: Path) -> Iterator[Migrations]:
    """Lend the migrations of a vault's proxy, without a process of its own."""
    with opened(home, PASSPHRASE) as node, proxying(node, {}) as proxy:
        yield proxy.migrations


def sealhold(home: Path, *words_: str) -> "subprocess.CompletedProcess[str]":
    """Run a command over the vault."""
    return subprocess.run(
        [sys.executable, "-m", "sealhold", *words_, "--home", str(home)],
        env={**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@dataclass(slots=True)
class Client:
    """One that reads and writes its rows until it is told to end."""

    address: Address
    truth: dict[int, Row]
    share: int  # rows whose number leaves this rest
    of: int = 2
    ending: Event = field(default_factory=Event)
    done: int = 0
    wrong: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    _doubt: dict[int, tuple[Row | None, Row | None]] = field(default_factory=dict)
    _keys: list[int] = field(default_factory=list)
    _thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.ending.set()
        assert self._thread is not None
        self._thread.join()

    def _work(self) -> None:
        random = Random(self.share)
        while not self.ending.is_set():
            try:
                with Talk(self.address) as link:
                    self.settle(link)
                    while not self.ending.is_set():
                        self._one(link, random)
            except (ConnectionError, OSError):
                sleep(0.05)

    def _one(self, link: Talk, random: Random) -> None:
        number_ = self._some(random)
        kind = random.random()
        if kind < 0.4:
            self._check(link, number_)
        elif kind < 0.8:
            self._update(link, random, number_)
        elif kind < 0.9:
            self._insert(link, random)
        else:
            self._delete(link, number_)
        self.done += 1

    def _some(self, random: Random) -> int:
        if self.done % 1_000 == 0:
            self._keys = [each for each in self.truth if each % self.of == self.share]
        return random.choice(self._keys)

    def _check(self, link: Talk, number_: int) -> None:
        row = self.truth.get(number_)
        by = "id = " + str(number_)
        if row is not None and number_ % 3 == 0:
            by = f"owner = '{row[1]}'"
        came = said(link, f"{ALL} WHERE {by}")
        if self._refused(came):
            return
        found = rows_of(came)
        if found != ([row] if row is not None else []):
            self.wrong.append(f"{number_}: {found} is not {row}")

    def _update(self, link: Talk, random: Random, number_: int) -> None:
        row = self.truth.get(number_)
        if row is None:
            return
        note = random.choice(["NULL", f"'new {random.random()}'"])
        amount = random.randint(0, 9_999)
        new = (*row[:2], str(amount), row[3], None if note == "NULL" else note[1:-1], row[5])
        self._change(
            link, number_, new,
            f"UPDATE account SET amount = {amount}, note = {note} WHERE id = {number_}",
        )  # fmt: skip

    def _insert(self, link: Talk, random: Random) -> None:
        number_ = (10_000_000 + random.randrange(10**8)) * self.of + self.share
        row: Row = (str(number_), f"owner {number_}", "5", "1", None, "{a,NULL}")
        self._change(
            link, number_, row,
            f"INSERT INTO account VALUES ({number_}, '{row[1]}', 5, 1, NULL, '{{a,NULL}}')",
        )  # fmt: skip

    def _delete(self, link: Talk, number_: int) -> None:
        if number_ in self.truth:
            self._change(link, number_, None, f"DELETE FROM account WHERE id = {number_}")

    def _change(self, link: Talk, number_: int, new: Row | None, sql: str) -> None:
        self._doubt[number_] = (self.truth.get(number_), new)
        came = said(link, sql)
        if self._refused(came):
            del self._doubt[number_]
            return
        self._keep(number_, new)
        del self._doubt[number_]

    def _keep(self, number_: int, row: Row | None) -> None:
        if row is None:
            self.truth.pop(number_, None)
        else:
            self.truth[number_] = row

    def _refused(self, came: Answer) -> bool:
        if not came.sqlstate:
            return False
        self.codes[came.sqlstate] = self.codes.get(came.sqlstate, 0) + 1
        if came.sqlstate in GONE:
            raise ConnectionError
        if came.sqlstate not in AGAIN:
            self.wrong.append(f"{came.sqlstate} {came.message}")
        return True

    def settle(self, link: Talk) -> None:
        """Read the rows whose change was under way when the connection was lost."""
        for number_, both in list(self._doubt.items()):
            came = said(link, f"{ALL} WHERE id = {number_}")
            if self._refused(came):
                raise ConnectionError
            rows = rows_of(came)
            found = rows[0] if rows else None
            if found not in both:
                self.wrong.append(f"{number_}: {found} is none of {both}")
            self._keep(number_, found)
            del self._doubt[number_]


def said(link: Talk, sql: str) -> Answer:
    """Return what came for a statement, if the connection is still there."""
    answers = link.say(sql)
    if len(answers) != 1 or answers[0].kind in {"lost", "silent"}:
        raise ConnectionError
    return answers[0]


def rows_of(came: Answer) -> list[Row]:
    return [
        tuple(None if each is None else each.decode() for each in row) for row in came.rows or ()
    ]


def held(link: Talk) -> dict[int, Row]:
    """Return all rows, as a client reads them."""
    found: dict[int, Row] = {}
    said(link, "BEGIN")
    said(link, f"DECLARE every CURSOR FOR {ALL}")
    while rows := rows_of(said(link, "FETCH 20000 FROM every")):
        found.update((int(row[0] or 0), row) for row in rows)
    said(link, "COMMIT")
    return found


def phase(rented: Cluster) -> str:
    """Return which form the table has at the provider."""
    names = {
        row[0] or ""
        for row in rented.run(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'account'::regclass"
            " AND attnum > 0 AND NOT attisdropped",
            "rented",
        )
    }
    if "_sh_was_owner" in names:
        return "filling"
    if "_sh_gone_owner" in names:
        return "switched"
    return "protected" if "_sh_rid" in names else "clear"


def wait_for(rented: Cluster, wanted: str, seconds: float) -> None:
    until = monotonic() + seconds
    while phase(rented) != wanted:
        assert monotonic() < until, f"still {phase(rented)}"
        sleep(0.1)
