"""Rows on a server are brought to our form in one transaction; whatever goes wrong, none of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    FenceLostError,
    InvalidError,
    OlderFormError,
    SealholdError,
    TamperedError,
)
from sealhold.model.quantities import Instant
from sealhold.model.sqlsteps import Ask, Do
from sealhold.node import Places, backing
from sealhold.stores.backends.postgres import PostgresStore
from sealhold.stores.migrating import Change, Migration
from sealhold.stores.pgmigrating import Moving, moving
from sealhold.stores.spec import Expect, Put
from sealhold.vault.catalogue import JOBS
from sealhold.vault.deciding import Deciding
from sealhold.vault.headrows import SET_HASH, set_mac
from sealhold.vault.home import FORM, Home
from sealhold.vault.keysets import lease
from sealhold.vault.opening import DECIDING
from sealhold.vault.settings import SETTINGS
from tests.conformance import pgserver
from tests.forking import ended
from tests.scenarios.test_upgrade import DOWN, NOTES, OLDER, OPTIONS, UP, check_whole
from tests.scenarios.test_upgrade_of_the_first import busy, told
from tests.scenarios.upgraded import made_older
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened, world


def schema_of(folder: Path) -> str:
    return pgserver.schema_of(folder)


def rows_at(folder: Path, user: str = "sealhold") -> str:
    address = pgserver.address().replace("sealhold@", f"{user}@")
    return f"{address}?schema={schema_of(folder)}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a vault of an older form, as a program of long ago would have left it on a server."""
    home = Home(new_home(tmp_path / "home", places=Places(records=rows_at(tmp_path))))
    with opened(home.folder) as node:
        names = node.parts.core.keyring.named("set-hash")
        node.parts.records.timeline()
    client = pgserver.client()
    with moving(client, schema_of(tmp_path)) as rows:
        rows.take(*DOWN)
        deciding = Deciding([OPTIONS, *(each for each in DECIDING if each is not SETTINGS)], names)
        deciding.load(rows.view)
        found = rows.view.get(SET_HASH.name, [(0,)])[0]
        assert found is not None
        mac = set_mac(names, found.row[1], deciding.total)
        rows.put([Put(SET_HASH.name, (0, found.row[1], mac))])
        rows.put([Put(NOTES.name, (bytes(16), bytes(40)), Expect.ABSENT)])
    client.close()
    home.set_form(OLDER)
    return home.folder


def does(*steps: Ask | Do) -> list[list[tuple[object, ...]]]:
    """Do something as the server's owner."""
    client = pgserver.client()
    try:
        with client.writing() as session:
            return session.run(steps)
    finally:
        client.close()


def tables_in(schema: str) -> set[str]:
    asked = "SELECT tablename FROM pg_tables WHERE schemaname = $1"
    return {str(row[0]) for row in does(Ask(asked, (schema,)))[0]}


def bring(home: Path, records: str = "") -> None:
    backing.upgrade(home, world(), PASSPHRASE, UP, records=records)


@pytest.mark.threat("T288")
def test_older_rows_of_a_server_are_brought_along_with_all_that_they_hold(
    home: Path, tmp_path: Path
) -> None:
    schema = schema_of(tmp_path)
    before = tables_in(schema)
    with pytest.raises(OlderFormError), opened(home):
        pass

    bring(home)

    assert tables_in(schema) == before - {"t_option", "t_note"} | {
        f"t_{SETTINGS.name}",
        f"t_{JOBS.name}",
    }
    check_whole(home, tmp_path)
    with opened(home) as node:
        told = [line.what for line in node.audit.lines() if line.kind == "upgrade"]
    assert told == [f"the rows were brought to another form: form {FORM}"]
    with pytest.raises(ConflictError):
        bring(home)


@pytest.mark.threat("T288")
def test_wrong_steps_change_nothing_and_edited_rows_are_not_carried_over(
    home: Path, tmp_path: Path
) -> None:
    schema = schema_of(tmp_path)
    before = tables_in(schema)
    short = Migration(to=FORM, about="nothing", deciding=frozenset({"option"}))
    wrong = Migration(to=FORM, about="wrong", changes=(Change(table="nowhere", to=None),))
    for steps in ((short,), (wrong,), ()):
        with pytest.raises((InvalidError, TamperedError)):
            backing.upgrade(home, world(), PASSPHRASE, steps)
        assert (Home(home).form, tables_in(schema)) == (OLDER, before)
    does(Do(f"UPDATE {schema}.t_option SET c_value = c_value + 1"))  # fixed names

    with pytest.raises(TamperedError):
        bring(home)

    assert (Home(home).form, tables_in(schema)) == (OLDER, before)


@contextmanager
def dying(of: type, point: str, *, after: bool) -> Iterator[None]:
    true = getattr(of, point)

    def dies(*words: object) -> None:
        if after:
            true(*words)
        os._exit(9)

    setattr(of, point, dies)
    try:
        yield
    finally:
        setattr(of, point, true)


def die_at(home: Path, of: type, point: str, *, after: bool) -> None:
    with dying(of, point, after=after):
        bring(home)


POINTS = ((Moving, "take", True), (Moving, "faults", True), (Home, "set_form", False))


@pytest.mark.threat("T288")
def test_a_kill_at_any_point_leaves_one_form_whole_on_the_server(
    home: Path, tmp_path: Path
) -> None:
    for of, point, after in POINTS:  # before the last of them nothing is changed
        assert ended(die_at, home, of, point, after=after) == 9
        assert ("t_option" in tables_in(schema_of(tmp_path))) is (of is Moving)
        with pytest.raises(SealholdError), opened(home):
            pass

    bring(home)

    check_whole(home, tmp_path)


def test_who_still_writes_by_an_older_lease_writes_nothing_more(tmp_path: Path) -> None:
    client = pgserver.client()
    store = PostgresStore(client, schema_of(tmp_path))
    store.open([NOTES], None, create=True)
    fence = lease(store, Hands(Instant(1)))
    note = Put(NOTES.name, (bytes(16), bytes(40)))

    with moving(client, schema_of(tmp_path)):
        pass

    with pytest.raises(FenceLostError):
        store.commit((), lambda _: (note,), fence)
    store.commit((), lambda _: (note,), lease(store, Hands(Instant(2))))
    store.close()


def test_the_log_of_the_first_form_gets_its_index_on_a_server(tmp_path: Path) -> None:
    home = Home(new_home(tmp_path / "home", places=Places(records=rows_at(tmp_path))))
    owner = busy(home.folder, 1_000)
    before = told(home.folder, owner)
    made_older(home.folder, 1)

    backing.upgrade(home.folder, world(), PASSPHRASE)

    assert told(home.folder, owner) == before + 1  # going there was told, too
