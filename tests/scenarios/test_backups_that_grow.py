"""Backups that share what did not change, are looked through, and go when they are old."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sealhold.model.encoding import pack
from sealhold.model.errors import CarrierRefusedError, InvalidError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import DAY, HOUR
from sealhold.node import Node, backing
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.spec import ObjectStore
from sealhold.vault.backups import Backups
from sealhold.vault.home import Home
from sealhold.vault.noting import Noting
from sealhold.vault.pruning import Pruning
from tests.conformance import s3server
from tests.forking import ended
from tests.scenarios.backed import OWNER, nobody_watches
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened, world
from tests.transcripts.cli import Cli, furnish


def size(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a vault and a place that has three backups of it."""
    folder = tmp_path_factory.mktemp("grown")
    clock, place = Hands(), folder / "place"
    home = new_home(folder / "home", clock)
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green"] * 300)])
        for _ in range(3):
            backing.back_up(node, str(place), nobody_watches)
            clock.move(1_000)
    return folder


@pytest.fixture
def grown(made: Path, tmp_path: Path) -> tuple[Path, Path, Hands]:
    """Return copies of vault and place, and a clock of later."""
    for name in ("home", "place"):
        shutil.copytree(made / name, tmp_path / name)
    clock = Hands()
    clock.move(HOUR)
    return tmp_path / "home", tmp_path / "place", clock


def restored(to: Path, place: Path | str, home: Path, clock: Hands, backup: str = "") -> int:
    """Go back to a backup with the keys of the older home; return how many items it has."""
    wanted = backing.Restore(to, str(place), Home(home), world(clock), backup=backup)
    wanted.fill(nobody_watches, lambda: PASSPHRASE)
    with Node(to, world(clock)) as node:
        node.unlock(PASSPHRASE, OWNER)
        assert node.audit.verify().whole
        return node.records.search("green").total


def test_a_backup_after_which_little_changed_sends_little(
    grown: tuple[Path, Path, Hands],
) -> None:
    home, place, clock = grown
    before = size(place)

    with opened(home, clock) as node:
        made = backing.back_up(node, str(place), nobody_watches)

    keys = size(place / f"{made.id}+" / "keys+")
    assert size(place) - before - keys < made.size / 4


def test_each_backup_that_shares_packs_comes_back_by_itself(
    grown: tuple[Path, Path, Hands], tmp_path: Path
) -> None:
    home, place, clock = grown
    first = min(path.name.removesuffix("+") for path in place.glob("b*"))

    assert restored(tmp_path / "to", place, home, clock, first) == 300


def test_a_backup_that_an_older_program_made_comes_back_as_ever_and_beside_newer_ones(
    grown: tuple[Path, Path, Hands], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, place, clock = grown

    def as_before(made: Backups, _place: ObjectStore, name: str, data: Noting) -> None:
        made.core.store.backup(data, f"{name}/data")

    with monkeypatch.context() as older, opened(home, clock) as node:
        older.setattr(Backups, "_rows", as_before)
        old = backing.back_up(node, str(place), nobody_watches)
    clock.move(1_000)
    with opened(home, clock) as node:
        backing.back_up(node, str(place), nobody_watches)

    assert (place / f"{old.id}+" / "data+" / "00000000").exists()
    assert not (place / f"{old.id}+" / "rows").exists()
    told = backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)
    assert told.backups == 5
    assert restored(tmp_path / "old", place, home, clock, old.id) == 300
    assert restored(tmp_path / "new", place, home, clock) == 300


@pytest.mark.threat("T486")
@pytest.mark.parametrize("bend", ["gone", "cut"])
def test_what_the_place_lost_of_an_earlier_backup_is_put_again(
    grown: tuple[Path, Path, Hands], tmp_path: Path, bend: str
) -> None:
    home, place, clock = grown
    for path in place.glob("rows+/packs+/*/*"):
        if bend == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])

    with opened(home, clock) as node:
        made = backing.back_up(node, str(place), nobody_watches)

    found, _ = backing.verify_backup(str(place), made.id, None, world(clock), nobody_watches)
    assert found.digest == made.digest
    assert restored(tmp_path / "to", place, home, clock) == 300


@pytest.mark.threat("T485")
def test_the_list_of_another_backup_is_refused(
    grown: tuple[Path, Path, Hands], tmp_path: Path
) -> None:
    home, place, clock = grown
    one, *_, last = sorted(place.glob("b*/rows"))
    shutil.copyfile(one, last)

    with pytest.raises(TamperedError):
        restored(tmp_path / "to", place, home, clock)
    assert not (tmp_path / "to").exists()


def test_a_check_reads_a_sample_or_all_and_finds_what_is_bent(
    grown: tuple[Path, Path, Hands],
) -> None:
    _, place, clock = grown

    look = backing.check_backups(str(place), world(clock), nobody_watches, read_data=False)
    whole = backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)

    assert look.backups == whole.backups == 3
    assert 4 <= look.read <= whole.read == whole.parts
    [path, *_] = place.glob("rows+/packs+/*/*")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(TamperedError, match="is not what was written"):
        backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)
    path.unlink()
    with pytest.raises(TamperedError, match="is gone"):
        backing.check_backups(str(place), world(clock), nobody_watches, read_data=False)


@pytest.mark.threat("T487")
def test_old_backups_go_in_two_phases_and_the_newest_comes_back(
    grown: tuple[Path, Path, Hands], tmp_path: Path
) -> None:
    home, place, clock = grown

    def prune(*, is_meant: bool) -> tuple[int, int, int]:
        told = backing.prune_backups(str(place), 1, world(clock), is_meant=is_meant)
        return len(told.dropped), told.deleted, told.waiting

    before = size(place)
    looked = prune(is_meant=False)
    assert (looked[:2], size(place)) == ((2, 0), before)
    assert prune(is_meant=True) == looked
    assert prune(is_meant=True) == (0, 0, 0)  # noted a moment ago
    clock.move(DAY)
    assert prune(is_meant=True) == (0, looked[2], 0)

    whole = backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)
    assert whole.backups == 1
    assert size(place) < before
    assert not list(place.glob("n*"))
    assert restored(tmp_path / "to", place, home, clock) == 300
    with pytest.raises(InvalidError):
        backing.prune_backups(str(place), 0, world(clock), is_meant=True)


@pytest.mark.threat("T487")
def test_a_note_that_somebody_made_takes_nothing_that_a_backup_needs(
    grown: tuple[Path, Path, Hands],
) -> None:
    _, place, clock = grown
    store = LocalDir(place)
    note = pack([1, 0, [*store.names()]])
    store.put(ObjectName("n000000000000000-00000000"), SealedBytes(note))

    told = backing.prune_backups(str(place), 3, world(clock), is_meant=True)

    assert (told.deleted, told.dropped) == (0, ())
    backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)


@pytest.mark.threat("T487")
def test_while_a_manifest_cannot_be_read_nothing_goes(grown: tuple[Path, Path, Hands]) -> None:
    _, place, clock = grown
    next(place.glob("b*/manifest")).write_bytes(b"bent")
    before = size(place)

    with pytest.raises(TamperedError):
        backing.prune_backups(str(place), 1, world(clock), is_meant=True)
    assert size(place) == before


def test_a_place_that_deletes_nothing_takes_backups_and_says_so_when_pruned(
    grown: tuple[Path, Path, Hands],
) -> None:
    _, place, clock = grown

    class AppendOnly(LocalDir):
        def delete(self, name: ObjectName) -> None:
            del name

    pruning = Pruning(AppendOnly(place), clock, os.urandom)
    assert len(pruning.look(1).dropped) == 2
    with pytest.raises(CarrierRefusedError):
        pruning.run(1)
    backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)


def cut_off(what: str, left: int, work: Callable[[], object]) -> bool:
    """Do work in a process that is killed before its write number `left`; return whether it was."""

    def begun() -> None:
        plain, count = getattr(LocalDir, what), iter(range(left))

        def counted(store: LocalDir, *args: ObjectName) -> object:
            if next(count, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return plain(store, *args)

        setattr(LocalDir, what, counted)
        work()

    code = ended(begun)
    assert code in (0, -signal.SIGKILL)
    return code != 0


def test_acceptance_6_a_kill_at_each_write_of_a_backup_or_a_pruning_breaks_nothing(
    grown: tuple[Path, Path, Hands], tmp_path: Path
) -> None:
    home, place, clock = grown

    def back_up() -> None:
        with opened(home, clock) as node:
            backing.back_up(node, str(place), nobody_watches)

    def prune() -> None:
        backing.prune_backups(str(place), 1, world(clock), is_meant=True)

    kills = []
    for what, work in (("put", back_up), ("put", prune), ("delete", prune), ("delete", prune)):
        for left in range(60):
            clock.move(DAY)
            cut = cut_off(what, left, work)
            found = backing.check_backups(str(place), world(clock), nobody_watches, read_data=True)
            assert found.backups >= 1
            if not cut:
                break
            kills.append(what)

    assert kills.count("put") >= 5
    assert kills.count("delete") >= 3
    back_up()
    assert restored(tmp_path / "to", place, home, clock) == 300


def test_done_9_three_of_five_cards_and_a_bucket_bring_a_lost_vault_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(furnish(tmp_path / "here"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3server.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3server.SECRET)
    place = f"s3://{s3server.BUCKET}/cards?endpoint={s3server.address()}"
    for line in (
        *("init --headless --recovery paper", "import calendar.ics"),
        *("key cards paper Cards --needed 3 --cards 5", f"backup recovery {place}"),
        f"backup make {place}",
    ):
        ended = cli(*line.split())
        assert ended.code == 0, ended.err
    query = ("query", "SELECT summary FROM events ORDER BY ALL")
    before = cli(*query).out.splitlines()[:-1]
    shutil.rmtree(cli.home)
    (cli.folder / "paper").unlink()

    cards = " ".join(f"Cards/{each.name}" for each in sorted((cli.folder / "Cards").iterdir())[1:4])
    assert cli(*f"key recover {cards} --to back".split()).code == 0
    now = {"SEALHOLD_PASSPHRASE": "a passphrase of today"}
    done = cli("restore", place, "--recovery", env={"SEALHOLD_RECOVERY_FILE": "back", **now})
    assert done.code == 0, done.err

    assert cli(*query, env=now).out.splitlines()[:-1] == before
    assert cli("audit", "verify", env=now).code == 0
    assert cli("query", "SELECT 1").code != 0  # the passphrase of before


@pytest.mark.threat("T488")
def test_what_cards_open_lies_where_it_is_deleted_and_for_the_epoch_in_force_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(furnish(tmp_path / "here"))
    for line in ("init --headless --recovery paper", "backup recovery B", "backup make B"):
        assert cli.line(line).code == 0
    [first] = (cli.folder / "B").glob("e*/*")
    escrow = first.read_bytes()

    cli.line("key close-epoch")
    assert cli.line("backup make B").code == 0

    [now] = (cli.folder / "B").glob("e*/*")
    assert now.name.startswith(f"{2:018d}-")
    assert now.read_bytes() != escrow
    opens = {"SEALHOLD_RECOVERY_FILE": "paper", "SEALHOLD_PASSPHRASE": "another passphrase"}
    [old, _] = sorted(path.name.removesuffix("+") for path in (cli.folder / "B").glob("b*"))
    ended = cli("--home", "to", "restore", "B", "--recovery", "--id", old, env=opens)
    assert (ended.code, "nothing of epoch 1" in ended.err) == (4, True), ended.err
    assert list((cli.folder / "to").iterdir()) == []

    with monkeypatch.context() as patched:
        patched.setattr(LocalDir, "delete", lambda _store, _name: None)
        refused = cli.line("backup recovery C")
    assert "keeps what it has" in refused.err
    assert not list((cli.folder / "C").glob("e*"))


def test_a_vault_without_a_recovery_secret_has_nothing_for_cards(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path / "here"))
    cli.line("init --headless")

    assert "without a recovery secret" in cli.line("backup recovery B").err
    assert cli.line("--home to restore B --recovery").code == 2
