"""A vault of an older form is brought to ours, whole or not at all; a newer one is left alone."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.audit.tables import LEAF
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    NewerFormError,
    OlderFormError,
    SealholdError,
    StoreFullError,
    TamperedError,
)
from sealhold.node import backing
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.cipherfile import CipherFile
from sealhold.stores.migrating import Change, Migration, migrated_copy, tables_of
from sealhold.stores.spec import ColumnKind, Expect, KeySource, Put, Row, TableSpec
from sealhold.vault import upgrading
from sealhold.vault.catalogue import JOBS
from sealhold.vault.deciding import Deciding
from sealhold.vault.headrows import SET_HASH, set_mac
from sealhold.vault.home import FORM, Home
from sealhold.vault.keysets import lease
from sealhold.vault.opening import DECIDING
from sealhold.vault.owned import RECORDS
from sealhold.vault.settings import SETTINGS
from tests.forking import ended
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened, world
from tests.transcripts.cli import Cli

OLDER = FORM - 1
OPTIONS = TableSpec(  # what an older form had in place of `setting`: another name, a column more
    name="option",
    columns={"name": ColumnKind.CODE, "value": ColumnKind.I64, "spare": ColumnKind.I64},
    key=("name",),
    indexes={"value": ("value",)},
)
NOTES = TableSpec(  # and a table that nobody has any more
    name="note",
    columns={"id": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)


def without_spare(row: Row) -> Row:
    return row[:2]


UP = (
    Migration(
        to=FORM,
        about="settings without spares",
        changes=(
            Change(table="option", to=SETTINGS, row=without_spare),
            Change(table="note", to=None),
        ),
        added=(JOBS,),
        deciding=frozenset({"option"}),
    ),
)
DOWN = (
    Migration(
        to=OLDER,
        about="as it was once",
        changes=(
            Change(table="setting", to=OPTIONS, row=lambda row: (*row, 7)),
            Change(table=JOBS.name, to=None),
        ),
        added=(NOTES,),
    ),
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a vault of an older form, as a program of long ago would have left it."""
    folder = tmp_path_factory.mktemp("planted")
    home = Home(new_home(folder / "home"))
    with opened(home.folder) as node:
        ring = node.parts.core.keyring
        key, names = ring.named("data-file").reveal, ring.named("set-hash")
        node.sources.import_paths([calendar(folder / "first.ics", ["a", "b"], uid="first")])
        node.parts.records.timeline()
        file = key()
    migrated_copy(home.data, folder / "old.db", lambda: file, DOWN)
    store = SqlCipherStore(folder / "old.db")
    store.open(tables_of(folder / "old.db", lambda: file), lambda: file, create=False)
    deciding = Deciding([OPTIONS, *(spec for spec in DECIDING if spec is not SETTINGS)], names)
    deciding.load(store)
    found = store.get(SET_HASH.name, [(0,)])[0]
    assert found is not None
    size = found.row[1]
    ops = (
        Put(SET_HASH.name, (0, size, set_mac(names, size, deciding.total))),
        Put("note", (bytes(16), bytes(40)), Expect.ABSENT),
    )
    store.commit((), lambda _: ops, lease(store, Hands()))
    store.close()
    (folder / "old.db").replace(home.data)
    home.set_form(OLDER)
    return home.folder


@pytest.fixture
def home(planted: Path, tmp_path: Path) -> Path:
    shutil.copytree(planted, tmp_path / "home")
    return tmp_path / "home"


def bring(home: Path) -> None:
    backing.upgrade(home, world(), PASSPHRASE, UP)


def check_whole(home: Path, folder: Path) -> None:
    with opened(home) as node:
        assert node.audit.verify().whole
        assert node.headless is True
        assert node.sources.import_paths([calendar(folder / "c.ics", ["green"])]).new == 1


@pytest.mark.threat("T288")
def test_an_older_vault_is_not_opened_before_it_was_brought_along(
    home: Path, tmp_path: Path
) -> None:
    with pytest.raises(OlderFormError), opened(home):
        pass

    bring(home)

    check_whole(home, tmp_path)
    with opened(home) as node:
        assert [line.what for line in node.audit.lines() if line.kind == "upgrade"] == [
            f"the rows were brought to another form: form {FORM}"
        ]
    assert not list(home.glob("vault.db.*"))
    with pytest.raises(ConflictError):
        bring(home)


@pytest.mark.threat("T288")
def test_a_vault_of_a_newer_form_is_left_as_it_is(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.line("init --headless")
    home = Home(cli.home)
    home.set_form(FORM + 1)
    before = home.data.read_bytes()

    for line in ("status", "upgrade", "serve --port 0", "backup slots s"):
        ended = cli.line(line)
        assert ended.code == 7, (line, ended)
        assert "install that version" in ended.err

    assert home.data.read_bytes() == before
    with pytest.raises(NewerFormError):
        home.check()


@pytest.mark.threat("T288")
def test_rows_that_decide_and_were_edited_are_not_carried_over(home: Path) -> None:
    with_other_pages = bytearray((home / "vault.db").read_bytes())
    with_other_pages[-20] ^= 1
    (home / "vault.db").write_bytes(bytes(with_other_pages))

    with pytest.raises(TamperedError):
        bring(home)

    assert Home(home).form == OLDER
    assert not list(home.glob("vault.db.*"))


def test_a_step_that_does_not_lead_to_todays_tables_changes_nothing(home: Path) -> None:
    before = (home / "vault.db").read_bytes()
    short = Migration(to=FORM, about="nothing", deciding=frozenset({"option"}))
    wrong = Migration(to=FORM, about="wrong", changes=(Change(table="nowhere", to=None),))

    for steps in ((short,), (wrong,), ()):
        with pytest.raises((InvalidError, TamperedError)):
            backing.upgrade(home, world(), PASSPHRASE, steps)

    assert (home / "vault.db").read_bytes() == before
    assert Home(home).form == OLDER


def test_no_room_for_a_second_copy_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_words: object) -> None:
        raise StoreFullError("no room")

    with monkeypatch.context() as bent:
        bent.setattr(CipherFile, "fill_from", full)
        with pytest.raises(StoreFullError):
            bring(home)

    assert not list(home.glob("vault.db.*"))
    bring(home)
    check_whole(home, tmp_path)


POINTS = ("begin_switch", "take_next_data", "set_form")


def die_at(home: Path, point: str, *, after: bool) -> None:
    """Bring the vault along, and die at a point."""
    true = getattr(Home, point)

    def dying(self: Home, *words: int) -> None:
        if after:
            true(self, *words)
        os._exit(9)

    setattr(Home, point, dying)
    bring(home)


@contextmanager
def killed(home: Path, point: str, *, after: bool) -> Iterator[int | None]:
    yield ended(die_at, home, point, after=after)


@pytest.mark.threat("T288")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_one_form_whole(
    home: Path, tmp_path: Path, point: str, *, after: bool
) -> None:
    with killed(home, point, after=after) as code:
        assert code == 9
    is_done = point == "set_form" and after
    if not is_done:
        with pytest.raises(SealholdError), opened(home):
            pass
        bring(home)

    check_whole(home, tmp_path)
    assert not list(home.glob("vault.db.*"))


def bent(row: Row) -> Row:
    return (*row[:-1], bytes(reversed(row[-1])))


def broken(_row: Row) -> Row:
    raise InvalidError("a step that does not know what to do")


def without_third(row: Row) -> Row | None:
    return None if row[0] == 2 else row


BAD = {
    "items that do not open": (Change(table=RECORDS.name, to=RECORDS, row=bent),),
    "an entry of the log is gone": (Change(table=LEAF.name, to=LEAF, row=without_third),),
}


@pytest.mark.threat("T288")
@pytest.mark.parametrize("name", BAD)
def test_a_copy_that_fails_its_trial_is_thrown_away(home: Path, tmp_path: Path, name: str) -> None:
    (good,) = UP
    wrong = replace(good, changes=(*good.changes, *BAD[name]))
    with pytest.raises(TamperedError):
        backing.upgrade(home, world(), PASSPHRASE, (wrong,))

    assert Home(home).form == OLDER
    assert not list(home.glob("vault.db.*"))
    bring(home)
    check_whole(home, tmp_path)


@pytest.mark.threat("T288")
def test_rows_that_nobody_meant_to_take_are_missed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(path: Path, to: Path, key: KeySource, steps: Sequence[Migration]) -> None:
        (step,) = steps
        drop = Change(table=RECORDS.name, to=RECORDS, row=lambda _row: None)
        migrated_copy(path, to, key, [replace(step, changes=(*step.changes, drop))])

    with monkeypatch.context() as bending:
        bending.setattr(upgrading, "migrated_copy", losing)
        with pytest.raises(TamperedError, match="another number of rows"):
            bring(home)

    bring(home)
    check_whole(home, tmp_path)


def three_steps(*, fails: bool) -> tuple[Migration, ...]:
    (good,) = UP
    last = Change(table=SETTINGS.name, to=SETTINGS, row=broken if fails else lambda row: row)
    return (
        replace(good, to=FORM - 2),
        Migration(to=FORM - 1, about="nothing"),
        Migration(to=FORM, about="settings once more", changes=(last,)),
    )


@pytest.mark.threat("T288")
def test_a_migration_that_fails_at_its_third_step_leaves_the_old_vault_whole(
    home: Path, tmp_path: Path
) -> None:
    Home(home).set_form(FORM - 3)
    before = (home / "vault.db").read_bytes()

    with pytest.raises(InvalidError, match="does not know"):
        backing.upgrade(home, world(), PASSPHRASE, three_steps(fails=True))

    assert (home / "vault.db").read_bytes() == before
    assert Home(home).form == FORM - 3
    assert not list(home.glob("vault.db.*"))
    backing.upgrade(home, world(), PASSPHRASE, three_steps(fails=False))
    check_whole(home, tmp_path)


TRIAL = ("migrated_copy", "counts_of", "keep_before", "hashed", "miscounted", "trial_faults")


def die_in(home: Path, point: str) -> None:
    setattr(upgrading, point, lambda *_words: os._exit(9))
    bring(home)


@pytest.mark.threat("T288")
@pytest.mark.parametrize("point", TRIAL)
def test_a_kill_before_the_switch_leaves_the_old_vault_whole(home: Path, point: str) -> None:
    before = (home / "vault.db").read_bytes()
    assert ended(die_in, home, point) == 9
    assert (home / "vault.db").read_bytes() == before
    assert Home(home).form == OLDER
