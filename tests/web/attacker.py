"""What an attacker has: raw requests, and a site on another port of this machine."""

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from sealhold.model.shown import RequestState
from tests.web.running import LABEL, Running
from tests.web.sample_vault import SampleVault

FORM = "application/x-www-form-urlencoded"


def state(vault: SampleVault) -> RequestState:
    """Return where the waiting request stands."""
    return next(iter(vault.cards.values())).state


def cookies(page: Page) -> dict[str, str]:
    """Return the cookies that the browser holds for the page."""
    return {
        one["name"]: one["value"]
        for one in page.context.cookies()
        if "name" in one and "value" in one
    }


def send(site: Running, method: str, path: str, headers: dict[str, str], body: str = "") -> int:
    """Send one request as a program would, and return its status."""
    return reply(site, method, path, headers, body).status


def reply(
    site: Running, method: str, path: str, headers: dict[str, str], body: str = ""
) -> http.client.HTTPResponse:
    """Send one request as a program would; return its answer, read to the end."""
    wire = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    wire.request(method, path, body, {"Host": f"{LABEL}.localhost:{site.port}"} | headers)
    answer = wire.getresponse()
    answer.read()
    wire.close()
    return answer


@contextmanager
def evil_site(html: str) -> Iterator[str]:
    """Serve `html` on another port of this machine."""

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = html.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
