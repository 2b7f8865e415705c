"""People of apps over the closing of epochs: who is there stays, who was erased stays away."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest

from sealhold.model.errors import DeniedError, NotFoundError, StoreUnavailableError
from sealhold.model.ids import FieldName, Id16, Purpose, SubjectId, canonical
from sealhold.model.people import FieldRule, Lookup
from sealhold.model.quantities import DAY, Instant
from sealhold.node import Accepted, Node
from sealhold.vault.deciding import scan_all
from sealhold.vault.epochs import Epochs
from sealhold.vault.home import Home
from sealhold.vault.subjects import SUBJECTS, Subjects
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened, world

SERVICE = Purpose("ServiceProvision")
NAME, MAIL = FieldName("name"), FieldName("mail")


def rule(category: str, lookup: Lookup = Lookup.NONE) -> FieldRule:
    return FieldRule(
        category=category,
        sensitive=False,
        retention_days=0,
        purposes=frozenset({SERVICE}),
        lookup=lookup,
    )


RULES = {NAME: rule("Name"), MAIL: rule("EmailAddress", Lookup.EMAIL)}


@dataclass(frozen=True)
class Shop:
    """What an app does with its people at an open vault."""

    node: Node
    token: str

    def person(self, name: str) -> str:
        """Return the id of a new person with a profile."""
        subject = canonical(self.node.people.make(self.token).subject)
        values = {NAME: name, MAIL: mail_of(name)}
        self.node.people.put(self.token, subject, SERVICE, values, 0)
        return subject

    def name(self, subject: str) -> object:
        got = self.node.people.begin_get(self.token, subject, SERVICE, frozenset({NAME}))
        return got.wait().fields[NAME]

    def found(self, name: str) -> list[str]:
        hits = self.node.people.find(self.token, SERVICE, MAIL, mail_of(name))
        return [canonical(each) for each in hits]

    def erase(self, subject: str) -> object:
        return self.node.people.erase(self.token, subject)

    def assert_there(self, name: str, subject: str) -> None:
        assert self.name(subject) == name
        assert self.found(name) == [subject]

    def assert_gone(self, name: str, subject: str) -> None:
        with pytest.raises(DeniedError):
            self.name(subject)
        assert subject not in self.found(name)


def mail_of(name: str) -> str:
    return f"{name.lower()}@example.org"


def registered(node: Node, name: str) -> str:
    """Return the token of a new app that may keep people."""
    app, token = node.apps.register_app(name, bytes(range(32)), confirmed=True)
    node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
    return token


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


def test_people_lookups_and_receipts_live_on_and_the_erased_stay_erased(home: Path) -> None:
    with opened(home) as node:
        one, other = (Shop(node, registered(node, name)) for name in ("One", "Other"))
        ada, bob, eve = one.person("Ada"), one.person("Bob"), other.person("Ada")
        receipt = one.erase(bob)
        before = node.keys.list()
        for _ in range(2):
            node.keys.close(PASSPHRASE)
            one.assert_there("Ada", ada)
            other.assert_there("Ada", eve)
            one.assert_gone("Bob", bob)
            assert one.erase(bob) == receipt
            assert node.audit.verify().whole
        after = node.keys.list()
    tokens = one.token, other.token

    assert {key.version for key in after.keys if key.kind == "app"} == {3}
    assert [(key.kind, key.name, key.wraps) for key in after.keys if key.kind != "epoch"] == [
        (key.kind, key.name, key.wraps) for key in before.keys if key.kind != "epoch"
    ]
    with opened(home) as node:
        one, other = (Shop(node, token) for token in tokens)
        one.assert_there("Ada", ada)
        other.assert_there("Ada", eve)
        one.assert_gone("Bob", bob)
        assert one.erase(bob) == receipt
        node.people.patch(one.token, ada, SERVICE, {MAIL: mail_of("Lovelace")}, 1)
        assert one.found("Lovelace") == [ada]
        assert one.found("Ada") == []
        third = one.person("Cid")
        node.keys.close(PASSPHRASE)
        one.assert_there("Cid", third)
        one.erase(ada)
        one.assert_gone("Ada", ada)
        new = Shop(node, registered(node, "New"))
        new.assert_there("Dan", new.person("Dan"))
        assert node.audit.verify().whole


def test_erasing_a_person_makes_the_epoch_due(home: Path) -> None:
    clock = Hands()
    with opened(home, clock) as node:
        shop = Shop(node, registered(node, "One"))
        ada = shop.person("Ada")
        assert node.status().close_by is None

        shop.erase(ada)

        assert node.status().close_by == Instant(clock.now + DAY)
        node.keys.close(PASSPHRASE)
        assert node.status().close_by is None


@pytest.mark.threat("T235")
def test_who_is_made_or_erased_while_keys_move_is_there_or_gone_afterwards(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = Epochs._switch
    made: list[str] = []

    with opened(home) as node:
        shop = Shop(node, registered(node, "One"))
        ada = shop.person("Ada")
        work: tuple[Callable[[], object], ...] = (
            lambda: made.append(shop.person("Bob")),
            lambda: shop.erase(ada),
        )
        threads = [Thread(target=each) for each in work]

        def meanwhile(self: Epochs, turn: object) -> None:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(0.5)
            assert [thread.is_alive() for thread in threads] == [True, True]
            switch(self, turn)  # type: ignore[arg-type]  # reason: the turn is the module's own

        monkeypatch.setattr(Epochs, "_switch", meanwhile)
        node.keys.close(PASSPHRASE)
        for thread in threads:
            thread.join()
        shop.assert_there("Bob", made[0])
        shop.assert_gone("Ada", ada)

    with opened(home) as node:
        shop = Shop(node, shop.token)
        shop.assert_there("Bob", made[0])
        shop.assert_gone("Ada", ada)
        assert node.audit.verify().whole


def test_nobody_is_made_or_erased_while_it_is_open_which_epoch_is_in_force(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_on = Home.move_on

    def fail_after(self: Home, epoch: int) -> None:
        move_on(self, epoch)
        raise StoreUnavailableError("was it?")

    with opened(home) as node:
        shop = Shop(node, registered(node, "One"))
        ada = shop.person("Ada")
        with monkeypatch.context() as patch:
            patch.setattr(Home, "move_on", fail_after)
            with pytest.raises(StoreUnavailableError):
                node.keys.close(PASSPHRASE)
        with pytest.raises(StoreUnavailableError, match="closed half"):
            shop.person("Bob")
        with pytest.raises(StoreUnavailableError, match="closed half"):
            shop.erase(ada)
    (home / "epoch").rename(home / "aside")
    either = Path(shutil.copytree(home, home.parent / "either"))
    (either / "aside").rename(either / "epoch")

    for folder in (home, either):
        with opened(folder) as node:
            shop = Shop(node, shop.token)
            shop.assert_gone("Ada", ada)
            shop.assert_there("Cid", shop.person("Cid"))
            assert node.audit.verify().whole


@pytest.mark.threat("T235")
def test_old_rows_with_the_keys_of_today_open_nobody_who_was_erased(
    home: Path, tmp_path: Path
) -> None:
    with opened(home) as node:
        shop = Shop(node, registered(node, "One"))
        ada, bob = shop.person("Ada"), shop.person("Bob")
    shutil.copyfile(home / "vault.db", tmp_path / "old")
    with opened(home) as node:
        Shop(node, shop.token).erase(ada)
        node.keys.close(PASSPHRASE)
    shutil.copyfile(tmp_path / "old", home / "vault.db")

    with Node(home, world()) as node:
        node.unlock(PASSPHRASE, Accepted(at_terminal=True, checkpoint=None))
        core = node.parts.core
        rows = {canonical(row.row[0]): row for row in scan_all(core.store, SUBJECTS)}
        assert ada not in rows  # who has no keys is swept
        with pytest.raises(NotFoundError):
            core.keyring.subject(SubjectId(Id16(UUID(ada).bytes)))
        assert canonical(Subjects(core).opened(rows[bob])[0].id) == bob
