"""A script, the people whose data it wants, and their choice: over HTTP, on both kinds of store.

Acceptance A6 of the service: registered and denied, allowed and permitted, one byte changed and
denied until it is allowed again, relabelled and permitted, withdrawn in the middle of a run.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from tests.scenarios.people_site import MARKETING, Answer, PeopleSite, call, people_site
from tests.scenarios.records_site import STORES, init_of

SCRIPT = b"for person in people: print(person.name)"
ABSENT = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Actors:
    """A served vault, one app of it, an officer, and what they send."""

    site: PeopleSite
    officer: str

    @property
    def app(self) -> str:
        return self.site.apps[0][1]

    @property
    def other(self) -> str:
        return self.site.apps[1][1]

    def send(
        self, method: str, path: str, token: str, body: object = None, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.site.port, method, "/v1" + path, token, body, named)

    def person(self, name: str) -> tuple[str, str]:
        """Return a new person of the app, and their own token."""
        subject = self.site.person(self.app, name, f"{name.lower()}@example.org")
        made = self.send("POST", f"/subjects/{subject}/tokens", self.app)
        return subject, made.json["token"]

    def register(self, terms: dict[str, Any]) -> str:
        """Return a processing that an officer activated."""
        made = self.send("POST", "/processings", self.app, terms)
        assert made.status == 201, made.body
        processing: str = made.json["processing"]
        assert self.send("POST", f"/processings/{processing}/activate", self.officer).status == 200
        return processing

    def version(self, processing: str, terms: dict[str, Any]) -> dict[str, Any]:
        """Return the processing after a change, active again."""
        path = f"/processings/{processing}"
        assert self.send("POST", path + "/versions", self.app, terms).status == 201
        changed: dict[str, Any] = self.send("POST", path + "/activate", self.officer).json
        return changed

    def shown(self, subject: str, token: str, processing: str) -> dict[str, Any]:
        """Return how a person sees a processing."""
        told = self.send("GET", f"/subjects/{subject}/choices", token).json["choices"]
        return next(each for each in told if each["processing"] == processing)

    def say(self, subject: str, token: str, processing: str, choice: str) -> Answer:
        notice = self.shown(subject, token, processing)["notice"]
        path = f"/subjects/{subject}/choices/{processing}"
        return self.send("PUT", path, token, {"choice": choice, "notice": notice})

    def run(self, processing: str, code: str) -> Answer:
        return self.send("POST", f"/processings/{processing}/runs", self.app, {"code": code})

    def read(self, lease: str, subject: str, token: str = "") -> Answer:
        headers = {"Sealhold_Processing": lease, "Sealhold_Purpose": MARKETING}
        return self.send("GET", f"/subjects/{subject}/profile", token or self.app, **headers)


def terms(**changed: object) -> dict[str, Any]:
    return {
        "name": "Newsletter",
        "code": hashlib.sha256(SCRIPT).hexdigest(),
        "purpose": MARKETING,
        "basis": "eu-gdpr:A6-1-a",
        "fields": ["name"],
        "recipients": ["Mailer Ltd"],
        "retention_days": 30,
        "output_bytes": 100,
        **changed,
    }


@pytest.fixture(scope="module", params=STORES)
def actors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Actors]:
    folder = tmp_path_factory.mktemp("processings")
    with people_site(folder, init=init_of(request.param, folder)) as site:
        yield Actors(site, site.officer())


@pytest.mark.promise("P6")
@pytest.mark.promise("P7")
def test_a6_a_script_is_denied_allowed_changed_relabelled_and_withdrawn(actors: Actors) -> None:
    ada, token = actors.person("Ada")
    bob, theirs = actors.person("Bob")
    processing, code = actors.register(terms()), terms()["code"]
    first = actors.run(processing, code)
    lease = first.json["lease"]

    assert actors.read(lease, ada).status == 403
    allowed = actors.say(ada, token, processing, "allow")
    assert (allowed.status, allowed.json["choice"]["state"]) == (200, "allowed")
    assert actors.read(lease, ada).json["fields"] == {"name": "Ada"}
    assert actors.read(lease, bob).status == 403

    changed = hashlib.sha256(SCRIPT + b"#").hexdigest()
    assert actors.run(processing, changed).status == 403
    assert actors.version(processing, terms(code=changed))["edition"] == 2
    assert actors.read(lease, ada).status == 403
    run = actors.run(processing, changed).json
    assert actors.read(run["lease"], ada).status == 403
    assert actors.shown(ada, token, processing)["state"] == "pending"
    actors.say(ada, token, processing, "allow")
    actors.say(bob, theirs, processing, "allow")
    assert actors.read(run["lease"], ada).status == 200

    relabelled = actors.version(processing, terms(code=changed, name="News"))
    assert (relabelled["edition"], relabelled["version"]) == (2, 3)
    assert actors.read(run["lease"], ada).status == 200
    assert actors.read(run["lease"], bob).status == 200
    told = actors.send("GET", f"/runs/{run['run']}/people", actors.app).json
    assert {each["subject"] for each in told["people"]} == {ada, bob}

    assert actors.say(ada, token, processing, "withdraw").json["choice"]["state"] == "withdrawn"
    assert actors.read(run["lease"], ada).status == 403
    assert actors.read(run["lease"], bob).status == 200
    result = {"output": base64.b64encode(b"2 letters").decode()}
    dropped = actors.send(
        "POST", f"/runs/{run['run']}/result", actors.app, result, Sealhold_Processing=run["lease"]
    )
    assert dropped.status == 403
    assert b"statement" not in dropped.body
    assert actors.read(run["lease"], bob).status == 403

    told_afterwards(actors, ada, token, run["run"])


def told_afterwards(actors: Actors, ada: str, token: str, run: str) -> None:
    """See that the person and the officer read the whole story."""
    uses = actors.send("GET", f"/subjects/{ada}/uses", token).json["uses"]
    story = [(each["what"], each["outcome"], each["processing"]) for each in reversed(uses)]
    assert story == [
        ("person: made", "done", ""),
        ("profile: changed", "done", ""),
        ("access: a token was made", "done", ""),
        ("profile: no consent", "denied", "News"),
        ("say: ConsentGiven", "done", ""),
        ("profile: read", "done", "News"),
        ("profile: other code", "denied", "News"),
        ("profile: no consent", "denied", "News"),
        ("say: ConsentGiven", "done", ""),
        ("profile: read", "done", "News"),
        ("profile: read", "done", "News"),
        ("say: ConsentWithdrawn", "done", ""),
        ("profile: no consent", "denied", "News"),
    ]
    log = actors.send("GET", f"/runs/{run}/log", actors.officer).json["uses"]
    assert log[0]["what"] == "processing: dropped"
    assert log[-1]["what"] == "processing: begun"


@pytest.mark.promise("P6")
def test_a_result_leaves_signed_while_everybody_permits(actors: Actors) -> None:
    ada, token = actors.person("Eve")
    processing = actors.register(terms(name="Count"))
    actors.say(ada, token, processing, "allow")
    run = actors.run(processing, terms()["code"]).json
    actors.read(run["lease"], ada)
    result = {"output": base64.b64encode(b"1 letter").decode()}

    released = actors.send(
        "POST", f"/runs/{run['run']}/result", actors.app, result, Sealhold_Processing=run["lease"]
    )

    assert released.status == 200, released.body
    envelope = json.loads(released.json["statement"])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["output_sha256"] == hashlib.sha256(b"1 letter").hexdigest()
    assert (statement["people"], released.json["people"]) == (1, 1)


def test_a_consent_is_recorded_shown_and_taken_back_by_its_number(actors: Actors) -> None:
    ada, token = actors.person("Ina")
    processing = actors.register(terms(name="Record"))
    made = actors.say(ada, token, processing, "allow").json
    consent = made["choice"]["consent"]
    receipt = json.loads(base64.b64decode(json.loads(made["record"])["payload"]))

    own = actors.send("GET", f"/consents/{consent}/record", token)
    for_officer = actors.send("GET", f"/consents/{consent}/record?subject={ada}", actors.officer)
    back = actors.send("POST", f"/consents/{consent}/withdraw", token)

    assert receipt["dct:conformsTo"].endswith("receipt-eu-gdpr")
    assert own.headers["content-type"] == "application/vnd.dsse+json"
    assert own.body == for_officer.body
    schema = jsonschema_rs.Draft202012Validator(
        actors.send("GET", "/schemas/consent-record", "").json
    )
    assert schema.is_valid(receipt)
    assert (back.status, back.json["choice"]["state"]) == (200, "withdrawn")
    again = actors.send("POST", f"/consents/{consent}/withdraw", token)
    assert (again.status, again.json["choice"]["state"]) == (200, "withdrawn")
    other = actors.register(terms(name="Never allowed"))
    nothing = actors.say(ada, token, other, "withdraw")
    assert (nothing.status, nothing.json["code"]) == (409, "UNSAYABLE")


def test_an_app_asks_and_cannot_answer(actors: Actors) -> None:
    ada, token = actors.person("Uma")
    processing = actors.register(terms(name="Ask"))
    path = f"/subjects/{ada}/consents"
    given = {"processing": processing, "state": "ConsentGiven"}

    assert actors.send("POST", path, actors.app, {"processing": processing}).status == 204
    assert actors.send("POST", path, actors.app, given).status == 204
    choice = f"/subjects/{ada}/choices/{processing}"
    assert actors.send("PUT", choice, actors.app, {"choice": "allow"}).status == 403
    assert actors.shown(ada, token, processing)["state"] == "pending"
    lease = actors.run(processing, terms()["code"]).json["lease"]
    assert actors.read(lease, ada).status == 403


def test_limits_are_set_seen_and_heeded(actors: Actors) -> None:
    ada, token = actors.person("Oda")
    limits, restriction = f"/subjects/{ada}/limits", f"/subjects/{ada}/restriction"

    assert actors.send("PUT", restriction, token).json["is_restricted"] is True
    assert actors.site.call("GET", f"/v1/subjects/{ada}/profile", actors.app).status == 403
    assert actors.send("DELETE", restriction, actors.officer).json["lifts_at"] is not None
    assert actors.send("GET", limits, actors.officer).json["is_restricted"] is True
    assert actors.send("DELETE", restriction, token).json["is_restricted"] is False
    objection = f"/subjects/{ada}/objections/{MARKETING}"
    assert actors.send("PUT", objection, token).json["objections"] == [MARKETING]
    assert actors.send("DELETE", objection, token).json["objections"] == []
    assert actors.send("PUT", f"/subjects/{ada}/objections/Fun", token).status == 422


def test_who_may_know_learns_why(actors: Actors) -> None:
    ada, token = actors.person("Lea")
    processing = actors.register(terms(name="Why"))
    question = {"subject": ada, "processing": processing, "fields": ["name"]}

    told = [
        actors.send("POST", "/decide", each, question).json
        for each in (token, actors.officer, actors.site.owner)
    ]
    refused = actors.send("POST", "/decide", actors.app, question)
    actors.say(ada, token, processing, "allow")
    permitted = actors.send("POST", "/decide", actors.app, question)

    assert [(each["permit"], each["code"]) for each in told] == [(False, "no_consent")] * 3
    assert refused.status == 403
    assert b"consent" not in refused.body
    assert (permitted.json["permit"], permitted.json["code"]) == (True, "")


def test_what_is_risky_waits_for_its_assessment(actors: Actors) -> None:
    made = actors.send("POST", "/processings", actors.app, terms(risk="high")).json
    path = f"/processings/{made['processing']}"
    outcome = {"outcome": "eu-gdpr:DPIAOutcomeLowRisk", "text": "small", "digest": "0" * 64}

    early = actors.send("POST", path + "/activate", actors.officer)
    assert (early.status, early.json["code"]) == (409, "NOT_ASSESSED")
    assert actors.send("POST", path + "/assessment", actors.officer, outcome).status == 200
    assert actors.send("POST", path + "/activate", actors.officer).json["state"] == "active"
    assert actors.send("POST", path + "/retire", actors.site.owner).json["state"] == "retired"


def test_a_notice_is_added_and_anybody_may_read_of_it(actors: Actors) -> None:
    processing = actors.register(terms(name="Notice"))
    body = {"processing": processing, "digest": "ab" * 32, "language": "de", "version": "1"}

    added = actors.send("POST", "/notices", actors.officer, body)
    read = actors.send("GET", f"/notices?processing={processing}", "")

    assert (added.status, read.status) == (201, 200)
    assert [each["digest"] for each in read.json["notices"]] == ["ab" * 32]
    assert actors.send("GET", f"/notices?processing={ABSENT}", "").json == {"notices": []}


@pytest.mark.threat("T257")
@pytest.mark.threat("T259")
def test_nothing_of_this_leads_to_another_apps_people_processings_or_runs(actors: Actors) -> None:
    ada, token = actors.person("Ria")
    eve, theirs = actors.person("Eva")
    processing = actors.register(terms(name="Mine"))
    actors.say(ada, token, processing, "allow")
    run = actors.run(processing, terms()["code"]).json
    choice, notice = f"/subjects/{ada}/choices/{processing}", {"choice": "allow"}
    result = {"output": ""}

    tries = (
        ("GET", f"/processings/{processing}", actors.other, None),
        ("POST", f"/processings/{processing}/versions", actors.other, terms()),
        ("POST", f"/processings/{processing}/runs", actors.other, {"code": terms()["code"]}),
        ("POST", f"/processings/{processing}/activate", actors.app, None),
        ("GET", f"/runs/{run['run']}/people", actors.other, None),
        ("DELETE", f"/runs/{run['run']}", actors.other, None),
        ("GET", f"/runs/{run['run']}/log", actors.app, None),
        ("GET", f"/runs/{ABSENT}/log", theirs, None),
        ("POST", f"/runs/{run['run']}/result", actors.other, result),
        ("POST", f"/subjects/{ada}/consents", actors.other, {"processing": processing}),
        ("PUT", choice, theirs, notice),
        ("PUT", choice, actors.app, notice),
        ("PUT", choice, actors.officer, notice),
        ("GET", f"/subjects/{ada}/choices", theirs, None),
        ("GET", f"/subjects/{ada}/uses", theirs, None),
        ("PUT", f"/subjects/{ada}/restriction", theirs, None),
        ("GET", f"/subjects/{eve}/choices", actors.app, None),
    )
    for method, path, by, body in tries:
        told = actors.send(method, path, by, body, Sealhold_Processing=run["lease"])
        assert told.status == 403, (method, path, told.body)
    assert actors.read(run["lease"], ada, actors.other).status == 403
    assert actors.read(run["lease"], ada).status == 200


def test_all_of_it_is_whole_when_the_vault_is_checked(actors: Actors) -> None:
    checked = actors.send("POST", "/audit/verify", actors.site.owner).json

    assert (checked["whole"], checked["faults"]) == (True, [])
