"""The rights of people as an officer uses them, over HTTP, on SQLCipher and on PostgreSQL."""

import io
import json
import time
import zipfile
from base64 import b64decode
from collections.abc import Iterator

import jsonschema_rs
import pytest

from tests.scenarios.office import Office, office_in
from tests.scenarios.people_site import SERVICE, call
from tests.scenarios.records_site import STORES
from tests.transcripts.cli import PASSPHRASE, Cli

ABSENT = "00000000-0000-4000-8000-000000000000"
ACCESS, ERASURE = "eu-gdpr:A15", "eu-gdpr:A17"
FIRST_NOTICE = "eu-gdpr:DPABreachInitialNotice"
HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture(scope="module", params=STORES)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("rights"), request.param) as found:
        yield found


def now() -> int:
    return int(time.time() * 1000)


# --- A8: export and erase, each in one request ---


@pytest.mark.promise("P8")
def test_a8_all_that_is_kept_leaves_in_one_request_for_those_who_may_have_it(
    office: Office,
) -> None:
    subject = office.site.person(office.app, "Ada", "ada@example.org")
    other = office.site.person(office.app, "Bob", "bob@example.org")
    path, token = f"/v1/subjects/{subject}/export", office.person_token(subject)

    by_person, by_officer = office.post(path, token=token), office.post(path)
    by_owner = office.post(path, {"passphrase": PASSPHRASE}, office.site.owner)

    for answer in (by_person, by_officer, by_owner):
        assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
        packed = zipfile.ZipFile(io.BytesIO(answer.body))
        assert packed.testzip() is None
        profile = json.loads(packed.read("profile.json"))
        assert {n: e["value"] for n, e in profile["fields"].items()} == {
            "name": "Ada", "mail": "ada@example.org",
        }  # fmt: skip
        assert b"Bob" not in b"".join(packed.read(name) for name in packed.namelist())
    refused = (
        office.post(f"/v1/subjects/{other}/export", token=token),
        office.post(path, token=office.app),
        office.post(path, token=office.site.apps[1][1]),
        office.post(path, {"passphrase": "wrong"}, office.site.owner),
        office.post(f"/v1/subjects/{ABSENT}/export"),
    )
    assert [each.status for each in refused] == [403, 403, 403, 403, 404]


@pytest.mark.promise("P8")
def test_a8_erasing_twice_gives_one_receipt_that_anybody_can_check(office: Office) -> None:
    subject = office.site.person(office.app, "Cid", "cid@example.org")
    path = f"/v1/subjects/{subject}"

    first = office.site.call("DELETE", path, office.app)
    again = office.site.call("DELETE", path, office.app)
    receipt = first.json["receipt"]
    of_app = office.get(f"/v1/erasures/{receipt}", office.app)
    whole = office.get(f"/v1/erasures/{receipt}")

    assert (first.status, first.body, of_app.body) == (200, again.body, again.body)
    assert first.json["rows"] == {"ident": 2, "lookup": 1}
    cli = Cli(office.folder)
    for name, paper in (("app.json", first.json["paper"]), ("whole.json", whole.json["paper"])):
        (office.folder / name).write_text(paper)
        assert cli.line(f"verify {name}").code == 0
        bent = paper.replace('"sig":"', '"sig":"A', 1)
        (office.folder / f"bent-{name}").write_text(bent)
        assert cli.line(f"verify bent-{name}").code == 6
    (office.folder / "answer.json").write_bytes(first.body)
    assert cli.line("verify answer.json").code == 0
    assert office.get(f"/v1/erasures/{receipt}", office.site.apps[1][1]).status == 403
    assert office.get(f"/v1/erasures/{ABSENT}").status == 404
    assert office.get(f"/v1/erasures/{ABSENT}", office.app).status == 403


@pytest.mark.promise("P8")
def test_a8_an_export_is_taken_in_by_another_app_and_a_changed_one_is_not(office: Office) -> None:
    subject = office.site.person(office.app, "Hal", "hal@example.org")
    data = office.post(f"/v1/subjects/{subject}/export").body
    manifest = zipfile.ZipFile(io.BytesIO(data)).read("manifest.json")
    key = json.loads(b64decode(json.loads(manifest)["payload"]))["issuer"]
    other, token = office.site.apps[1]

    made = office.bring(other, key, data)
    bent = office.bring(other, key, data.replace(b"profile.json", b"profile.jsom"))
    unknown = office.bring(other, "ab" * 32, data)

    assert (made.status, made.json["fields"], made.json["records"]) == (201, 2, 0)
    assert made.json["subject"] != subject
    path = f"/v1/subjects/{made.json['subject']}/profile"
    found = office.get(path, token, SERVICE)
    assert found.json["fields"] == {"name": "Hal", "mail": "hal@example.org"}
    assert [each.status for each in (bent, unknown)] == [422, 422]


@pytest.mark.promise("P8")
def test_a8_a_person_and_an_officer_erase_in_one_request_too(office: Office) -> None:
    ids = [office.site.person(office.app, name, f"{name}@example.org") for name in ("Jo", "Kim")]
    mine, other = (f"/v1/subjects/{each}/erase" for each in ids)
    token = office.person_token(ids[0])

    assert office.post(other, token=token).status == 403
    assert office.post(other, token=office.app).status == 403
    by_person, by_officer = office.post(mine, token=token), office.post(other)

    assert (by_person.status, by_officer.status) == (200, 200)
    assert office.post(mine, token=token).status == 403  # the token went, too
    copies = [
        json.loads(b64decode(json.loads(a.json["paper"])["payload"]))
        for a in (by_person, by_officer)
    ]
    assert [each["predicate"]["log"] is None for each in copies] == [True, False]
    assert office.site.call("DELETE", f"/v1/subjects/{ids[1]}", office.app).status == 200
    assert office.post(other).body == by_officer.body
    assert office.post(f"/v1/subjects/{ABSENT}/erase").status == 404


# --- A9: the clocks ---


def test_a9_a_rights_request_is_asked_answered_and_closed_with_its_clock(office: Office) -> None:
    subject = office.site.person(office.app, "Eva", "eva@example.org")
    token = office.person_token(subject)

    asked = office.post("/v1/rights", {"right": ERASURE}, token)
    request = asked.json["id"]
    entered = office.post(
        "/v1/rights",
        {"right": ACCESS, "app": office.site.apps[0][0], "received_at": now() - 5 * DAY},
    )

    assert (asked.status, asked.json["subject"], asked.json["urgency"]) == (201, subject, "none")
    assert 26 * DAY < asked.json["due"] - now() < 36 * DAY
    assert entered.json["due"] < asked.json["due"]
    mine = office.get("/v1/rights", token).json["requests"]
    assert [each["id"] for each in mine] == [request]
    assert office.get(f"/v1/rights/{entered.json['id']}", token).status == 403
    assert office.step(request, "fulfil").status == 409
    assert office.step(request, "acknowledge").json["state"] == "RequestAcknowledged"
    why = {"ground": "eu-gdpr:JustificationA12IdentityRequired", "text": "another address"}
    assert office.step(request, "suspend", reasons=[why]).json["is_waiting"]
    assert not office.step(request, "verify-identity").json["is_waiting"]
    late = {"ground": "eu-gdpr:JustificationA12Complexity", "text": "many records"}
    longer = office.step(request, "extend", reasons=[late])
    assert longer.json["due"] > asked.json["due"]
    assert office.step(request, "extend", reasons=[late]).status == 409
    assert office.step(request, "accept").status == 200
    assert office.site.call("DELETE", f"/v1/subjects/{subject}", office.app).status == 200
    done = office.step(request, "fulfil")
    assert (done.json["state"], done.json["subject"]) == ("RequestFulfilled", None)
    assert office.step(request, "reject").status == 409


def test_a9_a_breach_has_72_hours_and_its_reach_is_computed_from_the_log(office: Office) -> None:
    subject = office.site.person(office.app, "Fay", "fay@example.org")
    office.site.call("GET", f"/v1/subjects/{subject}/profile?fields=mail", office.app)

    made = office.post("/v1/breaches", {"about": "a key was lost", "aware_at": now() - HOUR})
    breach = f"/v1/breaches/{made.json['id']}"
    span = {"app": office.site.apps[0][0], "since": now() - DAY, "until": now() + DAY}
    reach = office.post(f"{breach}/scope", span)

    assert made.json["due"] - made.json["aware_at"] == 72 * HOUR
    assert office.post(f"{breach}/close").status == 409
    (found,) = reach.json["scopes"]
    assert 1 <= found["people"] <= found["people_at_most"]
    assert "EmailAddress" in found["categories"]
    told = office.post(f"{breach}/notify", {"notice": FIRST_NOTICE})
    assert (told.json["authority"], told.json["is_late"]) == ("notified", False)
    spared = {"ground": "eu-gdpr:JustificationA33RiskMitigated", "text": "it was sealed"}
    done = office.post(f"{breach}/spare", {"addressee": "persons", "reasons": [spared]})
    assert done.json["persons"] == "not needed"
    assert office.post(f"{breach}/close").json["is_closed"]


# --- A10, and recipients ---


def test_a_recipient_is_told_until_it_arrived(office: Office) -> None:
    app, subject = office.site.apps[0][0], office.site.person(office.app, "Ina", "ina@example.org")
    body = {"app": app, "name": "Printers", "contact": "print@example.org"}
    made = office.post("/v1/recipients", body)
    erased = office.site.call("DELETE", f"/v1/subjects/{subject}", office.app).json

    (notice,) = office.get("/v1/recipient-notices", office.app).json["notices"]
    path = f"/v1/recipient-notices/{notice['id']}/delivered"

    assert made.status == 201
    assert (notice["name"], notice["why"], notice["subject"]) == ("Printers", "erased", subject)
    payload = json.loads(b64decode(json.loads(erased["paper"])["payload"]))
    assert payload["predicate"]["recipients"] == [{"id": made.json["id"], "name": "Printers"}]
    assert office.get("/v1/recipient-notices", office.site.apps[1][1]).json["notices"] == []
    assert office.post(path, {}, office.site.apps[1][1]).status == 403
    assert office.post(path, {}, office.app).json["subject"] is None
    assert office.get("/v1/recipient-notices").json["notices"] == []
    gone = call(office.site.port, "DELETE", f"/v1/recipients/{made.json['id']}", office.officer)
    assert gone.status == 200
    assert office.get("/v1/recipients").json["recipients"] == []


def test_a10_the_record_of_processing_is_made_and_names_what_is_missing(office: Office) -> None:
    linked = office.get("/v1/ropa?role=controller")
    table = office.get("/v1/ropa.csv")

    assert linked.headers["content-type"].startswith("application/ld+json")
    assert {"activity": "One: Marketing", "cell": "basis"} in linked.json["gaps"]
    schema = jsonschema_rs.Draft202012Validator(office.get("/v1/schemas/ropa", "").json)
    assert schema.is_valid(linked.json)
    assert schema.is_valid(office.get("/v1/ropa?role=processor").json)
    assert table.headers["content-type"].startswith("text/csv")
    assert b"One: Marketing" in table.body
    assert office.get("/v1/ropa?role=nobody").status == 422
    assert office.get("/v1/ropa", office.app).status == 403


@pytest.mark.threat("T264")
def test_apps_and_people_neither_see_nor_change_what_officers_enter(office: Office) -> None:
    subject = office.site.person(office.app, "Gus", "gus@example.org")
    token = office.person_token(subject)
    made = office.post("/v1/breaches", {"about": "a paper was lost"})
    entered = office.post("/v1/rights", {"right": ACCESS, "app": office.site.apps[0][0]})
    breach, request = made.json["id"], entered.json["id"]

    for whose in (office.app, token):
        for path in ("/v1/breaches", f"/v1/breaches/{breach}", f"/v1/rights/{request}"):
            assert office.get(path, whose).status == 403
        for path in (f"/v1/breaches/{breach}/close", f"/v1/rights/{request}/acknowledge"):
            assert office.post(path, {}, whose).status == 403
    assert office.get("/v1/rights", office.app).status == 403
    named = {"right": ACCESS, "app": office.site.apps[0][0], "subject": subject}
    assert office.post("/v1/rights", named, token).status == 403
    past = {"right": ACCESS, "received_at": 1}
    assert office.post("/v1/rights", past, token).status == 403
