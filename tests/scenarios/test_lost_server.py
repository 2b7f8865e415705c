"""A served vault whose rows lie on a server that is killed and comes back, while it is used."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep

import pytest

from tests.conformance import pgserver
from tests.scenarios.people_site import Answer, PeopleSite, people_site
from tests.scenarios.test_people_over_http import profile

KILLS = 3
PATIENCE = 30.0  # seconds for the server to be back


@pytest.fixture(scope="module")
def server() -> Iterator[pgserver.Server]:
    room = pgserver.binaries()
    if room is None:
        pytest.skip("postgresql is not installed: tools/system-packages.txt")
    with tempfile.TemporaryDirectory(prefix="sealhold-pg-", ignore_cleanup_errors=True) as folder:
        started = pgserver.own(room, Path(folder))
        yield started
        started.kill()


@dataclass
class Person:
    """What one client was told of one person that it alone changes."""

    subject: str
    version: int = 1  # the newest that was acknowledged
    begun: int = 1


@dataclass
class Load:
    """Clients that write and read, each its own person, and every answer that was not 200."""

    site: PeopleSite
    people: list[Person]
    stop: Event = field(default_factory=Event)
    turn: Lock = field(default_factory=Lock)
    refused: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def run(self, person: Person) -> None:
        while not self.stop.is_set():
            self._write(person)
            self._read(person)

    def _write(self, person: Person) -> None:
        token, place = self.site.apps[0][1], profile(person.subject)
        person.begun = max(person.begun, person.version + 1)
        body = {"fields": {"name": f"name {person.version + 1}"}}
        answer = self.site.call("PATCH", place, token, body, version=person.version)
        if answer.status == 200:
            person.version += 1
        elif answer.status == 412 and person.begun == person.version + 1:
            person.version += 1  # what was not acknowledged had taken effect
        else:
            self._refused(answer)

    def _read(self, person: Person) -> None:
        answer = self.site.call("GET", profile(person.subject), self.site.apps[0][1])
        if answer.status != 200:
            self._refused(answer)
            return
        told, version = answer.json, answer.json["version"]
        if told["fields"]["name"] != f"name {version}" or not (
            person.version <= version <= person.begun
        ):
            self.wrong.append(f"{told} but {person}")

    def _refused(self, answer: Answer) -> None:
        with self.turn:
            self.refused.append(answer)
        sleep(0.02)


def until_done(what: str, seconds: float, is_done: object) -> None:
    assert callable(is_done)
    until = monotonic() + seconds
    while not is_done():
        assert monotonic() < until, what
        sleep(0.02)


@pytest.mark.threat("T281")
@pytest.mark.threat("T282")
@pytest.mark.timeout(120)
def test_a_server_that_is_killed_under_load_costs_clear_refusals_and_nothing_else(
    tmp_path: Path, server: pgserver.Server
) -> None:
    rows = f"{server.address}?schema={pgserver.schema_of(tmp_path)}"
    with people_site(tmp_path, init=f"init --headless --records '{rows}'") as site:
        token = site.apps[0][1]
        load = Load(
            site, [Person(site.person(token, "name 1", f"p{n}@example.org")) for n in range(4)]
        )
        threads = [Thread(target=load.run, args=(person,)) for person in load.people]
        for each in threads:
            each.start()
        try:
            for _ in range(KILLS):
                reached = {person.subject: person.version + 5 for person in load.people}
                until_done(
                    "nobody gets on",
                    PATIENCE,
                    lambda: all(p.version >= reached[p.subject] for p in load.people),  # noqa: B023  # reason: called at once
                )
                before = len(load.refused)
                server.kill()
                until_done("no refusal", PATIENCE, lambda: len(load.refused) > before + 8)  # noqa: B023  # reason: as above
                server.start_again()
            until_done("no way back", PATIENCE, lambda: is_back(site, load.people[0].subject))
        finally:
            load.stop.set()
            for each in threads:
                each.join()

        assert load.wrong == []
        assert {each.status for each in load.refused} == {503}
        assert {each.headers.get("retry-after") for each in load.refused} == {"1"}
        codes = {each.json["code"] for each in load.refused}
        assert codes <= {"AUDIT_UNAVAILABLE", "STORE_UNAVAILABLE", "STORE_BUSY", "BUSY"}
        for person in load.people:
            answer = site.call("GET", profile(person.subject), token).json
            assert person.version <= answer["version"] <= person.begun
        whole = site.call("POST", "/v1/audit/verify", site.owner).json
        assert (whole["whole"], whole["faults"]) == (True, [])


def is_back(site: PeopleSite, subject: str) -> bool:
    return site.call("GET", profile(subject), site.apps[0][1]).status == 200
