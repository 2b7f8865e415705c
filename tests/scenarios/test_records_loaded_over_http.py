"""Many records at once, attachments, and requests that come again, over HTTP on both stores."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from sealhold.crypto.entropy import seeded
from tests.scenarios.people_site import Answer
from tests.scenarios.records_site import NOTES, STORES, VISITS, RecordsSite, records_site, rid
from tests.transcripts.cli import Cli

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
        {**good, "id": rid(9), "content": {"text": "x" * 1_100_000}},
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


def test_pages_and_loads_of_long_records_have_each_once(site: RecordsSite) -> None:
    who = site.person()
    lines = [
        {"collection": "notes", "id": rid(n), "content": {"n": n, "text": "x" * 1_000_000}}
        for n in range(7)
    ]
    body = b"\n".join(json.dumps(each).encode() for each in lines)
    load = f"/v1/subjects/{who}/records:bulk"
    media = {"Content-Type": "application/x-ndjson"}

    for version in (1, 2):
        told = site.raw("POST", load, body, media)
        came = [json.loads(line) for line in told.body.splitlines()]
        assert [each.get("version") for each in came] == [version] * 7
        body = b"\n".join(json.dumps({**each, "version": version}).encode() for each in lines)

    found: list[int] = []
    sizes: list[int] = []
    after = ""
    while True:
        page = site.use("GET", site.path(who) + f"?limit=500{after}").json
        found += [each["content"]["n"] for each in page["records"]]
        sizes.append(len(page["records"]))
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert found == [*range(7)]
    assert max(sizes) == 4  # of a million bytes each, and a page has four megabytes


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


def test_a_text_that_is_attached_is_given_back_under_the_media_type_that_came(
    site: RecordsSite,
) -> None:
    who = site.person()
    site.new(site.path(who, 1), {"n": 1})
    path, content = site.path(who, 1) + "/attachments/1", "é".encode("latin-1")
    site.raw("PUT", path, content, {"If-None-Match": "*", "Content-Type": "text/plain"})

    got = site.use("GET", path)

    assert (got.body, got.headers["content-type"]) == (content, "text/plain")


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
    beyond = site.raw("GET", path, b"", {"Range": "bytes=300000-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */300000")
    looked = site.raw("HEAD", path, b"", {"Range": "bytes=1000-1999"})
    assert (looked.status, looked.headers["content-length"], looked.body) == (200, "300000", b"")
    assert "content-range" not in looked.headers
    assert site.raw("GET", path, b"", {"Range": "bytes=0-1,5-6"}).status == 200
    assert site.raw("GET", path, b"", {"Range": "bytes=5-3"}).status == 200
    goes_on = {"Range": "bytes=1000-1999", "If-Range": '"1"'}
    assert site.raw("GET", path, b"", goes_on).body == content[1000:2000]
    for span in ("bytes=1000-1999", "bytes=300000-"):
        other = site.raw("GET", path, b"", {"Range": span, "If-Range": '"2"'})
        assert (other.status, other.body) == (200, content)

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


# --- requests that come again ---


def again(site: RecordsSite, path: str, body: bytes, key: str, token: str = "") -> Answer:
    media = "application/x-ndjson" if path.endswith("bulk") else "application/json"
    return site.raw("POST", path, body, {"Idempotency-Key": key, "Content-Type": media}, token)


@pytest.mark.threat("T247")
def test_a_person_is_made_once_under_one_key(site: RecordsSite) -> None:
    other = site.site.apps[1][1]
    first = again(site, "/v1/subjects", b"", "person-1")
    second = again(site, "/v1/subjects", b"", "person-1")

    assert (first.status, second.status) == (201, 201)
    assert (first.body, first.headers["etag"]) == (second.body, second.headers["etag"])
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "content-disposition" not in second.headers
    assert again(site, "/v1/subjects", b"", "person-2").body != first.body
    assert again(site, "/v1/subjects", b"", "person-1", other).body != first.body
    refused = again(site, "/v1/subjects", b"{}", "person-1")
    assert (refused.status, refused.json["code"]) == (422, "OTHER_BODY")
    for key in ("", "x" * 65, "a b", "\u00e4"):
        assert again(site, "/v1/subjects", b"", key).status == 422
    site.use("DELETE", f"/v1/subjects/{first.json['subject']}")
    assert again(site, "/v1/subjects", b"", "person-1").body != first.body


def test_of_the_same_at_once_one_is_carried_out(site: RecordsSite) -> None:
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda _: again(site, "/v1/subjects", b"", "at-once"), range(16)))

    assert {each.status for each in came} <= {201, 409}
    assert len({each.body for each in came if each.status == 201}) == 1
    running = [each.json["code"] for each in came if each.status == 409]
    assert set(running) <= {"STILL_RUNNING"}


def test_lines_are_loaded_once_under_one_key(site: RecordsSite) -> None:
    who = site.person()
    path = f"/v1/subjects/{who}/records:bulk"
    lines = [{"collection": NOTES, "content": {"n": n}} for n in range(3)]
    body = b"\n".join(json.dumps(each).encode() for each in (*lines, {"collection": "no"}))

    first, second = (again(site, path, body, "load-1") for _ in range(2))

    assert first.body == second.body
    assert second.headers["idempotency-replayed"] == "true"
    assert [each.get("version") for each in lines_of(first)] == [1, 1, 1, None]
    assert len(site.use("GET", site.path(who)).json["records"]) == 3
    assert again(site, path, body + b"\n" + body, "load-1").status == 422
    long = b"\n".join(json.dumps(lines[0]).encode() for _ in range(1_001))
    assert again(site, path, long, "load-2").status == 422
    assert len(site.use("GET", site.path(who)).json["records"]) == 3
