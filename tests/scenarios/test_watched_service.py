"""A served vault is watched by a program that may know its numbers and nothing of anybody."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.scenarios.people_site import PeopleSite, call, people_site
from tests.scenarios.test_people_over_http import ADDRESS, CANARY, profile
from tests.transcripts.cli import PASSPHRASE, Cli

MONITOR = "/v1/metrics"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def monitor(folder: Path) -> str:
    """Return the token of a monitor, made before the vault is served."""
    cli = Cli(folder)
    assert cli.line("init --headless").code == 0
    before, now = (json.loads(cli.line("service token --json").out)["token"] for _ in range(2))
    assert before != now
    return f"{before} {now}"


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def site(folder: Path, monitor: str, log: list[dict[str, Any]]) -> Iterator[PeopleSite]:
    assert monitor
    with people_site(folder, log=log) as found:
        yield found


def numbers(site: PeopleSite, monitor: str) -> str:
    answer = call(site.port, "GET", MONITOR, monitor.split()[1])
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.body.decode()


@pytest.mark.threat("T283")
def test_the_numbers_name_routes_and_nobody(site: PeopleSite, monitor: str) -> None:
    app, token = site.apps[0]
    subject = site.person(token, CANARY, ADDRESS)
    site.call("GET", profile(subject) + f"?fields={CANARY.split()[0]}", token)
    site.call("POST", "/v1/lookup", token, {"field": "mail", "value": ADDRESS})
    site.call("GET", f"/v1/nowhere/{CANARY.replace(' ', '')}", token)

    told = numbers(site, monitor)

    assert 'route="/v1/subjects/{id}/profile",status="200"' in told
    assert 'route="none",status="404"' in told
    for secret in (subject, app, token, ADDRESS, *CANARY.split(), monitor):
        assert secret.lower() not in told.lower()


@pytest.mark.threat("T283")
def test_no_other_token_gets_the_numbers_and_that_one_gets_nothing_else(
    site: PeopleSite, monitor: str
) -> None:
    before, now = monitor.split()
    document = site.call("GET", "/v1/openapi.json", "").json
    refused = []

    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if {"monitor", "public"} & set(told["x-roles"]):
                continue
            answer = call(site.port, method.upper(), path.replace("{id}", "0" * 8), now)
            refused.append(answer.status)

    assert len(refused) > 40
    assert set(refused) <= {401, 403}
    for token in ("", before, site.apps[0][1], f"{now[:-1]}{'A' if now[-1] != 'A' else 'B'}"):
        assert call(site.port, "GET", MONITOR, token).status in {401, 403}
    proof = {"passphrase": PASSPHRASE}
    owner = call(site.port, "POST", "/v1/auth/sessions", "", proof).json["token"]
    assert call(site.port, "GET", MONITOR, owner).status == 200


def test_health_tells_whether_the_vault_is_open_and_can_be_written(site: PeopleSite) -> None:
    told = call(site.port, "GET", "/v1/health", "").json

    assert (told["status"], told["vault"], told["writes"]) == ("ok", "open", "yes")
    assert call(site.port, "GET", "/v1/ready", "").status == 200


def test_a_locked_vault_answers_and_is_not_ready(site: PeopleSite, monitor: str) -> None:
    site.call("POST", "/v1/lock", site.owner)
    try:
        told = call(site.port, "GET", "/v1/health", "")
        ready = call(site.port, "GET", "/v1/ready", "")
        counted = call(site.port, "GET", MONITOR, monitor.split()[1])
    finally:
        site.call("POST", "/v1/auth/sessions", "", {"passphrase": PASSPHRASE})

    assert (told.status, told.json["vault"], told.json["writes"]) == (200, "locked", "no")
    assert (ready.status, ready.json["code"]) == (503, "NOT_READY")
    assert counted.status == 403


@pytest.mark.threat("T284")
def test_the_journal_tells_what_happened_and_to_nobody_whom_it_was_about(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    with people_site(tmp_path, log=log) as site:
        app, token = site.apps[0]
        subject = site.person(token, CANARY, ADDRESS)
        for _ in range(2):
            site.call("GET", profile(subject) + f"?fields={CANARY.split()[0]}", token)
        site.call("POST", "/v1/lookup", token, {"field": "mail", "value": ADDRESS})
        site.call("GET", f"/v1/subjects/{CANARY.replace(' ', '%20')}", token)

    text = str(log)
    events = [line["event"] for line in log]
    assert (events[0], events[-1]) == ("started", "stopping")
    reads = [
        line
        for line in log
        if (line.get("route"), line.get("method")) == ("/v1/subjects/{id}/profile", "GET")
    ]
    assert len({line["tags"]["id"] for line in reads}) == 1
    assert all(line["status"] == 403 for line in reads)
    for secret in (subject, app, token, site.owner, ADDRESS, *CANARY.split(), str(tmp_path)):
        assert secret.lower() not in text.lower()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_told_to_stop_a_service_answers_what_is_under_way_and_keeps_all_it_acknowledged(
    tmp_path: Path, stop: signal.Signals
) -> None:
    kept: dict[str, int] = {}
    odd: list[object] = []
    with people_site(tmp_path) as site:
        token = site.apps[0][1]
        people = [site.person(token, "v1", f"p{n}@example.org") for n in range(2)]
        going = [Event() for _ in people]
        threads = [
            Thread(target=change, args=(site, subject, kept, odd, begun))
            for subject, begun in zip(people, going, strict=True)
        ]
        for each in threads:
            each.start()
        for begun in going:
            assert begun.wait(30), odd
        site.process.send_signal(stop)
        for each in threads:
            each.join(30)
        assert site.process.wait(30) == 0
    assert odd == []
    with people_site(tmp_path, register=False) as site:
        for subject, version in kept.items():
            assert version > 3
            answer = site.call("GET", profile(subject), token).json
            assert answer["version"] == version
            assert answer["fields"]["name"] == f"v{version}"


def change(
    site: PeopleSite, subject: str, kept: dict[str, int], odd: list[object], begun: Event
) -> None:
    """Change a person until nobody listens any more; each call that was taken is answered."""
    kept[subject] = 1
    while True:
        version = kept[subject]
        body = {"fields": {"name": f"v{version + 1}"}}
        try:
            answer = site.call("PATCH", profile(subject), site.apps[0][1], body, version=version)
        except ConnectionError:
            return
        except OSError as err:
            odd.append(err)
            return
        if answer.status != 200:
            odd.append(answer)
            return
        kept[subject] = version + 1
        if kept[subject] > 3:
            begun.set()


def test_a_service_backs_its_vault_up_while_it_is_used(site: PeopleSite, tmp_path: Path) -> None:
    token, place = site.apps[0][1], str(tmp_path / "b")
    proof = {"passphrase": PASSPHRASE}
    owner = call(site.port, "POST", "/v1/auth/sessions", "", proof).json["token"]
    subject = site.person(token, "Ada", "ada9@example.org")
    stop, odd = Event(), list[object]()
    reading = Thread(target=read_on, args=(site, subject, stop, odd))
    reading.start()

    made = call(site.port, "POST", "/v1/backups", owner, {"place": place, **proof})

    stop.set()
    reading.join()
    assert (made.status, odd) == (201, [])
    checked = json.loads(Cli(tmp_path).line("backup verify b --json").out)
    assert (checked["id"], checked["digest"]) == (made.json["id"], made.json["digest"])
    wrong = call(site.port, "POST", "/v1/backups", owner, {"place": place, "passphrase": "no"})
    assert wrong.status == 403
    assert call(site.port, "POST", "/v1/backups", token, {"place": place, **proof}).status == 401


def read_on(site: PeopleSite, subject: str, stop: Event, odd: list[object]) -> None:
    while not stop.is_set():
        answer = site.call("GET", profile(subject), site.apps[0][1])
        if answer.status != 200:
            odd.append(answer)
