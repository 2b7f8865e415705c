"""Requests made from the OpenAPI document, good ones and bad ones, as every role that may call.

- No 5xx, no answer that the document does not describe, no bad request that is taken, no route that
  answers without a token, and `Allow` exact.
- The routes come from the document: one that is added is tried as well.
"""

import copy
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, SerializationContext
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import BaseSchema

from sealhold.frontends.http.services import API_ROUTES
from tests.scenarios.access_ids import IDS, filled
from tests.scenarios.access_site import ABSENT, AccessSite, access_site
from tests.scenarios.vaults import PASSPHRASE

CALLS = [(role.value, r.method, r.path) for r in API_ROUTES for role in r.roles]
WITH_BODY = [
    (role.value, r.method, r.path)
    for r in API_ROUTES
    for role in r.roles
    if r.body is not None or r.takes_file
]
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
DRAWN = 500 if SOAK else 2  # requests of each kind, good and bad
SYSTEMATIC = 5_000 if SOAK else 8  # of those that schemathesis thinks up in order
SEED = 20_261_122
FEW = settings(
    max_examples=DRAWN,
    database=None,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.nested_given,
    ],
    phases=[Phase.generate],
    verbosity=Verbosity.quiet,
)
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessSite]:
    with access_site(tmp_path_factory.mktemp("requests") / "home") as found:
        yield found


@schemathesis.serializer("application/x-ndjson")
def lines(_context: SerializationContext, value: object) -> bytes:
    """Return a drawn value as the one line of a body."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"


@pytest.fixture(scope="module")
def schema(site: AccessSite) -> BaseSchema:
    """The document, with ids of things that are there beside those that are drawn."""
    document = copy.deepcopy(site.document)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            _offer_ids(path, operation["parameters"], site)
    found = schemathesis.openapi.from_dict(document)
    refused = [400, 401, 403, 406, 415, 422, 428]  # 428: `If-Match` was left out
    found.config.checks.missing_required_header.expected_statuses = [str(each) for each in refused]
    return found


def _offer_ids(path: str, parameters: list[dict[str, Any]], site: AccessSite) -> None:
    for parameter in parameters:
        if parameter["in"] == "path":
            place = path[: path.index("{" + parameter["name"] + "}") + len(parameter["name"]) + 2]
            known = [spare(place, site), ABSENT]
            parameter["schema"] = {"anyOf": [{"enum": known}, parameter["schema"]]}


def spare(place: str, site: AccessSite) -> str:
    """Return an id that a request may destroy what it names."""
    if place == "/v1/apps/{id}":
        return site.other.id
    if place == "/v1/subjects/{id}":
        return site.one.people[1]
    return site.id_of(place, IDS[place])


def ends_sign_ins(path: str) -> bool:
    return path in {"/v1/lock", "/v1/auth/sessions"}


def token_of(role: str, path: str, site: AccessSite) -> str:
    """Return a token that holds now, whatever the requests before did."""
    if site.node.locked:
        site.node.unlock(PASSPHRASE)
        site.ids.pop("owner", None)
    node, one = site.node, site.one
    match role:
        case "owner":
            if not site.ids.get("owner") or ends_sign_ins(path):
                site.ids["owner"] = site.owner
            return site.ids["owner"]
        case "app":
            return one.token
        case "person":
            return node.callers.person_token(one.token, one.people[0]).token
        case "officer":
            return site.officer_token
        case "pusher":
            site.id_of(path, IDS[path])
            return site.ids["pusher"]
        case _:
            return ""


def checks() -> list[Any]:
    """Return all but one: what fits the document may still be refused, for a reason that it has."""
    load_all_checks()
    names = set(CHECKS.get_all_names()) - {"positive_data_acceptance"}
    return list(CHECKS.get_by_names(sorted(names)))


@pytest.mark.parametrize(("role", "method", "path"), CALLS)
def test_every_request_is_answered_as_the_document_says(
    site: AccessSite, schema: BaseSchema, role: str, method: str, path: str
) -> None:
    operation = schema[path][method]
    base, session = f"http://localhost:{site.port}", requests.Session()
    reading = token_of(role, path, site) if method == "GET" else ""  # it ends no token

    def send(case: Case[Any]) -> None:
        token = reading or token_of(role, path, site)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = case.call(base_url=base, headers=headers, timeout=60, session=session)
        case.validate_response(response, checks=checks(), headers=headers)

    systematic = operation.schema.iter_coverage_cases(
        operation, generation_modes=list(BOTH), generation_config=operation.schema.config.generation
    )
    for case in islice(systematic, SYSTEMATIC):
        send(case)
    for mode in BOTH:
        drawn = given(operation.as_strategy(generation_mode=mode))(send)
        with suppress(Unsatisfiable):  # where nothing is said there is nothing to say wrong
            seed(SEED)(FEW(drawn))()


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PATHS = sorted({route.path for route in API_ROUTES})


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_told_all_the_right_ones_and_no_other(
    site: AccessSite, path: str
) -> None:
    right = {method.upper() for method in site.document["paths"][path]}
    right |= {"HEAD"} if "GET" in right else set()
    address = path.replace("{", "").replace("}", "")

    for method in set(METHODS) - right:
        told, allow = site.allowed(method, address)
        assert (told, allow) == (405, right), method


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "another value": b"[]",
    "null": b"null",
    "not UTF-8": b'{"fields": {"name": "\xff\xfe"}}',
    "half a character": b'{"fields": {"name": "\\ud800"}}',
    "not a number": b'{"fields": {"name": NaN}, "until": Infinity}',
    "a number without end": b'{"fields": {"age": ' + b"9" * 10_000 + b"}}",
    "a fraction without end": b'{"fields": {"age": 1e999999}}',
    "keys twice": b'{"fields": {}, "fields": {"name": "x"}}',
    "deep": b'{"fields": ' * 5_000,
    "deep lists": b"[" * 30_000 + b"]" * 30_000,
    "a zero byte": b'{"fields": {"name": "\\u0000"}, "name": "\\u0000", "passphrase": "\\u0000"}',
    "long": b'{"fields": {"name": "' + b"x" * 60_000 + b'"}}',
}


@pytest.mark.parametrize(("role", "method", "path"), WITH_BODY)
def test_no_body_meets_a_fault_of_ours(site: AccessSite, role: str, method: str, path: str) -> None:
    address, token = filled(path, site), token_of(role, path, site)

    told = {name: site.call(method, address, token, body) for name, body in HOSTILE.items()}

    assert {name: each.body for name, each in told.items() if each.status >= 500} == {}
