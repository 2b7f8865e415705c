"""An app keeps its people over HTTP, as its developer would write it; and what others get of it."""

import base64
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.scenarios.people_site import MARKETING, SCHEMA, SERVICE, PeopleSite, people_site
from tests.transcripts.cli import PASSPHRASE

ABSENT = "00000000-0000-4000-8000-000000000000"
CANARY, ADDRESS = "Canaria Plantagenet", "canaria.plantagenet@example.org"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[PeopleSite]:
    with people_site(folder) as found:
        yield found


def profile(subject: str) -> str:
    return f"/v1/subjects/{subject}/profile"


# --- a developer's day ---


@pytest.mark.promise("P10")
def test_a_person_is_made_written_read_changed_found_and_erased(site: PeopleSite) -> None:
    _, token = site.apps[0]
    made = site.call("POST", "/v1/subjects", token)
    subject = made.json["subject"]
    assert (made.status, made.headers["etag"], UUID(subject).version) == (201, '"0"', 4)

    fields = {"name": "Ada", "mail": "Lovelace@Example.org", "age": 36}
    put = site.call("PUT", profile(subject), token, {"fields": fields}, version=0)
    assert (put.status, put.headers["etag"], put.json["fields"]) == (200, '"1"', fields)
    some = site.call("GET", profile(subject) + "?fields=name,age", token)
    assert some.json["fields"] == {"name": "Ada", "age": 36}
    for_ads = site.call("GET", profile(subject), token, purpose=MARKETING)
    assert for_ads.json["fields"] == {"name": "Ada"}

    change = {"fields": {"name": "Countess", "age": None}}
    patched = site.call("PATCH", profile(subject), token, change, version=1)
    assert (patched.status, patched.headers["etag"]) == (200, '"2"')
    assert site.call("GET", profile(subject), token).json["fields"] == {
        "name": "Countess",
        "mail": "Lovelace@Example.org",
    }
    wanted = {"field": "mail", "value": "lovelace@EXAMPLE.org"}
    assert site.call("POST", "/v1/lookup", token, wanted).json == {"people": [{"subject": subject}]}

    emptied = site.call("DELETE", profile(subject), token, version=2)
    assert (emptied.status, emptied.json["version"]) == (200, 3)
    assert site.call("POST", "/v1/lookup", token, wanted).json == {"people": []}
    shown = site.call("GET", f"/v1/subjects/{subject}", token)
    assert (shown.status, shown.json["version"]) == (200, 3)

    first = site.call("DELETE", f"/v1/subjects/{subject}", token)
    again = site.call("DELETE", f"/v1/subjects/{subject}", token)
    assert (first.status, first.body) == (200, again.body)
    assert site.call("GET", f"/v1/subjects/{subject}", token).status == 403


@pytest.mark.threat("T322")
def test_a_field_with_a_mask_leaves_whole_only_for_the_purposes_that_need_it(
    site: PeopleSite,
) -> None:
    app, token = site.apps[1]
    mail = {
        "category": "EmailAddress", "purposes": [SERVICE, MARKETING], "lookup": "email",
        "mask": "domain", "whole_for": [SERVICE],
    }  # fmt: skip
    body = {"fields": {**SCHEMA, "mail": mail}}
    path = f"/v1/apps/{app}/profile-schema"
    laid = site.call("PUT", path, site.owner, {**body, "passphrase": PASSPHRASE})
    subject = site.person(token, "Ada", "ada@example.org")

    for_ads = site.call("GET", profile(subject), token, purpose=MARKETING)
    whole = site.call("GET", profile(subject), token)
    tried = site.call(
        "POST", "/v1/lookup", token, {"field": "mail", "value": "ada@example.org"},
        purpose=MARKETING,
    )  # fmt: skip

    assert (laid.status, laid.json["fields"]["mail"]["mask"]) == (200, "domain")
    assert for_ads.json["fields"] == {"name": "Ada", "mail": "***@example.org"}
    assert whole.json["fields"]["mail"] == "ada@example.org"
    assert tried.status == 403


def test_a_change_says_which_version_it_is_for(site: PeopleSite) -> None:
    _, token = site.apps[0]
    subject = site.person(token, "Eve", "eve@example.org")
    body = {"fields": {"name": "Eva"}}

    unsaid = site.call("PATCH", profile(subject), token, body)
    stale = site.call("PATCH", profile(subject), token, body, version=0)

    assert (unsaid.status, unsaid.json["code"]) == (428, "NO_VERSION")
    assert (stale.status, stale.json["code"]) == (412, "STALE")
    assert site.call("DELETE", profile(subject), token).status == 428
    assert site.call("GET", profile(subject), token).json["fields"]["name"] == "Eve"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": {"name": 1.5}}, 422),
        ({"fields": {"name": ["x"]}}, 422),
        ({"fields": {"name": "x"}, "more": 1}, 422),
        ({}, 422),
        ([], 422),
        ({"fields": {"name": "x" * 16_385}}, 422),
        ({"fields": {"mail": "no address"}}, 422),
        ({"fields": {"name": 2**53}}, 422),
        ({"fields": {"iban": "DE00"}}, 403),
        ({"fields": {"name": "x" * 2_000_000}}, 413),
    ],
)
def test_a_body_of_another_form_is_refused_and_changes_nothing(
    site: PeopleSite, body: object, status: int
) -> None:
    _, token = site.apps[0]
    subject = site.person(token, "Mallory", "mallory@example.org")

    told = site.call("PATCH", profile(subject), token, body, version=1)

    assert told.status == status
    assert b"xxxx" not in told.body
    assert site.call("GET", f"/v1/subjects/{subject}", token).json["version"] == 1


def test_an_id_is_whole_or_told_wrong_before_anything_is_looked_up(site: PeopleSite) -> None:
    _, token = site.apps[0]

    for text in ("u-0123456789ab", "x", ABSENT.upper().replace("0", "A"), "%00"):
        assert site.call("GET", f"/v1/subjects/{text}", token).status == 422


def test_the_owner_lays_down_the_schema_and_nobody_else_does(site: PeopleSite) -> None:
    app, token = site.apps[0]
    path = f"/v1/apps/{app}/profile-schema"
    body = {"fields": SCHEMA, "passphrase": PASSPHRASE}

    assert site.call("PUT", path, token, body).status == 401
    assert site.call("PUT", path, site.owner, {**body, "passphrase": "wrong"}).status == 403
    less = {"fields": {"name": SCHEMA["name"]}, "passphrase": PASSPHRASE}
    assert site.call("PUT", path, site.owner, less).status == 422
    assert site.call("GET", path, site.owner).json["fields"].keys() == SCHEMA.keys()


def test_the_ledger_tells_the_owner_of_every_use(site: PeopleSite) -> None:
    _, token = site.apps[0]
    subject = site.person(token, "Trudy", "trudy@example.org")
    site.call("GET", profile(subject), token)
    site.call("GET", profile(subject), token, purpose="Sabotage")

    lines = site.call("GET", "/v1/audit/ledger?limit=4", site.owner).json

    assert [(each["actor"], each["outcome"], each["reason"]) for each in lines] == [
        ("One", "denied", "nothing_asked"),
        ("One", "done", "read"),
        ("One", "done", "changed"),
        ("One", "done", "made"),
    ]
    assert "Sabotage" not in str(lines)
    assert subject not in str(lines)


# --- another app ---


@pytest.mark.threat("T230")
def test_no_route_gives_one_app_anything_of_anothers_person(site: PeopleSite) -> None:
    (_, one), (_, other) = site.apps
    theirs = site.person(one, "Ada", "ada@example.org")
    gone = site.person(one, "Bob", "bob@example.org")
    site.call("DELETE", f"/v1/subjects/{gone}", one)
    document = site.call("GET", "/v1/openapi.json", "").json
    bodies = {
        "put": {"fields": {"name": "Eve"}},
        "patch": {"fields": {"name": "Eve"}},
    }
    tried, answers = 0, set()

    for path, methods in document["paths"].items():
        if path not in {"/v1/subjects/{id}", "/v1/subjects/{id}/profile"}:
            continue
        for method, operation in methods.items():
            assert operation["tags"] == ["app"]
            for subject in (theirs, gone, ABSENT):
                told = site.call(
                    method.upper(), path.replace("{id}", subject), other, bodies.get(method),
                    version=1,
                )  # fmt: skip
                tried += 1
                answers.add((told.status, told.body, tuple(sorted(told.headers))))

    assert tried == 18
    assert len(answers) == 1
    assert next(iter(answers))[0] == 403
    assert site.call("GET", profile(theirs), one).json["fields"]["name"] == "Ada"
    wanted = {"field": "mail", "value": "ada@example.org"}
    assert theirs not in str(site.call("POST", "/v1/lookup", other, wanted).json)


@pytest.mark.threat("T230")
@pytest.mark.parametrize("token", ["", "shv1_forged", "owner"])
def test_who_holds_no_apps_token_gets_nothing_of_people(site: PeopleSite, token: str) -> None:
    _, one = site.apps[0]
    subject = site.person(one, "Ada", "ada2@example.org")
    used = site.owner if token == "owner" else token  # reason: a word, no secret

    for method, path in (
        ("POST", "/v1/subjects"),
        ("GET", f"/v1/subjects/{subject}"),
        ("DELETE", f"/v1/subjects/{subject}"),
        ("GET", profile(subject)),
        ("DELETE", profile(subject)),
    ):
        assert site.call(method, path, used, version=1).status in {401, 403}
    assert site.call("GET", profile(subject), one).json["fields"]["name"] == "Ada"


# --- files ---


@pytest.mark.threat("T235")
def test_no_file_holds_what_was_kept_and_all_is_whole_after_a_restart(tmp_path: Path) -> None:
    with people_site(tmp_path) as site:
        _, token = site.apps[0]
        kept = site.person(token, CANARY, ADDRESS)
        gone = site.person(token, CANARY, ADDRESS)
        site.call("POST", "/v1/lookup", token, {"field": "mail", "value": ADDRESS})
        site.call("GET", profile(gone), token, purpose=SERVICE)
        receipt = site.call("DELETE", f"/v1/subjects/{gone}", token).body
        while_open = found_in(tmp_path)
    with people_site(tmp_path, ("Green", "Blue")) as site:
        assert site.call("GET", profile(kept), token).json["fields"]["name"] == CANARY
        assert site.call("DELETE", f"/v1/subjects/{gone}", token).body == receipt
        whole = site.call("POST", "/v1/audit/verify", site.owner).json

    assert (whole["whole"], whole["faults"]) == (True, [])
    assert while_open == found_in(tmp_path) == []


def found_in(folder: Path) -> list[str]:
    """Return each file that holds what was planted, in any of the usual codings."""
    planted = [
        coded
        for text in (CANARY, ADDRESS)
        for raw in (text.encode(), text.encode("utf-16-le"))
        for coded in (raw, raw.hex().encode(), *(base64.b64encode(raw[i:])[4:-4] for i in range(3)))
    ]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    return [path.name for path in files if any(each in path.read_bytes() for each in planted)]
