"""Programs push rows by a token: what they are told, what is taken in, and where it ends."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, MINUTE
from sealhold.node import Node, SourceRow
from tests.scenarios.access_site import served
from tests.scenarios.vaults import Hands, new_home, opened

LINES, JSON = "application/x-ndjson", "application/json"
COLUMNS = {"columns": "at:instant,lat:float,lon:float", "key": "at", "time": "at"}
ROW = {"at": "2026-11-22T10:00:00Z", "lat": 52.5, "lon": 13.4}


@dataclass
class Phone:
    """A program of the owner's that pushes."""

    node: Node
    port: int
    clock: Hands
    name: str  # of its source, and of the dataset
    token: str = ""

    @property
    def source(self) -> SourceRow:
        return self.node.standing.find(self.name)

    def rows(self) -> list[tuple[object, ...]]:
        """Return what was taken in."""
        told = self.node.records.query(f"SELECT lat, lon FROM {self.name} ORDER BY ALL")
        return [tuple(row) for row in told.rows]

    def renew(self, rate: int = 60, count: int = 1_000_000) -> str:
        source = self.source
        self.token = self.node.parts.crowd.pushers.renew(source.id, rate, count)
        return self.token

    def push(
        self,
        body: object,
        *,
        dataset: str = "",
        media: str = JSON,
        key: str = "",
        token: str = "",
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers of what is answered."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"host": f"localhost:{self.port}", "content-type": media}
        headers["authorization"] = f"Bearer {token or self.token}"
        if key:
            headers["idempotency-key"] = key
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        line.request("POST", f"/v1/push/{dataset or self.name}", data, headers)
        answer = line.getresponse()
        told = json.loads(answer.read())
        line.close()
        return answer.status, told, dict(answer.headers)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, int, Hands]]:
    clock, home = Hands(), tmp_path_factory.mktemp("push") / "home"
    with opened(new_home(home, clock), clock) as node, served(node) as port:
        yield node, port, clock


@pytest.fixture
def phone(place: tuple[Node, int, Hands]) -> Phone:
    node, port, clock = place
    name = f"phone{len(node.standing.every())}"
    node.standing.add(name, "push", {"place": name, **COLUMNS})
    found = Phone(node, port, clock, name)
    found.renew()
    return found


def test_what_is_pushed_is_a_row_of_its_dataset(phone: Phone) -> None:
    status, told, _ = phone.push(ROW)
    assert (status, told["rejected"], told["rejects"]) == (202, 0, [])
    lines = b"".join(
        json.dumps({**ROW, "at": f"2026-11-22T1{n}:00:00Z", "lat": n}).encode() + b"\n"
        for n in range(1, 4)
    )
    assert phone.push(lines, media=LINES)[0] == 202
    assert phone.rows() == [(1.0, 13.4), (2.0, 13.4), (3.0, 13.4), (52.5, 13.4)]
    pretty = json.dumps([{**ROW, "lat": 9}], indent=2).encode()
    assert phone.push(pretty)[0] == 202  # the same time names the same row
    assert len(phone.rows()) == 4
    assert phone.source.reached == phone.clock()
    assert phone.node.audit.verify().faults == ()


@pytest.mark.threat("T404")
def test_an_answer_does_not_tell_what_was_known_already(phone: Phone) -> None:
    first, again, other = phone.push(ROW), phone.push(ROW), phone.push({**ROW, "lat": 1.0})
    told = [{**each[1], "job": ""} for each in (first, again, other)]
    assert told == [{"job": "", "rejected": 0, "rejects": []}] * 3
    sizes = {each[2]["content-length"] for each in (first, again, other)}
    assert len(sizes) == 1
    names = [set(each[2]) for each in (first, again, other)]
    assert names[0] == names[1] == names[2]


@pytest.mark.threat("T404")
def test_rows_unlike_those_before_are_answered_like_them(phone: Phone) -> None:
    whole = [{**ROW, "at": f"2026-11-22T10:00:{n:02d}Z"} for n in range(25)]
    half = [{"at": each["at"], "lat": 1.0} for each in whole]
    told = [phone.push(rows)[:2] for rows in (whole, half)]
    assert [(status, body["rejected"]) for status, body in told] == [(202, 0)] * 2


def test_a_line_that_is_no_row_is_told_and_the_others_are_taken_in(phone: Phone) -> None:
    lines = b"nonsense\n" + json.dumps(ROW).encode() + b"\n[1]\n"
    status, told, _ = phone.push(lines, media=LINES)
    assert status == 202
    assert [(each["position"], each["why"]) for each in told["rejects"]] == [
        ("line 1", "malformed"),
        ("line 3", "unsupported"),
    ]
    assert b"nonsense" not in json.dumps(told).encode()
    assert len(phone.rows()) == 1


def test_a_key_is_answered_the_same_and_takes_no_other_body(phone: Phone) -> None:
    first = phone.push(ROW, key="one")[1]
    assert phone.push(ROW, key="one")[1] == first
    assert phone.push(ROW, key="two")[1]["job"] != first["job"]
    status, told, _ = phone.push({**ROW, "lat": 1.0}, key="one")
    assert (status, told["code"]) == (422, "OTHER_BODY")
    phone.clock.move(DAY)
    assert phone.push({**ROW, "lat": 1.0}, key="one")[0] == 202


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[1, ", JSON),
        (b"x", "text/plain"),
        ("\ufeff{}".encode("utf-16"), LINES),
    ],
)
def test_what_is_no_json_is_refused_whole(phone: Phone, body: bytes, media: str) -> None:
    status, told, headers = phone.push(body, media=media)
    assert (status, told["kind"]) == (422, "invalid")
    assert headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_long_is_refused(phone: Phone) -> None:
    assert phone.push(b" " * 4_194_305, media=LINES)[0] == 413


@pytest.mark.threat("T404")
def test_a_token_opens_one_dataset_of_one_source_until_it_ends(phone: Phone) -> None:
    other = f"{phone.name}b"
    phone.node.standing.add(other, "push", {"place": other, **COLUMNS})
    assert phone.push(ROW, dataset=other)[0] == 403
    assert phone.push(ROW, dataset="nothing")[1] == phone.push(ROW, dataset=other)[1]
    line = HTTPConnection("127.0.0.1", phone.port, timeout=30)
    headers = {"host": f"localhost:{phone.port}", "authorization": f"Bearer {phone.token}"}
    for path in ("/v1/metrics", "/v1/subjects", "/v1/sources"):
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        assert answer.status in {401, 403, 405}, path
    line.close()
    before, now = phone.token, phone.renew()
    assert phone.push(ROW, token=before)[0] == 403
    assert phone.push(ROW, token=now)[0] == 202
    phone.node.standing.remove(phone.source)
    assert phone.push(ROW, token=now)[0] == 403


@pytest.mark.threat("T404")
def test_a_token_pushes_so_fast_and_so_much_a_day(phone: Phone) -> None:
    phone.renew(rate=2, count=400)
    assert [phone.push(ROW)[0] for _ in range(3)] == [202, 202, 429]
    phone.clock.move(MINUTE)
    status, told, _ = phone.push([{**ROW, "lat": n} for n in range(9)])
    assert (status, told["kind"]) == (429, "exhausted")
    phone.clock.move(DAY)
    assert phone.push(ROW)[0] == 202


def test_a_source_that_is_paused_takes_nothing(phone: Phone) -> None:
    phone.node.standing.pause(phone.source)
    assert phone.push(ROW)[0] == 409
    phone.node.standing.resume(phone.source)
    assert phone.push(ROW)[0] == 202


def test_what_is_pushed_lies_nowhere_else(phone: Phone) -> None:
    phone.push(ROW)
    with pytest.raises(InvalidError):
        phone.node.standing.set_mode(phone.source, "federate")
    assert phone.node.standing.pull(phone.source).gone == 0
    assert len(phone.rows()) == 1
