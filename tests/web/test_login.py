"""Signing in through a provider: over a vault of the real kind and a provider on loopback."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sealhold.frontends.http.session import COOKIE, LOGIN_COOKIE
from sealhold.model.ids import canonical
from sealhold.node import WholeNode
from tests.scenarios.access_site import LABEL, served
from tests.scenarios.idprovider import ACCOUNT, CLIENT, IdProvider, identities
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, world
from tests.web.running import Running, running
from tests.web.sample_logins import BROWSER, HOSTILE
from tests.web.sample_vault import SampleVault
from tests.web.test_look import NARROWEST, looks, violations


class Site:
    """A vault that trusts a provider, and the provider."""

    def __init__(self, node: WholeNode, ids: IdProvider, port: int) -> None:
        self.node, self.ids, self.port = node, ids, port
        self.url = f"http://{LABEL}.localhost:{port}"
        ids.backs = {f"{self.url}/login/back/work"}
        officer, _ = node.callers.add_officer("Dora", PASSPHRASE)
        node.logins.add("work", ACCOUNT, "", PASSPHRASE)
        node.logins.add("work", "dora", canonical(officer.id), PASSPHRASE)

    def read(self, path: str, token: str) -> int:
        link = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"host": f"localhost:{self.port}", "authorization": f"Bearer {token}"}
        link.request("GET", path, headers=headers)
        status = link.getresponse().status
        link.close()
        return status


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clock, folder = Hands(), tmp_path_factory.mktemp("login")
    with identities(folder, clock) as ids:
        home = new_home(folder / "home", clock)
        chosen = home / "config.toml"
        chosen.touch(0o600)
        chosen.write_text(
            f'[login.work]\nissuer = "{ids.issuer}"\nclient_id = "{CLIENT}"\nown_network = true\n'
        )
        with WholeNode(home, replace(world(clock), speak=ids.fetched)) as node:
            node.unlock(PASSPHRASE)
            with served(node) as port:
                yield Site(node, ids, port)


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True, reduced_motion="reduce")
    yield context
    context.close()


def gone(page: Page, site: Site, account: str = ACCOUNT) -> None:
    """Go to the provider and come back, up to the last button."""
    site.ids.account = account
    page.goto(f"{site.url}/unlock")
    page.get_by_role("button", name="Sign in with work").click()
    page.wait_for_url(f"{site.url}/login/back/work?*")


@pytest.mark.parametrize("script", [True, False])
def test_the_owner_signs_in_through_a_provider(browser: Browser, site: Site, script: bool) -> None:  # noqa: FBT001  # reason: of a browser
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=script)
    page = context.new_page()
    gone(page, site)
    assert COOKIE not in {each.get("name") for each in context.cookies()}  # a GET lets nobody in

    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(f"{site.url}/")
    expect(page.get_by_role("navigation").first).to_be_visible()
    held = {each.get("name"): each for each in context.cookies()}
    for name in (COOKIE, LOGIN_COOKIE):
        cookie = held[name]
        assert (cookie.get("sameSite"), cookie.get("secure"), cookie.get("httpOnly")) == (
            "Strict",
            True,
            True,
        )
    context.close()


@pytest.mark.threat("T314")
def test_who_signed_in_through_a_provider_still_needs_the_passphrase(
    elsewhere: BrowserContext, site: Site
) -> None:
    page = elsewhere.new_page()
    gone(page, site)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/")

    page.goto(f"{site.url}/apps")
    csrf = page.locator("input[name=csrf]").first.input_value()
    form = {"csrf": csrf, "name": "Evil", "key": "00" * 32, "passphrase": "guessed"}
    told = page.evaluate(
        "form => fetch('/apps', {method: 'POST', body: new URLSearchParams(form)})"
        ".then(answer => answer.status)",
        form,
    )

    assert told == 403
    assert site.node.apps.list() == ()


@pytest.mark.threat("T312")
def test_the_way_back_of_one_browser_lets_no_other_one_in(
    elsewhere: BrowserContext, browser: Browser, site: Site
) -> None:
    mine = elsewhere.new_page()
    gone(mine, site)
    with browser.new_context() as other:
        theirs = other.new_page()
        theirs.goto(mine.url)
        theirs.get_by_role("button", name="Sign in").click()

        expect(theirs.get_by_role("alert")).to_contain_text("does not hold")
        assert COOKIE not in {each.get("name") for each in other.cookies()}


@pytest.mark.threat("T312")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
@pytest.mark.parametrize("path", ["begin", "enter/work"])
def test_no_other_site_can_begin_or_end_a_sign_in(site: Site, path: str, origin: str) -> None:
    begun = len(site.ids.asked)
    headers = {
        "host": site.url.removeprefix("http://"),
        "content-type": "application/x-www-form-urlencoded",
        **({"origin": origin} if origin else {}),
    }
    link = HTTPConnection("127.0.0.1", site.port, timeout=30)

    link.request("POST", f"/login/{path}", "provider=work&state=x&code=y", headers)

    assert link.getresponse().status == 403
    assert len(site.ids.asked) == begun
    link.close()


def test_an_officer_gets_a_token_of_an_officer(elsewhere: BrowserContext, site: Site) -> None:
    page = elsewhere.new_page()
    gone(page, site, "dora")
    page.get_by_role("button", name="Sign in").click()

    token = page.locator("dd.mono").inner_text()

    assert COOKIE not in {each.get("name") for each in elsewhere.cookies()}
    assert site.read("/v1/rights", token) == 200
    assert site.read("/v1/apps", token) in {401, 403}


@pytest.mark.threat("T314")
def test_an_account_that_nobody_let_in_reads_how_the_owner_could(
    elsewhere: BrowserContext, site: Site
) -> None:
    page = elsewhere.new_page()
    gone(page, site, "somebody")
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator("code").last).to_have_text("sealhold login add work somebody")
    assert COOKIE not in {each.get("name") for each in elsewhere.cookies()}


@pytest.mark.threat("T314")
def test_a_locked_vault_offers_no_sign_in_and_takes_none(
    elsewhere: BrowserContext, site: Site
) -> None:
    page = elsewhere.new_page()
    gone(page, site)
    site.node.lock()
    try:
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site.url}/unlock*")
        expect(page.get_by_role("button", name="Sign in with work")).to_have_count(0)
        assert site.node.locked
    finally:
        site.node.unlock(PASSPHRASE)


# --- how it looks ---


class Trusting(SampleVault):
    """A vault with a provider."""

    @property
    def login_names(self) -> tuple[str, ...]:
        return ("work", "home")


@pytest.fixture(scope="module")
def shown() -> Iterator[Running]:
    vault = Trusting()
    vault.locked = False
    with running(vault, demo=False) as found:
        yield found


REFRESH = re.compile(r'<meta http-equiv="refresh" content="0; url=https://id[^>]*>')


def leading_on(shown: Running) -> str:
    """Return the page that leads on, without what does so at once: a look takes longer."""
    link = HTTPConnection("127.0.0.1", shown.port, timeout=10)
    headers = {
        "host": shown.url.removeprefix("http://"),
        "origin": shown.url,
        "content-type": "application/x-www-form-urlencoded",
    }
    link.request("POST", "/login/begin", "provider=work", headers)
    whole = link.getresponse().read().decode()
    link.close()
    page, led_on = REFRESH.subn("", whole)
    assert led_on == 1
    return page


def opened(page: Page, shown: Running, name: str) -> None:
    """Open one of the pages of a sign-in."""
    origin = shown.url.replace("http:", "https:")
    page.context.add_cookies(
        [{"name": LOGIN_COOKIE, "value": BROWSER, "url": origin, "secure": True}]
    )
    if name in STATES:
        page.goto(f"{shown.url}/login/back/work?state={STATES[name]}&code=c")
    else:
        page.goto(f"{shown.url}/unlock")
    if name == "go":
        body = leading_on(shown)
        page.route("**/login/begin", lambda route: route.fulfill(content_type=HTML, body=body))
        page.get_by_role("button", name="Sign in with work").click()
        expect(page.locator("h1")).to_have_text("On the way to id.example.org")
    elif name in STATES and name != "back":
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{shown.url}/login/enter/work")


STATES = {"back": "o", "officer": "d", "no": "x", "unbound": "u", "hostile": "h"}
HTML = "text/html; charset=utf-8"
NAMES = ("ways in", "go", "back", "officer", "no", "unbound")


def test_no_page_of_a_sign_in_has_a_fault_that_axe_finds(
    elsewhere: BrowserContext, shown: Running, axe_source: str
) -> None:
    page = elsewhere.new_page()
    found: dict[str, list[str]] = {}
    for name in NAMES:
        opened(page, shown, name)
        found |= {f"{name} {look}": violations(page, axe_source) for look in looks(page)}
        page.set_viewport_size({"width": NARROWEST, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found[f"{name} at its narrowest"] = [] if wide <= NARROWEST else [f"{wide} px"]

    assert {look: faults for look, faults in found.items() if faults} == {}


@pytest.mark.threat("T314")
def test_what_a_provider_calls_an_account_is_one_word_of_the_line_to_copy(
    elsewhere: BrowserContext, shown: Running
) -> None:
    page = elsewhere.new_page()
    opened(page, shown, "hostile")

    line = page.locator("code").last.inner_text()

    assert len(shlex.split(line)) == 5
    assert shlex.split(line)[:4] == ["sealhold", "login", "add", "work"]
    assert "\u202e" in HOSTILE
    assert "\u202e" not in line


@pytest.mark.threat("T313")
@pytest.mark.parametrize("query", ["state=o&state=o&code=c", "state=o&code=" + "c" * 2_049])
def test_an_answer_that_says_a_thing_twice_or_at_length_is_none(shown: Running, query: str) -> None:
    link = HTTPConnection("127.0.0.1", shown.port, timeout=10)
    link.request(
        "GET", f"/login/back/work?{query}", headers={"host": shown.url.removeprefix("http://")}
    )
    answer = link.getresponse()

    assert answer.status in {414, 422}
    assert b"<button" not in answer.read().partition(b"<main")[2]
    link.close()


@pytest.mark.threat("T313")
def test_the_page_that_leads_on_has_no_form_and_lets_nothing_be_framed(
    elsewhere: BrowserContext, shown: Running
) -> None:
    page = elsewhere.new_page()
    opened(page, shown, "go")

    link = page.get_by_role("link", name="Go on to id.example.org")
    assert json.dumps(link.get_attribute("href")).startswith('"https://id.example.org/authorize?')
    expect(page.locator("main form")).to_have_count(0)
