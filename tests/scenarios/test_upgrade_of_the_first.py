"""A vault of the first form: its log gets the index that it never had."""

from pathlib import Path

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.audit.spans import WIDE, leaves_of
from sealhold.crypto.seal import Sealer
from sealhold.model.ids import Id16, SubjectId
from sealhold.node import backing
from sealhold.vault.home import FORM, Home
from sealhold.vault.telling import Teller
from sealhold.vault.upgrading import MIGRATIONS
from sealhold.vault.writer import Work
from tests.scenarios.upgraded import made_older
from tests.scenarios.vaults import PASSPHRASE, new_home, opened, world


def busy(home: Path, entries: int) -> SubjectId:
    """Return a person of whom the log tells, among so many entries of others."""
    with opened(home) as node:
        core = node.parts.core
        owner, other = Teller(core.keys), Id16(b"somebody else's".ljust(16))
        event = Event(kind=EventKind.READ, actor=Actor.OWNER)
        about = [owner.entry(event), Entry(event=event, subject=other, sealer=core.keys.events)]
        for _ in range(entries // 1_000):
            core.writer.commit(Work((), tuple(about * 500)))
        return core.owner


def told(home: Path, subject: SubjectId) -> int:
    """Return how many entries about somebody the index leads to."""
    with opened(home) as node:
        core = node.parts.core
        log, size = Sealer(core.keyring.named("log")), core.writer.load.log_size
        return len([*leaves_of(core.store, log, subject, size)])


def test_the_log_of_a_vault_of_the_first_form_gets_its_index(tmp_path: Path) -> None:
    home = Home(new_home(tmp_path / "home"))
    owner = busy(home.folder, 17_000)
    before = told(home.folder, owner)
    made_older(home.folder, 1)
    heard: list[tuple[int, int]] = []

    backing.upgrade(home.folder, world(), PASSPHRASE, watch=lambda *far: heard.append(far))

    assert (told(home.folder, owner), before) == (8_501, 8_500)  # going there was told, too
    with opened(home.folder) as node:
        assert node.audit.verify().whole
    assert [done for done, _ in heard] == [WIDE, heard[-1][1]]
    assert home.form == FORM
    assert [step.to for step in MIGRATIONS] == [*range(2, FORM + 1)]
