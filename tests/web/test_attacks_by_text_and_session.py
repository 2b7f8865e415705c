"""Hostile text, a request that moves, sessions of others: each is tried in a real browser."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from sealhold.frontends.http.session import COOKIE
from sealhold.model.shown import RequestState
from tests.web.addresses import PAGES, REQUEST
from tests.web.attacker import FORM, cookies, evil_site, reply, send, state
from tests.web.conftest import Watch, sign_in
from tests.web.running import Running, running
from tests.web.sample_vault import PASSPHRASE, SampleVault

SCRIPT = (
    "<script>window.owned=1</script><img src=x onerror=window.owned=1>"
    "\"'><svg onload=window.owned=1>{{7*7}}</style>\u202emoc.elgoog"
)


# what is sent back as it came stands in fields that nobody sees
SHOWN = """() => {
    const page = document.documentElement.cloneNode(true);
    page.querySelectorAll("input[type=hidden]").forEach((field) => field.remove());
    return page.outerHTML;
}"""


@pytest.mark.threat("T61")
def test_no_script_of_a_stranger_runs_in_any_field(browser: Browser) -> None:
    with running(SampleVault(stranger=SCRIPT)) as site:
        context = browser.new_context()
        watch = Watch(context, site)
        page = context.new_page()
        sign_in(page, site)
        for address in PAGES.values():
            page.goto(site.url + address)

            assert page.evaluate("window.owned") is None
            assert "\u202e" not in page.evaluate(SHOWN)
            assert page.locator("main script, main img, main [onload], main [onerror]").count() == 0
        page.goto(site.url + REQUEST)
        expect(page.get_by_text("[U+202E]moc.elgoog").first).to_be_visible()
        expect(page.get_by_text("{{7*7}}").first).to_be_visible()
        context.close()

    assert watch.faults == []


@pytest.mark.threat("T61")
def test_no_script_runs_from_a_file_name_a_search_or_an_address(page: Page, site: Running) -> None:
    page.goto(site.url + "/sources")
    page.locator("input[type=file]").set_input_files(
        FilePayload(name="<img src=x onerror=window.owned=1>.gpx", mimeType="x/y", buffer=b"<gpx")
    )
    page.get_by_role("button", name="Look at them").click()
    expect(page.get_by_role("rowheader")).to_contain_text("<img src=x")
    owned = [page.evaluate("window.owned")]
    page.get_by_role("button", name="Take them in").click()
    expect(page.get_by_role("status")).to_contain_text("<img src=x")
    owned.append(page.evaluate("window.owned"))
    for path in (
        "/search?words=<script>window.owned=1</script>",
        "/<script>window.owned=1</script>",
    ):
        page.goto(site.url + path)
        owned.append(page.evaluate("window.owned"))

    assert owned == [None, None, None, None]


@pytest.mark.threat("T61")
def test_a_name_cannot_break_a_header(site: Running) -> None:
    answer = reply(site, "GET", "/unlock?next=%0d%0aSet-Cookie:%20a=b", {})

    assert answer.status == 200
    assert answer.getheader("set-cookie") is None


@pytest.mark.threat("T61")
def test_a_page_has_no_inline_script_style_or_handler(page: Page, site: Running) -> None:
    inline = re.compile(
        r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
    )
    found = {}
    for name, address in PAGES.items():
        page.goto(site.url + address)
        found[name] = inline.findall(page.evaluate("document.documentElement.outerHTML"))

    assert {name: parts for name, parts in found.items() if parts} == {}


@pytest.mark.threat("T63")
def test_what_changed_between_look_and_click_is_marked_and_nothing_is_decided(
    page: Page, site: Running, vault: SampleVault
) -> None:
    page.goto(site.url + REQUEST)
    card = next(iter(vault.cards.values()))
    moved = replace(card, digest="ab" * 32, destination="elsewhere.example", retention_days=3650)
    vault.cards[card.id] = moved
    page.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    with page.expect_navigation() as went:
        page.get_by_role("button", name="Allow once").click()

    assert went.value is not None
    assert went.value.status == 409
    alert = page.get_by_role("alert")
    expect(alert.locator("del")).to_have_text(["greencorp.example, payroll", "365 days"])
    expect(alert.locator("ins")).to_have_text(["elsewhere.example", "3650 days"])
    assert state(vault) is RequestState.WAITING


@pytest.mark.threat("T63")
def test_terms_wider_than_asked_are_refused(page: Page, site: Running, vault: SampleVault) -> None:
    page.goto(site.url + REQUEST)
    page.locator("#decide input[name=budget]").evaluate("field => field.value = '99000000'")
    page.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    with page.expect_navigation() as went:
        page.get_by_role("button", name="Allow once").click()

    assert went.value is not None
    assert went.value.status == 422
    assert state(vault) is RequestState.WAITING


@pytest.mark.threat("T65")
def test_a_session_id_that_was_there_before_unlocking_is_worthless_after_it(
    site: Running,
) -> None:
    planted = "f" * 64
    headers = {"Origin": site.url, "Content-Type": FORM, "Cookie": f"{COOKIE}={planted}"}

    answer = reply(site, "POST", "/unlock", headers, f"passphrase={PASSPHRASE.replace(' ', '+')}")

    assert answer.status == 303
    assert planted not in (answer.getheader("set-cookie") or planted)
    assert send(site, "GET", "/timeline", {"Cookie": f"{COOKIE}={planted}"}) == 303


@pytest.mark.threat("T65")
def test_each_unlock_makes_a_new_id_and_locking_kills_the_old_one(
    page: Page, site: Running
) -> None:
    first = cookies(page)[COOKIE]
    page.get_by_role("button", name="Lock").click()
    expect(page.locator("h1")).to_have_text("Open your vault")
    sign_in(page, site)

    assert cookies(page)[COOKIE] != first
    assert send(site, "GET", "/timeline", {"Cookie": f"{COOKIE}={first}"}) == 303


@pytest.mark.threat("T65")
def test_the_cookie_stays_from_script_and_from_the_bare_name(page: Page, site: Running) -> None:
    told = next(one for one in page.context.cookies() if one.get("name") == COOKIE)

    assert told.get("httpOnly")
    assert told.get("secure")
    assert told.get("sameSite") == "Strict"
    assert page.evaluate("document.cookie") == ""
    assert page.context.cookies(f"http://localhost:{site.port}") == []


@pytest.mark.threat("T65")
def test_a_link_from_elsewhere_shows_a_bridge_and_no_data(
    context: BrowserContext, site: Running
) -> None:
    page = context.new_page()
    sign_in(page, site)
    with evil_site(f'<a href="{site.url}{REQUEST}">look</a>') as address:
        page.goto(address)
        page.click("a")
        page.wait_for_url(f"{site.url}/unlock**")
        expect(page.get_by_text("GreenCorp")).to_have_count(0)
        page.get_by_role("link", name="Continue in your vault").click()

    expect(page.locator("h1")).to_have_text("GreenCorp HR asks for one number")


@pytest.mark.threat("T65")
def test_a_program_of_another_user_gets_neither_page_nor_label(vault: SampleVault) -> None:
    with running(vault, peer_check=lambda _client, _server: False) as site:
        page = reply(site, "GET", "/unlock", {})
        bare = reply(site, "GET", "/", {"Host": f"localhost:{site.port}"})

    assert (page.status, bare.status) == (421, 421)
    assert bare.getheader("location") is None
