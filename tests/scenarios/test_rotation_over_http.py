"""Keys turned over in a vault that is served, by its owner's program."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealhold.frontends.http.rounds import Rounds
from sealhold.model.quantities import DAY
from tests.scenarios.people_site import PeopleSite, people_site
from tests.scenarios.vaults import PASSPHRASE as OTHER_PASSPHRASE
from tests.scenarios.vaults import Hands, calendar, new_home, opened
from tests.transcripts.cli import PASSPHRASE

NO_JOB = "12345678-1234-4234-8234-123456789abc"
SOON = 20.0  # seconds within which a job of a few rows ends


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleSite]:
    with people_site(tmp_path_factory.mktemp("home")) as found:
        yield found


def ended(site: PeopleSite, job: str) -> Any:  # noqa: ANN401  # reason: JSON is what it is
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        shown = site.call("GET", f"/v1/jobs/{job}", site.owner).json
        if shown["job"]["ended"] is not None:
            return shown
        time.sleep(0.02)
    raise AssertionError("the job does not end")


@pytest.mark.promise("P9")
@pytest.mark.parametrize("kind", ["subjects", "app", "bodies", "index", "subject"])
def test_keys_are_turned_over_and_everything_opens_as_before(site: PeopleSite, kind: str) -> None:
    app, token = site.apps[0]
    ada = site.person(token, "Ada", f"{kind}@example.org")
    scope = {"index": f"{app}/mail", "subject": ada}.get(kind, app)
    body = {"passphrase": PASSPHRASE, "scope": scope, "compromised": True}

    began = site.call("POST", f"/v1/keys/{kind}/rotate", site.owner, body)

    assert began.status == 202, began.body
    shown = ended(site, began.json["id"])
    assert (shown["job"]["state"], shown["quarantine"]) == ("done", [])
    assert shown["job"]["changed"] > 0
    got = site.call("GET", f"/v1/subjects/{ada}/profile", token).json
    assert got["fields"] == {"name": "Ada", "mail": f"{kind}@example.org"}
    found = site.call(
        "POST", "/v1/lookup", token, {"field": "mail", "value": got["fields"]["mail"]}
    )
    assert [each["subject"] for each in found.json["people"]] == [ada]


def test_only_the_owner_with_the_passphrase_begins_a_job(site: PeopleSite) -> None:
    _, token = site.apps[0]
    path, body = "/v1/keys/subjects/rotate", {"passphrase": "not this one"}

    assert site.call("POST", path, site.owner, body).status == 403
    for caller in (token, ""):
        body = {"passphrase": PASSPHRASE}
        assert site.call("POST", path, caller, body).status == 401
        assert site.call("GET", "/v1/jobs", caller).status == 401


def test_what_is_no_kind_scope_or_job_is_told(site: PeopleSite) -> None:
    def begin(kind: str, **more: object) -> int:
        body = {"passphrase": PASSPHRASE, **more}
        return site.call("POST", f"/v1/keys/{kind}/rotate", site.owner, body).status

    assert begin("nothing") == 422
    assert begin("index", scope="mail") == 422
    assert begin("index", scope=f"{site.apps[0][0]}/@tags") == 422
    assert begin("subject", scope="ada") == 422
    assert begin("app", scope="nobody") == 404
    assert begin("subjects", throttle=-1) == 422
    assert begin("subjects", dry_run=True) == 200
    for way in ("pause", "resume", "cancel"):
        gone = site.call("POST", f"/v1/jobs/{NO_JOB}/{way}", site.owner)
        assert gone.status == 404


def test_a_job_that_is_over_is_steered_no_more(site: PeopleSite) -> None:
    body = {"passphrase": PASSPHRASE, "scope": "owner"}
    job = site.call("POST", "/v1/keys/subject/rotate", site.owner, body).json["id"]
    ended(site, job)

    for way in ("pause", "resume", "cancel"):
        assert site.call("POST", f"/v1/jobs/{job}/{way}", site.owner).status == 409
    rows = {"rows": [0], "passphrase": PASSPHRASE}
    assert site.call("POST", f"/v1/jobs/{job}/give-up", site.owner, rows).status == 404
    assert job in {each["id"] for each in site.call("GET", "/v1/jobs", site.owner).json}


def test_a_served_vault_takes_up_a_job_and_destroys_what_is_over(tmp_path: Path) -> None:
    clock, home = Hands(), new_home(tmp_path / "home")
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "a.ics", ["apple"])])
        node.rotation.begin("subject", "owner", OTHER_PASSPHRASE, compromised=False, throttle=0)
    with opened(home, clock) as node:
        rounds = Rounds(node, clock)
        rounds.once()
        states(node, [(1, "decrypt-only"), (2, "active")])
        clock.move(30 * DAY + 1)
        rounds.once()
        states(node, [(2, "active")])
        assert len(node.records.search("apple").items) == 1
        assert node.audit.verify().whole


def states(node: Any, wanted: list[tuple[int, str]]) -> None:  # noqa: ANN401  # reason: any vault
    """Wait until the owner's keys stand so: what a round begins, ends by itself."""
    until = time.monotonic() + SOON
    found: list[tuple[int, str]] = []
    while found != wanted and time.monotonic() < until:
        listed = node.keys.list().keys
        found = [(key.version, key.state) for key in listed if key.kind == "subject"]
    assert found == wanted
    while node.parts.rotation._going.locked():
        time.sleep(0.01)
