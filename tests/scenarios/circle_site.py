"""Two people's vaults that share a place, one of them served: for the pages of what is between.

- Ada's vault has a folder, one more device, and a contact; Bo's has shared something with her.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import quote, urlencode

from sealhold.frontends.http.app import make_app
from sealhold.frontends.http.serve import bind, make_server
from sealhold.model.ids import Purpose
from sealhold.model.quantities import Instant
from sealhold.node import WholeNode
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import joined
from sealhold.node.sharework import ShareWork
from sealhold.policy.share import Clauses, What
from sealhold.policy.shareterms import Action, Tier
from tests.scenarios.vaults import PASSPHRASE, new_home, opened, world

Fields = Mapping[str, str | list[str]]

LABEL = "abcdefghijklmnopqrstuvwxyz"
SECRET = "not for you"  # in a file that is not shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer of a page."""

    status: int
    where: str
    text: str


@dataclass
class CircleSite:
    """Ada's vault as it is served, and Bo's home."""

    node: WholeNode
    port: int
    bo: Path
    folder: Path
    cookie: str = ""
    csrf: str = ""
    said: list[str] = field(default_factory=list)  # every page that was read

    @property
    def url(self) -> str:
        """The origin of the pages."""
        return f"http://{LABEL}.localhost:{self.port}"

    def sign_in(self) -> None:
        """Sign in as the owner."""
        told = self.call("POST", "/unlock", {"passphrase": PASSPHRASE})
        assert told.status == 303
        self.page("/devices")

    def page(self, path: str, status: int = 200) -> str:
        """Read a page."""
        told = self.call("GET", path)
        assert told.status == status, (path, told.status, told.text.partition("<main")[2])
        return told.text

    def press(self, path: str, status: int = 303, **fields: str | list[str]) -> Told:
        """Send a form with the token of the sign-in."""
        return self.send(path, fields, status)

    def send(self, path: str, fields: Fields, status: int = 303) -> Told:
        """Send a form whose fields have names of any kind."""
        told = self.call("POST", path, {"csrf": self.csrf, **fields})
        assert told.status == status, (path, told.status, told.text.partition("<main")[2])
        return told

    def call(self, method: str, path: str, fields: Fields | None = None) -> Told:
        """Send one request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"host": f"{LABEL}.localhost:{self.port}", "cookie": self.cookie}
        if fields is not None:
            headers |= {
                "content-type": "application/x-www-form-urlencoded",
                "origin": self.url,
                "sec-fetch-site": "same-origin",
            }
        body = None if fields is None else urlencode(fields, doseq=True)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if came := answer.getheader("set-cookie"):
            self.cookie = came.partition(";")[0]
        if found := re.search(r'name="csrf" value="([^"]+)"', text):
            self.csrf = found[1]
        connection.close()
        self.said.append(text)
        return Told(status=answer.status, where=answer.getheader("location", ""), text=text)

    def synced(self) -> str:
        """Begin a round by the page, and return the page that tells how it went."""
        self.press("/devices/sync")
        turns = self.node.circle.devices._turns
        while turns.sync.is_running:
            with turns.work():  # it waits for the round, once that has begun
                pass
        return self.page("/devices")

    def met(self) -> None:
        """Have both vaults do rounds until each has heard what the other answered."""
        for _ in range(2):
            self.synced()
            self.at_bo()
        self.synced()

    def at_bo(self) -> None:
        """Have Bo's vault do a round; letters about shares that he did not take on may wait."""
        with opened(self.bo) as node, Rounds(DeviceWork(node)) as rounds:
            rounds.run()


def sync(home: Path) -> None:
    """Do a round; nothing may be wrong."""
    with opened(home) as node, Rounds(DeviceWork(node)) as rounds:
        troubles = rounds.run().troubles
        assert troubles == (), troubles


def share(home: Path, path: str, tier: Tier) -> None:
    """Share something of a vault with Ada."""
    with opened(home) as node:
        shares = ShareWork(DeviceWork(node))
        clauses = Clauses(
            who=frozenset({shares.contacts.contacts.named("ada").id}),
            what=What(ids=frozenset({shares.files.named(path)})),
            actions=frozenset({Action.VIEW}),
            purposes=frozenset({Purpose("ServiceProvision")}),
            not_before=Instant(0),
            tier=tier,
        )
        draft = shares.draft(f"letters {tier.word}", clauses)
        shares.create(draft, draft.effect.digest, draft.found)


@contextmanager
def served(folder: Path) -> Iterator[CircleSite]:
    """Make both vaults in `folder`, and serve Ada's."""
    homes = {name: new_home(folder / name) for name in ("ada", "bo")}
    place, papers = folder / "stick", _papers(folder)
    place.mkdir()
    cards: dict[str, str] = {}
    for name, home in homes.items():
        with opened(home) as node:
            work = DeviceWork(node)
            work.begin(f"{name}'s laptop")
            work.add_carrier(f"folder:{place}")
            cards[name] = ContactWork(work).card(name).text
            work.create("papers")
            work.bind("papers", papers[name])
    for name, other in (("ada", "bo"), ("bo", "ada")):
        with opened(homes[name]) as node:
            contacts = ContactWork(DeviceWork(node))
            card = contacts.read(cards[other])
            contacts.add(card, other)
            contacts.verify(other, " ".join(card.words))
    phone = new_home(folder / "phone")
    with opened(homes["ada"]) as first, opened(phone) as second:
        joined(DeviceWork(first), DeviceWork(second), "phone", place=f"folder:{place}")
    for tier in (Tier.THEIR_NODE, Tier.KEY_PER_USE):
        sync(homes["bo"])
        share(homes["bo"], "papers/letters", tier)
    for name in ("bo", "ada"):
        sync(homes[name])
    with serving(homes["ada"], homes["bo"], papers["ada"]) as site:
        yield site


def _papers(folder: Path) -> dict[str, Path]:
    found = {name: folder / f"{name}'s papers" for name in ("ada", "bo")}
    for path in found.values():
        (path / "letters").mkdir(parents=True)
        (path / "letters" / "first.txt").write_text("by the sea")
        (path / "secret.txt").write_text(SECRET)
    return found


@contextmanager
def serving(home: Path, bo: Path, papers: Path) -> Iterator[CircleSite]:
    """Serve one vault."""
    listener = bind(0)
    port = listener.getsockname()[1]
    with WholeNode(home, world()) as node:
        app = make_app(
            node,
            origin=f"http://localhost:{port}",
            label=LABEL,
            demo=False,
            clock=node.world.clock,
            entropy=node.world.entropy,
        )
        server = make_server(app)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        site = CircleSite(node=node, port=port, bo=bo, folder=papers)
        try:
            yield site
        finally:
            server.should_exit = True
            thread.join()
            listener.close()


def quoted(text: str) -> str:
    """Return a text as it stands in a query."""
    return quote(text, safe="")
