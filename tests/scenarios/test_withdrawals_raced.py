"""Many clients read while people withdraw, over HTTP, until the server is killed under them.

- In the order of the log no read that was permitted stands behind its person's withdrawal.
- A read that begins after a withdrawal was answered is refused.
- What was acknowledged, a read as well as a word of a person, is in the log after the kill.

Acceptance A13 of the service: docs/spec/33-acceptance.md. `make soak` has 200 clients for 30 s.
"""

import hashlib
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests.scenarios.people_site import MARKETING, Answer, PeopleSite, call, people_site
from tests.scenarios.records_site import STORES, init_of
from tests.transcripts.cli import Cli

CODE = hashlib.sha256(b"count()").hexdigest()
TERMS = {
    "name": "Count",
    "code": CODE,
    "purpose": MARKETING,
    "basis": "eu-gdpr:A6-1-a",
    "fields": ["name"],
    "retention_days": 30,
    "output_bytes": 100,
}
RUNS, READS = 16, 10_000  # more reads than half a minute has
PATIENCE = 60.0  # seconds, beyond those of the race
READ, GIVEN, WITHDRAWN = "profile: read", "say: ConsentGiven", "say: ConsentWithdrawn"


@dataclass
class Person:
    """One of the people, and what was told of their words: they allow and withdraw by turns."""

    subject: str
    token: str
    begun: int = 0  # words that were sent; every second one is a withdrawal
    done: int = 0  # words that were answered
    reads: Counter[int] = field(default_factory=Counter)  # that were answered, by client


@dataclass
class Race:
    """A served vault with a processing, and those who race about it."""

    site: PeopleSite
    processing: str
    leases: list[str]
    notice: str
    people: list[Person]
    wrong: list[str] = field(default_factory=list)
    is_killed: bool = False

    def send(self, method: str, path: str, token: str, body: object, **more: str) -> Answer:
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        while True:
            try:
                return call(self.site.port, method, f"/v1{path}", token, body, headers)
            except ConnectionResetError:  # more at once than are let in: nothing of it was read
                if self.is_killed:
                    raise

    def read(self, client: int) -> None:
        """Read one person after the other until the server is gone."""
        lease, number = self.leases[client % len(self.leases)], client
        while True:
            person = self.people[number % len(self.people)]
            number, before = number + 1, (person.done, person.begun)
            came = self.send(
                "GET", f"/subjects/{person.subject}/profile", self.site.apps[0][1], None,
                Sealhold_Processing=lease, Sealhold_Purpose=MARKETING,
            )  # fmt: skip
            if came.status == 200:
                person.reads[client] += 1
                # no word was under way, and the last one that was answered was a withdrawal
                if before == (person.begun, person.begun) and person.begun % 2 == 0:
                    self.wrong.append(f"a read behind word {person.begun} of {person.subject}")

    def change(self, person: Person) -> None:
        """Allow and withdraw until the server is gone."""
        path = f"/subjects/{person.subject}/choices/{self.processing}"
        while True:
            word = "withdraw" if person.begun % 2 else "allow"
            person.begun += 1
            body = {"choice": word, "notice": self.notice}
            came = self.send("PUT", path, person.token, body)
            while came.status == 503:  # too many at once: it did not happen
                came = self.send("PUT", path, person.token, body)
            if came.status != 200:
                self.wrong.append(f"{word}: {came.body!r}")
                return
            person.done += 1

    def _have_begun(self, words: int) -> bool:
        """Return whether each person has said so many words, and somebody has read."""
        read = any(sum(each.reads.values()) for each in self.people)
        return read and min(each.done for each in self.people) >= words

    def until_killed(self, clients: int, seconds: float, words: int) -> None:
        """Let all of them race, at least so long, and kill the server in the midst of it."""
        until = monotonic() + seconds
        with ThreadPoolExecutor(clients + len(self.people)) as pool:
            going = [pool.submit(self._until_gone, self.change, each) for each in self.people]
            going += [pool.submit(self._until_gone, self.read, each) for each in range(clients)]
            try:
                while monotonic() < until or not self._have_begun(words):
                    assert monotonic() < until + PATIENCE, "nobody gets on"
                    assert not self.wrong, self.wrong
                    sleep(0.02)
            finally:
                self.is_killed = True
                self.site.process.send_signal(signal.SIGKILL)
            for each in going:
                each.result(60)

    def _until_gone(self, work: Any, about: object) -> None:  # noqa: ANN401  # reason: of any kind
        try:
            work(about)
        except (OSError, HTTPException) as err:
            if not self.is_killed:
                self.wrong.append(f"{about} came to no answer: {err!r}")


def begun(site: PeopleSite, people: int) -> Race:
    """Return a race that can begin."""
    officer = site.officer()
    app = site.apps[0][1]
    made = call(site.port, "POST", "/v1/processings", app, TERMS).json
    path = f"/v1/processings/{made['processing']}"
    assert call(site.port, "POST", f"{path}/activate", officer).status == 200
    found = []
    for number in range(people):
        subject = site.person(app, f"P{number}", f"p{number}@example.org")
        token = call(site.port, "POST", f"/v1/subjects/{subject}/tokens", app).json["token"]
        found.append(Person(subject, token))
    shown = f"/v1/subjects/{found[0].subject}/choices"
    told = call(site.port, "GET", shown, found[0].token).json["choices"]
    run = {"code": CODE, "reads": READS}
    leases = [call(site.port, "POST", f"{path}/runs", app, run).json["lease"] for _ in range(RUNS)]
    return Race(site, made["processing"], leases, told[0]["notice"], found)


def story(port: int, person: Person) -> list[str]:
    """Return what the log says of a person, the oldest first."""

    def pages() -> Iterator[str]:
        more = ""
        while True:
            path = f"/v1/subjects/{person.subject}/uses?limit=500{more}"
            page = call(port, "GET", path, person.token).json
            yield from (each["what"] for each in page["uses"])
            if not page["before"]:
                return
            more = f"&cursor={page['before']}"

    return [*pages()][::-1]


def check(told: list[str], person: Person, clients: int) -> None:
    """See that the log holds what was acknowledged, and no read where none may be."""
    words = [each for each in told if each in {GIVEN, WITHDRAWN}]
    assert words == [(GIVEN, WITHDRAWN)[n % 2] for n in range(len(words))]
    assert person.done <= len(words) <= person.begun  # the last word may have been under way
    permitted = False
    reads = 0
    for each in told:
        if each in {GIVEN, WITHDRAWN}:
            permitted = each == GIVEN
        elif each == READ:
            assert permitted, "a read stands behind a withdrawal"
            reads += 1
    acknowledged = sum(person.reads.values())
    assert acknowledged <= reads <= acknowledged + clients


def raced(
    folder: Path, store: str, clients: int, people: int, seconds: float, words: int = 8
) -> int:
    """Let clients race, kill the server, and check what the log says; return how many reads."""
    init = init_of(store, folder)
    with people_site(folder, init=init, ends=-signal.SIGKILL) as site:
        race = begun(site, people)
        race.until_killed(clients, seconds, words)
    assert race.wrong == []
    with people_site(folder, init=init, register=False) as again:
        for person in race.people:
            check(story(again.port, person), person, clients)
    assert Cli(folder).line("audit verify").code == 0
    return sum(sum(each.reads.values()) for each in race.people)


@pytest.mark.threat("T253")
@pytest.mark.parametrize("store", STORES)
def test_a13_no_read_follows_its_withdrawal_and_what_was_told_outlives_a_kill(
    tmp_path: Path, store: str
) -> None:
    assert raced(tmp_path, store, clients=16, people=2, seconds=0) > 0


@pytest.mark.soak
@pytest.mark.threat("T253")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", STORES)
def test_a13_two_hundred_clients_race_withdrawals_for_half_a_minute(
    tmp_path: Path, store: str
) -> None:
    assert raced(tmp_path, store, clients=200, people=8, seconds=30, words=2) > 200
