"""The short way through the API: the same answers as the long one, however requests arrive."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.scenarios.people_site import SERVICE, PeopleSite, people_site
from tests.transcripts.cli import PASSPHRASE

RULE = {"category": "Preference", "purposes": [SERVICE], "passphrase": PASSPHRASE}
CONTENT = b'{"at":"2026-11-22","note":"quokka"}'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleSite]:
    folder: Path = tmp_path_factory.mktemp("short")
    with people_site(folder) as site:
        app, _ = site.apps[0]
        laid = site.call("PUT", f"/v1/apps/{app}/collections/readings", site.owner, RULE)
        assert laid.status == 200, laid.body
        yield site


@pytest.fixture(scope="module")
def person(site: PeopleSite) -> str:
    return site.person(site.apps[0][1], "Ada", "ada@example.org")


def place(person: str, record: str = "") -> str:
    return f"/v1/subjects/{person}/records/readings/{record or uuid4()}"


def request(
    site: PeopleSite, method: str, path: str, body: bytes = b"", *more: str, token: str = ""
) -> bytes:
    """Return a request as it is sent; with `Origin` it goes the long way."""
    lines = [f"{method} {path} HTTP/1.1", f"host: localhost:{site.port}"]
    lines += [f"authorization: Bearer {token or site.apps[0][1]}", f"sealhold-purpose: {SERVICE}"]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, *more, "", ""]).encode() + body


def put(site: PeopleSite, path: str, *more: str) -> bytes:
    return request(site, "PUT", path, CONTENT, "if-none-match: *", *more)


def origin(site: PeopleSite) -> str:
    return f"origin: http://localhost:{site.port}"


class Line:
    """One connection, which reads answers one by one."""

    def __init__(self, site: PeopleSite) -> None:
        self._socket = socket.create_connection(("127.0.0.1", site.port), timeout=10)
        self._taken = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self._taken:
            self._take()
        head, _, self._taken = self._taken.partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        length = int(headers.get("content-length", "0"))
        while len(self._taken) < length:
            self._take()
        body, self._taken = self._taken[:length], self._taken[length:]
        return int(first.split(" ")[1]), headers, body

    def _take(self) -> None:
        data = self._socket.recv(65_536)
        assert data, "the server hung up"
        self._taken += data


def asked(site: PeopleSite, data: bytes) -> tuple[int, dict[str, str], bytes]:
    line = Line(site)
    line.send(data)
    came = line.answer()
    line.close()
    return came


def told(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], object]:
    """Return an answer without what is another each time: the date."""
    status, headers, body = answer
    return status, {k: v for k, v in headers.items() if k != "date"}, json.loads(body)


@pytest.mark.parametrize(
    ("method", "body", "more"),
    [
        ("GET", b"", ()),
        ("PUT", CONTENT, ("if-none-match: *",)),  # it is there: stale
        ("PUT", CONTENT, ('if-match: "9"',)),
        ("PUT", CONTENT, ()),
        ("PUT", b'{"a":1,"a":2}', ('if-match: "1"',)),
        ("PUT", b"[]", ('if-match: "1"',)),
        ("PATCH", b'{"at":null}', ('if-match: "9"',)),
        ("PATCH", b"{}", ()),
    ],
)
def test_both_ways_give_the_same_answer(
    site: PeopleSite, person: str, method: str, body: bytes, more: tuple[str, ...]
) -> None:
    path = place(person)
    assert asked(site, put(site, path))[0] == 201
    short, long = (
        asked(site, request(site, method, path, body, *more, *way)) for way in ((), (origin(site),))
    )
    assert told(short) == told(long)


@pytest.mark.threat("T194")
@pytest.mark.parametrize("who", ["nobody", "forged", "another app", "the owner"])
def test_whoever_is_not_let_in_is_told_the_same_on_both_ways(
    site: PeopleSite, person: str, who: str
) -> None:
    token = {
        "nobody": " ",
        "forged": site.apps[0][1][:-4] + "AAAA",
        "another app": site.apps[1][1],
        "the owner": site.owner,
    }[who]
    path = place(person)
    assert asked(site, put(site, path))[0] == 201
    short, long = (
        asked(site, request(site, "GET", path, b"", *way, token=token))
        for way in ((), (origin(site),))
    )
    assert short[0] in {401, 403}
    assert told(short) == told(long)
    assert b"quokka" not in short[2]


def test_requests_in_one_piece_are_answered_in_their_order(site: PeopleSite, person: str) -> None:
    places = [place(person) for _ in range(6)]
    line = Line(site)
    ways = ((), (origin(site),))
    line.send(b"".join(put(site, each, *ways[nth % 2]) for nth, each in enumerate(places)))
    made = [line.answer() for _ in places]
    line.send(b"".join(request(site, "GET", each) for each in places))
    read = [line.answer() for _ in places]
    line.close()
    assert [status for status, _, _ in made] == [201] * 6
    ids = [json.loads(body)["id"] for _, _, body in made]
    assert ids == [each.rpartition("/")[2] for each in places]
    assert [json.loads(body)["head"]["id"] for _, _, body in read] == ids


def test_a_request_in_many_pieces_is_one_request(site: PeopleSite, person: str) -> None:
    data = put(site, place(person))
    line = Line(site)
    for start in range(0, len(data), 7):
        line.send(data[start : start + 7])
        time.sleep(0.0005)
    assert line.answer()[0] == 201
    line.close()


@pytest.mark.threat("T203")
def test_who_leaves_gives_back_the_place_of_what_waited(site: PeopleSite, person: str) -> None:
    half = put(site, place(person))[:-5]
    for _ in range(40):  # more than there are places, if none came back
        line = Line(site)
        line.send(put(site, place(person)) * 4 + half)
        line.close()
    for _ in range(150):
        line = Line(site)
        line.send(half)
        line.close()
    until = time.monotonic() + 5  # in which the server hears of those who left
    while (status := asked(site, put(site, place(person)))[0]) == 503 and time.monotonic() < until:
        time.sleep(0.05)
    assert status == 201


def test_many_at_once_each_get_their_own(site: PeopleSite, person: str) -> None:
    others = [site.person(site.apps[0][1], f"P{nth}", f"p{nth}@example.org") for nth in range(6)]
    lines = [Line(site) for _ in range(24)]
    places = [place((person, *others)[nth % 7]) for nth in range(24)]
    for line, each in zip(lines, places, strict=True):
        line.send(put(site, each))
    assert [line.answer()[0] for line in lines] == [201] * 24
    there = [*places[:18], *(place(person) for _ in range(3)), *places[21:]]
    for nth, (line, each) in enumerate(zip(lines, there, strict=True)):
        token = site.apps[1][1] if nth % 5 == 4 else ""
        line.send(request(site, "GET", each, token=token))
    for nth, (line, each) in enumerate(zip(lines, there, strict=True)):
        status, _, body = line.answer()
        if nth % 5 == 4 or 18 <= nth < 21:
            assert (status, b"quokka" in body) == (403, False)
        else:
            assert status == 200
            assert json.loads(body)["head"]["id"] == each.rpartition("/")[2]
        line.close()


def test_of_two_that_make_the_same_record_one_is_kept(site: PeopleSite, person: str) -> None:
    lines = [Line(site) for _ in range(12)]
    same, others = place(person), [place(person) for _ in range(6)]
    for nth, line in enumerate(lines):
        line.send(put(site, same if nth % 2 else others[nth // 2]))
    came = [line.answer()[0] for line in lines]
    for line in lines:
        line.close()
    assert came[::2] == [201] * 6
    assert sorted(came[1::2]) == [201, *[412] * 5]


def test_what_goes_the_short_way_is_counted(site: PeopleSite, person: str) -> None:
    def counted() -> int:
        text = site.call("GET", "/v1/metrics", site.owner, purpose=None).body.decode()
        rows = [row for row in text.splitlines() if "{record}" in row and 'method="PUT"' in row]
        return sum(int(float(row.rpartition(" ")[2])) for row in rows if 'status="201"' in row)

    before = counted()
    for _ in range(3):
        assert asked(site, put(site, place(person)))[0] == 201
    assert counted() == before + 3
