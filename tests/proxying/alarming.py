"""What tests of alarms share: small tables, limits and reactions, users, what the vault says."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Final

from sealhold.node import opened
from sealhold.node.proxyalarming import AlarmWork
from sealhold.node.proxywork import RIGHTS, ProxyWork
from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster
from tests.proxying.starting import PASSPHRASE, SECRET, Started, prepared, serve
from tests.proxying.tables import CLEAR, Col, Table, policy
from tests.proxying.talking import Talk

THIEF: Final = "thief"
STOLEN: Final = "a-password-that-was-stolen"
DECOY: Final = "backup"


def small(name: str, rows: int = 0) -> Table:
    """Return a table of numbered notes."""
    return Table(
        name=name,
        dataset="clinic",
        rows=rows,
        columns=(
            Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth)),
            Col(name="body", type="text", protect=("match",), make=lambda _, nth: f"note {nth}"),
        ),
    )


def alarming_policy(
    rented: Cluster,
    said: dict[str, str],
    *,
    port: int = 0,
    csps: str = "",
) -> str:
    """Return a policy of tables with what more is said of each, and more providers."""
    url = f"postgresql://landlord@127.0.0.1:{port or rented.port}/rented?sslmode=disable"
    text = policy(tuple(map(small, said)), url, secret=f"vault:{SECRET}")
    for name, more in said.items():
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\n{more}\n')
    return text.replace("[[table]]", f"{csps}\n[[table]]", 1)


def made(folder: Path, text: str, users: Sequence[str] = ()) -> Path:
    """Prepare a vault with more users, and a decoy; return its home."""
    home = folder / "vault"
    prepared(home, text)
    with opened(home, PASSPHRASE) as node:
        work = ProxyWork(node)
        for name in users:
            work.add_user(name, STOLEN, RIGHTS, (), is_decoy=name == DECOY)
    return home


def found(home: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return causes and places of alarms, and kinds and names of what is held."""
    with opened(home, PASSPHRASE) as node:
        work = AlarmWork(node)
        alarms = {(each.cause, each.place) for each in work.recent(1_000)}
        return alarms, {(each.kind, each.name) for each in work.held()}


def let_go(home: Path, kind: str, name: str) -> None:
    with opened(home, PASSPHRASE) as node:
        AlarmWork(node).release(kind, name)


def as_user(address: Address, name: str) -> Address:
    return replace(address, user=name, password=STOLEN)


def fill(link: Talk, table: str, rows: int) -> None:
    values = ", ".join(f"({each}, 'note {each}')" for each in range(rows))
    link.rows(f"INSERT INTO {table} (id, body) VALUES {values}")


@contextmanager
def serving(home: Path, folder: Path) -> Iterator[Started]:
    with serve(home, folder) as started:
        yield started


class Heard:
    """What a proxy says while it is serve: causes of alarms."""

    def __init__(self, started: Started) -> None:
        self.causes: list[str] = []
        self._from = started.process.stdout
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(ValueError):  # it is closed in the end
            for line in self._from or ():
                self.causes.append(json.loads(line)["alarm"])


def code(link: Talk, sql: str) -> str:
    """Return the SQLSTATE of a statement; empty if it was done, `lost` if nobody answered."""
    answer = link.say(sql)[-1]
    if answer.kind in {"lost", "silent"}:
        return "SH008" if "quarantined" in answer.message else answer.message or "lost"
    return answer.sqlstate


def until(is_so: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is so."""
    end = monotonic() + seconds
    while not is_so():
        if monotonic() > end:
            return False
        sleep(0.1)
    return True
