"""Answers and bodies that take long are written and read beside the server's loop."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from sealhold.frontends.http import answering
from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role
from sealhold.frontends.http.arriving import Arrivals
from sealhold.frontends.http.counting import Seen
from sealhold.frontends.http.crowd import Crowd, Room, long_bodies
from sealhold.frontends.http.quick import Quick, Taken
from sealhold.frontends.http.wire import LONG, is_long, to_wire
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, FieldName, Id16, RecordId, SubjectId
from sealhold.model.people import ProfileView
from sealhold.model.personrecords import RecordHead, RecordView
from sealhold.model.quantities import Instant
from sealhold.model.underway import Underway
from tests.loops import in_a_loop

SHORT = ProfileView(version=1, fields={FieldName("name"): "Ada"})
LONG_ONE = ProfileView(version=1, fields={FieldName(f"f{nth}"): "x" * 16_384 for nth in range(5)})
HEAD = RecordHead(
    subject=SubjectId(Id16(bytes(16))),
    collection=Collection("notes"),
    id=RecordId(Id16(bytes(16))),
    version=1,
    written_at=Instant(0),
    retain_until=Instant(0),
)


class Written:
    """Notes in which thread an answer was written."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def __call__(self, value: Plain) -> Plain:
        if not isinstance(value, msgspec.Raw):  # which is written already
            self.threads.append(threading.current_thread())
        return to_wire(value)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    found = Written()
    monkeypatch.setattr("sealhold.frontends.http.api.to_wire", found)
    return found


def desk_of() -> Any:  # noqa: ANN401  # reason: as much of a desk as is asked for
    return SimpleNamespace(
        vault=SimpleNamespace(is_near=True),
        sign_ins=None,
        long_bodies=long_bodies(),
        room=Room(),
        arrivals=Arrivals(nullcontext),
        counts=None,
    )


def answered(route: ApiRoute, body: bytes = b"") -> tuple[Response, threading.Thread]:
    """Return what a public route answers, and the thread of the loop."""
    desk = desk_of()
    sent = {"type": "http.request", "body": body, "more_body": False}

    async def receive() -> dict[str, Plain]:
        return sent

    scope = {
        "type": "http", "method": route.method, "path": "/", "query_string": b"",
        "headers": [(b"content-length", str(len(body)).encode())], "path_params": {},
    }  # fmt: skip

    async def whole() -> tuple[Response, threading.Thread]:
        response = await answering.answer(route, desk, Request(scope, receive))
        return response, threading.current_thread()

    return in_a_loop(whole())


def route(value: Plain, *, begins: bool, **more: Any) -> ApiRoute:  # noqa: ANN401
    def steps() -> Generator[str, bool, Reply]:
        return Reply(value=value)
        yield

    def begin(_: Call) -> Underway[Reply]:
        return Underway(steps(), lambda _: pytest.fail("it waits for nothing"))

    way: dict[str, Any] = {"begin": begin} if begins else {"run": lambda _: Reply(value=value)}
    return ApiRoute(method="GET", path="/", role=Role.PUBLIC, about="", **way, **more)


def test_a_short_answer_of_a_use_in_the_loop_is_written_there(written: Written) -> None:
    response, loop = answered(route(SHORT, begins=True))

    assert msgspec.json.decode(response.body) == {"version": 1, "fields": {"name": "Ada"}}
    assert written.threads
    assert {*written.threads} == {loop}


@pytest.mark.threat("T330")
@pytest.mark.parametrize("begins", [True, False])
def test_a_long_answer_is_written_in_a_thread_of_its_own(written: Written, *, begins: bool) -> None:
    response, loop = answered(route(LONG_ONE, begins=begins))

    assert msgspec.json.decode(response.body) == to_wire(LONG_ONE)
    assert written.threads
    assert loop not in written.threads


@pytest.mark.threat("T330")
@pytest.mark.parametrize(("value", "in_loop"), [(SHORT, True), (LONG_ONE, False)])
def test_a_long_answer_of_the_short_way_is_written_in_a_thread_of_its_own(
    written: Written, value: ProfileView, *, in_loop: bool
) -> None:
    site: Any = SimpleNamespace(hosts=())
    crowd, long_one = Crowd(lambda *_: pytest.fail("not asked")), route(value, begins=True)

    async def told() -> tuple[bytes, threading.Thread]:
        counting: Any = SimpleNamespace(end=lambda *_: None)
        quick = Quick(desk_of(), lambda: pytest.fail("not asked"), site, crowd, counting)
        over: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        assert long_one.begin is not None
        assert crowd.enter()
        taken = Taken(long_one, long_one.begin, {}, "t", Role.APP, {}, 0.0, Seen("/"))
        quick.go(taken, b"", over.set_result)
        return await over, threading.current_thread()

    answer, loop = in_a_loop(told())

    assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2]) == to_wire(value)
    assert [each is loop for each in written.threads] == [in_loop]


@pytest.mark.threat("T330")
@pytest.mark.parametrize(("length", "in_loop"), [(LONG, True), (LONG + 1, False)])
def test_a_long_body_is_read_in_a_thread_of_its_own(length: int, *, in_loop: bool) -> None:
    threads: list[threading.Thread] = []

    def steps() -> Generator[str, bool, Reply]:
        return Reply()
        yield

    def begin(_: Call) -> Underway[Reply]:
        threads.append(threading.current_thread())
        return Underway(steps(), lambda _: pytest.fail("it waits for nothing"))

    put = ApiRoute(
        method="PUT", path="/", role=Role.PUBLIC, about="", begin=begin, body_bytes=2 * LONG
    )

    _, loop = answered(put, b"x" * length)

    assert [each is loop for each in threads] == [in_loop]


def test_whether_a_profile_is_long_is_seen_by_its_texts() -> None:
    assert not is_long(SHORT)
    assert is_long(LONG_ONE)
    many = {FieldName(f"f{nth}"): nth for nth in range(100)}
    assert not is_long(ProfileView(version=1, fields=many))


def test_what_an_app_nests_is_written_as_it_is_and_not_walked_through() -> None:
    content = {"a": [1, 2.5, None, True, {"b": ["é", "\n"]}], "c": {}}

    told = to_wire(RecordView(head=HEAD, content=content))

    assert isinstance(told["content"], msgspec.Raw)
    assert msgspec.json.decode(msgspec.json.encode(told))["content"] == content
