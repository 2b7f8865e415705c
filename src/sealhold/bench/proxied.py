"""A proxy of a bench's own: a new vault, a signed policy in force, and `sealhold proxy serve`.

Source: docs/benchmarks.md.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.bench.processes import program, surroundings
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.model.errors import SealholdError
from sealhold.node import opened
from sealhold.node.proxypolicy import sign
from sealhold.node.proxywork import RIGHTS, ProxyWork

USER: Final = "bench"
PASSWORD: Final = "nobody-has-rows-here"  # noqa: S105  # reason: nobody does
ENDING: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Proxied:
    """A proxy that runs."""

    address: str
    pid: int


@contextmanager
def proxied(folder: Path, policy: str, database: str) -> Iterator[Proxied]:
    """Serve a policy from a new vault in `folder`; yield where it listens for `database`.

    Raises:
        SealholdError: it does not start.
    """
    home = new_vault(folder / "vault")
    data = policy.encode()
    with opened(home, PASSPHRASE) as node:
        work = ProxyWork(node)
        work.add_user(USER, PASSWORD, RIGHTS, ())
        work.activate(data, sign(node, data).envelope, accept_weaker=False)
    words = ("proxy", "serve", "--home", str(home), "--json", "--listen", "127.0.0.1:0")
    server = subprocess.Popen(  # noqa: S603  # reason: a command of ours
        program(*words), env=surroundings(PASSPHRASE), stdout=subprocess.PIPE, text=True
    )
    try:
        said = server.stdout.readline() if server.stdout is not None else ""
        if not said:
            raise SealholdError("the proxy did not start")
        port = json.loads(said)["port"]
        yield Proxied(
            f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}?sslmode=disable",
            server.pid,
        )
    finally:
        server.terminate()
        server.communicate(timeout=ENDING)
