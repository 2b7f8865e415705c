"""Closing an epoch: what is told, what stays, what goes, and that no kill harms anything."""

import json
import re
import shutil
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from sealhold.frontends.http.rounds import Rounds
from sealhold.model.errors import StoreUnavailableError, WrongPassphraseError
from sealhold.model.ids import SubjectId, canonical, random_id
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.node import Node
from sealhold.vault.home import Home
from tests.conformance import pgserver
from tests.forked import FORKS
from tests.scenarios.turned import STEPS, close_and_die, close_and_die_at
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    calendar,
    kinds,
    new_home,
    opened,
)
from tests.transcripts.cli import Cli, furnish

WORDS = ("apple", "pear", "plum")
KEYS_MOVED = 7 + 2 + 2  # the vault's own, the app's two, the person's two


@dataclass(frozen=True)
class Story:
    """A home with three items, one of 180 kB, and an app that was allowed an answer."""

    home: Path
    grant: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story")
    home = new_home(folder / "home")
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "a.ics", list(WORDS))])
        large = folder / "large.jsonl"
        large.write_text(json.dumps({"text": " ".join(f"word{n}" for n in range(20_000))}))
        node.sources.import_paths([large])
        grant = Asker(node).granted(node, Job())
    return Story(home, grant)


@pytest.fixture
def home(story: Story, tmp_path: Path) -> Path:
    return Path(shutil.copytree(story.home, tmp_path / "home"))


def assert_sound(node: Node, grant: str | None = None) -> None:
    """Everything opens, every key is there once, and nothing is left of another epoch.

    With a grant, its answer still leaves.
    """
    home, listed = node.home, node.keys.list()
    assert [key.version for key in listed.keys if key.kind == "epoch"] == [listed.epoch]
    assert [(key.version, key.state) for key in listed.keys if key.kind == "app"] == [
        (listed.epoch, "active")
    ]
    assert node.keys.look().keys == KEYS_MOVED
    assert home.epoch == listed.epoch
    assert home.epochs_of_keys() == {listed.epoch}
    assert [path.name for path in home.slots.iterdir()] == [str(listed.epoch)]
    assert not list(home.folder.glob(".tmp-*"))
    assert [each.epoch for each in listed.closed] == list(range(1, listed.epoch))
    for word in (*WORDS, "word19999"):
        (item,) = node.records.search(word).items
        assert node.records.get(canonical(item.id)).id == item.id
    assert node.audit.verify().whole
    assert grant is None or node.runs.run(grant).value == 0


def test_everything_opens_in_the_next_epoch_and_the_old_one_is_gone(
    story: Story, home: Path
) -> None:
    with opened(home) as node:
        before = node.keys.list()
        closed = node.keys.close(PASSPHRASE)
        after = node.keys.list()
        assert_sound(node, story.grant)

    assert (closed.epoch, closed.next, closed.keys) == (1, 2, KEYS_MOVED)
    assert (closed.method, closed.strength) == ("slot file overwritten", "overwritten-file")
    assert after.generation > before.generation
    assert not {home / "keys-1.db", home / "keys-1.key", home / "slot" / "1"} & set(home.rglob("*"))
    with opened(home) as node:
        assert_sound(node, story.grant)
        node.keys.close(PASSPHRASE)
        assert_sound(node, story.grant)
        assert node.status().epoch == 3
        told = [line for line in node.audit.lines() if line.kind == "key"]
        assert {line.what for line in told} == {"keys were turned over: epoch closed"}
        assert len(told) == 2


def test_files_of_others_are_left_alone(home: Path) -> None:
    begun = [home / ".keys-2.key.new", home / ".epoch.new", home / "slot" / ".2.new"]
    stray = [home / ".notes.new", home / ".tmp-12345678" / "mine", home / "keys-mine.db"]
    for path in (*begun, *stray):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)

    with opened(home) as node:
        node.keys.close(PASSPHRASE)

    assert [path.exists() for path in begun] == [False] * len(begun)
    assert all(path.exists() for path in stray)


def test_a_passphrase_that_is_wrong_closes_nothing(home: Path) -> None:
    with opened(home) as node:
        with pytest.raises(WrongPassphraseError):
            node.keys.close("another one")

        assert node.status().epoch == 1
        assert "key" not in kinds(node)


@pytest.mark.parametrize("step", range(len(STEPS) + 1))
def test_a_kill_at_any_step_leaves_one_whole_epoch(story: Story, home: Path, step: int) -> None:
    died(FORKS.Process(target=close_and_die, args=(home, Hands(), step)))

    with opened(home) as node:
        assert node.status().epoch == (1 if step < STEPS.index("_destroy") else 2)
        assert_sound(node, story.grant)
        node.keys.close(PASSPHRASE)
        assert_sound(node, story.grant)


def test_a_kill_before_any_change_to_the_folder_leaves_one_whole_epoch(
    home: Path, tmp_path: Path
) -> None:
    seen = []
    for change in range(100):
        copy = Path(shutil.copytree(home, tmp_path / f"at {change}"))
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=close_and_die_at, args=(copy, Hands(), change, theirs))
        process.start()
        theirs.close()
        process.join()
        assert process.exitcode == -9
        with opened(copy) as node:
            assert_sound(node)
            seen.append(node.status().epoch)
        if was_told(ours):
            break

    switched = seen.index(2)
    assert seen == [1] * switched + [2] * (len(seen) - switched)
    assert switched > 5
    assert len(seen) - switched > 5


def was_told(said: Connection) -> bool:
    try:
        return bool(said.recv())
    except EOFError:
        return False


def died(process: BaseProcess) -> None:
    process.start()
    process.join()
    assert process.exitcode == -9


def test_a_disk_that_refuses_in_the_middle_leaves_the_epoch_as_it_was(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_home: Home, _epoch: int) -> None:
        raise StoreUnavailableError("no")

    with opened(home) as node:
        with monkeypatch.context() as patch:
            patch.setattr(Home, "move_on", refuse)
            with pytest.raises(StoreUnavailableError):
                node.keys.close(PASSPHRASE)

        assert_sound(node, story.grant)
        assert node.keys.close(PASSPHRASE).next == 2
        assert_sound(node, story.grant)


def test_a_rename_of_which_nobody_knows_ends_the_process_before_anything_else(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk took the rename and failed then: after a power cut it is one epoch or the other."""
    move_on = Home.move_on

    def fail_after(self: Home, epoch: int) -> None:
        move_on(self, epoch)
        raise StoreUnavailableError("was it?")

    with opened(home) as node:
        with monkeypatch.context() as patch:
            patch.setattr(Home, "move_on", fail_after)
            with pytest.raises(StoreUnavailableError):
                node.keys.close(PASSPHRASE)
        assert node.home.epochs_of_keys() == {1, 2}
        with pytest.raises(StoreUnavailableError, match="closed half"):
            node.keys.close(PASSPHRASE)
    (home / "epoch").rename(home / "aside")
    either = Path(shutil.copytree(home, home.parent / "either"))
    (either / "aside").rename(either / "epoch")

    for folder, epoch in ((home, 1), (either, 2)):
        with opened(folder) as node:
            assert node.status().epoch == epoch
            assert_sound(node, story.grant)


def test_an_erasure_makes_the_epoch_due_and_a_served_vault_closes_it_in_time(home: Path) -> None:
    clock = Hands()
    with opened(home, clock) as node:
        assert node.status().close_by is None
        (item,) = node.records.search("pear").items
        (other,) = node.records.search("plum").items
        node.erasing.erase(item.id, PASSPHRASE)
        by = Instant(clock.now + DAY)
        assert node.status().close_by == by
        clock.move(HOUR)
        node.erasing.erase(other.id, PASSPHRASE)
        rounds = Rounds(node, clock)

        rounds.once()
        assert (node.status().close_by, node.status().epoch) == (by, 1)
        clock.now = Instant(by - HOUR)
        rounds.once()

        assert (node.status().close_by, node.status().epoch) == (None, 2)
        (closed,) = node.keys.list().closed
        assert (closed.erased, closed.at < by) == (2, True)
        clock.move(3 * DAY)
        rounds.once()
        assert node.status().epoch == 2


def test_a_vault_that_was_not_served_says_that_it_is_late(home: Path) -> None:
    clock = Hands()
    with opened(home, clock) as node:
        (item,) = node.records.search("pear").items
        node.erasing.erase(item.id, PASSPHRASE)
        assert not node.status().warnings
        clock.move(DAY + 1)

        (warning,) = node.status().warnings

    assert "`sealhold key close-epoch`" in warning


def test_a_served_vault_tries_again_after_an_hour(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, tried = Hands(), []

    def refuse(_home: Home, epoch: int) -> None:
        tried.append(epoch)
        raise StoreUnavailableError("no")

    monkeypatch.setattr(Home, "move_on", refuse)
    with opened(home, clock) as node:
        (item,) = node.records.search("pear").items
        node.erasing.erase(item.id, PASSPHRASE)
        clock.move(DAY)
        rounds = Rounds(node, clock)
        for _ in range(3):
            rounds.once()
        assert len(tried) == 1
        clock.move(HOUR)
        rounds.once()

    assert tried == [2, 2]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    made = Cli(furnish(tmp_path))
    assert made.line("init --headless").code == 0
    assert made.line("import tracks calendar.ics").code == 0
    return made


def test_the_commands_tell_what_would_be_and_what_was_done(cli: Cli) -> None:
    would = cli.line("key close-epoch --dry-run")
    assert "Nothing was changed." in would.out
    assert json.loads(cli.line("key list --json").out)["epoch"] == 1

    done = cli.line("key close-epoch")

    assert done.code == 0, done.err
    assert "Epoch 1 is closed. 11 keys moved to epoch 2." in done.out
    assert "overwritten-file" in done.out
    status = json.loads(cli.line("status --json").out)
    assert (status["epoch"], status["close_by"]) == (2, None)
    assert re.search(r"^Epoch +2$", cli.line("status").out, re.MULTILINE)
    listed = json.loads(cli.line("key list --json").out)
    assert (listed["epoch"], [each["epoch"] for each in listed["closed"]]) == (2, [1])
    assert {key["kind"] for key in listed["keys"]} == {"epoch", "app", "subject", "vault"}
    assert next(key["wraps"] for key in listed["keys"] if key["kind"] == "subject") == 5


def test_no_byte_of_a_key_is_listed(cli: Cli) -> None:
    cli.line("key close-epoch")

    for text in (cli.line("key list --json").out, cli.line("key list").out):
        ids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
        assert len(ids) == 2  # the vault's own app, and its owner
        assert not re.search(r"[0-9a-zA-Z+/]{33,}", text)


def test_rows_on_a_server_open_in_the_next_epoch(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"
    assert cli.line(f"init --headless --records '{rows}'").code == 0
    assert cli.line("import tracks calendar.ics").code == 0
    before = cli.line("search dentist").out

    closed = cli.line("key close-epoch")

    assert closed.code == 0, closed.err
    assert not (cli.home / "keys-1.db").exists()
    assert cli.line("search dentist").out == before
    assert cli.line("audit verify").code == 0
    assert "Epoch" in cli.line("key list").out


def test_the_key_of_a_person_who_was_never_written_goes_with_the_first_round(home: Path) -> None:
    with opened(home) as node:  # and the process dies before it writes the row
        core = node.parts.core
        stray = SubjectId(random_id(core.entropy))
        core.keyring.add_subject(core.app, stray)

    with opened(home) as node:
        assert stray_keys(node, stray) == 1
        Rounds(node, node.world.clock).once()
        assert stray_keys(node, stray) == 0
        assert any(line.reason == "stray_keys_destroyed" for line in node.audit.ledger(limit=5))


def stray_keys(node: Node, subject: SubjectId) -> int:
    return len(node.parts.core.keyring.versions(subject))
