"""An older database put back: found at open, and gone on with only at the price of all budgets."""

import shutil
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    LeakExhaustedError,
    RolledBackError,
    TamperedError,
    VerificationNeededError,
)
from sealhold.model.quantities import DAY, MICRO
from sealhold.node import Accepted, Node, create
from sealhold.vault.caps import HIGHEST, CapKind
from tests.scenarios.blurred import spent
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
    world,
)
from tests.transcripts.cli import Cli

OWNER = Accepted(at_terminal=True, checkpoint=None)


class Old:
    """A vault whose database was put back to the day before an app was told something."""

    def __init__(self, folder: Path) -> None:
        self.home, self.clock = new_home(folder / "home", Hands()), Hands()
        self.early = folder / "early"
        with opened(self.home, self.clock) as node:
            node.sources.import_paths([calendar(folder / "c.ics", ["green"] * 5)])
            self.asker = Asker(node)
            self.first = allow(node, self.asker.ask(node, Job()))
        shutil.copytree(self.home, self.early)
        self.clock.move(DAY)
        with opened(self.home, self.clock) as node:
            second = Job(code=b"def evaluate(obj, res):\n    return 1\n", name="Later")
            self.later = allow(node, self.asker.ask(node, second))
            for grant in (self.first, self.later):
                node.runs.run(named(grant))
            self.spent = node.budgets.meters()[0].used
            self.checkpoint = node.audit.state().checkpoint
            self.told = told(node)

    def put_back(self, *names: str) -> None:
        for name in names:
            shutil.copyfile(self.early / name, self.home / name)

    def accepted(self, accepted: Accepted = OWNER) -> Node:
        node = Node(self.home, world(self.clock))
        node.unlock(PASSPHRASE, accepted)
        return node


def told(node: Node) -> int:
    return card_of(
        node, Asker(node, f"probe {node.audit.state().size}").ask(node, Job())
    ).object_before


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path)


@pytest.mark.threat("T174")
def test_an_older_database_counts_only_with_all_that_it_could_have_told(old: Old) -> None:
    old.put_back("vault.db")
    with pytest.raises(RolledBackError), opened(old.home, old.clock):
        pass

    with old.accepted() as node:
        every, *others = node.budgets.meters()
        apps = {app.state for app in node.apps.list()}
        after = told(node)
        kinds = [line.kind for line in node.audit.lines()]
        assert node.audit.verify().whole

    assert old.spent == 10 * MICRO
    assert every.used == max(HIGHEST.values()) > every.cap
    assert apps == {"suspended"}
    assert after >= HIGHEST[CapKind.OBJECT] > old.told
    assert "restore" in kinds
    assert others


@pytest.mark.threat("T174")
def test_noise_that_an_older_database_forgot_counts_as_spent(old: Old) -> None:
    old.put_back("vault.db")

    with old.accepted() as node:
        meter = spent(node)

    assert meter.used == meter.cap == meter.ever > 0


@pytest.mark.threat("T174")
def test_after_that_nothing_more_is_told_whoever_is_let_ask_again(old: Old) -> None:
    old.put_back("vault.db")
    with old.accepted() as node:
        with pytest.raises(DeniedError):
            node.runs.run(named(old.first))
        node.apps.resume(old.asker.shown)
        with pytest.raises(DeniedError):
            node.runs.run(named(old.first))
        node.grants.confirm(named(old.first), PASSPHRASE)
        with pytest.raises(LeakExhaustedError):
            node.runs.run(named(old.first))
        request = old.asker.ask(node, Job(code=b"def evaluate(obj, res):\n    return 0\n"))
        with pytest.raises(LeakExhaustedError):
            allow(node, request)

    with opened(old.home, old.clock) as node:  # and it is the vault's newest state from now on
        assert node.budgets.meters()[0].used == HIGHEST[CapKind.ALL]
        assert node.runs.answers() == ()


@pytest.mark.threat("T174")
def test_after_that_no_cap_that_is_raised_lets_anything_out(old: Old) -> None:
    old.put_back("vault.db")
    with old.accepted() as node:
        for view in node.budgets.caps():
            node.budgets.set_cap(view.kind, view.highest, view.cap, PASSPHRASE, confirmed=True)
        node.apps.resume(old.asker.shown)
        node.grants.confirm(named(old.first), PASSPHRASE)

        with pytest.raises(LeakExhaustedError):
            node.runs.run(named(old.first))
        request = old.asker.ask(node, Job(code=b"def evaluate(obj, res):\n    return 0\n"))
        with pytest.raises(LeakExhaustedError):
            allow(node, request)


@pytest.mark.threat("T174")
def test_a_whole_home_put_back_is_shown_by_a_checkpoint_that_was_kept_elsewhere(
    old: Old, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_text(old.checkpoint)
    shutil.rmtree(old.home)
    shutil.copytree(old.early, old.home)
    with opened(old.home, old.clock) as node:
        assert node.audit.verify().whole  # from inside it cannot be told
        assert not node.audit.verify(against=old.checkpoint).whole

    with old.accepted(Accepted(at_terminal=True, checkpoint=old.checkpoint)) as node:
        assert node.budgets.meters()[0].used == HIGHEST[CapKind.ALL]


def test_a_vault_that_is_as_new_as_it_should_be_spends_nothing(old: Old) -> None:
    with opened(old.home, old.clock) as node:
        assert node.audit.verify(against=old.checkpoint).whole
    for accepted in (OWNER, Accepted(at_terminal=True, checkpoint=old.checkpoint)):
        with pytest.raises(ConflictError):
            old.accepted(accepted)

    with opened(old.home, old.clock) as node:
        assert node.budgets.meters()[0].used == old.spent


def test_a_checkpoint_of_another_log_accepts_nothing(old: Old, tmp_path: Path) -> None:
    other = new_home(tmp_path / "other", old.clock)
    with opened(other, old.clock) as node:
        foreign = node.audit.state().checkpoint
    old.put_back("vault.db")

    with pytest.raises(TamperedError):
        old.accepted(Accepted(at_terminal=True, checkpoint=foreign))


@pytest.mark.threat("T66")
def test_who_only_has_the_environment_cannot_accept_for_the_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    create(home, PASSPHRASE, headless=False, world=world())
    shutil.copytree(home, tmp_path / "early")
    with opened(home):
        pass
    shutil.copyfile(tmp_path / "early" / "vault.db", home / "vault.db")
    node = Node(home, world())

    with pytest.raises(VerificationNeededError):
        node.unlock(PASSPHRASE, Accepted(at_terminal=False, checkpoint=None))

    with pytest.raises(RolledBackError), opened(home):
        pass


def test_the_command_accepts_and_compares(old: Old, tmp_path: Path) -> None:
    cli, kept = Cli(tmp_path), tmp_path / "kept"
    kept.write_text(old.checkpoint)

    whole = cli.line(f"audit verify --against {kept}")
    old.put_back("vault.db")
    refused = cli.line("audit verify")
    accepted = cli.line("audit accept")
    again = cli.line("audit accept")
    differs = cli.line(f"audit verify --against {kept}")

    assert [each.code for each in (whole, refused, accepted, again, differs)] == [0, 6, 0, 9, 6]
