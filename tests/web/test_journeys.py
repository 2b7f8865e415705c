"""What a person does on the pages, with script and without."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from sealhold.model.quantities import MicroBits
from sealhold.model.shown import RequestState
from tests.web.addresses import PAGES, REQUEST
from tests.web.conftest import Watch, come_in
from tests.web.running import Running
from tests.web.sample_vault import PASSPHRASE, SampleVault

TRACK = b'<?xml version="1.0"?><gpx version="1.1"><trk><name>x</name></trk></gpx>'


@pytest.fixture(params=["with script", "without script"])
def anyhow(request: pytest.FixtureRequest, browser: Browser, site: Running) -> Iterator[Page]:
    """A signed-in page, in a browser with script and in one without."""
    context = browser.new_context(java_script_enabled=request.param == "with script")
    watch = Watch(context, site)
    page = context.new_page()
    come_in(page, site)
    yield page
    context.close()
    assert watch.faults == []


def state(vault: SampleVault) -> RequestState:
    """Return where the one request stands."""
    return next(iter(vault.cards.values())).state


def test_reading_every_page_works(anyhow: Page, site: Running) -> None:
    for address in PAGES.values():
        answer = anyhow.goto(site.url + address)

        assert answer is not None
        assert answer.status == 200
        expect(anyhow.locator("h1")).to_have_count(1)


def test_allowing_once_sends_the_answer_and_shows_the_receipt(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Allow once").click()

    expect(anyhow.locator("h1")).to_contain_text("green days in October 2026")
    expect(anyhow.locator(".slip-figure")).to_contain_text("17")
    expect(anyhow.locator(".slip-figure")).to_contain_text("5 bits")
    assert state(vault) is RequestState.SPENT


def test_a_point_of_a_request_needs_its_own_tick(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    asked, card = next(iter(vault.cards.items()))
    vault.cards[asked] = replace(card, points={"partition_k": "4 objects share a run"})
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Allow once").click()
    before = state(vault)  # the browser itself asks for the tick first

    anyhow.get_by_label("4 objects share a run").check()
    anyhow.get_by_role("button", name="Allow once").click()

    expect(anyhow.locator(".slip-figure")).to_contain_text("17")
    assert (before, state(vault)) == (RequestState.WAITING, RequestState.SPENT)


@pytest.mark.parametrize("width", [1200, 390])
def test_points_that_need_a_tick_leave_the_request_readable(
    anyhow: Page, site: Running, vault: SampleVault, width: int
) -> None:
    asked, card = next(iter(vault.cards.items()))
    points = {f"point_{number}": f"something {number} that is wider" for number in range(5)}
    vault.cards[asked] = replace(card, points=points)
    anyhow.set_viewport_size({"width": width, "height": 900})
    anyhow.goto(site.url + REQUEST)

    bar = anyhow.locator(".decide").bounding_box()
    boxes = anyhow.locator(".points input[type=checkbox]")

    assert bar is not None
    assert bar["height"] <= 900 / 5
    assert boxes.count() == len(points)
    assert all(box.evaluate("box => box.form.id") == "decide" for box in boxes.all())


def test_a_request_that_no_budget_of_the_year_covers_says_so(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    asked, card = next(iter(vault.cards.items()))
    short = replace(card.meters[0], label="GreenCorp HR", cap=MicroBits(4_000_000))
    vault.cards[asked] = replace(card, meters=(short, *card.meters[1:]))

    anyhow.goto(site.url + REQUEST)

    expect(anyhow.get_by_text("no answer would leave this year")).to_have_count(1)
    expect(anyhow.locator(".beyond")).to_contain_text("Too much for GreenCorp HR")


def test_apps_that_were_stopped_are_not_counted_among_those_that_may_ask(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    first = next(iter(vault.app_views))
    vault.app_views[first] = replace(vault.app_views[first], state="suspended")

    anyhow.goto(f"{site.url}/apps")

    expect(anyhow.locator("h1")).to_have_text(f"{len(vault.app_views) - 1} apps may ask you")


def test_refusing_needs_nothing(anyhow: Page, site: Running, vault: SampleVault) -> None:
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_role("button", name="Refuse").click()

    expect(anyhow.locator(".head")).to_contain_text("Refused")
    assert state(vault) is RequestState.REFUSED


def test_a_wrong_passphrase_decides_nothing(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_placeholder("Passphrase").fill("guess")
    with anyhow.expect_navigation() as went:
        anyhow.get_by_role("button", name="Allow once").click()

    assert went.value is not None
    assert went.value.status == 403
    expect(anyhow.get_by_role("alert")).to_contain_text("does not open this vault")
    assert state(vault) is RequestState.WAITING


def test_enter_decides_nothing(anyhow: Page, site: Running, vault: SampleVault) -> None:
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_placeholder("Passphrase").press("Enter")
    anyhow.wait_for_timeout(150)

    assert state(vault) is RequestState.WAITING
    assert anyhow.url == site.url + REQUEST


def test_a_narrower_answer_is_worked_out_anew_and_allowed_as_shown(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + REQUEST)
    anyhow.get_by_role("radio", name="16–19").check()
    button = anyhow.get_by_role("button", name="Work out these terms")
    if button.is_visible():
        button.click()
    expect(anyhow.get_by_text("it can tell apart 8 answers")).to_be_visible()

    anyhow.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Allow once").click()
    expect(anyhow.locator(".slip-figure")).to_contain_text("16")

    assert vault.grant_views[0].terms.coarsen == 4
    assert vault.lines[-1].cost == 3_000_000


def test_show_my_answer_says_its_price_charges_it_and_shows_the_bytes(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + REQUEST)
    expect(anyhow.get_by_text('{"days":17}')).to_have_count(0)

    anyhow.get_by_placeholder("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Show my answer, 2 bits").click()

    expect(anyhow.get_by_text('{"days":17}')).to_be_visible()
    assert [line.kind for line in vault.lines][-1] == "preview"
    assert state(vault) is RequestState.WAITING


def test_a_grant_is_revoked_and_an_app_stopped_and_resumed(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + "/apps")
    anyhow.get_by_role("button", name="Revoke").click()
    expect(anyhow.get_by_text("Revoked", exact=True)).to_be_visible()
    anyhow.get_by_role("button", name="Stop Tariff Finder").click()
    card = anyhow.get_by_role("article", name="Tariff Finder")
    expect(card).to_contain_text("Stopped")
    card.get_by_label("Passphrase").fill(PASSPHRASE)
    card.get_by_role("button", name="Let it ask again").click()
    expect(card).to_contain_text("Active")

    assert not [one for one in vault.grant_views if one.state is RequestState.ALLOWED]


def test_a_name_like_that_of_a_known_app_needs_its_own_tick(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    known = len(vault.app_views)
    anyhow.goto(site.url + "/apps")
    form = anyhow.get_by_role("form", name="Register an app")
    form.get_by_label("Name").fill("TARIFF FINDER")
    form.get_by_label("Public key").fill("ab" * 32)
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Register").click()

    expect(anyhow.get_by_role("alert")).to_contain_text("looks like the name of an app")
    assert len(vault.app_views) == known
    form.get_by_label("I will tell them apart").check()
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Register").click()

    expect(anyhow.get_by_role("status")).to_contain_text("TARIFF FINDER")
    assert len(vault.app_views) == known + 1


def test_an_app_is_registered_and_its_token_said_once(anyhow: Page, site: Running) -> None:
    anyhow.goto(site.url + "/apps")
    form = anyhow.get_by_role("form", name="Register an app")
    form.get_by_label("Name").fill("Library card")
    form.get_by_label("Public key").fill("ab" * 32)
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Register").click()

    expect(anyhow.get_by_role("status")).to_contain_text("shv1_")
    anyhow.goto(site.url + "/apps")
    expect(anyhow.get_by_role("heading", name="Library card")).to_be_visible()
    expect(anyhow.get_by_text("shv1_")).to_have_count(0)


def test_a_file_is_shown_then_imported_and_what_was_skipped_is_said(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.goto(site.url + "/sources")
    anyhow.locator("input[type=file]").set_input_files(
        [
            FilePayload(name="ride.gpx", mimeType="application/gpx+xml", buffer=TRACK),
            FilePayload(name="holiday.xyz", mimeType="text/plain", buffer=b"nothing we know"),
        ]
    )
    anyhow.get_by_role("button", name="Look at them").click()
    expect(anyhow.locator("h1")).to_have_text("1 of 2 files can be read")
    before = len(vault.source_views)
    anyhow.get_by_role("button", name="Take them in").click()

    expect(anyhow.get_by_role("status").first).to_contain_text("12 new")
    expect(anyhow.get_by_role("status").first).to_contain_text("1 skipped")
    expect(anyhow.get_by_role("status").nth(1)).to_contain_text("No connector knows this content")
    assert len(vault.source_views) == before + 1


def test_the_log_is_verified(anyhow: Page, site: Running) -> None:
    anyhow.goto(site.url + "/ledger")
    anyhow.get_by_role("button", name="Verify").click()

    expect(anyhow.locator("#chain")).to_contain_text("The log is whole")


def test_the_browser_recomputes_the_root_itself(page: Page, site: Running) -> None:
    page.goto(site.url + "/ledger")
    page.get_by_role("button", name="Verify").click()

    expect(page.locator("#chain")).to_have_attribute("data-browser", "same")
    expect(page.locator("#chain")).to_contain_text("This browser recomputed the root")


def test_the_browser_finds_a_leaf_that_does_not_fit_the_root(
    page: Page, site: Running, vault: SampleVault
) -> None:
    vault.broken_leaf = 2
    page.goto(site.url + "/ledger")
    page.get_by_role("button", name="Verify").click()

    expect(page.locator("#chain")).to_have_attribute("data-browser", "other")
    expect(page.locator("#chain")).to_contain_text("The log was changed")


def test_search_finds_words_and_opens_an_item(anyhow: Page, site: Running) -> None:
    anyhow.goto(site.url + "/search")
    anyhow.get_by_label("Words").fill("dentist")
    anyhow.get_by_role("button", name="Search").click()
    expect(anyhow.locator("h1")).to_have_text("2 items with “dentist”")
    anyhow.get_by_role("link", name="Dentist, check-up").click()

    expect(anyhow.get_by_role("heading", name="Where it came from")).to_be_visible()


def test_the_scheme_is_changed_and_remembered(anyhow: Page) -> None:
    html = anyhow.locator("html")
    seen = []
    for _ in range(3):
        anyhow.get_by_role("button", name="Change between light and dark").click()
        seen.append(html.get_attribute("data-scheme"))

    assert seen == ["dark", "light", None]


def test_locking_ends_the_sign_in_and_drops_the_keys(
    anyhow: Page, site: Running, vault: SampleVault
) -> None:
    anyhow.get_by_role("button", name="Lock").click()
    expect(anyhow.locator("h1")).to_have_text("Open your vault")
    anyhow.goto(site.url + "/timeline")

    assert anyhow.url == f"{site.url}/unlock?next=/timeline"
    assert vault.locked


def test_after_unlocking_one_is_where_one_wanted_to_go(anyhow: Page, site: Running) -> None:
    anyhow.get_by_role("button", name="Lock").click()
    anyhow.goto(site.url + "/search?words=lake")
    anyhow.get_by_label("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Unlock").click()

    assert anyhow.url == f"{site.url}/search?words=lake"


def test_a_sign_in_ends_after_15_minutes_without_use(page: Page, site: Running) -> None:
    site.clock.now = type(site.clock.now)(site.clock.now + 14 * 60_000)
    page.goto(site.url + "/timeline")
    assert page.url == f"{site.url}/timeline"

    site.clock.now = type(site.clock.now)(site.clock.now + 15 * 60_000)
    page.goto(site.url + "/timeline")

    assert page.url == f"{site.url}/unlock?next=/timeline"


def test_a_receipt_brings_its_papers(page: Page, site: Running, tmp_path: Path) -> None:
    page.goto(site.url + PAGES["receipt"])
    with page.expect_download() as coming:
        page.get_by_role("link", name="Proof for the asker").click()

    coming.value.save_as(tmp_path / "proof")
    assert coming.value.suggested_filename.endswith(".proof.json")
    assert b"receipt" in (tmp_path / "proof").read_bytes()


def test_no_control_is_dead(page: Page, site: Running) -> None:
    """Each link leads to a page or place that exists, each form to an address that takes it."""
    dead, links = [], set[str]()
    # the samples' statement is of a longer log than their ledger has entries of
    for address in (each for name, each in PAGES.items() if not name.startswith("statement")):
        page.goto(site.url + address)
        links |= set(page.eval_on_selector_all("a", "all => all.map(a => a.href || '/dead')"))
        for form in page.locator("form").all():
            told = form.evaluate("f => [f.method, f.action, f.querySelectorAll('button').length]")
            dead += [] if told[1].startswith(site.url) else [str(told)]
        for button in page.locator("button").all():
            works = button.evaluate("b => b.form !== null || b.hasAttribute('data-print')")
            dead += [] if works else [button.inner_text()]

    assert dead == []
    assert [link for link in sorted(links) if is_dead_link(page, link)] == []


def is_dead_link(page: Page, target: str) -> bool:
    """Return whether `target` is no page, or names no place on it."""
    where, _, place = target.partition("#")
    status, text = page.evaluate(
        "async url => { const a = await fetch(url); return [a.status, await a.text()] }", where
    )
    return status >= 400 or (bool(place) and f'id="{place}"' not in text)


def test_a_decision_made_twice_in_two_tabs_is_told_in_words(page: Page, site: Running) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(site.url + REQUEST)
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator(".head")).to_contain_text("Refused")

    other.get_by_role("button", name="Refuse").click()

    expect(other.locator("h1")).to_have_text("The state has moved")


def test_an_error_says_what_is_safe_and_what_to_do_with_names_as_code(
    page: Page, site: Running
) -> None:
    page.goto(site.url + "/items/<b>")

    expect(page.locator("h1")).to_have_text("This could not be read")
    expect(page.locator(".notice code")).to_have_text("<b>")
    expect(page.get_by_text("nothing left the vault")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Traceback")
