"""A server of the tests' own that gives out rows in JSON, on loopback and a free port."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Rows = list[dict[str, object]]


@dataclass
class JsonServer:
    """Gives `rows` out in pages of `page`, to whoever says the token."""

    rows: Rows = field(default_factory=list)
    page: int = 2
    token: str = ""
    paging: str = "link"
    tag: str = ""  # its ETag
    asked: list[str] = field(default_factory=list)
    port: int = 0
    answer: Callable[[BaseHTTPRequestHandler], bool] | None = None  # instead, if it says so
    _server: ThreadingHTTPServer | None = None

    @property
    def place(self) -> str:
        """The address of the rows."""
        return f"http://127.0.0.1:{self.port}/api/readings.json"

    def start(self) -> None:
        """Serve, on the same port as before."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.answer is None or not outer.answer(self):
                    outer.give(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # reason: its base says so
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        if self.token and handler.headers["Authorization"] != f"Bearer {self.token}":
            reply(handler, 401, b"{}")
            return
        if self.tag and handler.headers["If-None-Match"] == self.tag:
            reply(handler, 304, b"")
            return
        query = parse_qs(urlsplit(handler.path).query)
        start = int(query.get("from", ["0"])[0]) + self.page * (
            int(query.get("page", ["1"])[0]) - 1
        )
        rows, after = self.rows[start : start + self.page], start + self.page
        more: dict[str, str] = {"ETag": self.tag} if self.tag else {}
        body: object = rows
        is_last = after >= len(self.rows)
        if self.paging == "link" and not is_last:
            more["Link"] = f'</api/readings.json?from={after}>; rel="next"'
        if self.paging == "cursor":
            body = {"data": {"items": rows}, "next": None if is_last else after}
        reply(handler, 200, json.dumps(body).encode(), **more)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **more: str) -> None:
    """Answer with a length."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in more.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def json_server(rows: Rows | None = None) -> Iterator[JsonServer]:
    """Give a server that runs."""
    server = JsonServer(rows or [])
    server.start()
    try:
        yield server
    finally:
        server.stop()
