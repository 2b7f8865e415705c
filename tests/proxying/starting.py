"""A proxy that serves: a vault of its own, a signed policy in force, and `sealhold proxy serve`.

- `start_proxy` is the one seam between what judges the proxy and the proxy. All the rest of
  `tests/proxying` speaks to an `Address`.
- Towards the provider it uses TLS where a `Cluster` is asked through it, or plain TCP by way of a
  port that something else listens on: a recorder, a liar.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.config import PASSPHRASE_VARIABLE
from sealhold.node import create, opened
from sealhold.node.proxypolicy import judge, sign
from sealhold.node.proxywork import RIGHTS, ProxyWork
from tests.proxying.addresses import Address
from tests.proxying.cluster import OWNER, PASSWORD, Cluster
from tests.proxying.tables import Table, policy
from tests.proxying.worlds import WORLDS

PASSPHRASE: Final = "nobody lives in this vault"
USER: Final = "app"
USERS: Final = "the-app-s-own-password"
SECRET: Final = "rented"
ENDING: Final = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Started:
    """A proxy that runs."""

    address: Address
    process: "subprocess.Popen[str]"
    home: Path
    peers: str = ""  # where other proxies may ask


def policy_for(
    rented: Cluster, tables: tuple[Table, ...] = WORLDS, *, database: str = "rented",
    port: int = 0, tls: bool = False,
) -> str:  # fmt: skip
    """Return the policy of `tables` with the provider at `port`, by default its own."""
    end = f"sslmode=verify-full&sslrootcert={rented.root}" if tls else "sslmode=disable"
    url = f"postgresql://{OWNER}@127.0.0.1:{port or rented.port}/{database}?{end}"
    return policy(tables, url, secret=f"vault:{SECRET}")


@contextmanager
def start_proxy(
    text: str, folder: Path, database: str = "rented", *, others: tuple[str, ...] = ()
) -> Iterator[Started]:
    """Serve the policy `text` from a vault in `folder`; end it by its process id.

    `others` log in too, with the same password; what they may is behind their name: `ann:read`.
    """
    prepared(folder / "vault", text, others)
    with serving(folder, database) as started:
        yield started


@contextmanager
def serving(folder: Path, database: str = "rented") -> Iterator[Started]:
    """Serve what a vault in `folder` has in force; end it by its process id."""
    with serve(folder / "vault", folder, database) as started:
        yield started


@contextmanager
def serve(
    home: Path, folder: Path, database: str = "rented", *, options: Sequence[str] = (),
    before: Sequence[str] = (),
) -> Iterator[Started]:  # fmt: skip
    """Serve from a vault that is prepared; `before` stands before the command, as `ip netns`."""
    errors = (folder / "proxy.log").open("w")
    server = subprocess.Popen(
        [*before, sys.executable, "-m", "sealhold", "proxy", "serve", "--home", str(home),
         "--json", "--listen", "127.0.0.1:0", *options],
        env={**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE}, stdout=subprocess.PIPE,
        stderr=errors, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        assert said, (folder / "proxy.log").read_text()[-2_000:]
        told = json.loads(said)
        address = Address(port=told["port"], user=USER, password=USERS, database=database)
        yield Started(address, server, home, told["peers"])
    finally:
        server.terminate()
        try:
            server.wait(ENDING)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        errors.close()
        if server.stdout is not None:
            server.stdout.close()


def prepared(home: Path, text: str, others: tuple[str, ...] = ()) -> None:
    """Make a vault with a user, the provider's password, and the policy in force."""
    data = text.encode()
    report = judge(data)
    assert report.exit_code == 0, "\n".join(
        f"{e.key} {e.line}: {e.message}" for e in report.findings if e.severity.value == "error"
    )
    create(home, PASSPHRASE, headless=True)
    with opened(home, PASSPHRASE) as node:
        work = ProxyWork(node)
        work.set_secret(SECRET, PASSWORD)
        work.add_user(USER, USERS, RIGHTS, ())
        for each in others:
            name, _, may = each.partition(":")
            rights, _, tables = may.partition("@")
            work.add_user(
                name,
                USERS,
                tuple(filter(None, rights.split(","))) or RIGHTS,
                tuple(filter(None, tables.split(","))),
            )
        work.activate(data, sign(node, data).envelope, accept_weaker=False)
