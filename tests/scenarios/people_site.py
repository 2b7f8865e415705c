"""A vault that is served as a process, with apps that keep people, called from outside."""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.forked import Program
from tests.scenarios.pseudo_terminal import surroundings
from tests.transcripts.cli import PASSPHRASE, Cli

SERVE = ("serve", "--port", "0", "--json")
SERVICE, MARKETING = "ServiceProvision", "Marketing"
SCHEMA = {
    "name": {"category": "Name", "purposes": [SERVICE, MARKETING]},
    "mail": {"category": "EmailAddress", "purposes": [SERVICE], "lookup": "email"},
    "age": {"category": "Age", "purposes": [SERVICE], "retention_days": 30},
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # reason: JSON is what it is
        return json.loads(self.body)


@dataclass(frozen=True)
class PeopleSite:
    """A served vault, its owner's token, and two apps: id and token of each."""

    port: int
    owner: str
    apps: tuple[tuple[str, str], tuple[str, str]]
    process: Program

    def call(
        self,
        method: str,
        path: str,
        token: str,
        body: object = None,
        *,
        purpose: str | None = SERVICE,
        version: int | None = None,
    ) -> Answer:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        if purpose is not None:
            headers["Sealhold-Purpose"] = purpose
        return call(self.port, method, path, token, body, headers)

    def officer(self) -> str:
        """Return the token of a new officer."""
        body = {"name": "Dora", "passphrase": PASSPHRASE}
        made = call(self.port, "POST", "/v1/officers", self.owner, body)
        assert made.status == 201, made.body
        return str(made.json["token"])

    def person(self, token: str, name: str, mail: str) -> str:
        """Return a new person with a profile."""
        subject: str = self.call("POST", "/v1/subjects", token).json["subject"]
        written = self.call(
            "PUT", f"/v1/subjects/{subject}/profile", token,
            {"fields": {"name": name, "mail": mail}}, version=0,
        )  # fmt: skip
        assert written.status == 200, written.body
        return subject


def call(
    port: int,
    method: str,
    path: str,
    token: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    raw: bytes | None = None,
) -> Answer:
    """Call one route, with a body of JSON or a raw one."""
    sent = {"Host": f"localhost:{port}", **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    if body is not None:
        sent["Content-Type"] = "application/json"
    content = raw if body is None else json.dumps(body)
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, content, sent)
        with connection.getresponse() as response:
            came = response.read()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, came)


@contextmanager
def people_site(
    folder: Path,
    names: tuple[str, str] = ("One", "Other"),
    *,
    init: str = "init --headless",
    register: bool = True,
    ends: int = 0,
    log: list[dict[str, Any]] | None = None,
) -> Iterator[PeopleSite]:
    """Make a vault in `folder` unless there is one, serve it, and register two apps.

    `ends` is the exit code that is expected: minus a signal's number if the test kills it.
    `log` gets what the service wrote down, once it has ended.
    """
    if not any(folder.iterdir()):
        assert Cli(folder).line(init).code == 0
    env = {**surroundings(folder), "SEALHOLD_PASSPHRASE": PASSPHRASE}
    process = Program(SERVE if log is None else (*SERVE, "--log"), folder, env)
    try:
        port = json.loads(process.stdout.readline())["port"]
        proof = {"passphrase": PASSPHRASE}
        owner = call(port, "POST", "/v1/auth/sessions", "", proof).json["token"]
        one, other = (_app(port, owner, name) if register else ("", "") for name in names)
        yield PeopleSite(port, owner, (one, other), process)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
        said = process.stderr.read()
        if log is not None:
            log += map(json.loads, said.splitlines())
            said = ""
        process.stdout.close()
        process.stderr.close()
    assert (code, said) == (ends, "")


def _app(port: int, owner: str, name: str) -> tuple[str, str]:
    body = {"name": name, "public_key": "ab" * 32, "passphrase": PASSPHRASE}
    made = call(port, "POST", "/v1/apps", owner, body).json
    app = made["app"]["id"]
    schema = {"fields": SCHEMA, "passphrase": PASSPHRASE}
    laid = call(port, "PUT", f"/v1/apps/{app}/profile-schema", owner, schema)
    assert laid.status == 200, laid.body
    return app, made["token"]
