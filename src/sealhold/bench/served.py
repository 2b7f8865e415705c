"""A served vault with an app and its people, and what a load asks of it.

Source: docs/benchmarks.md.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, Final

from sealhold.bench.processes import surroundings
from sealhold.bench.vaults import PASSPHRASE
from sealhold.model.errors import SealholdError

PURPOSE: Final = "ServiceProvision"
CHOSEN: Final = "Marketing"  # what people say yes and no to
CONNECTIONS: Final = 64
CALLS: Final = 60.0  # seconds for a load to end
COLLECTION: Final = {
    "category": "Preference",
    "purposes": [PURPOSE],
    "passphrase": PASSPHRASE,
    "versions": 0,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load."""

    per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, and the app that calls it."""

    port: int
    token: str
    app: str
    owner: str = ""  # a token of the owner

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401  # reason: JSON of any form
        """Call a route and return its JSON.

        Raises:
            SealholdError: it is refused.
        """
        return called(self.port, method, path, body, {**self.heads(), **(headers or {})})

    def heads(self) -> dict[str, str]:
        """Return the headers that each call of the app has."""
        return {"authorization": f"Bearer {self.token}", "sealhold-purpose": PURPOSE}

    def request(self, method: str, path: str, body: bytes = b"", *more: str) -> bytes:
        """Return a call as it is sent."""
        heads = [f"{name}: {value}" for name, value in self.heads().items()]
        if body:
            heads += ["content-type: application/json", f"content-length: {len(body)}"]
        lines = [f"{method} {path} HTTP/1.1", f"host: localhost:{self.port}", *heads, *more]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def load(self, requests: Sequence[bytes], seconds: float, status: int) -> Loaded:
        """Ask for so many seconds by 64 connections.

        Raises:
            SealholdError: an answer had another status.
        """
        asked = {
            "port": self.port,
            "connections": CONNECTIONS,
            "seconds": seconds,
            "requests": [base64.b64encode(each).decode() for each in requests],
            "status": status,
        }
        ended = subprocess.run(  # reason: a program of ours
            [sys.executable, "-m", "sealhold.bench.load"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
            timeout=CALLS,
        )
        came = json.loads(ended.stdout)
        if came["wrong"]:
            raise SealholdError(f"a wrong result: {came['wrong']} answers are not {status}")
        taken = sorted(came["latencies"])
        return Loaded(
            per_s=len(taken) / came["seconds"],
            p50_ms=median(taken),
            p99_ms=taken[len(taken) * 99 // 100],
        )


def called(port: int, method: str, path: str, body: object, headers: Mapping[str, str]) -> Any:  # noqa: ANN401  # reason: JSON of any form
    """Call a route and return its JSON.

    Raises:
        SealholdError: it is refused.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=CALLS)
    sent = {"host": f"localhost:{port}", **headers}
    if body is not None and not isinstance(body, bytes):
        sent["content-type"] = "application/json"
        body = json.dumps(body).encode()
    connection.request(method, path, body, sent)
    response = connection.getresponse()
    content, media = response.read(), response.headers.get_content_type()
    connection.close()
    if not 200 <= response.status < 300:  # noqa: PLR2004  # reason: the statuses of a yes
        raise SealholdError(f"{method} {path}: {response.status} {content[:200]!r}")
    return json.loads(content) if media == "application/json" else content


@contextmanager
def served(home: Path, module: str = "sealhold") -> Iterator[Served]:
    """Serve a new vault by `module`; register an app and lay down its rules."""
    command = [sys.executable, "-m", module, "serve", "--home", str(home), "--port", "0", "--json"]
    server = subprocess.Popen(  # noqa: S603  # reason: a command of ours
        [*command, "--no-browser"], env=surroundings(PASSPHRASE), stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None  # noqa: S101  # reason: asked for above
        port = json.loads(server.stdout.readline())["port"]
        yield Served(port, *_registered(port))
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _registered(port: int) -> tuple[str, str, str]:
    owner = called(port, "POST", "/v1/auth/sessions", {"passphrase": PASSPHRASE}, {})["token"]
    heads = {"authorization": f"Bearer {owner}"}
    wanted = {"name": "Bench", "public_key": "ab" * 32, "passphrase": PASSPHRASE}
    made = called(port, "POST", "/v1/apps", wanted, heads)
    app = made["app"]["id"]
    rule = {"category": "Name", "purposes": [PURPOSE, CHOSEN]}
    schema = {"fields": {"name": rule}, "passphrase": PASSPHRASE}
    called(port, "PUT", f"/v1/apps/{app}/profile-schema", schema, heads)
    called(port, "PUT", f"/v1/apps/{app}/collections/readings", COLLECTION, heads)
    return made["token"], app, owner
