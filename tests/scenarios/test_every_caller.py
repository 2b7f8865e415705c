"""Every route, every caller: ids of one app with the tokens of everybody else, from the document.

- The routes come from the OpenAPI document, so one that is added is tried as well. One whose ids
  nobody said how to make fails here: see `IDS` in `access_ids.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from sealhold.frontends.http.api import Role
from sealhold.frontends.http.services import API_ROUTES
from sealhold.model.principals import PrincipalKind
from tests.scenarios.access_ids import BY_LINE, IDS, OF_ALL, QUERIES, QUERY_IDS, body_ids, filled
from tests.scenarios.access_site import (
    ABSENT,
    ADDRESS,
    CANARY,
    DENIED,
    AccessSite,
    Told,
    access_site,
    body_of,
)

ROUTES = [(route.method, route.path) for route in API_ROUTES if Role.PUBLIC not in route.roles]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessSite]:
    with access_site(tmp_path_factory.mktemp("isolation") / "home") as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def untouched(site: AccessSite) -> Iterator[None]:
    """After all tries the first app has what it had."""
    path = f"/v1/subjects/{site.one.people[0]}/profile"
    before = site.call("GET", path, site.one.token)
    assert CANARY.encode() in before.body

    yield

    assert site.call("GET", path, site.one.token) == before
    assert site.node.callers.kind(site.one.person) is PrincipalKind.PERSON
    assert site.node.audit.verify().faults == ()


def operation_of(site: AccessSite, method: str, path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = site.document["paths"][path][method.lower()]
    return found


def strangers(site: AccessSite) -> dict[str, str]:
    """Return the tokens of everybody to whom nothing of the first app's first person belongs."""
    node, one = site.node, site.one
    ended = node.callers.person_token(one.token, one.people[1]).token
    node.callers.revoke_person_tokens(ended, one.people[1])
    return {
        "app": site.other.token,
        "person": site.other.person,
        "person of the same app": node.callers.person_token(one.token, one.people[1]).token,
        "revoked": ended,
        "forged": one.token[:-4] + "AAAA",
        "nobody": "",
        "officer": site.officer_token,
    }


def role_of(stranger: str) -> str:
    return stranger.partition(" ")[0]


@pytest.fixture(scope="module")
def tokens(site: AccessSite) -> dict[str, str]:
    return strangers(site)


# --- 0 leaks ---


@pytest.mark.threat("T230")
@pytest.mark.threat("T291")
@pytest.mark.threat("T292")
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_else_gets_anything_of_an_apps_person(
    site: AccessSite, tokens: dict[str, str], method: str, path: str
) -> None:
    operation = operation_of(site, method, path)
    tries = [
        (filled(path, site, absent=nothing), body_of(operation, site.document, ids))
        for nothing in (False, True)
        for ids in [body_ids(site, absent=nothing)]
    ]
    names_one = tries[0] != tries[1]
    told: dict[str, set[Told]] = defaultdict(set)

    for stranger, (address, (body, media)) in product(tokens, tries):
        if role_of(stranger) == "officer" and "officer" in operation["x-roles"]:
            continue  # who answers for all of it
        answer = site.call(method, address, tokens[stranger], body, media=media)
        if stranger == "person of the same app" and path in OF_ALL:
            assert not is_leak(site, answer)
        else:
            told[stranger].add(answer)

    for stranger, answers in told.items():
        if role_of(stranger) in operation["x-roles"] and not names_one:
            assert not any(is_leak(site, answer) for answer in answers)
            continue
        # THREAT T230: absent and forbidden are the same bytes
        assert len(answers) == 1, (stranger, answers)
        answer = next(iter(answers))
        if path == BY_LINE and role_of(stranger) == "app":
            assert b"DENIED" in answer.body
            continue
        assert answer.status in {401, 403}, (stranger, answer)
        assert answer.status == 401 or answer.body == DENIED


def is_leak(site: AccessSite, told: Told) -> bool:
    """Return whether an answer holds anything of the first app's people."""
    planted = (CANARY, ADDRESS, *site.one.people)
    return any(each.encode() in told.body for each in planted)


# --- the matrix is whole ---


def test_each_address_says_how_its_ids_are_made() -> None:
    unknown = set()
    for _, path in ROUTES:
        done = ""
        for part in path.split("/")[1:]:
            done += "/" + part
            if part.startswith("{") and done not in IDS:
                unknown.add(done)

    assert unknown == set(), "say in `IDS` of tests/scenarios/access_ids.py how these are made"


def test_no_query_holds_an_id_that_nobody_tries(site: AccessSite) -> None:
    named = {
        parameter["name"]
        for methods in site.document["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    }

    assert named - QUERIES - QUERY_IDS.keys() == set(), (
        "an id in a query is tried like one in an address"
    )


def test_the_ids_that_are_tried_are_those_of_things_that_are_there(site: AccessSite) -> None:
    one = site.one

    assert site.call("GET", f"/v1/subjects/{one.people[0]}", one.token).status == 200
    assert site.call("GET", filled("/v1/requests/{id}/status", site), one.token).status == 200
    assert site.call("GET", f"/v1/apps/{one.id}", site.owner).status == 200
    assert site.call("GET", f"/v1/subjects/{ABSENT}", one.token).body == DENIED
