"""A proxy with an agent that adds up: both in this process, so that a test can look between them.

- The agent is the real one, behind its real server; what it is asked is noted. A test may put
  something between the agent and its door: a liar.
- The proxy is lent by `proxying`, as `proxy serve` does, and folds when it is told to.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Final, cast

from sealhold.frontends.pg.listener import run
from sealhold.frontends.pg.seam import Door
from sealhold.net.relay.server import RelayServer, bind
from sealhold.node import opened
from sealhold.node.agentserving import AgentDoors
from sealhold.node.proxying import Proxy, proxying
from sealhold.protect.agent import Agent
from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster
from tests.proxying.starting import PASSPHRASE, SECRET, USER, USERS, policy_for, prepared
from tests.proxying.tables import Table
from tests.proxying.talking import Talk

TOKEN: Final = "the-agent-s-own-long-token"
ENVIRONMENT: Final[Mapping[str, str]] = {"AGENT": TOKEN}


@dataclass(slots=True)
class Running:
    """An agent that runs."""

    agent: Agent
    folder: Path
    url: str
    seen: list[tuple[str, str, int]] = field(default_factory=list)


@contextmanager
def agent(folder: Path, made: Callable[[Path, str], Agent] = Agent) -> Iterator[Running]:
    """Run an agent."""
    one = made(folder, TOKEN)
    server = RelayServer(AgentDoors(one), bind("127.0.0.1", 0))
    running = Running(one, folder, f"http://127.0.0.1:{server.address[1]}")
    server.watch = lambda head, _: running.seen.append((head.method, head.path, head.length))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.stop()
        thread.join()


def summed_policy(rented: Cluster, tables: tuple[Table, ...], url: str) -> str:
    """Return the policy of tables that are added up at the agent at `url`."""
    text = policy_for(rented, tables)
    part = f'[[csp]]\nid = "adder"\nkind = "agent"\nurl = "{url}"\nsecret = "env:AGENT"\n\n'
    return text.replace('csps = ["rented"]', 'csps = ["rented", "adder"]').replace(
        "[[table]]", f"{part}[[table]]", 1
    )


@dataclass(slots=True)
class Serving:
    """A proxy that serves in this process."""

    address: Address
    proxy: Proxy

    def fold(self) -> int:
        """Fold all columns; return how many blocks were put at the agent."""
        assert self.proxy.folder is not None
        return sum(each.blocks for each in self.proxy.folder.fold())

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        with Talk(self.address) as link:
            return link.rows(sql)


@contextmanager
def serving(home: Path, policy: str = "") -> Iterator[Serving]:
    """Serve a vault's proxy; `policy` is put in force first, in a new vault."""
    if policy:
        prepared(home, policy)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0)
    port = listener.getsockname()[1]
    ending = Event()
    with opened(home, PASSPHRASE) as node, proxying(node, ENVIRONMENT) as proxy:
        door = cast("Door", proxy.door)
        thread = Thread(target=run, args=(door, listener, ending.is_set), daemon=True)
        thread.start()
        try:
            address = Address(port=port, user=USER, password=USERS, database="rented")
            yield Serving(address, proxy)
        finally:
            ending.set()
            thread.join()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something: a server keeps the locks of whoever was killed for a moment."""
    until = monotonic() + 30
    while not holds():
        assert monotonic() < until
        sleep(0.05)


__all__ = ["SECRET", "Running", "Serving", "agent", "serving", "summed_policy", "wait_until"]
