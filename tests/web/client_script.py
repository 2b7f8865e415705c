"""A vault that answers the client as it is told, for both senders."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from sealhold.client import (
    AsyncVault,
    Patience,
    Vault,
    VaultError,
    people,
    records,
)
from sealhold.client.call import Call
from tests.loops import in_a_loop
from tests.unit.client_samples import ONE, TWO

URL = "http://localhost:8722"
SECRET = "shv1_nobody_reads_this"
PATIENT = Patience(tries=4, first=0.0)
TOKEN = b'{"id":"1","token":"shv1_own","until":1}'
PERSON = b'{"subject":"%b","made_at":1,"version":0}' % ONE.encode()
HEAD = (
    b'{"subject":"%b","collection":"notes","id":"%b","version":1,"written_at":1,"retain_until":0}'
    % (ONE.encode(), TWO.encode())
)
Came = httpx.Response | Exception


def said(status: int, kind: str = "denied", code: str = "", after: str = "") -> httpx.Response:
    body = {"kind": kind, "code": code or kind.upper(), "title": kind, "status": status}
    return httpx.Response(status, headers={"retry-after": after} if after else {}, json=body)


def good(body: bytes = PERSON, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=body)


def lost() -> Exception:
    return httpx.ReadTimeout("too long")


def never_sent() -> Exception:
    return httpx.ConnectError("nobody is there")


BUSY = ("unavailable", "BUSY", "0")


@dataclass
class Script:
    """A vault that answers as it is told, and keeps what it was asked."""

    answers: Iterator[Came]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        came = next(self.answers)
        if isinstance(came, Exception):
            raise came
        return came


Send = Callable[[Script, Call[object]], object]


def blocking(script: Script, call: Call[object]) -> object:
    with Vault(URL, SECRET, patience=PATIENT, transport=httpx.MockTransport(script)) as vault:
        return vault(call)


def waiting(script: Script, call: Call[object]) -> object:
    async def send() -> object:
        wire = httpx.MockTransport(script)
        async with AsyncVault(URL, SECRET, patience=PATIENT, transport=wire) as vault:
            return await vault(call)

    return in_a_loop(send())


both = pytest.mark.parametrize("send", [blocking, waiting])


def outcome(send: Send, call: Call[object], *answers: Came) -> tuple[str, int]:
    """Return what came of a call, by name, and how often it was sent."""
    script = Script(iter(answers))
    try:
        told = type(send(script, call)).__name__
    except VaultError as err:
        told = type(err).__name__
    return told, len(script.asked)


READS, MAKES, KEYED = people.show(ONE), people.token(ONE), people.make()
BOUND = records.make(ONE, "notes", {"n": 1}, "ServiceProvision", record=TWO)
