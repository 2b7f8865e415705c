"""Calls of a served vault, written down so that two vaults that do the same read the same.

- A line is method, path, status, what the headers say that mean something, and the body.
- What is random or of the moment gets a name in the order in which it first appears: an id is
  always the same word, and another id another one. All else stands there as it came.
- A signed paper is opened: its payload stands in its place, its signature does not.
"""

import io
import json
import re
import zipfile
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.people_site import Answer, call

HEADERS = ("content-type", "content-range", "etag", "idempotency-replayed", "retry-after")
FOUND = re.compile(
    r"(?P<token>sh[ov]1_[\w.-]+)"
    r"|(?P<log>sealhold/[0-9a-f]{16}(?:\+[0-9a-f]{8}(?:\+[\w+/=]+)?)?)"
    r"|(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<digest>(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f]))"
    r"|(?P<short>\b[a-z]-[0-9a-f]{12}\b)"
    r"|(?P<bytes>(?<![\w+/-])(?:[A-Za-z0-9+/]{20,}={1,2}|[A-Za-z0-9+/]{40,})(?![\w+/=-]))"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?|(?<!\d)1[789]\d{11}(?!\d))"
)
# how long the log is hangs on what the vault does by itself: place and size are not compared
PLACES = re.compile(r'(?<="size": )\d+|(?<="seq": )\d+|(?<="index": )\d+|(?<=\\\\n)\d+(?=\\\\n)')
KEEPS_NAMES = frozenset({"token", "id", "short"})  # of the rest any may be any


@dataclass
class Transcript:
    """What was called and what came, line by line."""

    lines: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def tell(self, method: str, path: str, body: object, came: Answer) -> None:
        """Write down one call."""
        headers = {name: came.headers[name] for name in HEADERS if name in came.headers}
        sent = "" if body is None else json.dumps(body, sort_keys=True)
        told = f"{method} {path} {sent}\n  {came.status} {headers}\n  {_told(came)}"
        self.lines.append(PLACES.sub("<place>", FOUND.sub(self._named, told)))

    def _named(self, found: re.Match[str]) -> str:
        kind, text = str(found.lastgroup), found.group()
        if kind not in KEEPS_NAMES:
            return f"<{kind}>"
        number = sum(name.startswith(f"<{kind} ") for name in self._names.values()) + 1
        return self._names.setdefault(text, f"<{kind} {number}>")


@dataclass
class Written:
    """A served vault that is called, and the transcript of it."""

    port: int
    transcript: Transcript = field(default_factory=Transcript)

    def call(
        self,
        method: str,
        path: str,
        token: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call one route, and write it down."""
        came = call(self.port, method, path, token, body, headers)
        self.transcript.tell(method, path, body, came)
        return came

    def lines(
        self, path: str, token: str, lines: Sequence[object], headers: Mapping[str, str]
    ) -> list[Any]:
        """Post lines of JSON, write it down, and return what came back for each."""
        sent = "\n".join(map(json.dumps, lines)).encode()
        told = {**headers, "Content-Type": "application/x-ndjson"}
        came = call(self.port, "POST", path, token, None, told, raw=sent)
        self.transcript.tell("POST", path, lines, came)
        return [json.loads(line) for line in came.body.splitlines()]


def _told(came: Answer) -> str:
    kind = came.headers.get("content-type", "")
    if kind == "application/zip":
        packed = zipfile.ZipFile(io.BytesIO(came.body))
        files = {name: _read(packed.read(name)) for name in packed.namelist()}
        return json.dumps(files, sort_keys=True)
    if not came.body:
        return "nothing"
    return json.dumps(_read(came.body), sort_keys=True)


def _read(data: bytes) -> Any:  # noqa: ANN401  # reason: JSON is what it is
    """Return content as JSON where it is some, with each paper in it opened."""
    try:
        return _opened(json.loads(data))
    except UnicodeDecodeError:
        return data.hex()
    except ValueError:
        return data.decode(errors="replace")


def _opened(value: Any) -> Any:  # noqa: ANN401  # reason: as above
    match value:
        case {"payload": str(payload), "payloadType": kind}:
            return {"signed": kind, "payload": _opened(json.loads(b64decode(payload)))}
        case dict():
            return {name: _opened(each) for name, each in value.items()}
        case list():
            return [_opened(each) for each in value]
        case str() if value.startswith('{"payload'):
            return _opened(json.loads(value))
        case _:
            return value
