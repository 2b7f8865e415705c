"""The page of a month: one click stops an odd app, lines lead to entries, papers to keep."""

import json

from playwright.sync_api import Browser, Page, expect

from sealhold.audit.statementcheck import verify_statement
from sealhold.model.ids import canonical
from sealhold.model.shown import RequestState
from tests.web.conftest import sign_in
from tests.web.running import Running
from tests.web.sample_state import PASSPHRASE
from tests.web.sample_vault import SampleVault
from tests.web.test_api import call, owner


def test_without_script_one_click_stops_an_odd_app(
    browser: Browser, site: Running, vault: SampleVault
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/ledger")
    page.get_by_role("link", name="Statement").click()
    alert = page.locator("section.chain").first

    expect(alert).to_contain_text("an hour new to it")
    alert.get_by_role("button").click()

    expect(page.locator("h1")).to_have_text("Statement")
    expect(alert).to_contain_text("Stopped")
    assert [app.state for app in vault.app_views.values()].count("suspended") == 1
    expect(page.locator("section.chain form")).to_have_count(0)  # it is stopped already
    page.get_by_role("link", name="Let it ask again").click()
    expect(page.get_by_role("article", name="GreenCorp HR")).to_contain_text("Stopped")
    context.close()


def test_each_line_leads_to_its_entries_and_months_follow_one_another(
    page: Page, site: Running
) -> None:
    page.goto(f"{site.url}/statement/2026-10")
    expect(page.get_by_role("heading", name="Statement, October 2026")).to_be_visible()
    page.get_by_role("link", name="Month before").click()
    page.wait_for_url("**/statement/2026-09")
    page.get_by_role("link", name="Next month").click()
    page.get_by_role("link", name="Each line").click()
    expect(page.get_by_role("heading", name="Uses")).to_be_visible()

    assert page.locator("table.sheet-lines td a").first.get_attribute("href")


def test_papers_over_the_api_are_checked_without_the_vault(site: Running) -> None:
    token = owner(site)

    told = call(site, "GET", "/v1/statements/2026-10", token=token)
    paper = call(site, "GET", "/v1/statements/2026-10/paper", token=token).body
    log = call(site, "GET", "/v1/audit/export", token=token).body

    assert told.json["drawn"]["month"] == "2026-10"
    assert verify_statement(paper, log).exit_code == 3  # whole, under keys that nobody named
    assert json.loads(paper)["signatures"]
    assert call(site, "GET", "/v1/statements/2026-10").status == 401
    assert call(site, "GET", "/v1/statements/now", token=token).status == 422


def test_without_script_a_grant_is_paused_by_a_click_and_goes_on_by_the_passphrase(
    browser: Browser, site: Running, vault: SampleVault
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/apps")
    (held,) = (one for one in vault.grant_views if one.state is RequestState.ALLOWED)

    page.get_by_role("button", name=f"Pause {held.label}").click()

    assert RequestState.SUSPENDED in {one.state for one in vault.grant_views}
    page.get_by_text(f"Let it hold again: {held.label}").click()
    box = page.locator(f"form[action='/grants/{canonical(held.id)}/resume']")
    box.get_by_label("passphrase").fill(PASSPHRASE)
    box.get_by_role("button").click()
    expect(page.get_by_role("button", name=f"Pause {held.label}")).to_be_visible()
    assert vault.grant_views == [held, *(one for one in vault.grant_views if one.id != held.id)]
    context.close()
