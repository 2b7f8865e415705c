"""Tokens over HTTP: narrowed, doubled, ended, too fast; as an app's developer meets them."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sealhold.crypto.token import Caveat, CaveatKind, attenuate
from sealhold.frontends.http.crowd import OF_ONE_SENDER
from tests.scenarios.access_ids import processing
from tests.scenarios.access_site import CANARY, DENIED, LABEL, LINES, AccessSite, access_site
from tests.scenarios.vaults import PASSPHRASE
from tests.unit.soft_passkey import SoftPasskey

PROOF = json.dumps({"passphrase": PASSPHRASE}).encode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessSite]:
    with access_site(tmp_path_factory.mktemp("access") / "home") as found:
        yield found


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[AccessSite]:
    """A vault whose apps may make 60 calls, since its clock stands still."""
    with access_site(tmp_path / "home", calls_a_second=60) as found:
        yield found


def profile(site: AccessSite, nth: int = 0) -> str:
    return f"/v1/subjects/{site.one.people[nth]}/profile"


@pytest.mark.threat("T293")
def test_a_narrowed_token_opens_what_it_was_left_with_and_no_more(site: AccessSite) -> None:
    token = attenuate(site.one.token, Caveat(CaveatKind.SUBJECT, site.one.people[0]))
    token = attenuate(token, Caveat(CaveatKind.SCOPE, "profile:read"))
    token = attenuate(token, Caveat(CaveatKind.PURPOSE, "ServiceProvision"))

    told = site.call("GET", profile(site), token)
    beyond = [
        site.call("GET", profile(site, 1), token),
        site.call("GET", f"/v1/subjects/{site.one.people[0]}", token),
        site.call("PUT", profile(site), token, b'{"fields": {}}'),
        site.call("POST", "/v1/subjects", token),
        site.call("POST", "/v1/lookup", token, b'{"field": "mail", "value": "x@example.org"}'),
    ]

    assert CANARY.encode() in told.body
    assert {(each.status, each.body) for each in beyond} == {(403, DENIED)}


@pytest.mark.threat("T293")
def test_a_purpose_holds_only_where_the_call_is_made_for_one(site: AccessSite) -> None:
    token = attenuate(site.one.token, Caveat(CaveatKind.PURPOSE, "ServiceProvision"))
    person = f"/v1/subjects/{site.one.people[0]}"

    beyond = [
        site.call("POST", f"{person}/tokens", token),
        site.call("POST", f"{person}/links", token),
        site.call("DELETE", person, token),
    ]

    assert site.call("GET", profile(site), token).status == 200
    assert {(each.status, each.body) for each in beyond} == {(403, DENIED)}


@pytest.mark.threat("T293")
@pytest.mark.parametrize("part", ["tokens", "links"])
def test_what_a_narrowed_token_makes_ends_with_it(site: AccessSite, part: str) -> None:
    until = site.node.world.clock() + 60_000
    token = attenuate(site.one.token, Caveat(CaveatKind.UNTIL, str(until)))

    made = site.call("POST", f"/v1/subjects/{site.one.people[0]}/{part}", token)

    assert (made.status, json.loads(made.body)["until"]) == (201, until)


@pytest.mark.threat("T293")
@pytest.mark.parametrize("part", ["tokens", "links"])
def test_what_may_be_used_so_many_times_makes_nothing_that_could_be_used_again(
    site: AccessSite, part: str
) -> None:
    token = attenuate(site.one.token, Caveat(CaveatKind.USES, "5"))

    told = site.call("POST", f"/v1/subjects/{site.one.people[0]}/{part}", token)

    assert (told.status, told.body) == (403, DENIED)


@pytest.mark.threat("T293")
def test_a_token_for_one_person_makes_a_token_that_is_bound_to_them(site: AccessSite) -> None:
    ada, bob = site.one.people
    token = attenuate(site.one.token, Caveat(CaveatKind.SUBJECT, ada))
    terms = f"/v1/processings/{site.id_of('/v1/processings/{id}', processing)}"

    made = json.loads(site.call("POST", f"/v1/subjects/{ada}/tokens", token).body)["token"]

    assert site.call("POST", f"/v1/subjects/{bob}/tokens", token).body == DENIED
    assert site.call("GET", f"/v1/subjects/{ada}/choices", made).status == 200
    assert site.call("GET", terms, site.one.person).status == 200
    assert site.call("GET", terms, token).body == DENIED
    assert site.call("GET", terms, made).body == DENIED


@pytest.mark.threat("T201")
def test_a_token_that_is_narrowed_in_many_ways_is_one_sender(site: AccessSite) -> None:
    path, told = f"/v1/subjects/{site.one.people[0]}/records:bulk", b""
    with ExitStack() as held:
        for nth in range(OF_ONE_SENDER + 1):
            until = Caveat(CaveatKind.UNTIL, str(site.node.world.clock() + 60_000 + nth))
            link = held.enter_context(socket.create_connection(("127.0.0.1", site.port), 5))
            head = (
                f"POST {path} HTTP/1.1\r\nHost: localhost:{site.port}\r\n"
                f"Authorization: Bearer {attenuate(site.one.token, until)}\r\n"
                f"Content-Type: {LINES}\r\nContent-Length: 30000000\r\n\r\n"
            )
            link.sendall(head.encode())
            link.settimeout(0.3 if nth < OF_ONE_SENDER else 5.0)
            with suppress(TimeoutError):
                told = link.recv(4_096)

    assert told.startswith(b"HTTP/1.1 503 ")


@pytest.mark.threat("T294")
def test_a_token_for_two_uses_is_used_twice(site: AccessSite) -> None:
    token = attenuate(site.one.token, Caveat(CaveatKind.USES, "2"))

    told = [site.call("GET", profile(site), token).status for _ in range(4)]

    assert told == [200, 200, 403, 403]


def test_a_second_credential_is_ended_and_the_first_goes_on(site: AccessSite) -> None:
    path = f"/v1/apps/{site.one.id}/credentials"
    owner = site.owner
    assert site.call("POST", path, owner, b'{"passphrase": "wrong"}').status == 403
    before = len(json.loads(site.call("GET", path, owner).body)["credentials"])
    made = json.loads(site.call("POST", path, owner, PROOF).body)
    with_it = site.call("GET", profile(site), made["token"]).status
    listed = site.call("GET", path, owner)

    ended = site.call("DELETE", f"{path}/{made['credential']}", owner)

    assert (with_it, ended.status) == (200, 200)
    assert len(json.loads(listed.body)["credentials"]) == before + 1
    assert made["token"].rpartition("_")[2].encode() not in listed.body
    assert site.call("GET", profile(site), made["token"]).body == DENIED
    assert site.call("GET", profile(site), site.one.token).status == 200
    assert site.call("DELETE", f"{path}/{made['credential']}", owner).status == 404


def test_no_app_has_its_credentials_without_end(site: AccessSite) -> None:
    path = f"/v1/apps/{site.other.id}/credentials"
    owner = site.owner

    told = [site.call("POST", path, owner, PROOF).status for _ in range(20)]

    assert told == [201] * 19 + [422]


def test_a_refused_token_is_in_the_ledger_under_its_apps_name(site: AccessSite) -> None:
    path = f"/v1/apps/{site.one.id}/credentials"
    made = json.loads(site.call("POST", path, site.owner, PROOF).body)
    token = attenuate(made["token"], Caveat(CaveatKind.SCOPE, "lookup"))
    site.call("GET", profile(site), token)

    line = json.loads(site.call("GET", "/v1/audit/ledger?limit=1", site.owner).body)[0]

    assert (line["actor"], line["outcome"]) == ("One", "denied")
    assert "a token was refused" in str(line)


@pytest.mark.threat("T296")
def test_who_is_too_fast_is_told_so_and_nobody_else_is(slow: AccessSite) -> None:
    path = f"/v1/subjects/{slow.other.people[0]}"
    mine = [slow.call("GET", path, slow.one.token) for _ in range(80)]
    others = slow.call("GET", path, slow.other.token)

    fast = next(each for each in mine if each.status == 429)
    refused = next(each for each in mine if each.status == 403)
    assert b"TOO_FAST" in fast.body
    assert "retry-after" in fast.headers
    assert refused.body == DENIED
    assert others.status == 200


@pytest.mark.threat("T298")
def test_what_a_link_says_of_a_choice_counts_until_there_is_a_passkey(site: AccessSite) -> None:
    named = site.id_of("/v1/processings/{id}", processing)
    person = site.one.people[1]
    token = site.node.callers.person_token(site.one.token, person).token
    path = f"/v1/subjects/{person}/choices"
    notice = site.read(path, token)["choices"][0]["notice"]

    def say(by: str, choice: str) -> int:
        body = json.dumps({"choice": choice, "notice": notice}).encode()
        return site.call("PUT", f"{path}/{named}", by, body).status

    before = say(token, "allow")
    passkeys = site.node.passkeys
    key = SoftPasskey(site.url, f"{LABEL}.localhost")
    passkeys.add(token, site.url, key.made(passkeys.to_make(token, site.url, "One")), "a phone")
    by_key = passkeys.sign_in(site.url, key.shown(passkeys.to_show(site.url))).token

    assert before == 200
    assert say(token, "withdraw") == 403
    assert site.call("PUT", f"/v1/subjects/{person}/restriction", token).status == 403
    assert site.read(path, token)["choices"][0]["state"] == "allowed"
    assert say(by_key, "withdraw") == 200
