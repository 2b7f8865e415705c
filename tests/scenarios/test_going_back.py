"""Going back from an upgrade: the older form with the rows of today, whole or not at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
    OlderFormError,
    SealholdError,
)
from sealhold.model.ids import Kind, canonical, show
from sealhold.model.principals import Caller
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.node import Node, Places, backing
from sealhold.stores.migrating import Migration, turned_round
from sealhold.stores.pgmigrating import Moving
from sealhold.vault import goingback
from sealhold.vault.home import FORM, Home
from sealhold.vault.upgrading import MIGRATIONS
from tests.conformance import pgserver
from tests.forking import ended
from tests.scenarios.backed import Backed, backed
from tests.scenarios.test_upgrade import BAD
from tests.scenarios.upgraded import OLDER, made_older_and_upgraded
from tests.scenarios.vaults import (
    PASSPHRASE,
    Job,
    calendar,
    charged,
    named,
    new_home,
    opened,
    world,
)
from tests.transcripts.cli import Cli
from tests.unit.people_vault import NAME
from tests.unit.processing_vault import TERMS


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a vault that came from the form before, with a file that was read in since."""
    folder = tmp_path_factory.mktemp("came")
    home = new_home(folder / "home")
    made_older_and_upgraded(home)
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "a.ics", ["green", "red"], uid="a")])
    return home


@pytest.fixture
def home(came: Path, tmp_path: Path) -> Path:
    shutil.copytree(came, tmp_path / "home")
    return tmp_path / "home"


def go_back(home: Path) -> None:
    backing.roll_back(home, world(), PASSPHRASE, OLDER)


def upgrade(home: Path) -> None:
    backing.upgrade(home, world(), PASSPHRASE)


def check_whole(home: Path, items: int = 2) -> list[tuple[str, ...]]:
    """Check that a vault of today's form is whole; return the causes in its chain."""
    with opened(home) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 1
        assert sum(node.records.counts().values()) == items
        return [each.causes for each in node.parts.snapshots.list()]


@pytest.mark.threat("T427")
def test_rows_go_back_and_come_again_with_all_that_came_since(home: Path) -> None:
    with opened(home) as node:
        look = backing.rollback_look(node)
        size = node.parts.core.writer.load.log_size
    go_back(home)

    assert (look.form, look.done, look.rows) == (OLDER, False, {})
    assert look.changed == ("connectors/icalendar", "imports/2026-11", "program/sealhold", *(
        each for each in look.changed if each.startswith("sources/")
    ))  # fmt: skip
    assert Home(home).form == OLDER
    with pytest.raises(OlderFormError), opened(home):
        pass
    upgrade(home)
    causes = check_whole(home)
    assert [each[0] for each in causes[:3]] == ["program", "upgrade", "rollback"]
    with opened(home) as node:
        lines = [line for line in node.audit.lines() if line.kind == "snapshot"]
        assert node.parts.core.writer.load.log_size > size
    assert [line.reason for line in lines[:1]] == [f"form {OLDER}"]
    assert not Home(home).snapshots.exists()
    assert not list(home.glob("vault.db.*"))


def test_a_vault_that_never_had_an_older_form_has_nowhere_to_go_back_to(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node, pytest.raises(NotFoundError):
        backing.rollback_look(node)


def spend_and_take_back(made: Backed) -> tuple[int, str]:
    """Use, revoke, withdraw and erase; return what was charged, and the item that went."""
    made.clock.move(HOUR)
    with opened(made.home, made.clock) as node:
        owner = Caller(role="owner", token="")
        letter = node.processings.register(owner, made.asker.shown, TERMS)
        node.processings.activate(owner, canonical(letter.processing))
        person = Caller(role="person", token=made.person)
        (choice,) = node.choices.choices(person, canonical(made.kept))
        said = node.choices.choose(
            person, canonical(made.kept), canonical(letter.processing), "allow", choice.notice, None
        )
        assert said.choice.consent is not None
        node.choices.withdraw(person, canonical(said.choice.consent))
        other = made.asker.granted(node, Job(name="Other"))
        node.runs.run(other)
        node.grants.revoke(other)
        node.people.erase(made.asker.token, canonical(made.gone))
        (made.folder / "t.jsonl").write_text('{"word": "quokka"}\n{"word": "wombat"}\n')
        node.sources.import_paths([made.folder / "t.jsonl"])
        (item,) = node.records.search("quokka").items
        node.erasing.erase(item.id, PASSPHRASE)
        return charged(node), show(Kind.RECORD, item.id)


def check_nothing_came_back(made: Backed, spent: int, item: str) -> None:
    with opened(made.home, made.clock) as node:
        assert node.audit.verify().whole
        assert charged(node) == spent
        with pytest.raises(NotFoundError):
            node.records.get(item)
        assert node.records.search("quokka").total == 0
        assert node.records.search("wombat").total == 1
        for token in (made.asker.token, made.person, made.officer, made.monitor, made.pusher):
            with pytest.raises(DeniedError):
                node.callers.kind(token)
        assert node.logins.all() == ()
        node.apps.resume(made.asker.shown)
        check_people(made, node)
        check_grants(made, node, spent)


def check_people(made: Backed, node: Node) -> None:
    assert made.profile(node, made.kept).fields[NAME] == "Ada"
    with pytest.raises(DeniedError):
        made.profile(node, made.gone)
    person = node.callers.person_token(made.asker.token, canonical(made.kept)).token
    told = node.choices.choices(Caller(role="person", token=person), canonical(made.kept))
    assert [each.state.value for each in told] == ["withdrawn"]


def check_grants(made: Backed, node: Node, spent: int) -> None:
    states = {named(each): each.state.value for each in node.grants.list()}
    assert sorted(states.values()) == ["allowed", "revoked"]
    for grant in states:
        with pytest.raises(DeniedError):
            node.runs.run(grant)
    node.grants.confirm(named(made.grant), PASSPHRASE)
    node.runs.run(named(made.grant))  # what is left of the budget is what was left of it
    assert charged(node) > spent


@pytest.mark.threat("T427")
def test_acceptance_20_going_back_across_an_erasure_a_withdrawal_and_a_revocation_undoes_none(
    tmp_path: Path,
) -> None:
    made = backed(tmp_path, prepare=made_older_and_upgraded)
    spent, item = spend_and_take_back(made)
    with opened(made.home, made.clock) as node:
        look = backing.rollback_look(node)
        with pytest.raises(NotFoundError):
            node.records.get(item)

    backing.roll_back(made.home, world(made.clock), PASSPHRASE, look.form)

    assert (look.apps, look.consents, look.tokens) == (1, 1, 2)
    assert Home(made.home).form == OLDER
    backing.upgrade(made.home, world(made.clock), PASSPHRASE)
    check_nothing_came_back(made, spent, item)


BEFORE: dict[str, tuple[type | ModuleType, str, bool]] = {
    "after the copy": (goingback, "migrated_copy", True),
    "after what ends": (goingback, "_ended", True),
    "after the steps back": (goingback, "migrate", True),
    "in the trial": (goingback, "miscounted", False),
    "after the chain is laid aside": (goingback, "_lay_aside", True),
    "before the switch": (Home, "begin_switch", False),
}


def die_at(of: type | ModuleType, point: str, work: Callable[[], None], *, after: bool) -> None:
    """Do some work, and die at a point of it."""
    true = getattr(of, point)

    def dying(*words: object, **named: object) -> None:
        if after:
            true(*words, **named)
        os._exit(9)

    setattr(of, point, dying)
    work()


def killed(
    of: type | ModuleType, point: str, work: Callable[[], None], *, after: bool
) -> int | None:
    return ended(die_at, of, point, work, after=after)


@pytest.mark.threat("T428")
def test_acceptance_15_a_kill_before_the_switch_leaves_the_vault_of_today_whole(
    home: Path,
) -> None:
    before = (home / "vault.db").read_bytes()

    for of, point, after in BEFORE.values():
        assert killed(of, point, lambda: go_back(home), after=after) == 9
        assert (home / "vault.db").read_bytes() == before
        assert Home(home).form == FORM

    assert list(home.glob("vault.db.next"))
    causes = check_whole(home)
    assert not list(home.glob("vault.db.next*"))
    assert not any("rollback" in each for each in causes)


@pytest.mark.threat("T427")
def test_acceptance_15_a_kill_from_the_switch_on_leaves_what_the_next_command_ends(
    home: Path,
) -> None:
    for point, work in (
        ("begin_switch", lambda: go_back(home)),
        ("take_next_data", lambda: upgrade(home)),
        ("take_next_data", lambda: go_back(home)),
    ):
        assert killed(Home, point, work, after=True) == 9
        with pytest.raises(SealholdError), opened(home):
            pass

    assert backing.upgrade(home, world(), PASSPHRASE) == OLDER  # what was begun is ended
    upgrade(home)
    assert "rollback" in check_whole(home)[2]


@pytest.mark.threat("T288")
def test_acceptance_15_a_way_back_that_fails_its_trial_leaves_the_new_vault_whole(
    home: Path,
) -> None:
    turned = turned_round(MIGRATIONS[-1])
    before = (home / "vault.db").read_bytes()
    for changes in BAD.values():
        back = Migration(to=OLDER, about="wrong", changes=(*turned.changes, *changes))
        wrong = Migration(to=FORM, about="wrong", back=back)
        with pytest.raises(SealholdError):
            backing.roll_back(home, world(), PASSPHRASE, OLDER, [wrong])

    assert (home / "vault.db").read_bytes() == before
    check_whole(home)


def test_a_step_that_changed_tables_and_does_not_say_how_to_change_them_back_stays(
    home: Path,
) -> None:
    (change,) = BAD["items that do not open"]
    for_good = Migration(to=FORM, about="for good", changes=(change,))

    with opened(home) as node, pytest.raises(InvalidError, match="cannot be taken back"):
        backing.rollback_look(node, [for_good])
    with pytest.raises(InvalidError, match="no way"):
        backing.roll_back(home, world(), PASSPHRASE, OLDER, [])


@pytest.mark.threat("T427")
def test_a_kill_on_the_way_back_leaves_one_form_whole_on_the_server(tmp_path: Path) -> None:
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"
    home = new_home(tmp_path / "home", places=Places(records=rows))

    def dies_at(of: type | ModuleType, point: str, *, after: bool) -> None:
        assert killed(of, point, lambda: go_back(home), after=after) == 9

    dies_at(Moving, "faults", after=True)
    assert Home(home).form == FORM
    dies_at(Home, "begin_switch", after=True)  # the transaction did not take effect
    assert backing.upgrade(home, world(), PASSPHRASE) == FORM
    with opened(home) as node:
        assert node.audit.verify().whole
    dies_at(Home, "set_form", after=False)  # and this time it did
    with pytest.raises(SealholdError), opened(home):
        pass
    assert backing.upgrade(home, world(), PASSPHRASE) == OLDER
    upgrade(home)
    with opened(home) as node:
        assert node.audit.verify().whole
        assert "rollback" in node.parts.snapshots.list()[2].causes


def test_the_command_looks_asks_and_goes_back(home: Path, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    look = json.loads(cli.line("upgrade --rollback --dry-run --json").out)
    assert (look["form"], look["done"]) == (OLDER, False)
    assert "Nothing was changed" in cli.line("upgrade --rollback --dry-run").out

    done = cli.line("upgrade --rollback")

    assert done.code == 0, done.err
    assert f"The vault has form {OLDER}" in done.out
    assert cli.line("status").code != 0
    Home(home).begin_switch(OLDER)
    assert cli.line("upgrade --rollback").code == 2
    assert "begun is ended" in cli.line("upgrade").out
    assert cli.line("upgrade").code == 0
    assert cli.line("snapshot list").out.count("rollback") == 1


def test_what_protects_somebody_is_not_left_behind(home: Path, tmp_path: Path) -> None:
    (tmp_path / "Stick").mkdir()
    with opened(home) as node:
        until = Instant(node.parts.core.clock() + 30 * DAY)
        node.parts.media.door.make(tmp_path / "Stick", (), until, PASSPHRASE, narrow=True)
        with pytest.raises(ConflictError, match="narrows every grant"):
            backing.rollback_look(node)
    with pytest.raises(ConflictError):
        go_back(home)
    assert Home(home).form == FORM
