"""A table with words and hidden ranges behind a proxy, and what the provider logs of its pairs.

- A module that uses the fixtures has one server and one proxy, which it may kill and start again.
"""

import re
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import Running
from tests.proxying.starting import USER, USERS, policy_for, prepared
from tests.proxying.tables import Table
from tests.proxying.worlds import NOTICE, clear, hidden, maybe, number, whole, words

NOTE = Table(
    name="note", dataset="health", rows=0, columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        hidden("text", "text", "words", maybe(words)),
        hidden("score", "integer", "range-hidden", whole(0, 255), range=[0, 255], buckets=16),
    ),
)  # fmt: skip
TEXTS = "_sh_words_note_text"
ADDED = re.compile(
    r'INSERT INTO "public"\."(_sh_\w+)".*\n.*DETAIL:  [Pp]arameters: '
    r"\$1 = '\{(.*?)\}', \$2 = '\{(.*?)\}'"
)
ASKED = re.compile(
    r'SELECT label, value FROM "public"\."(_sh_\w+)".*\n.*DETAIL:  [Pp]arameters: '
    r"\$1 = '\{(.*?)\}'"
)
Link = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster("all") as started:
        yield started


@pytest.fixture(scope="module")
def proxy(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pairs")
    home = folder / "vault"
    prepared(home, policy_for(rented, (NOTE, NOTICE)))
    running = Running(home)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def link(proxy: Running) -> Iterator[Link]:
    with closing(psycopg.connect(address(proxy).conninfo, autocommit=True)) as made:
        made.execute("DROP TABLE IF EXISTS note")
        made.execute(NOTE.create.encode())
        yield made


def address(proxy: Running) -> Address:
    return Address(port=proxy.port, user=USER, password=USERS, database="rented")


def found(link: Link, word: str) -> list[int]:
    sql = "SELECT id FROM note WHERE text @@ to_tsquery('simple', %s) ORDER BY id"
    return [int(str(row[0])) for row in link.execute(sql, (word,))]


def listed(text: str) -> list[str]:
    return [each.strip('"') for each in text.split(",") if each]


def check_labels(text: str) -> int:
    """No label was ever sent twice with another value; return how many there were."""
    kept: dict[tuple[str, str], str] = {}
    for table, labels, values in ADDED.findall(text):
        for label, value in zip(listed(labels), listed(values), strict=True):
            assert kept.setdefault((table, label), value) == value
    return len(kept)
