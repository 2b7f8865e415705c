"""What only a store on a server must stand: its full disk, a connection cut, a lesser role."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sealhold.model.errors import (
    InvalidError,
    StoreFullError,
    StoreUnavailableError,
)
from sealhold.model.sqlsteps import Ask, Do
from sealhold.net.pg import PgClient
from sealhold.stores.backends.postgres import PostgresStore
from sealhold.stores.spec import Health
from sealhold.stores.sqlclient import SqlSession

from . import pgserver
from .children import batches_in, write_batch
from .record_bench import HOLDER, KEY, NOW, SHARD, TABLES, TTL_S, Opened, put, thing
from .small_disk import small_disk


def created(client: PgClient, schema: str) -> Opened:
    store = PostgresStore(client, schema)
    store.open(TABLES, lambda: KEY, create=True)
    return Opened(store, store.lease(SHARD, HOLDER, TTL_S, NOW))


def first_without_room(opened: Opened) -> int:
    """Return the number of the first batch that found no room."""
    for number in range(1_000):  # far more than fits
        try:
            write_batch(opened, number)
        except StoreFullError:
            return number
    raise AssertionError("all found room")


def outside_a_transaction(statement: str) -> None:
    """Run what a server takes only by itself."""
    owner = pgserver.client()
    try:
        owner.alone([statement])
    finally:
        owner.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Lend a folder that the server's user can reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_batch_that_finds_no_room_on_the_server_leaves_nothing_and_the_next_goes_on(
    open_folder: Path,
) -> None:
    schema = pgserver.schema_of(open_folder)
    with small_disk(open_folder) as disk:
        if not disk.is_mounted:
            pytest.skip("no file system of its own without root")
        room = disk.folder / "room"
        room.mkdir()
        pgserver.hand_over(disk.folder)
        pgserver.hand_over(room)
        outside_a_transaction(f"CREATE TABLESPACE {schema} LOCATION '{room}'")
        opened = created(pgserver.client(default_tablespace=schema), schema)

        number = first_without_room(opened)

        assert number > 3
        assert batches_in(opened) == list(range(number))
        disk.grow()
        write_batch(opened, number)
        assert batches_in(opened) == list(range(number + 1))
        assert opened.store.check() == Health(faults=())
        opened.store.close()
        outside_a_transaction(f"DROP SCHEMA {schema} CASCADE")
        outside_a_transaction(f"DROP TABLESPACE {schema}")


def test_a_server_that_cuts_the_connection_is_one_typed_error_and_then_works_again(
    tmp_path: Path,
) -> None:
    client = pgserver.client()
    opened = created(client, pgserver.schema_of(tmp_path))
    write_batch(opened, 0)

    with pytest.raises(StoreUnavailableError), client.writing() as session:
        _cut(session)

    write_batch(opened, 1)
    assert batches_in(opened) == [0, 1]


def test_no_server_at_all_is_the_same_typed_error(tmp_path: Path) -> None:
    store = PostgresStore(PgClient("postgresql://nobody@127.0.0.1:1/none"), "some")

    with pytest.raises(StoreUnavailableError):
        store.open(TABLES, None, create=False)

    assert list(tmp_path.iterdir()) == []
    store.close()


def test_a_role_that_may_make_no_table_is_enough_for_daily_work(tmp_path: Path) -> None:
    schema = pgserver.schema_of(tmp_path)
    created(pgserver.client(), schema).store.close()
    owner = pgserver.client()
    with owner.writing() as session:
        session.run(
            [
                Do(f"CREATE ROLE r{schema} LOGIN"),
                Do(f"GRANT USAGE ON SCHEMA {schema} TO r{schema}"),
                Do(
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"
                    f" IN SCHEMA {schema} TO r{schema}"
                ),
            ]
        )
    owner.close()
    lesser = PgClient(pgserver.address().replace("sealhold@", f"r{schema}@"))
    store = PostgresStore(lesser, schema)

    store.open(TABLES, None, create=False)
    opened = Opened(store, store.lease(SHARD, HOLDER, TTL_S, NOW))
    opened.keep(thing(1))

    assert opened.numbers() == [1]
    with pytest.raises(StoreUnavailableError, match="42501"), lesser.writing() as session:
        session.run([Do(f"DROP TABLE {schema}.t_things")])
    store.close()


def test_an_error_of_the_server_names_nothing_of_a_row(tmp_path: Path) -> None:
    client = pgserver.client()
    opened = created(client, pgserver.schema_of(tmp_path))
    opened.commit([put(thing(7))])
    name = f"{pgserver.schema_of(tmp_path)}.t_things"

    with pytest.raises(StoreUnavailableError) as told, client.writing() as session:
        session.run([Do(f"INSERT INTO {name} SELECT * FROM {name}")])  # a fixed name

    assert str(told.value) == "the database server says 23505"
    opened.store.close()


@pytest.mark.parametrize("schema", ["", "Big", "a;b", "a" * 60, "1a", 'a"'])
def test_a_word_that_cannot_name_a_schema_is_refused(schema: str) -> None:
    with pytest.raises(InvalidError):
        PostgresStore(PgClient("postgresql://nobody@127.0.0.1:1/none"), schema)


def _cut(session: SqlSession) -> None:
    """End the server's side of a session's connection, and then ask something."""
    (((process,),),) = session.run([Ask("SELECT pg_backend_pid()")])
    os.kill(process, signal.SIGTERM)
    session.run([Do("SELECT 1")])
