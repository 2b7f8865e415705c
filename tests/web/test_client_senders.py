"""What both senders of the client do with a call: when again, what is sent, what is read."""

from collections.abc import Iterator

import httpx
import pytest

from sealhold.client import (
    AsyncVault,
    DeniedError,
    ExhaustedError,
    Patience,
    StaleError,
    Token,
    UnavailableError,
    UnsureError,
    UntrustedError,
    UsageError,
    Vault,
    VaultError,
    records,
    rights,
)
from sealhold.client.call import Answer
from sealhold.client.course import course
from tests.loops import in_a_loop
from tests.unit.client_samples import ONE, TWO
from tests.web.client_script import (
    BOUND,
    BUSY,
    HEAD,
    READS,
    SECRET,
    URL,
    Script,
    Send,
    blocking,
    both,
    good,
    lost,
    outcome,
    said,
)

# --- again, where it is safe ---


@both
def test_a_vault_that_is_busy_is_asked_again_in_its_time(send: Send) -> None:
    assert outcome(send, READS, said(503, *BUSY), said(429, "exhausted", after="0"), good()) == (
        "Person",
        3,
    )
    assert outcome(send, BOUND, said(503, *BUSY), good(HEAD, 201)) == ("RecordHead", 2)


@both
def test_it_is_asked_so_often_and_no_more(send: Send) -> None:
    assert outcome(send, READS, *(said(503, *BUSY) for _ in range(9))) == ("UnavailableError", 4)
    assert outcome(send, READS, *(lost() for _ in range(9))) == ("UnavailableError", 4)


@both
def test_a_no_is_a_no(send: Send) -> None:
    assert outcome(send, READS, said(403)) == ("DeniedError", 1)
    assert outcome(send, READS, said(503, "unavailable")) == ("UnavailableError", 1)  # no time said
    assert outcome(send, READS, said(503, "unavailable", after="999")) == ("UnavailableError", 1)
    assert outcome(send, READS, said(503, "unavailable", after="soon")) == ("UnavailableError", 1)
    assert outcome(send, READS, said(507, "unavailable", after="0")) == ("UnavailableError", 1)


def test_between_two_tries_it_waits_longer_each_time_and_at_least_as_long_as_it_was_told() -> None:
    def pauses(after: str, drawn: float) -> list[float]:
        tries = course(READS, Patience(tries=5, first=1.0), lambda: drawn)
        busy = Answer(status=503, headers={"retry-after": after}, body=said(503, *BUSY).content)
        waits = [next(tries), *(tries.send(busy) for _ in range(4))]
        with pytest.raises(UnavailableError):
            tries.send(busy)
        return waits

    assert pauses("0", 0.0) == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert pauses("3", 0.0) == [0.0, 3.0, 3.0, 3.0, 4.0]
    assert pauses("0", 1.0) == [0.0, 1.0, 2.0, 4.0, 8.0]


# --- pages and pieces ---


def page(numbers: range, after: str | None) -> httpx.Response:
    found = [{"head": {**HEADER, "version": n + 1}, "content": {"n": n}} for n in numbers]
    return httpx.Response(200, json={"records": found, "after": after})


HEADER = {
    "subject": ONE, "collection": "notes", "id": TWO, "written_at": 1, "retain_until": 0,
}  # fmt: skip


def test_pages_go_on_until_the_last() -> None:
    script = Script(iter([page(range(2), TWO), page(range(2, 4), TWO), page(range(4, 5), None)]))
    all_of = records.all_of(ONE, "notes", "ServiceProvision", at_once=2)
    with Vault(URL, SECRET, transport=httpx.MockTransport(script)) as vault:
        assert [each.content["n"] for each in vault.each(all_of)] == [0, 1, 2, 3, 4]

    assert [request.url.params.get("after") for request in script.asked] == [None, TWO, TWO]
    assert {request.url.params["limit"] for request in script.asked} == {"2"}


def test_pages_go_on_in_a_loop_too() -> None:
    script = Script(iter([page(range(2), TWO), page(range(2, 3), None)]))

    async def read() -> list[int]:
        wire = httpx.MockTransport(script)
        async with AsyncVault(URL, SECRET, transport=wire) as vault:
            return [
                each.content["n"]
                async for each in vault.each(records.all_of(ONE, "notes", "ServiceProvision"))
            ]

    assert in_a_loop(read()) == [0, 1, 2]


def test_a_long_answer_that_is_refused_or_breaks_off_is_no_answer() -> None:
    def cut() -> Iterator[bytes]:
        yield b"PK"
        raise httpx.RemoteProtocolError("cut")

    script = Script(iter([said(403), httpx.Response(200, content=cut()), lost()]))
    with Vault(URL, SECRET, transport=httpx.MockTransport(script)) as vault:
        with pytest.raises(DeniedError), vault.stream(rights.export(ONE)):
            pass
        taken: list[bytes] = []
        with pytest.raises(UnavailableError), vault.stream(rights.export(ONE)) as pieces:
            taken += pieces
        with pytest.raises(UnavailableError), vault.stream(rights.export(ONE)):
            pass
    assert taken == [b"PK"]


@both
def test_what_is_sent_is_what_the_call_says_and_the_token(send: Send) -> None:
    script = Script(iter([good(HEAD, 201)]))
    send(script, BOUND)
    (request,) = script.asked

    assert str(request.url) == f"{URL}/v1/subjects/{ONE}/records/notes/{TWO}"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["sealhold-purpose"] == "ServiceProvision"
    assert (request.headers["if-none-match"], request.content) == ("*", b'{"n":1}')
    assert request.headers["content-type"] == "application/json"


def test_the_same_connections_serve_another_token() -> None:
    script = Script(iter([good(), good()]))
    with Vault(URL, SECRET, transport=httpx.MockTransport(script)) as vault:
        vault.holding(Token("shv1_other"))(READS)
        vault(READS)

    sent = [request.headers["authorization"] for request in script.asked]
    assert sent == ["Bearer shv1_other", f"Bearer {SECRET}"]


def test_errors_are_of_their_kind() -> None:
    assert issubclass(StaleError, VaultError)
    assert outcome(blocking, READS, said(429, "exhausted")) == (ExhaustedError.__name__, 1)
    assert issubclass(UnsureError, UnavailableError)
    assert issubclass(UntrustedError, VaultError)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nx: y", "ä"])
def test_what_is_no_token_is_sent_nowhere(token: str) -> None:
    with pytest.raises(UsageError), Vault(URL, token):
        pass
    with Vault(URL, SECRET) as vault, pytest.raises(UsageError):
        vault.holding(Token(token))
