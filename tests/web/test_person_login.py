"""One of an app's people signs in through its provider, over a real vault."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sealhold.frontends.http.session import COOKIE, ME_COOKIE
from sealhold.model.ids import canonical
from sealhold.model.logins import IssuerWish
from sealhold.node import WholeNode
from tests.scenarios.access_site import LABEL, served
from tests.scenarios.idprovider import ACCOUNT, CLIENT, IdProvider, identities
from tests.scenarios.vaults import PASSPHRASE, Asker, Hands, new_home, world
from tests.unit.people_vault import MAIL, NAME, RULES, SERVICE
from tests.web.test_look import NARROWEST, violations

CANARY = "Ada Quillfeather"


class Site:
    """A vault with an app whose people sign in through a provider."""

    def __init__(self, node: WholeNode, ids: IdProvider, port: int) -> None:
        self.node, self.ids = node, ids
        self.url = f"http://{LABEL}.localhost:{port}"
        asker = Asker(node, "Clinic")
        self.app, self.token = asker.shown, asker.token
        node.people.lay_down(self.app, RULES, PASSPHRASE)
        self.person = canonical(node.people.make(self.token).subject)
        node.people.put(
            self.token, self.person, SERVICE, {NAME: CANARY, MAIL: "ada@example.org"}, 0
        )
        wish = IssuerWish(issuer=ids.issuer, client=CLIENT)
        made = node.callers.person_logins.set_issuer(self.token, wish)
        self.way_in = self.url + made.way_in
        ids.backs = {self.url + made.comes_back}
        self.bind()

    def bind(self) -> None:
        self.node.callers.person_logins.bind(self.token, self.person, ACCOUNT)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clock, folder = Hands(), tmp_path_factory.mktemp("mylogin")
    with identities(folder, clock) as ids:
        home = new_home(folder / "home", clock)
        chosen = home / "config.toml"
        chosen.touch(0o600)
        chosen.write_text(f'[access]\nown_network_issuers = ["{ids.issuer}"]\n')
        with WholeNode(home, replace(world(clock), speak=ids.fetched)) as node:
            node.unlock(PASSPHRASE)
            with served(node) as port:
                yield Site(node, ids, port)


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True, reduced_motion="reduce")
    yield context
    context.close()


def back(page: Page, site: Site, account: str = ACCOUNT) -> None:
    """Go to the provider and come back, up to the last button."""
    site.ids.account = account
    page.goto(site.way_in)
    expect(page.get_by_text("Clinic lets its people sign in there")).to_be_visible()
    page.get_by_role("button", name="Sign in with localhost").click()
    page.wait_for_url(f"{site.url}/me/back/*")


def test_a_person_signs_in_without_script_sees_their_page_and_takes_the_way_out(
    browser: Browser, site: Site
) -> None:
    site.bind()
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    page = context.new_page()
    back(page, site)
    assert ME_COOKIE not in {each.get("name") for each in context.cookies()}  # a GET lets nobody in

    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(f"{site.url}/me")
    expect(page.get_by_text(CANARY)).to_be_visible()
    expect(page.get_by_text("You came in through a sign-in elsewhere").first).to_be_visible()
    names = {each.get("name") for each in context.cookies()}
    assert ME_COOKIE in names
    assert COOKIE not in names  # it opens no page of the owner
    page.get_by_role("button", name="Take out Your sign-in elsewhere").click()
    expect(page.get_by_text("Your sign-in elsewhere")).to_have_count(0)
    back(page, site)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This sign-in does not let you in")
    context.close()


@pytest.mark.threat("T436")
def test_who_is_nobody_here_is_told_no_more_than_who_lies(
    elsewhere: BrowserContext, site: Site
) -> None:
    site.bind()
    page = elsewhere.new_page()
    told: list[str] = []
    for account, path in (("nobody", site.way_in), (ACCOUNT, f"{site.url}/me/in")):
        back(page, site, account)
        if path != site.way_in:  # as if the answer were another one's
            page.locator("input[name=state]").evaluate("each => each.value = 'x'")
        page.get_by_role("button", name="Sign in").click()
        alert = page.get_by_role("alert")
        expect(alert).to_be_visible()
        told.append(alert.inner_html() + page.title())

    assert told[0] == told[1]


@pytest.mark.threat("T312")
def test_a_link_to_come_back_signs_nobody_in_who_did_not_go(
    browser: Browser, elsewhere: BrowserContext, site: Site
) -> None:
    site.bind()
    mine = elsewhere.new_page()
    back(mine, site)
    other = browser.new_context(ignore_https_errors=True)
    page = other.new_page()

    page.goto(mine.url)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("This sign-in does not let you in")
    assert ME_COOKIE not in {each.get("name") for each in other.cookies()}
    other.close()


def test_the_way_in_looks_well(elsewhere: BrowserContext, site: Site, axe_source: str) -> None:
    page = elsewhere.new_page()
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    page.goto(site.way_in)

    assert violations(page, axe_source) == []


def test_an_app_without_a_provider_has_no_such_way_in(
    elsewhere: BrowserContext, site: Site
) -> None:
    page = elsewhere.new_page()
    page.goto(f"{site.url}/me/in/{site.person}")

    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    expect(page.get_by_text("Ask the app for a new link.")).to_be_visible()
