"""The key that signs for the log is turned over: what was signed holds, and others can follow."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.succession import open_succession
from sealhold.compute.verify import verify_files
from sealhold.model.errors import ConflictError, InvalidError, RolledBackError
from sealhold.model.ids import canonical
from sealhold.model.shown.jobs import JobView
from sealhold.node import Accepted, Node
from sealhold.node.backing import back_up, drill
from sealhold.vault import backups
from sealhold.vault.writer import Writer
from tests.forked import FORKS
from tests.scenarios.rotated import turn_and_die
from tests.scenarios.vaults import NOON, PASSPHRASE, Hands, new_home, opened

OWNER = Accepted(at_terminal=True, checkpoint=None)


@dataclass(frozen=True)
class Story:
    """A home, its log's first key, a proof under it, and its checkpoint."""

    home: Path
    key: bytes  # digest
    proof: bytes
    checkpoint: str


def digest(node: Node) -> bytes:
    return bytes.fromhex(node.audit.state().key_digest)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    home = new_home(tmp_path_factory.mktemp("story") / "home")
    with opened(home) as node:
        state = node.audit.state()
        return Story(home, digest(node), node.audit.proof(0), state.checkpoint)


@pytest.fixture
def home(story: Story, tmp_path: Path) -> Path:
    return Path(shutil.copytree(story.home, tmp_path / "home"))


def turn(node: Node, *, compromised: bool = False) -> JobView:
    job = node.rotation.begin("log", "", PASSPHRASE, compromised=compromised, throttle=0)
    return node.rotation.run(canonical(job.id))


def code(files: list[bytes], *keys: bytes) -> int:
    return verify_files(files, {"log": keys}, at=NOON).exit_code


def names(node: Node) -> set[str]:
    return {key.name for key in node.keys.list().keys if key.name.startswith("log-sign")}


def versions(node: Node) -> list[tuple[int, str]]:
    return [(key.version, key.state) for key in node.audit.keys().keys]


@pytest.mark.promise("P9")
def test_who_trusts_one_key_of_the_log_follows_it_to_all_the_others(
    story: Story, home: Path
) -> None:
    with opened(home) as node:
        planned = node.rotation.plan("log", "all")
        assert digest(node) == story.key
        assert turn(node).state == "done"
        second, after_first = digest(node), node.audit.proof(0)
        turn(node)
        third, newest, way = digest(node), node.audit.proof(1), node.audit.keys_file()
        own = [key for key in node.keys.list().keys if key.name.startswith("log")]
        assert [(key.name, key.version) for key in own] == [("log", 1), ("log-sign-3", 3)]
        assert {key.state for key in own} == {"active"}
        assert versions(node) == [(3, "active"), (2, "retired"), (1, "retired")]
        assert node.audit.verify(against=story.checkpoint).faults == ()
        node.keys.close(PASSPHRASE)
    with opened(home) as node:  # as another process has it, under another epoch
        assert digest(node) == third
        assert node.audit.keys_file() == way
        assert node.audit.verify().faults == ()
        told = [line.what for line in node.audit.lines() if line.kind == "log_key"]

    assert (planned.total, planned.dry_run) == (1, True)
    assert len(told) == 2
    assert len({story.key, second, third}) == 3
    assert code([story.proof], story.key) == code([newest], third) == 0
    assert code([newest], story.key) == code([story.proof], third) == 6
    for trusted in (story.key, second, third):
        for paper in (story.proof, after_first, newest):
            assert code([way, paper], trusted) == 0
        assert code([way], trusted) == 0
    assert code([way, newest], bytes(32)) == code([way], bytes(32)) == 6
    assert code([way]) == 0  # whole, and its keys are compared by hand


def test_of_a_key_that_somebody_else_may_know_nothing_counts_any_more(
    story: Story, home: Path
) -> None:
    with opened(home) as node:
        turn(node, compromised=True)
        second, proof, way = digest(node), node.audit.proof(0), node.audit.keys_file()
        assert versions(node) == [(2, "active"), (1, "compromised")]

    assert code([story.proof], story.key) == 0  # who was told nothing knows nothing
    assert code([way, proof], second) == 0
    for files, keys in (
        ([way, proof], (story.key,)),  # it leads nowhere
        ([way, story.proof], (story.key,)),
        ([way, story.proof], (second,)),
        ([way, story.proof], (second, story.key)),
        ([way, story.proof], ()),
        ([way], (story.key,)),
    ):
        assert code(files, *keys) == 6


@pytest.mark.parametrize("write", range(5))
def test_a_kill_before_any_write_leaves_one_key_in_force_whole(
    story: Story, home: Path, write: int
) -> None:
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=turn_and_die, args=(home, Hands(), ("log", ""), write, theirs))
    process.start()
    theirs.close()
    process.join()
    assert process.exitcode == -9
    with opened(home) as node:
        before = digest(node)
        assert node.audit.verify(against=story.checkpoint).faults == ()
        assert code([node.audit.proof(1)], before) == 0
        node.rotation.go_on()
        assert digest(node) != story.key
        assert (before == story.key) is (write < 3)  # the third write puts it in force
        assert names(node) == {"log-sign-2"}
        assert [job.state for job in node.rotation.jobs()] == ["done"]
        assert node.audit.verify(against=story.checkpoint).faults == ()
        (note,) = node.audit.keys().notes
        assert open_succession(note).compromised
    with opened(home) as node:
        assert node.audit.verify().faults == ()
    ours.close()


def test_a_kill_before_head_was_written_leaves_one_by_the_key_before_and_it_opens(
    story: Story, home: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    with opened(home) as node:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Writer, "_publish", lambda _: None)
            turn(node)
            shutil.copytree(home, killed)
        newest, known = digest(node), node.parts.core.writer.log.known

    beside = open_checkpoint((killed / "HEAD").read_text(), known[:1])  # by the key before
    assert beside.origin == known[1].name
    with opened(killed) as node:
        assert digest(node) == newest != story.key
        assert node.audit.verify(against=story.checkpoint).faults == ()


@pytest.mark.threat("T359")
@pytest.mark.parametrize("head_too", [False, True])
def test_rows_that_know_an_older_key_alone_are_an_older_day_and_learn_what_they_forgot(
    story: Story, home: Path, *, head_too: bool
) -> None:
    with opened(home) as node:
        turn(node)
        turn(node)
        newest, way = digest(node), node.audit.keys_file()
    for ending in ("-wal", "-shm"):
        (home / f"vault.db{ending}").unlink(missing_ok=True)
    for name in ("vault.db", "HEAD") if head_too else ("vault.db",):
        shutil.copy(story.home / name, home / name)
    with Node(home, None) as node, pytest.raises(RolledBackError):
        node.unlock(PASSPHRASE)
    with Node(home, None) as node:
        node.unlock(PASSPHRASE, OWNER)
        assert digest(node) == newest
        assert node.audit.keys_file() == way
        assert node.audit.verify().faults == ()
        assert code([way, node.audit.proof(0)], story.key) == 0
    with opened(home) as node:
        assert digest(node) == newest


@pytest.mark.threat("T359")
def test_a_backup_is_one_of_one_log_key_and_opens_after_it_was_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as node:
        back_up(node, str(tmp_path / "backups"), lambda *_: None)
        turn(node)
        tried = {each.name: each.outcome for each in drill(node).tried}
        check = backups.Backups._packs

        def meanwhile(self: backups.Backups, *args: object) -> object:
            turn(node)
            return check(self, *args)  # type: ignore[arg-type]  # reason: passed on as they came

        monkeypatch.setattr(backups.Backups, "_packs", meanwhile)
        with pytest.raises(ConflictError, match="log's key"):
            back_up(node, str(tmp_path / "backups"), lambda *_: None)

    assert tried["restore_the_newest_backup"] == "held"


def test_the_key_of_the_log_is_one(home: Path) -> None:
    with opened(home) as node, pytest.raises(InvalidError, match="log is one"):
        node.rotation.plan("log", "owner")
