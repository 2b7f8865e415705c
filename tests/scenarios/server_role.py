"""A vault on a server that works under a role of its own, with the printed grants and no more."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sealhold.model.sqlsteps import Do
from sealhold.net.pg import PgClient
from tests.conformance import pgserver
from tests.transcripts.cli import Cli

ROLE = f"sealhold_runs_{os.getpid()}"  # one server may serve several processes of tests
_MAKE = f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"


def does(client: PgClient, *statements: str) -> None:
    """Run statements in one transaction."""
    with client.writing() as session:
        session.run([*map(Do, statements)])


@contextmanager
def owner() -> Iterator[PgClient]:
    """Lend a way to the server for its owner."""
    client = pgserver.client()
    try:
        yield client
    finally:
        client.close()


def at(role: str = ROLE) -> str:
    """Return where the server is for a role."""
    return pgserver.address().replace("sealhold@", f"{role}@")


def work_under_it(cli: Cli) -> None:
    """Let a vault whose rows are on the server work under the role from now on."""
    printed = cli.line(f"service print-grants {ROLE}")
    assert printed.code == 0, printed.err
    with owner() as client:
        does(client, _MAKE, *printed.out.replace("\n", " ").split(";")[:-1])
    stores = cli.home / "stores.toml"
    stores.write_text(stores.read_text().replace("sealhold@", f"{ROLE}@"))
