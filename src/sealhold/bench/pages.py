"""A plain client of the vault's pages: what a browser would load, and nothing a browser would hide.

- It keeps the session's cookie, sends the origin that a form needs, and follows no redirect.
- A page's parts are its scripts, styles, images and fonts; those of its style sheets count too.

Source: docs/benchmarks.md.
"""

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

TIMEOUT: Final = 30.0  # seconds
GLANCE: Final = 0.002  # seconds between two tries to reach a server that starts
LOADED: Final = {  # which attribute of which element a browser fetches by itself
    "link": "href",
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
    "use": "href",
}
NOT_FETCHED: Final = frozenset({"canonical", "alternate", "author", "help", "license"})
_IN_STYLE = re.compile(r"(?:url\(\s*|@import\s+(?!url))['\"]?([^'\")\s;]+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    location: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """One page with all its parts."""

    size: int  # bytes of the page and its parts
    requests: int
    outside: int  # parts that are asked of somebody else


class Pages:
    """The pages at `url`, the labelled address that `serve` prints."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.netloc
        self._port = parts.port or 80
        self._cookies: dict[str, str] = {}

    def wait(self) -> None:
        """Wait until the server listens: it tells its address a moment before.

        Raises:
            TimeoutError: it does not.
        """
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            with (
                suppress(ConnectionRefusedError),
                socket.create_connection(("127.0.0.1", self._port)),
            ):
                return
            time.sleep(GLANCE)
        raise TimeoutError("the server does not listen")

    def get(self, path: str) -> Reply:
        """Return the answer to a GET."""
        return self._ask("GET", path, None)

    def post(self, path: str, **form: str) -> Reply:
        """Return the answer to a form."""
        return self._ask("POST", path, urlencode(form).encode())

    def load(self, path: str) -> Loaded | None:
        """Load a page with all its parts; None if one of them is not answered with 200."""
        page = self.get(path)
        if page.status != 200:  # noqa: PLR2004  # reason: the one status of a whole page
            return None
        size, done, outside = len(page.body), {path}, 0
        waiting = _parts(path, page.body)
        while waiting:
            part = waiting.pop()
            if part.startswith("data:") or part in done:
                continue
            done.add(part)
            if urlsplit(part).netloc:
                outside += 1
                continue
            reply = self.get(part)
            if reply.status != 200:  # noqa: PLR2004  # reason: as above
                return None
            size += len(reply.body)
            if part.partition("?")[0].endswith(".css"):
                waiting += _in_style(part, reply.body.decode())
        return Loaded(size, len(done) - outside, outside)

    def _ask(self, method: str, path: str, body: bytes | None) -> Reply:
        headers = {"Host": self._host}
        if body is not None:
            headers |= {"Origin": self._origin, "Content-Type": "application/x-www-form-urlencoded"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{n}={value}" for n, value in self._cookies.items())
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name.strip()] = value
            return Reply(answer.status, answer.read(), answer.headers.get("Location", ""))
        finally:
            connection.close()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a browser would fetch for this element."""
        given = {name: value or "" for name, value in attrs}
        part = given.get(LOADED.get(tag, ""), "")
        if part and not part.startswith("#") and given.get("rel") not in NOT_FETCHED:
            self.found.append(part)
        self.found += _IN_STYLE.findall(given.get("style", ""))


def _parts(path: str, page: bytes) -> list[str]:
    parser = _Parser()
    parser.feed(page.decode())
    return [urljoin(path, part) for part in parser.found]


def _in_style(path: str, style: str) -> list[str]:
    return [urljoin(path, part) for part in _IN_STYLE.findall(style) if not part.startswith("#")]
