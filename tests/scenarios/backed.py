"""A vault with a grant, an app with people and tokens of each kind, to be lost and brought back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.ids import FieldName, SubjectId, canonical
from sealhold.model.logins import Provider
from sealhold.model.people import ProfileView
from sealhold.model.shown import GrantView
from sealhold.model.shown.backups import RestoreView
from sealhold.node import Accepted, Node, Places, backing
from sealhold.vault.home import Home
from sealhold.vault.logins import Logins
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    named,
    new_home,
    opened,
    world,
)
from tests.unit.people_vault import MAIL, NAME, RULES, SERVICE

OWNER = Accepted(at_terminal=True, checkpoint=None)


def nobody_watches(_done: int, _every: int) -> None:
    """Stand for a bar that nobody sees."""


PROVIDER = Provider(name="work", issuer="https://id.example.org", client="vault")


@dataclass
class Backed:
    """The vault, and what was handed out of it before it was backed up."""

    folder: Path
    clock: Hands
    home: Path
    asker: Asker
    grant: GrantView
    person: str  # the token of one of the people
    officer: str
    monitor: str
    pusher: str
    kept: SubjectId
    gone: SubjectId  # erased after the backup
    came: SubjectId | None = None  # made after the backup, if somebody was

    @property
    def place(self) -> str:
        return str(self.folder / "backups")

    @property
    def slots(self) -> Path:
        return self.folder / "slots"

    def profile(self, node: Node, subject: SubjectId) -> ProfileView:
        fields = frozenset({NAME, MAIL})
        door = node.people
        return door.begin_get(self.asker.token, canonical(subject), SERVICE, fields).wait()

    def back_up(self) -> None:
        with opened(self.home, self.clock) as node:
            backing.back_up(node, self.place, nobody_watches)
        backing.keep_slots(Home(self.home), self.slots)

    def erase(self) -> None:
        """Erase one of the people, as their app asks."""
        with opened(self.home, self.clock) as node:
            node.people.erase(self.asker.token, canonical(self.gone))

    def restore(self, to: Path, keys: Home | Path, places: Places | None = None) -> RestoreView:
        wanted = backing.Restore(to, self.place, keys, world(self.clock), places=places)
        wanted.fill(nobody_watches, lambda: PASSPHRASE)
        with Node(to, world(self.clock)) as node:
            node.unlock(PASSPHRASE, OWNER)
            return wanted.told(node)


def person(node: Node, token: str, name: str) -> SubjectId:
    made = node.people.make(token).subject
    values: dict[FieldName, str | int | bool] = {NAME: name, MAIL: f"{name.lower()}@example.org"}
    node.people.put(token, canonical(made), SERVICE, values, 0)
    return made


def backed(
    folder: Path,
    places: Places | None = None,
    prepare: Callable[[Path], None] = lambda _home: None,
) -> Backed:
    """Make the vault and back it up; `prepare` has it first, while it is empty."""
    clock = Hands()
    home = new_home(folder / "home", clock, places)
    prepare(home)
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green"] * 5)])
        asker = Asker(node)
        grant = allow(node, asker.ask(node, Job()))
        (app,) = node.apps.list()
        node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
        kept, gone = (person(node, asker.token, name) for name in ("Ada", "Bob"))
        _, officer = node.callers.add_officer("Grace", PASSPHRASE)
        Logins(node.parts.core).add(PROVIDER, "248289761001", None)
        pushed = node.standing.add("phone", "push", {"place": "seen", "columns": "at:instant"})
        made = Backed(
            folder=folder,
            clock=clock,
            home=home,
            asker=asker,
            grant=grant,
            person=node.callers.person_token(asker.token, canonical(kept)).token,
            officer=officer.token,
            monitor=node.parts.crowd.monitors.renew(),
            pusher=node.parts.crowd.pushers.renew(pushed.id),
            kept=kept,
            gone=gone,
        )
    made.back_up()
    return made


__all__ = ["OWNER", "Backed", "backed", "named", "nobody_watches"]
