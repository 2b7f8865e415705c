"""Records of up to a megabyte over HTTP, on both stores: kept, read, changed, and many at once."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealhold.model.contents import MAX_CONTENT
from tests.scenarios.people_site import SERVICE
from tests.scenarios.records_site import STORES, RecordsSite, records_site, rid
from tests.transcripts.cli import Cli

CLIENTS = 64
MIB = 1_048_576
JSON = {"If-None-Match": "*", "Content-Type": "application/json"}
WIDE = b'{"a":[' + b",".join([b"{}"] * 340_000) + b"]}"  # a megabyte that is 25 as values


@pytest.fixture(scope="module", params=STORES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordsSite]:
    folder = tmp_path_factory.mktemp("long")
    with records_site(folder, request.param) as found:
        yield found
    checked = Cli(folder).line("audit verify")
    assert checked.code == 0, checked.out + checked.err


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
    made = site.raw("PUT", path, raw, JSON)
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
def test_many_long_records_at_once_are_kept_in_bounded_memory(site: RecordsSite) -> None:
    who = site.person()
    content = WIDE
    before = memory(site, anew=True)

    def once(number: int, method: str = "PUT") -> int:
        for _ in range(60):  # as a client does that is told to come again
            if method == "PUT":
                told = site.raw("PUT", site.path(who, number), content, JSON)
            else:
                told = site.use("GET", site.path(who, number))
            if told.status != 503:
                assert told.status == 503 or method == "PUT" or len(told.body) > len(content)
                return told.status
            assert told.headers["retry-after"] == "1"
        return 503

    with ThreadPoolExecutor(CLIENTS) as pool:
        put = Counter(pool.map(once, range(CLIENTS)))
        peak_of_puts = memory(site) - before
        got = Counter(pool.map(lambda n: once(n, "GET"), range(CLIENTS)))
    peak = memory(site) - before
    print("PEAK", peak_of_puts / MIB, peak / MIB)
    assert (put, got) == ({201: CLIENTS}, {200: CLIENTS})
    assert peak < 256 * MIB
