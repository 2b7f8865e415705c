"""Going back to a backup: what was kept is there, and nothing that ended since comes back."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    LeakExhaustedError,
    NotFoundError,
    RolledBackError,
    SealholdError,
    StoreBusyError,
    TakenError,
    TamperedError,
)
from sealhold.model.ids import canonical
from sealhold.model.quantities import DAY, HOUR
from sealhold.node import Places, backing
from sealhold.vault.home import Home
from tests.conformance import pgserver
from tests.scenarios.backed import Backed, backed, nobody_watches, person
from tests.scenarios.vaults import PASSPHRASE, named, opened, world
from tests.transcripts.cli import Cli
from tests.unit.people_vault import NAME


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Backed:
    """Return a vault with a backup, after which one person was erased and another one came."""
    found = backed(tmp_path_factory.mktemp("backed"))
    found.erase()
    with opened(found.home, found.clock) as node:
        came = person(node, found.asker.token, "Eve")
    found.clock.move(HOUR)
    return replace(found, came=came)


@pytest.fixture(scope="module")
def from_home(made: Backed) -> Path:
    """Return the vault as it was restored with the keys of its older folder."""
    to = made.folder / "from home"
    told = made.restore(to, Home(made.home))
    assert (told.keys, told.apps, told.consents, told.tokens, told.people) == ("home", 1, 1, 2, 1)
    return to


def test_all_that_was_kept_is_there_again_and_whole(made: Backed, from_home: Path) -> None:
    with opened(from_home, made.clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 5
        node.apps.resume(made.asker.shown)
        assert made.profile(node, made.kept).fields[NAME] == "Ada"
        node.apps.suspend(made.asker.shown)


@pytest.mark.threat("T286")
def test_who_was_erased_since_is_read_by_nobody_from_the_first_read_on(
    made: Backed, from_home: Path
) -> None:
    with opened(from_home, made.clock) as node:
        node.apps.resume(made.asker.shown)
        with pytest.raises(DeniedError):
            made.profile(node, made.gone)
        node.apps.suspend(made.asker.shown)
        lines = [line for line in node.audit.lines() if line.kind == "erase"]

    assert [line.reason for line in lines] == ["erased_since"]


def test_the_key_of_who_came_since_is_of_nobody_and_stays_where_it_was_copied_from(
    made: Backed, from_home: Path
) -> None:
    assert made.came is not None

    with opened(from_home, made.clock) as node:
        gone = node.parts.strays.sweep()
        with pytest.raises(NotFoundError):
            node.parts.core.keyring.subject(made.came)
        assert node.parts.core.keyring.subject(made.kept).subject == made.kept

    assert gone == 1
    with opened(made.home, made.clock) as node:
        assert made.profile(node, made.came).fields[NAME] == "Eve"


@pytest.mark.threat("T286")
def test_no_token_that_was_handed_out_before_works(made: Backed, from_home: Path) -> None:
    with opened(from_home, made.clock) as node:
        for token in (made.asker.token, made.person, made.officer, made.monitor, made.pusher):
            with pytest.raises(DeniedError):
                node.callers.kind(token)


@pytest.mark.threat("T286")
def test_nobody_enters_by_a_login_that_may_have_been_taken_out_since(
    made: Backed, from_home: Path
) -> None:
    with opened(made.home, made.clock) as node:
        assert [each.sub for each in node.logins.all()] == ["248289761001"]
    with opened(from_home, made.clock) as node:
        assert node.logins.all() == ()


@pytest.mark.threat("T286")
def test_a_consent_is_unknown_until_its_owner_confirms_it(made: Backed, tmp_path: Path) -> None:
    to = tmp_path / "to"
    made.restore(to, Home(made.home))
    with opened(to, made.clock) as node:
        node.apps.resume(made.asker.shown)
        with pytest.raises(DeniedError):
            node.runs.run(named(made.grant))

        node.grants.confirm(named(made.grant), PASSPHRASE)

        with pytest.raises(LeakExhaustedError):  # it permits; what it may tell is spent
            node.runs.run(named(made.grant))
        with pytest.raises(ConflictError):
            node.grants.confirm(named(made.grant), PASSPHRASE)


@pytest.mark.threat("T286")
def test_a_grant_that_was_revoked_since_comes_back_as_nothing_that_permits(
    made: Backed, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with opened(home, made.clock) as node:
        node.grants.revoke(named(made.grant))
    to = tmp_path / "to"
    made.restore(to, Home(home))

    with opened(to, made.clock) as node:
        node.apps.resume(made.asker.shown)
        with pytest.raises(DeniedError):
            node.runs.run(named(made.grant))


def test_a_backup_and_its_slots_bring_a_lost_vault_back(made: Backed, tmp_path: Path) -> None:
    told = made.restore(tmp_path / "to", made.slots)

    assert (told.keys, told.people) == ("backup", 0)
    with opened(tmp_path / "to", made.clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 5


@pytest.mark.threat("T286")
def test_a_restored_vault_that_nobody_vouched_for_does_not_open(
    made: Backed, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    backing.Restore(to, made.place, made.slots, world(made.clock)).fill(
        nobody_watches, lambda: PASSPHRASE
    )

    with pytest.raises(RolledBackError), opened(to, made.clock):
        pass


@pytest.mark.threat("T289")
def test_once_the_epoch_is_closed_the_keys_of_a_backup_open_nothing(tmp_path: Path) -> None:
    lost = backed(tmp_path)
    with opened(lost.home, lost.clock) as node:
        node.people.erase(lost.asker.token, canonical(lost.gone))
        node.keys.close(PASSPHRASE)
    backing.keep_slots(Home(lost.home), lost.slots)

    with pytest.raises(NotFoundError):
        lost.restore(tmp_path / "to", lost.slots)

    assert not (tmp_path / "to" / "vault.db").exists()
    told = lost.restore(tmp_path / "with keys", Home(lost.home))
    assert told.people == 1
    with opened(tmp_path / "with keys", lost.clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 5


def test_a_vault_in_use_lends_its_keys_to_no_restore(made: Backed, tmp_path: Path) -> None:
    with opened(made.home, made.clock), pytest.raises(StoreBusyError):
        made.restore(tmp_path / "to", Home(made.home))

    assert not (tmp_path / "to" / "vault.db").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(made: Backed, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")

    with pytest.raises(TakenError):
        made.restore(tmp_path, made.slots)

    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("where", [".", "backups", "objects/b"])
def test_neither_backups_nor_slots_lie_in_the_vault(made: Backed, where: str) -> None:
    with opened(made.home, made.clock) as node, pytest.raises(InvalidError):
        backing.back_up(node, str(made.home / where), nobody_watches)
    with pytest.raises(InvalidError):
        backing.keep_slots(Home(made.home), made.home / where)


@pytest.mark.threat("T289")
@pytest.mark.parametrize("where", [".", "slots"])
def test_slots_are_not_laid_beside_backups(made: Backed, where: str) -> None:
    beside = Path(made.place) / where
    before = {*Path(made.place).iterdir()}

    with pytest.raises(InvalidError, match="slots beside them"):
        backing.keep_slots(Home(made.home), beside)

    assert {*Path(made.place).iterdir()} == before


Bend = Callable[[Path], None]
ROWS = "rows+/packs+/*/*"
BENDS: dict[str, Bend] = {
    "a byte of the rows": lambda place: flip(next(place.glob(ROWS))),
    "a byte of the keys": lambda place: flip(next(place.glob("*/keys+/*"))),
    "a byte of the manifest": lambda place: flip(next(place.glob("*/manifest"))),
    "no rows": lambda place: next(place.glob(ROWS)).unlink(),
    "no keys": lambda place: next(place.glob("*/keys+/*")).unlink(),
    "no manifest": lambda place: next(place.glob("*/manifest")).unlink(),
    "rows cut": lambda place: cut(next(place.glob(ROWS))),
    "keys for rows": lambda place: put_over(place, "*/keys+/*", ROWS),
    "a byte of the list of rows": lambda place: flip(next(place.glob("b*/rows"))),
    "no list of rows": lambda place: next(place.glob("b*/rows")).unlink(),
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def put_over(place: Path, source: str, to: str) -> None:
    shutil.copyfile(next(place.glob(source)), next(place.glob(to)))


@pytest.mark.threat("T287")
@pytest.mark.parametrize("bend", BENDS)
def test_a_backup_that_somebody_bent_is_found_before_any_of_it_is_used(
    made: Backed, tmp_path: Path, bend: str
) -> None:
    place = tmp_path / "place"
    shutil.copytree(made.place, place)
    BENDS[bend](place)

    for work in (
        lambda: backing.verify_backup(str(place), "", None, world(made.clock), nobody_watches),
        lambda: backing.Restore(tmp_path / "to", str(place), made.slots, world(made.clock)).fill(
            nobody_watches, lambda: PASSPHRASE
        ),
    ):
        with pytest.raises(TamperedError if bend != "no manifest" else NotFoundError):
            work()
    assert not (tmp_path / "to").exists()


@pytest.mark.threat("T287")
def test_a_backup_of_another_vault_is_told_by_the_key_that_signed_it(
    made: Backed, tmp_path: Path
) -> None:
    stranger = backed(tmp_path)
    with opened(made.home, made.clock) as node:
        key = node.audit.state().key_digest

    with pytest.raises(TamperedError):
        backing.verify_backup(stranger.place, "", key, world(made.clock), nobody_watches)
    with pytest.raises(SealholdError):
        stranger.restore(tmp_path / "to", Home(made.home))
    found, signer = backing.verify_backup(made.place, "", key, world(made.clock), nobody_watches)
    assert (found.id.startswith("b"), signer) == (True, key)


@pytest.mark.threat("T289")
def test_no_part_of_a_backup_tells_what_is_in_the_vault_nor_opens_with_the_passphrase_alone(
    made: Backed,
) -> None:
    parts = [path.read_bytes() for path in Path(made.place).rglob("*") if path.is_file()]
    slot, unlock = (made.home / "slot" / "1", made.home / "unlock" / "passphrase")

    assert len(parts) >= 3
    for secret in (b"green", b"ada@example.org", made.asker.token.encode()):  # longer than chance
        assert not any(secret in part for part in parts)
    for file in (slot, unlock):
        assert not any(file.read_bytes()[:40] in part for part in parts)


def test_rows_of_a_server_go_back_into_an_empty_schema(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"
    other = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path / 'other')}"
    lost = backed(tmp_path, Places(records=rows))
    lost.erase()
    lost.clock.move(DAY)

    with pytest.raises(InvalidError):
        lost.restore(tmp_path / "file", lost.slots)
    told = lost.restore(tmp_path / "to", Home(lost.home), Places(records=other))

    assert told.people == 1
    with opened(tmp_path / "to", lost.clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 5


def test_the_commands_make_compare_look_and_go_back(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    (tmp_path / "a.jsonl").write_text('{"word": "quokka"}\n')
    for line in ("init --headless", "import a.jsonl", "backup make b", "backup slots s"):
        ended = cli.line(line)
        assert ended.code == 0, ended.err
    made = json.loads(cli.line("backup verify b --json").out)
    look = json.loads(cli.line("--home to restore b --slots s --dry-run --json").out)
    assert (look["backup"]["id"], look["keys"]) == (made["id"], "backup")
    assert not (tmp_path / "to").exists()
    assert cli.line("--home to restore b").code == 2

    done = cli.line("--home to restore b --slots s")

    assert done.code == 0, done.err
    assert "erase them once more" in done.out
    assert done.out.count("none: there was none") == 3  # apps, consents, tokens
    assert "nobody" in done.out
    assert "to confirm" not in done.out
    assert "quokka" in cli.line("--home to search quokka").out
    assert json.loads(cli.line("backup make b --dry-run --json").out)["epoch"] == 1
