"""One browser for all page tests; every page is watched for what it should not do."""

import subprocess
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.scenarios.access_site import AccessSite
from tests.web.attacker import reply
from tests.web.running import Running, running
from tests.web.sample_vault import PASSPHRASE, SampleVault

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",  # the tests may run as root, where Chromium has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
AXE = ROOT / "build" / "axe" / "axe.min.js"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    if not AXE.exists():
        got = subprocess.run([sys.executable, ROOT / "tools" / "get_axe.py"], check=False)
        if got.returncode:
            pytest.skip("axe-core is not here, and npm could not bring it")
    return AXE.read_text()


@pytest.fixture
def vault() -> SampleVault:
    return SampleVault()


@pytest.fixture
def site(vault: SampleVault) -> Iterator[Running]:
    with running(vault) as site:
        yield site


class Watch:
    """Notes what a page must not do: foreign requests, console errors, script errors."""

    def __init__(self, context: BrowserContext, site: Running | AccessSite) -> None:
        self.faults: list[str] = []
        self._site = site
        context.on("request", self._request)
        context.on("page", self._page)

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._site.url) and not request.url.startswith("data:"):
            self.faults.append(f"foreign request {request.url}")

    def _console(self, said: ConsoleMessage) -> None:
        # A refused document is a page of ours and no fault; `_response` sees all other files.
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.faults.append(said.text)

    def _response(self, answer: Response) -> None:
        if answer.status >= 400 and answer.request.resource_type != "document":
            self.faults.append(f"{answer.status} {answer.url}")

    def _page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("response", self._response)
        page.on("pageerror", lambda error: self.faults.append(str(error)))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context
    context.close()


@pytest.fixture
def watch(context: BrowserContext, site: Running) -> Iterator[Watch]:
    watch = Watch(context, site)
    yield watch
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext, watch: Watch, site: Running) -> Page:
    """A signed-in page, on Home."""
    assert watch.faults == []
    page = context.new_page()
    come_in(page, site)
    return page


def come_in(page: Page, site: Running) -> None:
    """Be on Home, signed in by the request that the form sends: no page is drawn for it."""
    answer = reply(
        site,
        "POST",
        "/unlock",
        {"Origin": site.url, "Content-Type": "application/x-www-form-urlencoded"},
        urlencode({"passphrase": PASSPHRASE}),
    )
    assert answer.status == 303
    (given,) = SimpleCookie(answer.getheader("set-cookie")).values()
    page.context.add_cookies(
        [
            {
                "name": given.key,
                "value": given.value,
                "url": site.url.replace("http:", "https:"),  # as a secure one it must be given
                "secure": bool(given["secure"]),
                "httpOnly": bool(given["httponly"]),
                "sameSite": given["samesite"].capitalize(),
            }
        ]
    )
    page.goto(f"{site.url}/")


def sign_in(page: Page, site: Running) -> None:
    """Open the vault in `page`, as its owner does."""
    page.goto(site.url)
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    page.wait_for_url(f"{site.url}/")
