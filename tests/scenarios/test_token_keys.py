"""The key of access tokens is turned over: who holds a token goes on for a while, or not at all."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import Id16, canonical
from sealhold.model.principals import PrincipalKind
from sealhold.model.quantities import DAY
from sealhold.model.shown.jobs import JobView
from sealhold.node import Accepted, Node
from sealhold.vault import minting
from sealhold.vault.monitors import Monitors
from tests.forked import FORKS
from tests.scenarios.rotated import turn_and_die
from tests.scenarios.test_people_over_epochs import RULES
from tests.scenarios.vaults import NOON, PASSPHRASE, Hands, new_home, opened


@dataclass(frozen=True)
class Story:
    """A home, and a token of each kind that was minted in it."""

    home: Path
    tokens: dict[PrincipalKind, str]
    monitor: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    home = new_home(tmp_path_factory.mktemp("story") / "home")
    with opened(home) as node:
        app, token = node.apps.register_app("One", bytes(range(32)), confirmed=True)
        node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
        person = canonical(node.people.make(token).subject)
        made = {
            PrincipalKind.APP: token,
            PrincipalKind.PERSON: node.callers.person_token(token, person).token,
            PrincipalKind.OFFICER: node.callers.add_officer("An officer", PASSPHRASE)[1].token,
        }
        return Story(home, made, Monitors(node.parts.core).renew())


@pytest.fixture
def home(story: Story, tmp_path: Path) -> Path:
    return Path(shutil.copytree(story.home, tmp_path / "home"))


def turn(node: Node, *, compromised: bool = False) -> JobView:
    job = node.rotation.begin("tokens", "", PASSPHRASE, compromised=compromised, throttle=0)
    return node.rotation.run(canonical(Id16(job.id)))


def holds(node: Node, story: Story) -> list[bool]:
    """Return for each token of the story whether it leads to its holder, the monitor's last."""

    def one(kind: PrincipalKind, token: str) -> bool:
        try:
            return node.callers.kind(token) is kind
        except DeniedError:
            return False

    found = [one(kind, token) for kind, token in story.tokens.items()]
    return [*found, Monitors(node.parts.core).holds(story.monitor)]


def new_token(node: Node) -> str:
    return node.callers.add_credential("One", PASSPHRASE)[1]


def test_tokens_of_the_key_before_hold_as_long_as_older_keys_are_kept(
    story: Story, home: Path
) -> None:
    clock = Hands()
    with opened(home, clock) as node:
        planned = node.rotation.plan("tokens", "all")
        assert (planned.total, holds(node, story)) == (3, [True] * 4)
        assert minting.version_of(node.parts.core.deciding) == 1
        done = turn(node)
        fresh = new_token(node)
        assert holds(node, story) == [True] * 4
    with opened(home, clock) as node:  # as another process has it
        clock.move(30 * DAY - 1)
        assert holds(node, story)[0::2] == [True, True]  # a person's has its own, earlier end
        clock.move(1)
        assert holds(node, story) == [False] * 4
        assert node.callers.kind(fresh) is PrincipalKind.APP
        node.keys.close(PASSPHRASE)
        assert node.callers.kind(fresh) is PrincipalKind.APP
        assert node.audit.verify().whole

    assert (done.state, done.kind, done.scope) == ("done", "tokens", "all")


def test_of_a_key_that_somebody_else_may_know_no_token_holds_from_then_on(
    story: Story, home: Path
) -> None:
    with opened(home) as node:
        assert holds(node, story) == [True] * 4
        turn(node, compromised=True)

        assert holds(node, story) == [False] * 4
        assert node.callers.kind(new_token(node)) is PrincipalKind.APP
        told = [line.what for line in node.audit.lines() if line.kind == "key"]
        assert any("rotation begun compromised" in each for each in told)


def test_only_the_key_before_may_still_hold_and_older_ones_are_destroyed(
    story: Story, home: Path
) -> None:
    with opened(home) as node:
        turn(node)
        second = new_token(node)
        turn(node)
        assert holds(node, story) == [False] * 4
        assert node.callers.kind(second) is PrincipalKind.APP
        turn(node)
        with pytest.raises(DeniedError):
            node.callers.kind(second)
        listed = [key for key in node.keys.list().keys if key.name.startswith("token")]

    states = {key.name: (key.version, key.state) for key in listed}
    assert states == {
        "token": (1, "decrypt-only"),
        "token-3": (3, "decrypt-only"),
        "token-4": (4, "active"),
    }


@pytest.mark.parametrize("write", range(4))
def test_a_kill_before_any_write_leaves_one_key_in_force_and_the_job_goes_on(
    story: Story, home: Path, write: int
) -> None:
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(
        target=turn_and_die, args=(home, Hands(), ("tokens", ""), write, theirs)
    )
    process.start()
    theirs.close()
    process.join()
    assert process.exitcode == -9
    with opened(home) as node:
        assert len(set(holds(node, story))) == 1
        node.rotation.go_on()
        assert holds(node, story) == [False] * 4
        assert minting.version_of(node.parts.core.deciding) == 2
        assert [job.state for job in node.rotation.jobs()] == ["done"]
        assert node.callers.kind(new_token(node)) is PrincipalKind.APP
    ours.close()


def test_an_older_day_of_the_rows_brings_no_ended_token_back(
    story: Story, home: Path, tmp_path: Path
) -> None:
    clock = Hands()
    older = tmp_path / "older.db"
    shutil.copy(home / "vault.db", older)
    with opened(home, clock) as node:
        turn(node, compromised=True)
    for ending in ("-wal", "-shm"):
        (home / f"vault.db{ending}").unlink(missing_ok=True)
    shutil.copy(older, home / "vault.db")
    with Node(home, None) as node:
        node.unlock(PASSPHRASE, Accepted(at_terminal=True, checkpoint=None))
        node.apps.resume("One")

        assert holds(node, story) == [False] * 4
        assert clock.now == NOON
        assert node.callers.kind(new_token(node)) is PrincipalKind.APP


def test_the_key_of_tokens_is_one_for_all_of_them(home: Path) -> None:
    with opened(home) as node, pytest.raises(InvalidError, match="one for all"):
        node.rotation.plan("tokens", "owner")
