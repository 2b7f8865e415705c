"""Attacks on the files of a closed home, by somebody who can write to its folder."""

import json
import random
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.model.errors import InsecureHomeError, NoHomeError, RolledBackError, TamperedError
from sealhold.model.quantities import HOUR, Instant
from sealhold.model.shown import AppView, GrantView, Meter
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.remembering import Remembering
from sealhold.vault.home import Home
from tests.scenarios.vaults import NOON, Asker, Hands, Job, calendar, new_home, opened

PAGE = 8_192  # bytes of the database
FILES = ("vault.db", "keys-1.db", "keys-1.key", "slot/1", "unlock/passphrase", "HEAD", "pack")
FIXED = ("keys-1.key", "slot/1", "unlock/passphrase", "pack")  # never written again
NAMED = {  # how a fault may name a file, where it is not by its own name
    "slot/1": ("slot/1",),
    "unlock/passphrase": ("passphrase", "`unlock`"),
    "pack": ("objects/packs/",),
    "HEAD": ("HEAD",),
}

State = tuple[tuple[Meter, ...], tuple[GrantView, ...], tuple[AppView, ...], int]


@dataclass(frozen=True)
class Lives:
    """One home on two days, and another home."""

    early: Path
    late: Path
    other: Path


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    folder = tmp_path_factory.mktemp("lives")
    home, other = folder / "home", folder / "other"
    for each in (home, other):
        _first_day(new_home(each), folder)
    shutil.copytree(home, folder / "early")
    _second_day(home, folder)
    return Lives(early=folder / "early", late=home, other=other)


@pytest.fixture
def home(lives: Lives, tmp_path: Path) -> Path:
    """Return a copy of the home as it was last written."""
    return Path(shutil.copytree(lives.late, tmp_path / "home"))


def _first_day(home: Path, folder: Path) -> None:
    with opened(home) as node:
        large = folder / "large.jsonl"
        large.write_text(json.dumps({"text": " ".join(f"word{n}" for n in range(20_000))}))
        node.sources.import_paths([large, calendar(folder / "a.ics", ["green"] * 20)])
        asker = Asker(node)
        asker.granted(node, Job())
        asker.granted(node, Job(name="Another", params={"p": 1}))
        node.apps.register_app("Idle", bytes(32))


def _second_day(home: Path, folder: Path) -> None:
    with opened(home, Hands(Instant(NOON + HOUR))) as node:
        spent, revoked = (f"g-{grant.id.hex()[-12:]}" for grant in node.grants.list())
        node.runs.run(spent)
        node.grants.revoke(revoked)
        node.apps.suspend("Idle")
        node.sources.import_paths([calendar(folder / "b.ics", ["red"] * 200, uid="b")])


def part(home: Path, name: str) -> Path:
    """Return a file of a home; `pack` is its one pack."""
    if name == "pack":
        return next(path for path in (home / "objects").rglob("*") if path.is_file())
    return home / name


def findings(home: Path) -> list[str]:
    """Return what opening or verifying says; any error but TAMPERED fails the test."""
    try:
        with opened(home) as node:
            return list(node.audit.verify().faults)
    except TamperedError as err:
        return [str(err)]


def state(home: Path) -> State:
    with opened(home) as node:
        grants, apps = node.grants.list(), node.apps.list()
        return node.budgets.meters(), grants, apps, node.status().items


def assert_found(home: Path, name: str) -> None:
    found = findings(home)
    assert found
    assert any(mark in fault for mark in NAMED.get(name, (name,)) for fault in found), found


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def test_an_untouched_home_opens_whole(home: Path) -> None:
    assert findings(home) == []


@pytest.mark.threat("T06")
@pytest.mark.parametrize("place", [0.0, 0.03, 0.3, 0.5, 0.77, 0.999_999])
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found_and_its_file_named(home: Path, name: str, place: float) -> None:
    path = part(home, name)

    flip(path, int(path.stat().st_size * place))

    assert_found(home, name)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("left", [0.0, 0.5, 0.999_999])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_is_found_and_named(home: Path, name: str, left: float) -> None:
    path = part(home, name)
    content = path.read_bytes()

    path.write_bytes(content[: int(len(content) * left)])

    assert_found(home, name)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_found_and_named(home: Path, name: str) -> None:
    part(home, name).unlink()

    assert_found(home, name)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_found(home: Path, name: str) -> None:
    path = part(home, name)
    path.unlink()
    path.mkdir(mode=0o700)

    assert_found(home, name)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_home_is_found(lives: Lives, home: Path, name: str) -> None:
    shutil.copyfile(part(lives.other, name), part(home, name))

    assert_found(home, name)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("name", ["slot", "unlock", "objects"])
def test_a_folder_that_is_gone_is_found(home: Path, name: str) -> None:
    shutil.rmtree(home / name)

    assert findings(home)


@pytest.mark.threat("T06")
def test_what_only_the_sweep_reads_ends_the_opening_and_frees_the_home(home: Path) -> None:
    path, place = home / "vault.db", PAGE * (_page_of(home, "t_pack") - 1) + 100
    flip(path, place)

    with pytest.raises(TamperedError, match=r"`vault\.db`"), opened(home):
        pass

    flip(path, place)
    assert findings(home) == []


def test_a_stray_file_among_the_packs_is_left_alone(home: Path) -> None:
    stray = part(home, "pack").parents[1] / "Thumbs.db"
    stray.touch(mode=0o600)

    assert findings(home) == []
    assert stray.exists()


def test_a_pack_that_no_row_names_is_swept_away(home: Path) -> None:
    whole = part(home, "pack")
    left = whole.with_name("0" * 64)
    left.touch(mode=0o600)

    assert findings(home) == []
    assert not left.exists()
    assert whole.exists()


def _page_of(home: Path, table: str) -> int:
    """Return the root page of a table; only who holds the keys can know it."""
    with opened(home) as node:
        store = node.parts.core.store
        assert isinstance(store, Remembering)
        store = store._inner
        assert isinstance(store, SqlCipherStore)
        with store._opened().connections.apart() as connection:
            asked = "SELECT rootpage FROM sqlite_master WHERE name = ?"
            return int(connection.execute(asked, (table,)).fetchone()[0])


def test_a_folder_without_any_part_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()

    with pytest.raises(NoHomeError), opened(tmp_path / "nothing"):
        pass


@pytest.mark.threat("T51")
@pytest.mark.parametrize("name", ["vault.db", "HEAD"])
def test_an_older_copy_of_a_file_is_told_as_such(lives: Lives, home: Path, name: str) -> None:
    shutil.copyfile(lives.early / name, home / name)

    with pytest.raises(RolledBackError, match=f"`{name}` is older"), opened(home):
        pass


@pytest.mark.threat("T51")
@pytest.mark.parametrize("name", ["keys-1.db", *FIXED])
def test_an_older_copy_of_what_never_changed_changes_nothing(
    lives: Lives, home: Path, name: str
) -> None:
    before = state(home)

    shutil.copyfile(part(lives.early, name), part(home, name))

    assert findings(home) == []
    assert state(home) == before


@pytest.mark.threat("T51")
def test_two_old_files_that_fit_each_other_do_not_fit_the_rest(lives: Lives, home: Path) -> None:
    """HEAD and the database together are an older day: what the newer day put beside is named."""
    pack = part(home, "pack")
    for name in ("vault.db", "HEAD"):
        shutil.copyfile(lives.early / name, home / name)
    pack.unlink()

    assert_found(home, "pack")


@pytest.mark.threat("T51")
def test_all_files_put_back_together_open_and_the_status_says_so(lives: Lives) -> None:
    """This is not detected, and is not claimed to be: a checkpoint kept elsewhere shows it."""
    with opened(lives.early) as node:
        assert node.audit.verify().whole
        assert "keep a checkpoint elsewhere" in node.status().rollback_note


@pytest.mark.threat("T70")
@pytest.mark.parametrize("mode", [0o040, 0o004, 0o010, 0o001, 0o020, 0o002])
@pytest.mark.parametrize("name", [".", "objects", "slot", "unlock", *FILES])
def test_a_home_that_others_may_reach_does_not_open(home: Path, name: str, mode: int) -> None:
    path = part(home, name)
    path.chmod(path.stat().st_mode | mode)

    with pytest.raises(InsecureHomeError, match="may be read by other users"), opened(home):
        pass


def test_a_file_that_goes_away_while_the_home_is_looked_at_is_no_fault(home: Path) -> None:
    """As when another process, which has the vault open, is replacing HEAD."""
    passing, stop = home / ".HEAD.new", threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            passing.touch(mode=0o600)
            passing.unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(60):
            Home(home).check()
    finally:
        stop.set()
        other.join()


def pages(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[at : at + PAGE] for at in range(0, len(content), PAGE)]


def put_back(home: Path, old: list[bytes], numbers: Iterator[int] | list[int]) -> None:
    now = pages(home / "vault.db")
    for number in numbers:
        now[number] = old[number]
    (home / "vault.db").write_bytes(b"".join(now))


def differing(lives: Lives) -> tuple[list[bytes], list[int]]:
    old, new = pages(lives.early / "vault.db"), pages(lives.late / "vault.db")
    return old, [n for n, page in enumerate(old) if page != new[n]]


def is_refused_or_equal(home: Path, late: State) -> bool:
    """Return whether a mixed database is refused; else all that decides must be as it was."""
    found = findings(home)
    if not found:
        meters, grants, apps, _ = state(home)
        assert (meters, grants, apps) == late[:3]
    return bool(found)


@pytest.mark.threat("T71")
def test_no_old_page_brings_back_a_spent_budget_or_a_revoked_grant(
    lives: Lives, tmp_path: Path
) -> None:
    late = state(shutil.copytree(lives.late, tmp_path / "late"))
    old, numbers = differing(lives)
    refused = 0

    for number in numbers:
        home = Path(shutil.copytree(lives.late, tmp_path / f"page-{number}"))
        put_back(home, old, [number])
        refused += is_refused_or_equal(home, late)
        shutil.rmtree(home)

    assert refused > len(numbers) // 2


@pytest.mark.threat("T71")
def test_an_old_write_ahead_log_beside_a_newer_database_is_no_way_back(
    lives: Lives, home: Path, tmp_path: Path
) -> None:
    running = Path(shutil.copytree(lives.early, tmp_path / "running"))
    late = state(home)
    with opened(running) as node:
        node.apps.register_app("Another", bytes(32))
        shutil.copyfile(running / "vault.db-wal", home / "vault.db-wal")
    (home / "vault.db-wal").chmod(0o600)

    assert is_refused_or_equal(home, late)


@pytest.mark.threat("T71")
@pytest.mark.parametrize("seed", range(12))
def test_no_mixture_of_old_pages_does_either(lives: Lives, tmp_path: Path, seed: int) -> None:
    late = state(shutil.copytree(lives.late, tmp_path / "late"))
    old, numbers = differing(lives)
    chosen = random.Random(seed).sample(numbers, k=1 + seed * (len(numbers) - 2) // 12)
    home = Path(shutil.copytree(lives.late, tmp_path / "home"))

    put_back(home, old, chosen)

    is_refused_or_equal(home, late)
