"""The API: roles, tokens, and what an outsider is told."""

import base64
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from sealhold.frontends.http.session import COOKIE
from sealhold.model.encoding import Plain
from sealhold.model.ids import canonical
from sealhold.model.shown import RequestState
from tests.web.running import LABEL, Running
from tests.web.sample_data import id_of
from tests.web.sample_keys import JOB
from tests.web.sample_vault import PASSPHRASE, TOKEN, SampleVault

ID = canonical(id_of("green bonus"))
ABSENT = "00000000-0000-4000-8000-000000000000"


class Answer:
    """An answer, read to the end."""

    def __init__(self, wire: http.client.HTTPResponse) -> None:
        self.status = wire.status
        self.headers = wire.headers
        self.body = wire.read()

    @property
    def json(self) -> Plain:
        """Its value."""
        return json.loads(self.body)


def call(
    site: Running,
    method: str,
    path: str,
    *,
    token: str = "",
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Call the API as a program would."""
    wire = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    told = {"Host": f"localhost:{site.port}", "Content-Type": "application/json"}
    if token:
        told["Authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
    wire.request(method, path, data, told | dict(headers or {}))
    answer = Answer(wire.getresponse())
    wire.close()
    return answer


def owner(site: Running) -> str:
    """Sign in and return a token."""
    answer = call(site, "POST", "/v1/auth/sessions", body={"passphrase": PASSPHRASE})
    assert answer.status == 201
    return str(answer.json["token"])


def decision(site: Running, token: str, **other: object) -> dict[str, object]:
    """Return the body that allows what is asked."""
    card = call(site, "GET", f"/v1/requests/{ID}", token=token).json
    return {
        "terms": card["asked_terms"],
        "shown_digest": card["digest"],
        "passphrase": PASSPHRASE,
    } | other


def test_the_owner_reads_decides_and_fetches_by_token(site: Running, vault: SampleVault) -> None:
    token = owner(site)

    grant = call(
        site, "POST", f"/v1/requests/{ID}/approve", token=token, body=decision(site, token)
    )
    path = f"/v1/grants/{grant.json['id']}/runs"
    answer = call(site, "POST", path, token=token, body={"passphrase": PASSPHRASE})

    assert (grant.status, answer.status) == (201, 201)
    assert answer.json["value"] == 17
    assert next(iter(vault.cards.values())).state is RequestState.SPENT


WITHOUT = {"/v1/policies/{id}"}  # the sample vault has no rule: test_standing_rules.py has


def test_each_read_of_the_owner_answers_what_its_schema_names(site: Running) -> None:
    token = owner(site)
    document = call(site, "GET", "/v1/openapi.json").json
    names = {
        "id": ID,
        "records": canonical(id_of("item 1")),
        "apps": canonical(id_of("GreenCorp HR")),
    }
    names["receipts"] = canonical(id_of("receipt 5"))
    names["jobs"] = canonical(JOB.id)
    names["grants"] = canonical(site.vault.grant_views[0].id)
    wrong = {}

    for path, methods in document["paths"].items():
        if "get" not in methods or methods["get"]["tags"] != ["owner"] or path in WITHOUT:
            continue
        kind = path.split("/")[2]
        filled = path.replace("{id}", names.get(kind, ID)).replace("{kind}", "app")
        filled = filled.replace("{month}", "2026-10")
        known = {each["name"] for each in methods["get"].get("parameters", ())}
        filled += "?" + "&".join(each for each in ("seq=1", "cap=5000000") if each[:3] in known)
        answer = call(site, "GET", filled, token=token)
        content = methods["get"]["responses"]["200"].get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if answer.status != 200 or (schema and not fits(answer.json, schema, document)):
            wrong[path] = answer.status

    assert wrong == {}


PLAIN: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def fits(value: object, schema: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Return whether `value` has the form of `schema`; as much of JSON Schema as ours uses."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return any(fits(value, part, document) for part in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, dict) and schema.get("type") == "object":
        named, rest = schema.get("properties", {}), schema.get("additionalProperties")
        known = all(name in value for name in schema.get("required", ()))
        return known and all(
            fits(one, named.get(name, rest), document) for name, one in value.items()
        )
    if isinstance(value, list) and schema.get("type") == "array":
        parts = schema.get("prefixItems", [schema.get("items")] * len(value))
        return all(fits(one, part, document) for one, part in zip(value, parts, strict=True))
    return "type" not in schema or isinstance(value, PLAIN.get(schema["type"], ()))


def test_every_route_says_who_may_call_it(site: Running) -> None:
    document = call(site, "GET", "/v1/openapi.json").json

    operations = [one for methods in document["paths"].values() for one in methods.values()]

    assert len(operations) > 35
    roles = [["public"], ["owner"], ["app"], ["person"], ["officer"], ["monitor"], ["pusher"]]
    assert all(one["tags"] in roles for one in operations)
    assert all(bool(one["security"]) == (one["tags"] != ["public"]) for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_no_route_answers_key_bytes(site: Running) -> None:
    schemas = call(site, "GET", "/v1/openapi.json").json["components"]["schemas"]

    names = {name for schema in schemas.values() for name in schema.get("properties", {})}

    assert not names & {"key", "private_key", "secret", "dek", "root_key", "subject_key"}


@pytest.mark.threat("T60")
def test_a_cookie_opens_no_route_of_the_api(site: Running) -> None:
    answers = [
        call(site, "GET", "/v1/status", headers={"Cookie": f"{COOKIE}={'a' * 64}"}),
        call(site, "GET", "/v1/status", headers={"Authorization": "Basic YTpi"}),
        call(site, "GET", "/v1/status", token="sho1_" + "0" * 64),
        call(site, "GET", "/v1/status", token=TOKEN),
    ]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.threat("T60")
def test_another_origin_is_refused_with_any_token(site: Running) -> None:
    token = owner(site)
    rows = [
        {"Origin": "https://evil.example"},
        {"Origin": f"http://localhost:{site.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]

    seen = [call(site, "GET", "/v1/status", token=token, headers=row).status for row in rows]

    assert seen == [403] * 4
    assert call(site, "GET", "/v1/status", token=token).status == 200


def test_an_app_is_told_the_same_bytes_for_all_it_may_not_know(site: Running) -> None:
    owner(site)
    token = owner(site)
    call(site, "POST", f"/v1/requests/{ID}/refuse", token=token)
    asked = [
        ("GET", f"/v1/requests/{ABSENT}/status", TOKEN),
        ("GET", f"/v1/requests/{ABSENT}/answer", TOKEN),
        ("POST", f"/v1/requests/{ID}/runs", TOKEN),
        ("POST", f"/v1/requests/{ABSENT}/runs", TOKEN),
        ("GET", f"/v1/requests/{ID}/status", "shv1_unknown"),
        ("GET", f"/v1/requests/{ID}/status", token),
    ]

    answers = [
        call(site, method, path, token=whose, body=b"{}" if method == "POST" else None)
        for method, path, whose in asked
    ]

    assert {answer.status for answer in answers} == {403}
    assert len({answer.body for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.keys())) for answer in answers}) == 1


def test_an_app_asks_waits_and_fetches(site: Running) -> None:
    token = owner(site)
    document = base64.b64encode(b"{}").decode()
    path = f"/v1/requests/{ID}"

    submitted = call(
        site,
        "POST",
        "/v1/requests",
        token=TOKEN,
        body={"request": document, "task": document, "code": document},
    )
    before = call(site, "GET", f"{path}/status", token=TOKEN).json
    nothing = call(site, "GET", f"{path}/answer", token=TOKEN)
    grant = call(site, "POST", f"{path}/approve", token=token, body=decision(site, token)).json
    run = call(site, "POST", f"{path}/runs", token=TOKEN, body={"nonce": "00" * 16})
    proof = {"passphrase": PASSPHRASE}
    call(site, "POST", f"/v1/grants/{grant['id']}/runs", token=token, body=proof)
    answer = call(site, "GET", f"{path}/answer", token=TOKEN)

    assert submitted.json == {"request": ID}
    assert before == {"status": "pending"}
    assert (nothing.status, nothing.body) == (204, b"")
    assert run.status == 202
    assert b"receipt" in answer.body


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"request": 7, "task": "e30="}', b'{"request": "e30=", "more": 1}',
     b'{"request": "!", "task": "!", "code": ""}',
     b'{"request": "YQ==", "task": "YQ==", "code": "YQ=="}'],
)  # fmt: skip
def test_an_app_is_told_what_is_wrong_with_its_own_document(site: Running, body: bytes) -> None:
    owner(site)

    answer = call(site, "POST", "/v1/requests", token=TOKEN, body=body or b" ")

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["kind"] == "invalid"


def test_a_moved_request_and_a_wrong_passphrase_are_told_apart_to_the_owner(site: Running) -> None:
    token = owner(site)
    path = f"/v1/requests/{ID}/approve"

    stale = decision(site, token, shown_digest="00")
    moved = call(site, "POST", path, token=token, body=stale)
    guessed = decision(site, token, passphrase="guess")
    wrong = call(site, "POST", path, token=token, body=guessed)

    assert (moved.status, moved.json["kind"]) == (409, "conflict")
    assert (wrong.status, wrong.json["code"]) == (403, "WRONG_PASSPHRASE")
    assert wrong.json["remedy"]


def test_locking_ends_the_token(site: Running, vault: SampleVault) -> None:
    token = owner(site)

    locked = call(site, "POST", "/v1/lock", token=token)

    assert locked.status == 204
    assert vault.locked
    assert call(site, "GET", "/v1/status", token=token).status == 401


def test_a_wrong_method_is_told_all_the_right_ones(site: Running) -> None:
    answer = call(site, "PATCH", "/v1/apps")

    assert answer.status == answer.json["status"] == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_body_that_is_too_long_is_refused_unread(site: Running) -> None:
    headers = {"Content-Length": "99999999999"}

    answer = call(site, "POST", "/v1/auth/sessions", body=b"{}", headers=headers)

    assert answer.status == 413


@pytest.mark.threat("T194")
@pytest.mark.parametrize("token", ["shv1_unknown", "sho1_" + "0" * 64, "x" * 4_000])
def test_a_stranger_is_refused_before_a_byte_of_the_body_is_awaited(
    site: Running, token: str
) -> None:
    owner(site)
    head = (
        f"POST /v1/requests HTTP/1.1\r\nHost: localhost:{site.port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        "Content-Length: 40000000\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as link:
        link.sendall(head.encode())  # and nothing more: whoever waits for the body waits long
        said = link.recv(65_536)

    assert said.startswith(b"HTTP/1.1 403 ")


def test_a_parameter_that_an_address_does_not_take_is_refused(site: Running) -> None:
    token = owner(site)
    refused = call(site, "GET", "/v1/timeline?limt=1", token=token)

    assert (refused.status, refused.json["kind"]) == (422, "invalid")
    assert "takes no parameter `limt`; it takes: `cursor`, `limit`" in refused.json["detail"]
    assert call(site, "GET", "/v1/timeline?limt=1").status == 401  # no word to a stranger


@pytest.mark.parametrize("query", ["x=%ff", "&".join(["a=1"] * 300)])
@pytest.mark.parametrize("path", ["/unlock", "/nowhere"])
def test_a_query_that_cannot_be_read_is_told_on_a_page(
    site: Running, path: str, query: str
) -> None:
    host = {"Host": f"{LABEL}.localhost:{site.port}"}

    answer = call(site, "GET", f"{path}?{query}", headers=host)

    assert answer.status == (422 if path == "/unlock" else 404)
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers


def test_a_file_is_imported_as_the_body(site: Running) -> None:
    answer = call(site, "POST", "/v1/sources?name=ride.gpx", token=owner(site), body=b"<gpx/>")

    assert answer.status == 201
    assert answer.json["new"] == 12


def test_the_api_answers_under_the_label_too_and_health_says_nothing_of_the_vault(
    site: Running,
) -> None:
    host = {"Host": f"{LABEL}.localhost:{site.port}"}

    answer = call(site, "GET", "/v1/health", headers=host)

    told = {"status": "ok", "version": "0.1.0", "vault": "open", "writes": "yes"}
    assert answer.json == told
    assert call(site, "GET", "/v1/ready", headers=host).json == told


@pytest.mark.threat("T292")
def test_no_token_opens_a_route_of_another_role(site: Running) -> None:
    signed_in = owner(site)
    document = call(site, "GET", "/v1/openapi.json").json
    opened = []

    for path, methods in document["paths"].items():
        for method, told in methods.items():
            for role, token in (("owner", signed_in), ("app", TOKEN)):
                if role in told["x-roles"] or "public" in told["x-roles"]:
                    continue
                answer = call(site, method.upper(), path.replace("{id}", ID), token=token)
                if answer.status not in {401, 403}:
                    opened.append((method, path, role, answer.status))

    assert opened == []


def test_each_route_carries_its_roles(site: Running) -> None:
    document = call(site, "GET", "/v1/openapi.json").json
    roles = {"public", "owner", "app", "person", "officer", "monitor", "pusher"}
    wrong = []

    for path, methods in document["paths"].items():
        for method, told in methods.items():
            named = set(told["x-roles"])
            secured = {role for each in told["security"] for role in each}
            if not named or not named <= roles or secured != named - {"public"}:
                wrong.append((method, path))

    assert wrong == []
    assert set(document["components"]["securitySchemes"]) == roles - {"public"}
