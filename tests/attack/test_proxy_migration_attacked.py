"""Migrations against a provider that lies about a table's form, and against kills at a commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import DatabaseAwayError, MigrationError
from sealhold.node.proxymigrations import Migrations
from sealhold.node.proxymoving import Mover
from sealhold.protect.migrating import steps
from sealhold.protect.migrating.forms import Move, Phase
from sealhold.protect.statemoves import Noted
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import (
    ACCOUNT,
    Cut,
    cutting,
    filled,
    held,
    owned,
    phase,
    running_over,
    said,
)
from tests.proxying.starting import policy_for, prepared
from tests.proxying.talking import Talk

MARKER = "a name that nobody may read"
WRITE = f"INSERT INTO account VALUES (900, '{MARKER}', 1, 1, NULL, NULL)"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture
def home(rented: Cluster, tmp_path: Path) -> Path:
    filled(rented, 60)
    prepared(tmp_path / "vault", policy_for(rented, (ACCOUNT,)))
    return tmp_path / "vault"


def quiet(_progress: object) -> None:
    return


def looks_filling(rented: Cluster, home: Path) -> None:
    """Have the provider show the table as in the middle of a migration."""
    with owned(home) as migrations:
        move = migrations.move(migrations.key("account"))
        names = [row[0] or "" for row in rented.run(COLUMNS, "rented")]
        for each in steps.begin(move, names):
            rented.run(each, "rented")


@pytest.mark.threat("T697")
def test_a_form_that_the_provider_alone_shows_is_not_believed(rented: Cluster, home: Path) -> None:
    looks_filling(rented, home)
    with running_over(home) as address, Talk(address) as link:
        for each in (WRITE, "SELECT * FROM account", "COPY account FROM STDIN"):
            assert said(link, each).sqlstate == "SH001", each
    assert rented.run(FOUND, "rented") == [("0",)]
    with owned(home) as migrations, pytest.raises(MigrationError, match="another proxy"):
        migrations.run("account", quiet)


@pytest.mark.threat("T697")
def test_a_protected_table_that_is_shown_in_the_clear_again_is_not_used(
    rented: Cluster, home: Path
) -> None:
    with owned(home) as migrations:
        migrations.run("account", quiet)
        migrations.finish("account")
    filled(rented, 60)  # the provider puts an old copy back
    looks_filling(rented, home)
    with running_over(home) as address, Talk(address) as link:
        assert said(link, WRITE).sqlstate == "SH001"
    filled(rented, 60)
    with owned(home) as migrations, pytest.raises(MigrationError, match="already"):
        migrations.run("account", quiet)
    assert rented.run(FOUND, "rented") == [("0",)]


@pytest.mark.threat("T698")
@pytest.mark.parametrize("is_back", [False, True])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_connection_cut_at_any_commit_leaves_one_of_two_forms(
    rented: Cluster, home: Path, *, is_done: bool, is_back: bool
) -> None:
    truth = filled(rented, 60)
    with owned(home) as migrations:
        if is_back:
            migrations.run("account", quiet)
        cutting(migrations, 0, is_done=is_done)
        at = 0
        while True:
            at += 1
            cutting(migrations, at, is_done=is_done)
            try:
                migrations.run("account", quiet, is_back=is_back)
            except DatabaseAwayError:
                Cut.at = 0
                noted = migrations.notes.of(("public", "account"))
                if is_done and is_over(rented, is_back=is_back):
                    assert noted is not None
                    assert noted.phase is Phase.SWITCHING
                    settled(migrations, is_back=is_back)
                    break
                continue
            break
        assert phase(rented) == ("clear" if is_back else "switched")
    if not is_back:
        with running_over(home) as address, Talk(address) as link:
            assert held(link) == truth


def is_over(rented: Cluster, *, is_back: bool) -> bool:
    return phase(rented) == ("clear" if is_back else "switched")


def settled(migrations: Migrations, *, is_back: bool) -> None:
    """Do what a start after the kill does."""
    migrations.settle()
    noted = migrations.notes.of(("public", "account"))
    assert noted == (None if is_back else Noted(Phase.SWITCHED))


@pytest.mark.threat("T698")
def test_a_form_that_is_neither_of_the_two_ends_the_migration(home: Path) -> None:
    with owned(home) as migrations:
        migrations.notes.put(("public", "account"), Noted(Phase.SWITCHING))
        with pytest.raises(MigrationError, match="not as this proxy left it"):
            migrations.run("account", quiet)


@pytest.mark.threat("T699")
def test_a_cell_that_the_provider_changed_meanwhile_stops_the_switch(
    rented: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = Mover.compare

    def changed(self: Mover, move: Move) -> None:
        rented.run("UPDATE account SET _sh_new_note = _sh_new_owner WHERE id = 1", "rented")
        compare(self, move)

    monkeypatch.setattr(Mover, "compare", changed)
    with owned(home) as migrations, pytest.raises(MigrationError, match="were changed"):
        migrations.run("account", quiet)
    assert phase(rented) == "filling"


COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'account'::regclass AND attnum > 0"
    " AND NOT attisdropped ORDER BY attnum"
)
FOUND = f"SELECT count(*) FROM account a WHERE a::text LIKE '%{MARKER}%'"
