"""The server of a vault's rows: what a role has to be granted there, and a schema for a while.

Source: docs/spec/04-stores.md section 11, docs/spec/29-operations.md section 7.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealhold.audit.tables import CHECKPOINT, LEAF, NODE
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError
from sealhold.model.sqlsteps import Ask
from sealhold.node.places import Places, places_of, sql_place
from sealhold.stores.backends.postgres import PostgresStore
from sealhold.stores.pgmigrating import drop
from sealhold.stores.pgroles import grants
from sealhold.stores.spec import RecordStore
from sealhold.vault.home import Home

ADDED_ONLY = (LEAF.name, NODE.name, CHECKPOINT.name)  # an entry that was written stands


def grants_of(folder: Path, role: str) -> list[str]:
    """Return the statements that let `role` work on the rows of a vault.

    Raises:
        InvalidError: its rows are on no server, or no such word can name a role.
        NoHomeError: there is no vault.
    """
    home = Home(folder)
    home.check()
    places = places_of(home)
    if not places.records:
        raise InvalidError("the rows of this vault lie in its folder")
    _, schema = sql_place(places)
    return grants(schema, role, ADDED_ONLY)


@contextmanager
def scratch(places: Places, entropy: Entropy) -> Iterator[RecordStore | None]:
    """Lend a store in a schema that is new and goes again; None if the role may make none.

    Raises:
        StoreUnavailableError: the server does not answer.
    """
    client, _ = sql_place(places)
    schema = f"sealhold_drill_{entropy(8).hex()}"
    asked = "SELECT has_database_privilege(current_database(), 'CREATE')"
    with client.reading() as session:
        [[(may_make,)]] = session.run([Ask(asked)])
    try:
        if not may_make:
            yield None
            return
        try:
            yield PostgresStore(client, schema)
        finally:
            drop(client, schema)
    finally:
        client.close()
