"""What every page keeps to, in both schemes and at every width."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from sealhold.frontends.web.texts import ENGLISH
from tests.web.addresses import EMPTY, PAGES, REQUEST
from tests.web.conftest import Watch, sign_in
from tests.web.running import Running, running
from tests.web.sample_vault import SampleVault

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (1200, 390)
NARROWEST = 320  # WCAG 1.4.10: no sideways scroll
MAX_WEIGHT = 250_000  # bytes of one page with all it loads
MAX_REQUESTS = 12


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    """One server for all looks: they change nothing."""
    with running(SampleVault()) as site:
        yield site


@pytest.fixture(scope="module")
def page(browser: Browser, site: Running) -> Iterator[Page]:
    """A signed-in page."""
    yield from watched(browser, site)


@pytest.fixture(scope="module")
def empty_page(browser: Browser) -> Iterator[Page]:
    """A signed-in page of a vault that holds nothing."""
    with running(SampleVault(empty=True), demo=False) as site:
        yield from watched(browser, site)


def watched(browser: Browser, site: Running) -> Iterator[Page]:
    """Sign in, and afterwards see that no page did what it must not."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 900},
        reduced_motion="reduce",  # no colour is caught on its way to another
    )
    watch = Watch(context, site)
    page = context.new_page()
    sign_in(page, site)
    yield page
    context.close()
    assert watch.faults == []


def violations(page: Page, axe_source: str) -> list[str]:
    """Return what axe finds on the page as it stands."""
    if page.evaluate("!window.axe"):  # half a megabyte, for all looks at one document
        page.evaluate(axe_source)
    # Only colours differ in the dark, so only they are looked at again there.
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    # Of what is in order nothing is described, which takes a fifth of the time.
    found = page.evaluate(
        "([type, values]) => axe.run(document,"
        " {runOnly: {type, values}, resultTypes: ['violations']})",
        ["rule", ["color-contrast"]] if is_dark else ["tag", TAGS],
    )
    return [
        f"{fault['id']}: {json.dumps([node['html'][:160] for node in fault['nodes'][:3]])}"
        for fault in found["violations"]
    ]


def looks(page: Page) -> Iterator[str]:
    """Go through both schemes and all widths on the page as it stands."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            yield f"{scheme} {width}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_that_axe_finds(
    name: str, page: Page, site: Running, axe_source: str
) -> None:
    page.goto(site.url + PAGES[name])

    found = {look: violations(page, axe_source) for look in looks(page)}

    assert {look: faults for look, faults in found.items() if faults} == {}


def test_files_before_they_go_in_have_no_fault_that_axe_finds(
    page: Page, site: Running, axe_source: str
) -> None:
    page.goto(site.url + "/sources")
    bank = b"Day;Amount;Who\n30.01.2026;-1,50;Shop\n31.01.2026;2,00;Ann\n"
    page.locator("input[type=file]").set_input_files(
        FilePayload(name="bank.csv", mimeType="text/csv", buffer=bank)
    )
    found: dict[str, list[str]] = {}
    for name in ("Look at them", "These are bookings", "See it as bookings"):
        page.get_by_role("button", name=name).click()
        if name != "These are bookings":  # what it asks stands below what it shows, too
            found |= {f"{name}, {look}": violations(page, axe_source) for look in looks(page)}

    assert {look: faults for look, faults in found.items() if faults} == {}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_of_an_empty_vault_says_what_to_do_and_axe_finds_nothing(
    name: str, empty_page: Page, axe_source: str
) -> None:
    empty_page.goto("http://" + urlsplit(empty_page.url).netloc + PAGES[name])

    found = {look: violations(empty_page, axe_source) for look in looks(empty_page)}

    assert {look: faults for look, faults in found.items() if faults} == {}
    expect(empty_page.locator("main")).not_to_be_empty()


def test_the_way_in_has_no_fault_that_axe_finds(
    context: BrowserContext, site: Running, axe_source: str
) -> None:
    outside = context.new_page()
    outside.emulate_media(reduced_motion="reduce")  # no colour is caught on its way to another
    outside.goto(site.url)

    found = {look: violations(outside, axe_source) for look in looks(outside)}

    assert {look: faults for look, faults in found.items() if faults} == {}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(name: str, page: Page, site: Running) -> None:
    page.goto(site.url + PAGES[name])
    wide = []

    for width in (NARROWEST, 390, 768, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(width)

    assert wide == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_heading_and_weighs_little(name: str, page: Page, site: Running) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))

    page.goto(site.url + PAGES[name], wait_until="load")
    page.evaluate("document.fonts.ready.then(() => true)")  # what comes last
    session.detach()

    assert page.locator("h1").count() == 1
    assert 0 < sum(weights) <= MAX_WEIGHT
    assert len(weights) <= MAX_REQUESTS


def test_a_text_set_half_as_long_again_breaks_no_page(browser: Browser) -> None:
    longer = {key: f"{text} {'žó bä ' * (len(text) // 15)}" for key, text in ENGLISH.items()}
    wide = []
    with running(SampleVault(), words=longer) as site:
        context = browser.new_context(viewport={"width": 390, "height": 900})
        page = context.new_page()
        page.goto(site.url)
        page.locator("input[name=passphrase]").fill("correct horse battery")
        page.locator("main button").click()
        for name, address in PAGES.items():
            page.goto(site.url + address)
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                wide.append(name)
        context.close()

    assert wide == []


def test_the_decision_is_in_the_first_view(page: Page, site: Running) -> None:
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(site.url + REQUEST)

    boxes = [
        page.get_by_role("button", name=name).bounding_box() for name in ("Refuse", "Allow once")
    ]

    assert all(box is not None and box["y"] + box["height"] <= 900 for box in boxes)


def test_refuse_and_allow_are_equal(page: Page, site: Running) -> None:
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(site.url + REQUEST)
    names = ("Refuse", "Allow once")

    looks_like = [
        page.get_by_role("button", name=name).evaluate(
            "b => { const s = getComputedStyle(b), r = b.getBoundingClientRect();"
            " return [r.width, r.height, s.color, s.backgroundColor, s.borderColor, s.fontWeight] }"
        )
        for name in names
    ]

    assert looks_like[0] == looks_like[1]


def test_a_receipt_prints_on_one_page_without_controls(page: Page, site: Running) -> None:
    page.goto(site.url + PAGES["receipt"])

    paper = page.pdf(format="A4")
    page.emulate_media(media="print")

    assert paper.count(b"/Type /Page\n") == 1 or paper.count(b"/Type /Page ") == 1
    expect(page.locator("nav").first).to_be_hidden()
    expect(page.get_by_role("button", name="Lock")).to_be_hidden()
    page.emulate_media(media="screen")
