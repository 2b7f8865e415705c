"""Back-ups of a vault's rows and keys, taken before an erasure and put back after the epoch closed.

- A back-up of the rows is the database, or its tables on a server. One of the keys is the key set
  with the key of its epoch; the slot above it is in no back-up.
"""

import base64
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sealhold.model.ids import FieldName, Purpose, canonical
from sealhold.model.people import FieldRule, Lookup
from sealhold.model.sqlsteps import Ask, Do
from sealhold.node import Accepted, Node, Places
from sealhold.stores.spec import Row
from sealhold.vault.deciding import scan_all
from sealhold.vault.opening import TABLES
from tests.conformance import pgserver
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, world

SERVICE = Purpose("ServiceProvision")
NAME, MAIL = FieldName("name"), FieldName("mail")
WORDS = ("Canaria Plantagenet", "canaria.plantagenet@example.org")
KEYS = ("keys-1.db", "keys-1.key")


def rule(category: str, lookup: Lookup = Lookup.NONE) -> FieldRule:
    return FieldRule(
        category=category,
        sensitive=False,
        retention_days=0,
        purposes=frozenset({SERVICE}),
        lookup=lookup,
    )


RULES = {NAME: rule("Name", Lookup.TEXT), MAIL: rule("EmailAddress", Lookup.EMAIL)}


Rows = Mapping[str, list[Row]]


@dataclass
class Place:
    """Where the rows of a home lie, and how they are copied and put back."""

    home: Path
    clock: Hands = field(default_factory=Hands)

    def places(self) -> Places:
        return Places()

    def keep_rows(self) -> None:
        shutil.copyfile(self.home / "vault.db", self.home.parent / "old.db")

    def swap_rows(self) -> None:
        """Put the old rows in the place of those of today, which are kept as well."""
        now, old = self.home / "vault.db", self.home.parent / "old.db"
        now.rename(self.home.parent / "new.db")
        shutil.copyfile(old, now)
        now.chmod(0o600)

    def keep_keys(self) -> None:
        for name in KEYS:
            shutil.copyfile(self.home / name, self.home.parent / name)

    def put_keys_back(self) -> None:
        """Let the old key set be in force; the slot that it lay under is not among what is kept."""
        for name in KEYS:
            shutil.copyfile(self.home.parent / name, self.home / name)
            (self.home / name).chmod(0o600)
        (self.home / "epoch").unlink()


@dataclass
class OnServer(Place):
    """The rows lie on a PostgreSQL server."""

    def places(self) -> Places:
        return Places(records=f"{pgserver.address()}?schema={self._schema}")

    @property
    def _schema(self) -> str:
        return pgserver.schema_of(self.home)

    def keep_rows(self) -> None:
        self._does(
            Do(f"CREATE SCHEMA {self._schema}_old"),
            *(
                Do(f"CREATE TABLE {self._schema}_old.{t} AS TABLE {self._schema}.{t}")
                for t in self._tables()
            ),
        )

    def swap_rows(self) -> None:
        for t in self._tables():
            self._does(
                Do(f"DELETE FROM {self._schema}.{t}"),
                Do(f"INSERT INTO {self._schema}.{t} TABLE {self._schema}_old.{t}"),
            )

    def _tables(self) -> list[str]:
        asked = Ask("SELECT tablename FROM pg_tables WHERE schemaname = $1", (self._schema,))
        return [str(row[0]) for row in self._does(asked)[0]]

    @staticmethod
    def _does(*steps: Ask | Do) -> list[list[tuple[object, ...]]]:
        client = pgserver.client()
        try:
            with client.writing() as session:
                return session.run(steps)
        finally:
            client.close()


@dataclass
class Shop:
    """An app with people, by its token."""

    id: str
    token: str
    people: dict[str, str] = field(default_factory=dict)  # their ids by name

    def add(self, node: Node, name: str, mail: str) -> None:
        subject = canonical(node.people.make(self.token).subject)
        node.people.put(self.token, subject, SERVICE, {NAME: name, MAIL: mail}, 0)
        self.people[name] = subject

    def assert_whole(self, node: Node, gone: Iterable[str] = ()) -> None:
        """Everybody else is there whole, and found by what they are found by."""
        for name, subject in self.people.items():
            if name in gone:
                continue
            values = node.people.begin_get(self.token, subject, SERVICE, None).wait().fields
            assert values[NAME] == name
            for wanted in (NAME, MAIL):
                found = node.people.find(self.token, SERVICE, wanted, values[wanted])
                assert [canonical(each) for each in found] == [subject], (name, wanted)


@dataclass
class Story:
    """A vault with an app that erases somebody, and one that erases nobody."""

    place: Place
    shops: tuple[Shop, Shop]
    erased: str  # the person's id
    back_up: Rows  # all rows of the day before

    @contextmanager
    def opened(self, *, older: bool) -> Iterator[Node]:
        accepted = Accepted(at_terminal=True, checkpoint=None) if older else None
        with Node(self.place.home, world(self.place.clock)) as node:
            node.unlock(PASSPHRASE, accepted)
            if older:
                for shop in self.shops:
                    node.apps.resume(shop.id)
            yield node


def told(place: Place, erase: Callable[[Node, Shop, str], None]) -> Story:
    """Let two apps keep people, copy rows and keys, and let one app erase a person."""
    new_home(place.home, place.clock, place.places())
    with Node(place.home, world(place.clock)) as node:
        node.unlock(PASSPHRASE)
        shops = (_shop(node, "One"), _shop(node, "Other"))
        shops[0].add(node, *WORDS)
        for shop in shops:
            for number in range(3):
                shop.add(node, f"Person {number}", f"person{number}@example.org")
        back_up = rows_of_all(node)
    place.keep_rows()
    place.keep_keys()
    erased = shops[0].people[WORDS[0]]
    with Node(place.home, world(place.clock)) as node:
        node.unlock(PASSPHRASE)
        erase(node, shops[0], erased)
        node.keys.close(PASSPHRASE)
    del shops[0].people[WORDS[0]]
    return Story(place, shops, erased, back_up)


def rows_of_all(node: Node) -> Rows:
    """Return all rows of a vault, as whoever has a copy of them reads them."""
    store = node.parts.core.store
    return {table.name: [each.row for each in scan_all(store, table)] for table in TABLES}


def _shop(node: Node, name: str) -> Shop:
    app, token = node.apps.register_app(name, bytes(range(32)), confirmed=True)
    node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
    return Shop(canonical(app.id), token)


def forms(word: str) -> set[bytes]:
    """Return a word as a file may hold it."""
    raw = {word.encode(), word.lower().encode(), word.encode("utf-16-le"), word.encode("utf-16-be")}
    return (
        raw | {each.hex().encode() for each in raw} | {base64.b64encode(each)[:-4] for each in raw}
    )
