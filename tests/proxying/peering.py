"""Two vaults with proxies: one that owns rows at a provider, and one that may ask for some."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealhold.model.shown.peers import PeerAnswer
from sealhold.node import create, opened
from sealhold.node.peerwork import PeerWork
from tests.proxying.cluster import Cluster
from tests.proxying.starting import PASSPHRASE, Started, policy_for, prepared, serve
from tests.proxying.tables import CLEAR, Col, Table
from tests.proxying.talking import Talk

CITIES: Final = ("Bern", "Basel", "Chur", "Genf")
HEAD: Final = 'dataset = "clinic"\npurpose = "quality of care"\nrows_per_day = 10000\ndays = 30\n'
ROWS: Final = """
[[table]]
name = "patient"
columns = ["id", "name", "age", "city"]
where = "city <> 'Genf'"
"""
GRID: Final = """
[grid]
table = "patient"
by = ["city"]
measures = ["age"]
least = 5
"""


def _age(_: object, nth: int) -> str:
    return str(20 + nth % 60)


PATIENT: Final = Table(
    name="patient",
    dataset="clinic",
    rows=0,
    columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth)),
        Col(name="name", type="text", protect=("match",), make=lambda _, nth: f"name {nth}"),
        Col(name="age", type="integer", protect=("order",), make=_age),
        Col(name="city", type="text", protect=CLEAR, make=lambda _, nth: CITIES[nth % 4]),
        Col(name="finding", type="text", protect=("sealed",), make=lambda _, nth: f"found {nth}"),
    ),
)
MADE: Final = (
    "CREATE TABLE patient (id integer, name text, age integer, city text, finding text)",
    # 40 in Bern, 20 in Basel, 4 in Chur, 10 in Genf
    *(
        f"INSERT INTO patient (id, name, age, city, finding) VALUES"
        f" ({nth}, 'name {nth}', {20 + nth % 60}, '{city}', 'found {nth}')"
        for city, numbers in (
            ("Bern", range(40)), ("Basel", range(100, 120)), ("Chur", range(200, 204)),
            ("Genf", range(300, 310)),
        )
        for nth in numbers
    ),
)  # fmt: skip


@dataclass
class Pair:
    """Two vaults; the first one's proxy is served by `serving`."""

    owner: Path
    requester: Path
    folder: Path
    grants: dict[str, Path] = field(default_factory=dict)
    key: str = ""  # of the owner
    peers: str = ""
    started: Started | None = None
    stack: ExitStack = field(default_factory=ExitStack)  # what is served in it lasts as long

    def grant(self, name: str, terms: str, to: Path | None = None) -> Path:
        """Make a grant by the owner, who does not serve now."""
        with opened(to or self.requester, PASSPHRASE) as node:
            key = PeerWork(node).key()
        with opened(self.owner, PASSPHRASE) as node:
            _, envelope = PeerWork(node).make(terms.encode(), key, "")
        self.grants[name] = self.folder / f"{name}.grant"
        self.grants[name].write_bytes(envelope)
        return self.grants[name]

    def ask(self, name: str, sql: str, *values: str) -> PeerAnswer:
        """Ask as the requester."""
        with opened(self.requester, PASSPHRASE) as node:
            return self.asked(PeerWork(node), name, sql, *values)

    def asked(self, work: PeerWork, name: str, sql: str, *values: str) -> PeerAnswer:
        """Ask with a vault that is open."""
        host, _, port = self.peers.rpartition(":")
        return work.ask(self.grants[name].read_bytes(), self.key, (host, int(port)), sql, values)


def pair(rented: Cluster, folder: Path) -> Pair:
    """Make two vaults, and the owner's rows."""
    owner, requester = folder / "owner", folder / "requester"
    prepared(owner, policy_for(rented, (PATIENT,)))
    create(requester, PASSPHRASE, headless=True)
    with opened(owner, PASSPHRASE) as node:
        key = PeerWork(node).key()
    made = Pair(owner, requester, folder, key=key)
    with serve(owner, folder) as started, Talk(started.address) as link:
        for each in MADE:
            link.rows(each)
    return made


@contextmanager
def serving(pair_: Pair, at: str = "127.0.0.1:0") -> Iterator[Pair]:
    """Serve the owner's proxy for others."""
    with serve(pair_.owner, pair_.folder, options=("--peers", at)) as started:
        pair_.peers, pair_.started = started.peers, started
        yield pair_
