"""The calls of the client are those of the API's document: none is missing, misnamed or misread."""

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from sealhold.client import (
    attachments,
    breaches,
    cases,
    choices,
    holds,
    logins,
    office,
    people,
    processings,
    records,
    rights,
)
from sealhold.client.answers import Profile
from sealhold.client.call import KEY, LEASE, Answer, Repeats
from sealhold.client.errors import KINDS, InvalidError, UntrustedError, VaultError, error_of
from sealhold.client.records import LINES
from sealhold.frontends.http.openapi import document
from sealhold.frontends.http.problems import DENIED, STATUS
from sealhold.frontends.http.services import API_ROUTES
from sealhold.model.errors import ErrorKind
from tests.unit.client_samples import BY_ROUTE, CALLS, LEFT_OUT, NOT_SAID, ONE, SAMPLES, TWO, head

DOCUMENT: Mapping[str, Any] = json.loads(json.dumps(document(API_ROUTES, "http://localhost")))
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS: Mapping[str, Any] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
CALLERS = {"app", "person", "officer"}
OURS = {name for name, told in OPERATIONS.items() if not CALLERS.isdisjoint(told["x-roles"])}
LOOKS = {"/v1/lookup", "/v1/decide", "/v1/issuer/lookup", "/v1/holds/plan"}  # change nothing
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MODULES = (
    *(attachments, breaches, cases, choices, holds, logins, office, people, processings),
    *(records, rights),
)


def declared(operation: Mapping[str, Any], place: str) -> dict[str, bool]:
    return {
        each["name"]: each.get("required", False)
        for each in operation["parameters"]
        if each["in"] == place
    }


# --- against the document ---


def test_each_function_has_a_sample() -> None:
    public = {
        found
        for module in MODULES
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
    }

    assert public == SAMPLES.keys()


def test_each_route_of_apps_people_and_officers_is_called_or_left_out_for_a_reason() -> None:
    assert BY_ROUTE.keys() - {"GET /v1/notices"} == OURS - LEFT_OUT.keys()  # that one is public
    assert LEFT_OUT.keys() <= OURS
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize("route", sorted(BY_ROUTE))
def test_a_call_says_what_the_document_names_and_all_of_it(route: str) -> None:
    operation, calls = OPERATIONS[route], BY_ROUTE[route]
    excused = {name for at, name in NOT_SAID if at == route}

    for place, said in (
        ("path", [call.names.keys() for call in calls]),
        ("query", [call.query.keys() for call in calls]),
        ("header", [call.headers.keys() for call in calls]),
    ):
        names = declared(operation, place)
        assert set().union(*said) == names.keys() - excused, place
        assert all({name for name, must in names.items() if must} <= each for each in said), place


@pytest.mark.parametrize("route", sorted(BY_ROUTE))
def test_a_body_has_the_type_and_the_members_that_the_document_names(route: str) -> None:
    taken = OPERATIONS[route].get("requestBody", {}).get("content", {})
    named = taken.get("application/json", {}).get("schema", {}).get("$ref", "")
    excused = {name for at, name in NOT_SAID if at == route}

    for call in BY_ROUTE[route]:
        assert bool(call.body) == bool(taken)
        assert not taken or call.media in taken
    if named:
        schema = SCHEMAS[named.rpartition("/")[2]]
        bodies = [json.loads(call.body) for call in BY_ROUTE[route]]
        assert all({*schema.get("required", ())} <= body.keys() for body in bodies)
        assert set().union(*bodies) == schema["properties"].keys() - excused


def test_what_is_not_said_could_be_said() -> None:
    for (route, name), why in NOT_SAID.items():
        bodies = OPERATIONS[route].get("requestBody", {}).get("content", {})
        reference = bodies.get("application/json", {}).get("schema", {}).get("$ref", "/")
        members = SCHEMAS.get(reference.rpartition("/")[2], {}).get("properties", {})
        said = {*declared(OPERATIONS[route], "query"), *declared(OPERATIONS[route], "header")}
        assert name in {*members, *said}
        assert why


# --- answers ---


def whole(schema: Mapping[str, Any], *, short: bool) -> Any:  # noqa: ANN401  # reason: JSON
    """Return a value with every member of a schema; of several forms the first, or the last."""
    match schema:
        case {"$ref": name}:
            found = whole(SCHEMAS[name.rpartition("/")[2]], short=short)
        case {"anyOf": forms}:
            found = whole(forms[-1 if short else 0], short=short)
        case {"enum": [first, *_]}:
            found = first
        case {"type": "object", "properties": members}:
            found = {name: whole(each, short=short) for name, each in members.items()}
        case {"type": "object", "additionalProperties": each}:
            found = {"name": whole(each, short=short)}
        case {"type": "array", "prefixItems": parts}:
            found = [whole(each, short=short) for each in parts]
        case {"type": "array", "items": each}:
            found = [] if short else [whole(each, short=short)]
        case {"format": "uuid"}:
            found = TWO
        case _:
            plain = {"string": "text", "integer": 7, "boolean": True}
            found = plain.get(schema.get("type", ""))
    return found


def shown(value: object) -> object:
    """Return what was read as plain values, tokens in the open."""
    return json.loads(msgspec.json.encode(value, enc_hook=lambda each: each.reveal()))


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("route", sorted(BY_ROUTE))
def test_nothing_of_an_answer_is_lost_or_misread(route: str, *, short: bool) -> None:
    told = next(iter(OPERATIONS[route]["responses"].items()))[1].get("content", {})
    schema = told.get("application/json", {}).get("schema")
    if schema is None:
        return  # bytes, or nothing: tried over HTTP
    sent = whole(schema, short=short)
    call = BY_ROUTE[route][0]

    came = shown(call.read(Answer(status=200, headers={}, body=msgspec.json.encode(sent))))

    match came:
        case [list(items), str(after)]:  # a page: items and a cursor
            members = list(sent.values())
            assert [[sent_of(each) for each in members[0]], members[1] or ""] == [items, after]
        case list(items) if isinstance(sent, dict):  # who was found
            assert items == [each["subject"] for each in sent["people"]]
        case {"subject": _, "fields": _, "version": _}:
            assert came == {**sent, "subject": ONE}
        case _:
            assert came == sent


def sent_of(item: Any) -> object:  # noqa: ANN401  # reason: JSON
    return item["subject"] if isinstance(item, dict) and item.keys() == {"subject"} else item


def test_a_newer_vault_may_say_more() -> None:
    body = b'{"subject":"%b","made_at":1,"version":0,"new":{"x":1}}' % ONE.encode()

    assert people.make().read(Answer(status=201, headers={}, body=body)).subject == ONE


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"subject":7}', b"\xff"])
def test_an_answer_of_another_form_is_no_answer(body: bytes) -> None:
    with pytest.raises(UntrustedError):
        people.make().read(Answer(status=201, headers={}, body=body))


def test_lines_come_back_as_records_and_refusals() -> None:
    body = (
        b'{"line":1,"subject":"%b","id":"%b","version":1}\n'
        b'{"line":2,"error":{"code":"INVALID","kind":"invalid","detail":"x","remedy":"y"}}\n'
    ) % (ONE.encode(), TWO.encode())

    one, two = records.load([], "ServiceProvision").read(Answer(status=200, headers={}, body=body))

    assert (one.id, one.version, one.error) == (TWO, 1, None)
    assert two.error is not None
    assert (two.line, two.error.code, two.error.remedy) == (2, "INVALID", "y")


# --- versions, retries, forms ---


def test_a_change_is_made_for_the_version_that_was_read() -> None:
    at = Profile(subject=ONE, version=41, fields={})

    call = people.change(at, {"name": "Ann"}, "ServiceProvision")

    assert call.headers["if-match"] == '"41"'


def test_what_makes_something_is_never_sent_twice_and_what_is_bound_to_a_version_is_marked() -> (
    None
):
    for call in CALLS:
        is_bound = {"if-match", "if-none-match"} & call.headers.keys()
        if is_bound:
            assert call.repeats is Repeats.BOUND, call
        if call.method == "POST" and call.route not in LOOKS:
            is_known = call.route.endswith("/export") or KEY in call.headers
            assert (call.repeats is Repeats.FREELY) is is_known, call


@pytest.mark.parametrize("content", [{"x": object()}, {"x": {1, 2}.__iter__}, {"x": 2j}])
def test_content_that_is_no_json_is_refused_before_it_is_sent(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        records.make(ONE, "notes", content)


@pytest.mark.parametrize("media", ["", "image", "image/png; x=y", "image/png\r\nx: y", "IMAGE/png"])
def test_a_media_type_has_the_form_of_one(media: str) -> None:
    with pytest.raises(InvalidError):
        attachments.put(head, 1, b"", media=media)


def test_each_new_record_has_an_id_of_its_own() -> None:
    ids = {records.make(ONE, "notes", {}).names["record"] for _ in range(100)}

    assert len(ids) == 100
    assert all(UUID4.fullmatch(each) for each in ids)


# --- errors ---


def test_each_kind_of_error_of_the_vault_has_a_class() -> None:
    assert (
        KINDS.keys()
        == {kind.name.lower() for kind in ErrorKind}
        == {k.name.lower() for k in STATUS}
    )


def test_an_error_says_kind_code_remedy_and_status() -> None:
    body = (
        b'{"code":"STALE","kind":"conflict","detail":"at version 2","remedy":"read","status":412}'
    )

    said = error_of(412, body)

    assert (type(said).__name__, said.kind, said.code) == ("StaleError", "conflict", "STALE")
    assert (said.remedy, said.status, str(said)) == ("read", 412, "at version 2")
    assert error_of(403, DENIED).code == "DENIED"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"kind":7}', b"[]"])
def test_an_error_that_no_vault_wrote_is_told_as_such(body: bytes) -> None:
    assert isinstance(error_of(502, body), UntrustedError)


def test_a_kind_that_is_not_known_yet_is_an_error_all_the_same() -> None:
    assert type(error_of(418, b'{"kind":"new","code":"TEA"}')) is VaultError


def test_a_lease_travels_in_its_header_and_nowhere_else() -> None:
    carrying = [call for call in CALLS if LEASE in call.headers]

    assert {call.headers[LEASE] for call in carrying} == {"shv1_lease"}
    assert all(b"shv1_lease" not in call.body for call in CALLS)
    assert LINES in {call.media for call in CALLS}
