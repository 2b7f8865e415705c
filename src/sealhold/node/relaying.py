"""The home of a relay: its keys, its accounts, its stores, and the server that is made of them.

    relay.keys      what mints tokens, and the key of the rows     objects/     what devices put
    relay.db        rows, encrypted                                 stores.toml  if those lie on
    accounts.toml   ids of accounts and how much room each has      lock         servers; and a lock

- The relay runs with nobody near, so its keys lie beside its rows: they keep a copied disk of the
  rows' server, or of the bucket, from telling anything; what devices put is sealed without them.

Source: docs/spec/14-relay.md sections 3 and 6.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sealhold.model.errors import (
    StoreUnavailableError,
    TakenError,
)
from sealhold.model.ids import Id16
from sealhold.net.relay.doors import Doors
from sealhold.net.relay.files import allow_more
from sealhold.net.relay.linkdoors import LinkDoors
from sealhold.net.relay.server import RelayServer, bind, tls
from sealhold.node.places import Places, object_store, places_of, sql_place
from sealhold.node.world import World
from sealhold.sharing.hosting.accounts import Accounts, keys_of, make_keys, write_keys
from sealhold.sharing.hosting.linkshelf import LinkShelf
from sealhold.sharing.hosting.linksweep import sweeping
from sealhold.sharing.hosting.mailboxes import Mailboxes
from sealhold.sharing.hosting.tables import TABLES
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import RecordStore
from sealhold.vault.home import OWNER_ONLY, Home, Lock, replace

LEASE_S: Final = 3_600  # the file lock is what keeps others out; the lease numbers the writers

__all__ = ["Accounts", "make", "opened", "server_of"]  # the first is handed out as it is
_SHARD, _HOLDER = Id16(bytes(16)), Id16(b"relay's own lock")


def make(folder: Path, places: Places, world: World) -> None:
    """Make a new, empty relay.

    Raises:
        TakenError: something is in the folder.
        InvalidSettingsError: a place cannot be.
        StoreUnavailableError: the disk or a server refuses.
    """
    home = Home(folder)
    try:
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TakenError(f"`{folder}` is not empty")
        folder.chmod(OWNER_ONLY)
        home.objects.mkdir(mode=OWNER_ONLY)
    except OSError as err:
        raise StoreUnavailableError(f"`{folder}` cannot be made") from err
    if places.text():
        replace(home.stores, places.text())
    object_store(home, places, world.entropy)  # a bucket is tried
    keys = make_keys(world.entropy)
    rows = _rows(home, places)
    rows.open(TABLES, keys.rows.reveal, create=True)
    rows.close()
    write_keys(folder, keys)  # last: what has them is a relay


@contextmanager
def opened(folder: Path, world: World, *, ranges: bool) -> Iterator[tuple[Doors, Mailboxes]]:
    """Open a relay, and lend what answers and what keeps.

    Raises:
        NotFoundError: there is no relay.
        TamperedError: its files are not what was written.
        StoreBusyError: another process serves it.
        StoreUnavailableError: a store does not answer.
    """
    home, keys = Home(folder), keys_of(folder)
    lock = Lock(home)
    try:
        places = places_of(home)
        rows = _rows(home, places)
        rows.open(TABLES, keys.rows.reveal, create=False)
        try:
            kept = Mailboxes(
                rows=rows,
                objects=object_store(home, places, world.entropy),
                key=keys.minting,
                quotas=Accounts(folder).quota,
                clock=world.clock,
                entropy=world.entropy,
                fence=rows.lease(_SHARD, _HOLDER, LEASE_S, world.clock()),
            )
            shelf = LinkShelf(
                rows, kept.objects, kept.committing, kept.quotas, kept.clock, kept.entropy
            )
            with sweeping(shelf):
                yield Doors(kept, ranges=ranges, links=LinkDoors(shelf)), kept
        finally:
            rows.close()
    finally:
        lock.release()


def _rows(home: Home, places: Places) -> RecordStore:
    if not places.records:
        return SqlCipherStore(home.folder / "relay.db")
    client, schema = sql_place(places)
    from sealhold.stores.backends.postgres import PostgresStore  # noqa: PLC0415  # reason: an extra

    return PostgresStore(client, schema)


def server_of(
    parts: tuple[Doors, Mailboxes], host: str, port: int, pair: tuple[Path, Path] | None
) -> RelayServer:
    """Return a server that listens; `pair` has the files of a certificate and its key.

    From then on this process may open as many files as its system lets it.

    Raises:
        UsageError: the address or port cannot be had.
        InvalidSettingsError: the files are no certificate with its key.
    """
    doors, kept = parts
    context = tls(*pair) if pair else None
    allow_more()
    return RelayServer(doors, bind(host, port), context, woken=kept.committing.end)
