"""An app keeps records of its people over HTTP, on both stores; and what others get of it."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealhold.model.contents import MAX_CONTENT
from tests.scenarios.people_site import MARKETING, SERVICE, Answer, call
from tests.scenarios.records_site import NOTES, STORES, VISITS, RecordsSite, records_site, rid
from tests.transcripts.cli import PASSPHRASE, Cli

CLIENTS = 64
MIB = 1_048_576
NEW = {"If-None-Match": "*", "Content-Type": "application/json"}
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module", params=STORES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordsSite]:
    folder = tmp_path_factory.mktemp("records")
    with records_site(folder, request.param) as found:
        yield found
    checked = Cli(folder).line("audit verify")
    assert checked.code == 0, checked.out + checked.err


# --- a developer's day ---


@pytest.mark.promise("P4")
def test_a_record_is_kept_read_changed_listed_and_taken_out(site: RecordsSite) -> None:
    who = site.person()
    path = site.path(who, 1)

    made = site.new(path, {"text": "kiwi", "tags": ["a"], "part": 0.5})
    assert (made.status, made.headers["etag"], made.json["version"]) == (201, '"1"', 1)
    read = site.use("GET", path)
    assert (read.status, read.headers["etag"]) == (200, '"1"')
    assert read.json["content"] == {"text": "kiwi", "tags": ["a"], "part": 0.5}
    assert read.json["head"]["id"] == rid(1)

    put = site.use("PUT", path, {"text": "plum"}, version=1)
    assert (put.status, put.headers["etag"]) == (200, '"2"')
    patched = site.use("PATCH", path, {"more": {"n": 1}, "text": None}, version=2)
    assert (patched.status, patched.json["version"]) == (200, 3)
    assert site.use("GET", path).json["content"] == {"more": {"n": 1}}

    told = site.use("GET", path + "/versions").json["versions"]
    assert [each["version"] for each in told] == [3, 2, 1]
    older = site.use("GET", path + "/versions/2")
    assert (older.json["content"], older.headers["etag"]) == ({"text": "plum"}, '"2"')

    gone = site.use("DELETE", path, version=3)
    assert (gone.status, gone.json["version"]) == (200, 3)
    assert site.use("GET", path).status == 403
    assert site.use("GET", path + "/versions/2").status == 403


def test_a_list_goes_on_where_it_ended(site: RecordsSite) -> None:
    who = site.person()
    for number in range(5):
        assert site.new(site.path(who, number), {"n": number}).status == 201

    first = site.use("GET", site.path(who) + "?limit=3").json
    rest = site.use("GET", site.path(who) + f"?limit=3&after={first['after']}").json

    found = [each["content"]["n"] for each in (*first["records"], *rest["records"])]
    assert (found, rest["after"]) == ([*range(5)], None)


def test_a_change_says_which_version_it_is_for(site: RecordsSite) -> None:
    path = site.path(site.person(), 1)
    site.new(path, {"n": 1})
    both = {"If-Match": '"1"', "If-None-Match": "*", "Content-Type": "application/json"}

    told = [
        site.use("PUT", path, {"n": 2}),
        site.use("PATCH", path, {"n": 2}),
        site.use("DELETE", path),
        site.raw("PUT", path, b"{}", {"If-None-Match": '"1"', "Content-Type": "application/json"}),
        site.raw("PUT", path, b"{}", both),
        site.new(path, {"n": 2}),
        site.use("PUT", path, {"n": 2}, version=2),
        site.use("PATCH", path, {"n": 2}, version=0),
        site.use("DELETE", path, version=9),
    ]

    assert [each.status for each in told] == [428, 428, 428, 428, 422, 412, 412, 412, 412]
    assert site.use("GET", path).json["content"] == {"n": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"a": 1, "a": 2}', 422),
        (b'{"a": NaN}', 422),
        (b'{"a": 1e999}', 422),
        (b'{"a": 9007199254740993}', 422),
        (b'{"a": "\\ud800"}', 422),
        (b"[1]", 422),
        (b'"text"', 422),
        (b"", 422),
        (b"\xff", 422),
        (b"{" * 50_000, 422),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 422),
        (b'{"a": "' + b"x" * MAX_CONTENT + b'"}', 413),
        (b'{"a":[' + b"1.2e-07," * 120_000 + b"1]}", 422),  # longer as it is kept
    ],
)
def test_content_that_not_all_read_alike_is_refused(
    site: RecordsSite, body: bytes, status: int
) -> None:
    path = site.path(site.person(), 1)
    headers = {"If-None-Match": "*", "Content-Type": "application/json"}

    told = site.raw("PUT", path, body, headers)

    assert told.status == status
    assert b"xxxx" not in told.body
    assert site.use("GET", path).status == 403


def test_content_is_of_the_collections_types(site: RecordsSite) -> None:
    path = site.path(site.person(), 1, VISITS)

    assert site.new(path, {"stars": 3}).status == 422
    assert site.new(path, {"place": "x", "more": 1}).status == 422
    assert site.new(path, {"place": "x", "stars": 2.5}).status == 201
    assert site.use("PATCH", path, {"place": None}, version=1).status == 422
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": '"1"'}
    assert site.raw("PATCH", path, b'{"stars": null}', patch).status == 200
    assert site.raw("PATCH", path, b"{}", {**patch, "Content-Type": "text/plain"}).status == 422


def test_the_owner_lays_down_collections_with_the_passphrase(site: RecordsSite) -> None:
    app, token = site.site.apps[0]
    path, owner, port = f"/v1/apps/{app}/collections", site.site.owner, site.site.port
    body = {"category": "Opinion", "purposes": [SERVICE], "versions": 3}

    listed = call(port, "GET", path, owner).json["collections"]
    assert [each["collection"] for each in listed] == [NOTES, VISITS]
    one = call(port, "GET", f"{path}/{NOTES}", owner).json
    assert (one["version"], one["rule"]["versions"]) == (1, 3)
    assert call(port, "GET", f"{path}/nothing", owner).json["version"] == 0
    for bearer, proof, status in (
        (owner, "not it", 403),
        (token, PASSPHRASE, 401),
        (owner, PASSPHRASE, 422),
    ):
        changed = {**body, "fields": {"a": {"kind": "text"}}, "passphrase": proof}
        assert call(port, "PUT", f"{path}/{NOTES}", bearer, changed).status == status


# --- who may not, and what is not there ---


@pytest.mark.promise("P5")
@pytest.mark.threat("T244")
def test_whatever_is_absent_or_forbidden_is_told_in_the_same_bytes(site: RecordsSite) -> None:
    who, others, other = site.person(), site.person(1), site.site.apps[1][1]
    path = site.path(who, 1)
    site.new(path, {"n": 1})
    visit = site.path(who, 2, VISITS)
    site.new(visit, {"place": "x"})
    site.new(site.path(others, 1), {"n": 1}, other)

    told = [
        site.use("GET", path, token=other),
        site.use("GET", site.path(others, 1)),
        site.use("GET", site.path(ABSENT, 1)),
        site.use("GET", site.path(who, 9)),
        site.use("GET", site.path(who, 1, "nothing")),
        site.use("GET", path, purpose=None),
        site.use("GET", path, purpose="Purpose"),
        site.use("GET", visit, purpose=MARKETING),
        site.use("GET", path + "/versions", token=other),
        site.use("GET", path + "/versions/2"),
        site.use("GET", path + "/versions/1", token=other),
        site.use("GET", site.path(others)),
        site.use("GET", site.path(who, collection="nothing")),
        site.new(site.path(others, 2), {"n": 1}),
        site.new(path, {"n": 1}, other),
        site.use("PUT", path, {"n": 2}, token=other, version=1),
        site.use("PATCH", path, {"n": 2}, token=other, version=1),
        site.use("DELETE", path, token=other, version=1),
        site.use("DELETE", site.path(who, 9), version=1),
        site.use("GET", path, token=site.site.owner),
    ]

    assert {(each.status, each.body) for each in told} == {(403, told[0].body)}
    assert len({tuple(sorted(each.headers)) for each in told}) == 1
    assert site.use("GET", path).json["content"] == {"n": 1}
    assert site.use("GET", path, purpose=MARKETING).json["content"] == {"n": 1}


def test_ids_are_whole_or_told_wrong_before_anything_is_looked_up(site: RecordsSite) -> None:
    who = site.person()
    base = site.path(who)

    for path in (
        f"{base}/r-0123456789ab",
        f"{base}/x",
        f"{base}/{rid(1).upper().replace('0', 'A')}",
        f"{base}?after=x",
        f"{base}/{rid(1)}/versions/x",
        f"{base}/{rid(1)}/versions/-1",
        site.path("x", 1),
    ):
        assert site.use("GET", path).status == 422, path


@pytest.mark.promise("P8")
def test_a_person_has_their_own_records_without_a_purpose(site: RecordsSite) -> None:
    who, other = site.person(), site.person()
    site.new(site.path(who, 1), {"n": 1})
    site.new(site.path(other, 1), {"n": 1})
    own = str(site.use("POST", f"/v1/subjects/{who}/tokens").json["token"])

    read = site.use("GET", site.path(who, 1), token=own, purpose=None)
    assert (read.status, read.json["content"]) == (200, {"n": 1})
    changed = site.use("PUT", site.path(who, 1), {"n": 2}, token=own, purpose=None, version=1)
    assert changed.status == 200
    assert len(site.use("GET", site.path(who), token=own, purpose=None).json["records"]) == 1
    assert site.use("GET", site.path(other, 1), token=own, purpose=None).status == 403
    site.use("DELETE", f"/v1/subjects/{who}/tokens")
    assert site.use("GET", site.path(who, 1), token=own, purpose=None).status == 403


# --- many at once, and the end ---


def test_many_that_come_at_once_are_all_kept(site: RecordsSite) -> None:
    people = [site.person() for _ in range(3)]

    def life(number: int) -> tuple[int, int, int]:
        path = site.path(people[number % 3], number)
        made = site.new(path, {"n": number}).status
        put = site.use("PUT", path, {"n": -number}, version=1).status
        return made, put, site.use("GET", path).json["content"]["n"]

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(life, range(60)))

    assert found == [(201, 200, -number) for number in range(60)]


def test_of_those_who_change_a_version_at_once_one_does(site: RecordsSite) -> None:
    path = site.path(site.person(), 1)
    site.new(path, {"n": 0})

    def change(number: int) -> int:
        return site.use("PUT", path, {"n": number}, version=1).status

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(change, range(16)))

    assert found == [200] + [412] * 15


@pytest.mark.promise("P8")
def test_erasing_a_person_takes_their_records_out(site: RecordsSite) -> None:
    who = site.person()
    site.new(site.path(who, 1), {"n": 1})

    assert site.use("DELETE", f"/v1/subjects/{who}").status == 200

    assert site.use("GET", site.path(who, 1)).status == 403
    assert site.use("GET", site.path(who)).status == 403
    assert site.new(site.path(who, 2), {"n": 1}).status == 403


# --- of a megabyte ---


def largest(letter: str) -> dict[str, str]:
    """Return content of the most bytes that are taken."""
    return {"text": letter * (MAX_CONTENT - len('{"text":""}'))}


def memory(site: RecordsSite, *, anew: bool = False) -> int:
    """Return the most memory that the server had, in bytes; `anew` from now on."""
    proc = Path(f"/proc/{site.site.process.pid}")
    if anew:
        (proc / "clear_refs").write_text("5")
    lines = (proc / "status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1_024


@pytest.mark.promise("P4")
def test_a_record_of_a_megabyte_lives_as_any_other(site: RecordsSite) -> None:
    path = site.path(site.person(), 1)
    a, b = largest("a"), largest("b")

    raw = json.dumps(a, separators=(",", ":")).encode()
    assert len(raw) == MAX_CONTENT
    made = site.raw("PUT", path, raw, NEW)
    assert (made.status, made.headers["etag"]) == (201, '"1"')
    assert site.use("GET", path).json["content"] == a
    compact = json.dumps(b, separators=(",", ":")).encode()
    changed = {"If-Match": '"1"', "Content-Type": "application/json"}
    assert site.raw("PUT", path, compact, changed).status == 200
    patched = site.use("PATCH", path, {"text": None, "n": 1}, version=2)
    assert (patched.status, patched.json["version"]) == (200, 3)
    too_much = site.use("PATCH", path, {"more": a["text"]}, version=3)
    assert too_much.status in {413, 422}

    told = site.use("GET", path + "/versions").json["versions"]
    assert [each["version"] for each in told] == [3, 2, 1]
    assert site.use("GET", path + "/versions/2").json["content"] == b
    assert site.use("GET", path + "/versions/1").json["content"] == a
    assert site.use("GET", path).json["content"] == {"n": 1}
    back = site.raw("PUT", path, raw, {**changed, "If-Match": '"3"'})
    assert back.status == 200
    assert site.use("PUT", path, {"n": 2}, version=4).json["version"] == 5
    assert site.use("DELETE", path, version=5).status == 200
    assert site.use("GET", path).status == 403


@pytest.mark.threat("T434")
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    site: RecordsSite, *, announced: bool
) -> None:
    path = site.path(site.person(), 1)
    head = [
        f"PUT {path} HTTP/1.1",
        f"Host: localhost:{site.site.port}",
        f"Authorization: Bearer {site.token}",
        f"Sealhold-Purpose: {SERVICE}",
        "If-None-Match: *",
        "Content-Type: application/json",
        f"Content-Length: {MAX_CONTENT + 1}" if announced else "Transfer-Encoding: chunked",
    ]
    with socket.create_connection(("127.0.0.1", site.site.port), timeout=10) as link:
        link.sendall("\r\n".join([*head, "", ""]).encode())
        if not announced:
            piece = b" " * 65_536
            link.sendall((b"%x\r\n%b\r\n" % (len(piece), piece)) * (MAX_CONTENT // 65_536 + 1))
        assert link.recv(65_536).startswith(b"HTTP/1.1 413 ")
    assert site.use("GET", path).status == 403


@pytest.mark.threat("T434")
def test_many_long_records_at_once_are_kept_and_read_in_bounded_memory(site: RecordsSite) -> None:
    """64 clients at once; a megabyte each, several times over, would be over 250 MiB."""
    who, content = site.person(), json.dumps({"text": "x" * 1_000_000}).encode()
    before = memory(site, anew=True)

    def put(number: int) -> int:
        return _until_told(lambda: site.raw("PUT", site.path(who, number), content, NEW)).status

    def get(number: int) -> int:
        return len(_until_told(lambda: site.use("GET", site.path(who, number))).body)

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert set(pool.map(put, range(CLIENTS))) == {201}
        assert min(pool.map(get, range(CLIENTS))) > len(content)

    assert memory(site) - before < 128 * MIB  # of which the database's own memory has 64


def _until_told(ask: Callable[[], Answer]) -> Answer:
    """Return the answer to who comes again as long as there is no room."""
    told = ask()
    for _ in range(60):
        if told.status != 503:
            break
        assert told.headers["retry-after"] == "1"
        told = ask()
    return told
