"""An app keeps records of its people over HTTP, on both stores; and what others get of it."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from sealhold.crypto.entropy import seeded
from tests.scenarios.people_site import MARKETING, SERVICE, Answer, call
from tests.scenarios.records_site import NOTES, STORES, VISITS, RecordsSite, records_site, rid
from tests.transcripts.cli import PASSPHRASE, Cli

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
        (b'{"a": "' + b"x" * 65_530 + b'"}', 413),
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


# --- many records, and attachments ---


def lines_of(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in answer.body.splitlines()]


def bulk(site: RecordsSite, path: str, lines: Sequence[object], token: str = "") -> Answer:
    body = b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines)
    return site.raw("POST", path, body, {"Content-Type": "application/x-ndjson"}, token)


@pytest.mark.promise("P11")
@pytest.mark.threat("T245")
def test_data_that_is_tied_to_nobody_is_refused_with_the_remedy(site: RecordsSite) -> None:
    who = site.person()
    line = {"collection": NOTES, "content": {"n": 1}}

    told = lines_of(bulk(site, "/v1/records:bulk", [line, {**line, "subject": who}, line]))

    assert [each.get("version") for each in told] == [None, 1, None]
    for each in (told[0], told[2]):
        assert each["error"]["code"] == "UNOWNED"
        assert "subject" in each["error"]["remedy"]
    assert len(site.use("GET", site.path(who)).json["records"]) == 1


def test_each_line_of_many_holds_for_itself(site: RecordsSite) -> None:
    who, bob, others = site.person(), site.person(), site.person(1)
    good = {"subject": who, "collection": NOTES, "id": rid(1), "content": {"n": 1}}
    lines: list[object] = [
        good,
        {**good, "content": {"n": 2}, "version": 1},
        {**good, "subject": bob},
        {**good, "subject": others},
        {**good, "subject": ABSENT},
        {**good, "collection": "nothing"},
        {**good, "id": "x"},
        {**good, "more": 1},
        {**good, "content": [1]},
        {**good, "version": 0},
        {**good, "version": 7},
        b'{"subject": 1, "subject": 2}',
        b"not json",
        {**good, "subject": "x"},
        {**good, "id": rid(9), "content": {"text": "x" * 70_000}},
        {"subject": who, "collection": VISITS, "content": {"place": "x"}},
    ]

    told = lines_of(bulk(site, "/v1/records:bulk", lines))

    assert [each["line"] for each in told] == [*range(1, 17)]
    came = [each.get("version") or each["error"]["code"] for each in told]
    assert came == [
        1, 2, 1, "DENIED", "DENIED", "DENIED", "INVALID_ID", "INVALID", "INVALID", "INVALID",
        "STALE", "INVALID_ENCODING", "INVALID_ENCODING", "INVALID_ID", "INVALID_ENCODING", 1,
    ]  # fmt: skip
    denied = [each["error"] for each in told[3:6]]
    assert denied == [{"code": "DENIED", "kind": "denied"}] * 3
    assert b"xxxx" not in json.dumps(told).encode()
    assert site.use("GET", site.path(who, 1)).json["content"] == {"n": 2}
    assert UUID(told[15]["id"]).version == 4


def test_thousands_are_loaded_for_one_person(site: RecordsSite) -> None:
    who, bob = site.person(), site.person()
    lines = [{"collection": NOTES, "id": rid(n), "content": {"n": n}} for n in range(1_500)]
    path = f"/v1/subjects/{who}/records:bulk"

    told = lines_of(bulk(site, path, lines))

    assert {each["version"] for each in told} == {1}
    assert len(told) == 1_500
    page = site.use("GET", site.path(who) + f"?limit=500&after={rid(999)}").json
    assert [each["content"]["n"] for each in page["records"]] == [*range(1_000, 1_500)]
    another = [{**lines[0], "subject": bob}, {**lines[0], "subject": who, "id": rid(5_000)}]
    told = lines_of(bulk(site, path, another))
    assert [each.get("version") or each["error"]["code"] for each in told] == ["INVALID", 1]
    assert lines_of(bulk(site, path, [])) == []


def test_who_may_not_load_loads_nothing(site: RecordsSite) -> None:
    who, other = site.person(), site.site.apps[1][1]
    line = {"subject": who, "collection": NOTES, "content": {"n": 1}}
    own = str(site.use("POST", f"/v1/subjects/{who}/tokens").json["token"])

    told = lines_of(bulk(site, "/v1/records:bulk", [line], other))
    assert told == [{"line": 1, "error": {"code": "DENIED", "kind": "denied"}}]
    assert bulk(site, "/v1/records:bulk", [line], own).status == 403
    assert bulk(site, "/v1/records:bulk", [line], "shv1_no_token").status == 403
    assert bulk(site, "/v1/records:bulk", [line] * 20_001).status == 422
    wrong = site.raw("POST", "/v1/records:bulk", b"{}", {"Content-Type": "application/json"})
    assert wrong.status == 422
    assert site.use("GET", site.path(who)).json["records"] == []


@pytest.mark.promise("P4")
def test_an_attachment_is_put_in_read_in_part_replaced_and_taken_out(site: RecordsSite) -> None:
    who = site.person()
    site.new(site.path(who, 1), {"n": 1})
    path, content = site.path(who, 1) + "/attachments/1", seeded(b"a picture")(300_000)
    new = {"If-None-Match": "*", "Content-Type": "image/png"}

    made = site.raw("PUT", path, content, new)
    assert (made.status, made.headers["etag"], made.json["size"]) == (201, '"1"', 300_000)
    whole = site.use("GET", path)
    assert (whole.status, whole.body, whole.headers["etag"]) == (200, content, '"1"')
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["content-disposition"] == "attachment"
    part = site.raw("GET", path, b"", {"Range": "bytes=1000-1999"})
    assert (part.status, part.body) == (206, content[1000:2000])
    assert part.headers["content-range"] == "bytes 1000-1999/300000"
    assert site.raw("GET", path, b"", {"Range": "bytes=-10"}).body == content[-10:]
    assert site.raw("GET", path, b"", {"Range": "bytes=299999-"}).body == content[-1:]
    assert site.raw("GET", path, b"", {"Range": "bytes=300000-"}).status == 416
    assert site.raw("GET", path, b"", {"Range": "bytes=0-1,5-6"}).status == 200

    assert site.raw("PUT", path, b"x", {"Content-Type": "text/plain"}).status == 428
    assert site.raw("PUT", path, b"x", new).status == 412
    put = site.raw("PUT", path, b"x", {"If-Match": '"1"', "Content-Type": "text/plain"})
    assert (put.status, put.headers["etag"]) == (200, '"2"')
    listed = site.use("GET", site.path(who, 1) + "/attachments").json["attachments"]
    assert [(each["number"], each["size"], each["version"]) for each in listed] == [(1, 1, 2)]
    own = str(site.use("POST", f"/v1/subjects/{who}/tokens").json["token"])
    assert site.use("GET", path, token=own, purpose=None).body == b"x"
    assert site.use("DELETE", path).status == 428
    assert site.use("DELETE", path, version=2).status == 200
    assert site.use("GET", path).status == 403


@pytest.mark.promise("P5")
@pytest.mark.threat("T244")
def test_an_attachment_is_as_hidden_as_its_record(site: RecordsSite) -> None:
    who, other = site.person(), site.site.apps[1][1]
    site.new(site.path(who, 1), {"n": 1})
    new = {"If-None-Match": "*", "Content-Type": "image/png"}
    path = site.path(who, 1) + "/attachments/1"
    assert site.raw("PUT", path, b"x", new).status == 201

    told = [
        site.use("GET", path, token=other),
        site.use("GET", path, purpose="Purpose"),
        site.use("GET", site.path(who, 1) + "/attachments/2"),
        site.use("GET", site.path(who, 2) + "/attachments/1"),
        site.use("GET", site.path(who, 2) + "/attachments"),
        site.use("GET", site.path(ABSENT, 1) + "/attachments", token=other),
        site.raw("PUT", path, b"y", new, other),
        site.raw("PUT", site.path(who, 2) + "/attachments/1", b"y", new),
        site.use("DELETE", path, token=other, version=1),
    ]

    assert {(each.status, each.body) for each in told} == {(403, told[0].body)}
    for number in ("0", "x", "-1", "1000"):
        assert site.use("GET", site.path(who, 1) + f"/attachments/{number}").status == 422
    assert site.raw("PUT", path[:-1] + "101", b"y", new).status == 422


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
