"""What is counted of answers and what is written down of them."""

import json
import re
from threading import Event

import pytest
from starlette.types import Message, Receive, Scope, Send

from sealhold.frontends.http.counting import SEEN, Counting, Counts, Seen
from sealhold.frontends.http.exposition import exposition
from sealhold.frontends.http.journal import MOST_LINES, Aside, Journal
from sealhold.model.quantities import Instant
from sealhold.model.shown.serving import Gauges

LINE = re.compile(
    r'(# (HELP|TYPE) sealhold_[a-z_]+ .+)|(sealhold_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? '
    r"[0-9.e+-]+)"
)
NOW = Gauges(
    waiting=2,
    batches=5,
    works=9,
    is_writing=True,
    is_full=False,
    log_size=44,
    disk_free=10,
    disk_size=20,
    reads_reserve=1,
    rights_reserve=2,
    epoch=3,
    epoch_due=Instant(1_500),
)


def seen(route: str, status: int = 200) -> Seen:
    return Seen(route, status)


def test_each_line_is_of_the_form_that_prometheus_reads() -> None:
    counts = Counts()
    counts.add("GET", seen("/v1/subjects/{id}"), 0.004)
    counts.add("BREW", seen("none", 404), 20.0)

    lines = exposition(counts, NOW).decode().splitlines()

    assert all(LINE.fullmatch(line) for line in lines)
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds)) > 10
    assert 'sealhold_requests_total{method="other",route="none",status="404"} 1' in lines
    assert "sealhold_epoch_due_timestamp_seconds 1.500" in lines


def test_the_buckets_of_a_route_count_up_to_all_of_its_answers() -> None:
    counts = Counts()
    for seconds in (0.0005, 0.001, 0.004, 0.3, 60.0):
        counts.add("GET", seen("/v1/lookup"), seconds)

    text = exposition(counts, NOW).decode()

    found = re.findall(r'_bucket\{route="/v1/lookup",le="([^"]+)"\} (\d+)', text)
    assert dict(found)["0.001"] == "2"
    assert dict(found)["0.005"] == "3"
    assert found[-1] == ("+Inf", "5")
    assert [int(n) for _, n in found] == sorted(int(n) for _, n in found)


def test_an_answer_is_counted_by_what_it_turned_out_to_be() -> None:
    ticks = iter([1.0, 1.25])
    counts, lines = Counts(), list[str]()
    journal = Journal(lines.append, lambda: Instant(0), lambda text: f"t-{len(text)}")

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        scope[SEEN].route = "/v1/subjects/{id}"
        scope["path_params"] = {"id": "a-secret-id"}
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"12345"})

    async def nothing() -> Message:
        raise AssertionError

    async def sent(_message: Message) -> None:
        assert counts.inside == 1

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/subjects/a-secret-id",
        "query_string": b"field=canary",
        "headers": [(b"authorization", b"Bearer canary")],
    }
    counted = Counting(app, counts, lambda: next(ticks), journal)(scope, nothing, sent)
    with pytest.raises(StopIteration):
        counted.send(None)  # nothing in it waits

    assert counts.answers == {("GET", "/v1/subjects/{id}", 403): 1}
    assert counts.times["/v1/subjects/{id}"].total == 0.25
    assert counts.inside == 0
    assert json.loads(lines[0]) == {
        "at": "1970-01-01T00:00:00.000Z",
        "event": "request",
        "method": "GET",
        "route": "/v1/subjects/{id}",
        "status": 403,
        "bytes": 5,
        "ms": 250.0,
        "tags": {"id": "t-11"},
    }


def test_a_journal_that_nobody_reads_holds_up_nothing() -> None:
    def broken(_line: str) -> None:
        raise BrokenPipeError

    Journal(broken, lambda: Instant(0), str).happened("started", port=1)


def test_lines_that_are_read_slowly_hold_up_nothing_and_are_bounded() -> None:
    reads, written = Event(), list[str]()

    def slow(line: str) -> None:
        assert reads.wait(10)
        written.append(line)

    with Aside(slow) as lines:
        journal = Journal(lines, lambda: Instant(0), str)
        for number in range(2 * MOST_LINES):
            journal.happened("request", number=number)
        before = list(written)
        reads.set()

    assert before == []
    assert MOST_LINES <= len(written) <= MOST_LINES + 1
    assert [json.loads(line)["number"] for line in written] == list(range(len(written)))
