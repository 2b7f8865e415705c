"""A vault with every kind of caller, served on loopback, and ids of all that it keeps.

- Two apps of one owner keep two people each; one person of each has a token, and there is one
  officer. The first app asked for something, and has planted words in its people's profiles.
- How an id of each kind of thing is had stands in `access_ids.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

from sealhold.frontends.http.app import make_app
from sealhold.frontends.http.serve import bind, make_server
from sealhold.model.ids import FieldName, canonical
from sealhold.node import Node, WholeNode
from tests.scenarios.vaults import PASSPHRASE, Asker, new_home, opened
from tests.unit.people_vault import MAIL, NAME, RULES, SERVICE

LABEL = "abcdefghijklmnopqrstuvwxyz"
CANARY = "Zanzibar Quillfeather"
ADDRESS = "quillfeather@example.org"
LINES, LINE = "application/x-ndjson", b'{"collection":"notes","content":{"text":"x"}}\n'
ABSENT = "3b0f7a52-6c1d-4e8b-9a55-0c4de7a8f913"  # nothing has this id
DENIED = b'{"code":"DENIED","kind":"denied","status":403,"title":"denied"}'


@dataclass(frozen=True)
class Party:
    """An app, and two of its people; the first has a token."""

    asker: Asker
    people: tuple[str, str]
    person: str  # the token of the first

    @property
    def id(self) -> str:
        return canonical(self.asker.id)

    @property
    def token(self) -> str:
        return self.asker.token


@dataclass(frozen=True)
class AccessSite:
    """The vault, and who calls it: `one` owns what the others try."""

    node: Node
    port: int
    one: Party
    other: Party
    officer: str
    officer_token: str
    ids: dict[str, str] = field(default_factory=dict)  # of things that were made, by address

    @property
    def url(self) -> str:
        """The origin of the pages."""
        return f"http://{LABEL}.localhost:{self.port}"

    def link(self, party: Party, nth: int = 0) -> str:
        """Return a link that an app hands one of its people."""
        told = self.call("POST", f"/v1/subjects/{party.people[nth]}/links", party.token)
        return self.url + str(json.loads(told.body)["path"])

    @property
    def owner(self) -> str:
        """A fresh token of the owner."""
        body = json.dumps({"passphrase": PASSPHRASE}).encode()
        return str(json.loads(self.call("POST", "/v1/auth/sessions", "", body).body)["token"])

    @cached_property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.call("GET", "/v1/openapi.json", "").body)
        return found

    def id_of(self, place: str, make: "Callable[[AccessSite], str]") -> str:
        """Return the id of a thing, which is made when it is first asked for."""
        if place not in self.ids:
            self.ids[place] = make(self)
        return self.ids[place]

    def read(self, path: str, token: str) -> Any:  # noqa: ANN401  # reason: JSON is what it is
        """Return what is read with a token that may."""
        told = self.call("GET", path, token)
        assert told.status == 200, (path, told)
        return json.loads(told.body)

    def made(
        self, path: str, token: str, body: object = None, method: str = "POST", *, new: bool = False
    ) -> Any:  # noqa: ANN401  # reason: JSON is what it is
        """Return what came of making something with a token that may."""
        data = None if body is None else json.dumps(body).encode()
        told = self.call(method, path, token, data, new=new)
        assert told.status in {200, 201, 202}, (path, told)
        return json.loads(told.body)

    def allowed(self, method: str, path: str) -> tuple[int, set[str]]:
        """Return the status of a call without a token, and the methods of its `Allow`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={"host": f"localhost:{self.port}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, {each.strip() for each in answer.headers.get("allow", "").split(",")}

    def call(
        self,
        method: str,
        path: str,
        token: str,
        body: bytes | None = None,
        *,
        new: bool = False,
        media: str = "application/json",
    ) -> "Told":
        """Call as a program would that means well: purpose, version and form are there."""
        headers = {
            "host": f"localhost:{self.port}",
            "sealhold-purpose": SERVICE,
            "idempotency-key": "one",
            **({"if-none-match": "*"} if new else {"if-match": '"1"'}),
        }
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body is not None:
            headers["content-type"] = media
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        return Told(answer.status, told, tuple(sorted(name.lower() for name in answer.headers)))


@dataclass(frozen=True)
class Told:
    """What somebody reads of an answer."""

    status: int
    body: bytes
    headers: tuple[str, ...]  # their names: a date is a date


def sample(schema: Mapping[str, Any], document: Mapping[str, Any], ids: Mapping[str, str]) -> Any:  # noqa: ANN401  # reason: JSON is what it is
    """Return a small value that fits a schema of the document; `ids` are set in by their names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return sample(document["components"]["schemas"][name], document, ids)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], document, ids)
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties", {})
        needed = {*schema.get("required", []), *(ids.keys() & parts.keys())}
        return {name: ids.get(name) or sample(parts[name], document, ids) for name in needed}
    plain = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": [], "null": None}
    return plain[kind] if isinstance(kind, str) else "x"


def body_of(
    operation: Mapping[str, Any], document: Mapping[str, Any], ids: Mapping[str, str]
) -> tuple[bytes | None, str]:
    """Return a body that fits an operation, if it takes one, and its media type."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None, ""
    media = next(iter(content))
    if not media.endswith("json"):
        return b"x", media
    if media == LINES:
        return LINE, media
    schema = content[media].get("schema", {"type": "object"})
    return json.dumps(sample(schema, document, ids)).encode(), media


@contextmanager
def access_site(folder: Path, calls_a_second: int = 0) -> Iterator[AccessSite]:
    """Make the vault in `folder`, open and serve it; its clock stands still."""
    new_home(folder)
    if calls_a_second:
        chosen = folder / "config.toml"
        chosen.touch(0o600)
        chosen.write_text(f"[access]\napp_per_second = {calls_a_second}\n")
    with opened(folder) as node, served(node) as port:
        one = _party(node, "One", (CANARY, ADDRESS))
        other = _party(node, "Other", ("Bob", "bob@example.org"))
        officer, made = node.callers.add_officer("Dora", PASSPHRASE)
        yield AccessSite(node, port, one, other, canonical(officer.id), made.token)


@contextmanager
def served(node: Node) -> Iterator[int]:
    """Serve `node` on a free port, in a thread."""
    assert isinstance(node, WholeNode)
    listener = bind(0)
    port = int(listener.getsockname()[1])
    app = make_app(
        node,
        origin=f"http://localhost:{port}",
        label=LABEL,
        demo=False,
        clock=node.world.clock,
        entropy=node.world.entropy,
    )
    server = make_server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _party(node: Node, name: str, first: tuple[str, str]) -> Party:
    asker = Asker(node, name)
    node.people.lay_down(asker.shown, RULES, PASSPHRASE)
    people = (_person(node, asker, *first), _person(node, asker, "Carol", "carol@example.org"))
    person = node.callers.person_token(asker.token, people[0]).token
    return Party(asker, people, person)


def _person(node: Node, asker: Asker, name: str, mail: str) -> str:
    subject = canonical(node.people.make(asker.token).subject)
    values: dict[FieldName, str | int | bool] = {NAME: name, MAIL: mail}
    node.people.put(asker.token, subject, SERVICE, values, 0)
    return subject
