"""A server that is killed while an app puts and loads records: what it acknowledged is there.

Each case takes seconds: a server is started, killed under load, started again, and all is read.
"""

import json
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Event

import pytest

from tests.scenarios.people_site import call, people_site
from tests.scenarios.records_site import STORES, RecordsSite, init_of, records_site, rid
from tests.transcripts.cli import Cli

AT_ONCE = 6
LINES, FIRST = 60, 100_000
LONG = (1, 2)  # of the people who put


@pytest.mark.threat("T243")
@pytest.mark.parametrize("store", STORES)
def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path, store: str) -> None:
    kept: dict[str, set[int]] = {}
    loaded: list[list[int]] = []
    with records_site(tmp_path, store, ends=-signal.SIGKILL) as site:
        people = [site.person() for _ in range(AT_ONCE)]
        token = site.token
        enough = Event()

        def puts(nth: int) -> None:
            mine = kept.setdefault(people[nth], set())
            for number in range(10_000):
                path = site.path(people[nth], number)
                if _gone(partial(_put, site, path, _content(nth, number))):
                    return
                mine.add(number)
                if len(mine) == 25:
                    enough.set()

        def loads() -> None:
            for first in range(FIRST, 10 * FIRST, LINES):
                numbers = [*range(first, first + LINES)]
                if _gone(partial(_load, site, people[0], numbers)):
                    return
                loaded.append(numbers)

        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            going = [pool.submit(puts, nth) for nth in range(AT_ONCE)] + [pool.submit(loads)]
            assert enough.wait(60)
            assert site.site.process is not None
            site.site.process.send_signal(signal.SIGKILL)
            for each in going:
                each.result(60)
    assert sum(map(len, kept.values())) >= 25
    assert loaded

    with people_site(tmp_path, init=init_of(store, tmp_path), register=False) as again:
        site = RecordsSite(again, store)
        total = 0
        for who, numbers in kept.items():
            total += len(there := _all(site, who, token))
            want = {n: _content(people.index(who), n) for n in numbers} | {
                n: {"n": n} for some in loaded if who == people[0] for n in some
            }
            assert {n: there[n] for n in want} == want
            rest = sorted(n for n in there if n >= FIRST and n not in want)
            assert len(rest) in {0, LINES}  # lines of a portion are all there, or none
        status = again.call("GET", "/v1/status", again.owner).json
        assert [status[name] for name in ("apps", "people", "records")] == [2, AT_ONCE, total]
    assert Cli(tmp_path).line("audit verify").code == 0
    assert re.search(rf"People +{AT_ONCE}\n.*{total:,}\n", Cli(tmp_path).line("status").out)


def _gone(done: Callable[[], bool]) -> bool:
    """Return whether the server is gone; what it answered must be a yes."""
    try:
        assert done()
    except (OSError, HTTPException):
        return True
    return False


def _content(nth: int, number: int) -> dict[str, object]:
    """Return what is put as a record: two people have long ones."""
    return {"n": number, "text": f"{number} " * 120_000} if nth in LONG else {"n": number}


def _put(site: RecordsSite, path: str, content: dict[str, object]) -> bool:
    return site.new(path, content).status == 201


def _load(site: RecordsSite, who: str, numbers: list[int]) -> bool:
    lines = [{"collection": "notes", "id": rid(n), "content": {"n": n}} for n in numbers]
    body = b"\n".join(json.dumps(each).encode() for each in lines)
    path, media = f"/v1/subjects/{who}/records:bulk", {"Content-Type": "application/x-ndjson"}
    told = site.raw("POST", path, body, media)
    return all(json.loads(each)["version"] == 1 for each in told.body.splitlines())


def _all(site: RecordsSite, who: str, token: str) -> dict[int, dict[str, object]]:
    """Return the content of every record of a person, by its number."""
    found: dict[int, dict[str, object]] = {}
    after = ""
    while True:
        more = f"&after={after}" if after else ""
        path = f"{site.path(who)}?limit=500{more}"
        headers = {"Sealhold-Purpose": "ServiceProvision"}
        page = call(site.site.port, "GET", path, token, None, headers).json
        found |= {each["content"]["n"]: each["content"] for each in page["records"]}
        after = page["after"]
        if after is None:
            return found
