"""The page of the caps: a look that changes nothing, a yes of its own, and no script needed."""

from playwright.sync_api import Browser, Page, expect

from sealhold.model.quantities import MICRO
from tests.web.conftest import sign_in
from tests.web.running import Running
from tests.web.sample_vault import PASSPHRASE, SampleVault


def look(page: Page, site: Running, kind: str, bits: str) -> None:
    page.goto(f"{site.url}/budgets")
    card = page.locator(f"#cap-{kind}")
    card.get_by_role("textbox").fill(bits)
    card.get_by_role("button").click()


def test_without_script_a_cap_is_raised_on_a_yes_to_that(
    browser: Browser, site: Running, vault: SampleVault
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    look(page, site, "app", "30")
    form = page.locator("form[action='/budgets/app']")

    expect(form).to_contain_text("20 bits now, 30 then")
    expect(form).to_contain_text("10 bits more this year")
    assert vault.caps["app"] == 20 * MICRO  # a look changes nothing
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Set it").click()
    assert vault.caps["app"] == 20 * MICRO  # the box is empty, so the browser sends nothing
    form.get_by_label("More may be told than now").check()
    form.get_by_role("button", name="Set it").click()

    page.wait_for_url("**/budgets#cap-app")
    expect(page.locator("#cap-app")).to_contain_text("30 bits")
    assert vault.caps["app"] == 30 * MICRO
    context.close()


def test_a_lower_cap_needs_the_passphrase_alone(
    page: Page, site: Running, vault: SampleVault
) -> None:
    look(page, site, "all", "5")
    form = page.locator("form[action='/budgets/all']")

    form.get_by_label("Passphrase").fill("wrong passphrase")
    form.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("alert")).to_contain_text("does not open this vault")
    assert vault.caps["all"] == 64 * MICRO
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Set it").click()

    page.wait_for_url("**/budgets#cap-all")
    assert vault.caps["all"] == 5 * MICRO


def test_a_cap_that_moved_since_the_look_is_not_set(
    page: Page, site: Running, vault: SampleVault
) -> None:
    look(page, site, "all", "5")
    vault.caps["all"] = type(vault.caps["all"])(40 * MICRO)
    form = page.locator("form[action='/budgets/all']")

    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Set it").click()

    expect(page.get_by_role("alert")).to_contain_text("changed while you looked at it")
    expect(form).to_contain_text("40 bits now, 5 then")
    assert vault.caps["all"] == 40 * MICRO
