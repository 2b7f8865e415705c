"""What a person does about sources, files and rules on the pages; most of it without script."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from sealhold.model.ids import canonical
from tests.web.conftest import Watch, sign_in
from tests.web.running import Running, running
from tests.web.sample_data import id_of
from tests.web.sample_places import being_read
from tests.web.sample_vault import PASSPHRASE, SampleVault

MAIL = f"/sources/{canonical(id_of('mail'))}"
BANK = b"Day;Amount;Who\n30.01.2026;-1,50;Shop\n31.01.2026;2,00;Ann\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One server: each test acts on things of its own."""
    with running(SampleVault()) as site:
        yield site


@pytest.fixture(scope="module")
def plain(browser: Browser, shared: Running) -> Iterator[Page]:
    """A signed-in page in a browser without script."""
    context = browser.new_context(java_script_enabled=False)
    watch = Watch(context, shared)
    page = context.new_page()
    sign_in(page, shared)
    yield page
    context.close()
    assert watch.faults == []


def part(page: Page, name: str) -> Locator:
    """Return the part of a page under a heading, opened."""
    found = page.get_by_role("region", name=name, exact=True)
    folded = found.locator("details:not([open]) > summary")
    while folded.count():
        folded.first.click()
    return found


def test_a_source_is_paused_and_resumed_by_a_press(plain: Page, shared: Running) -> None:
    plain.goto(shared.url + "/sources")
    card = plain.get_by_role("article", name="Rides")
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    expect(card).to_contain_text("No reading while it is paused")

    card.get_by_role("button", name="Resume").click()
    expect(card).to_contain_text("In order")

    card.get_by_role("link", name="Details").click()
    plain.get_by_role("link", name="See what lies there").click()
    lies = plain.get_by_role("region", name="What lies there now")
    expect(lies.get_by_role("row", name="saturday.gpx")).to_contain_text("GPX 1.1")


def test_an_account_is_given_anew_and_a_no_of_the_server_is_said(
    plain: Page, shared: Running
) -> None:
    plain.goto(shared.url + MAIL)
    for secret in ("wrong", "right"):
        account = part(plain, "Account")
        account.get_by_label("Its password or token").fill(secret)
        account.get_by_label("Passphrase").fill(PASSPHRASE)
        account.get_by_role("button", name="Sign in").click()
        if secret == "wrong":
            expect(plain.get_by_role("alert")).to_contain_text("refuses the account")

    expect(plain.locator(".head")).to_contain_text("In order")


@pytest.mark.threat("T433")
def test_a_source_is_removed_as_it_was_shown_or_not_at_all(plain: Page, shared: Running) -> None:
    plain.goto(shared.url + "/sources/add?kind=folder")
    plain.get_by_label("What you call it").fill("Photos")
    plain.get_by_label("Where it lies").fill("~/away")
    plain.get_by_label("Passphrase").fill(PASSPHRASE)
    plain.get_by_role("button", name="Look first").click()
    expect(plain.get_by_role("alert")).to_contain_text("No such folder")
    plain.get_by_label("Where it lies").fill("~/Photos")
    plain.get_by_label("Passphrase").fill(PASSPHRASE)
    plain.get_by_role("button", name="Look first").click()
    expect(plain.get_by_role("status")).to_contain_text("12 files. Nothing was added yet")
    plain.get_by_label("Passphrase").fill(PASSPHRASE)
    plain.get_by_role("button", name="Add it").click()
    expect(plain.locator("h1")).to_have_text("Photos")

    remove = part(plain, "Remove this source")
    expect(remove).to_contain_text("what you said of it")
    remove.get_by_label("Passphrase").fill(PASSPHRASE)
    views = shared.vault.source_views
    views[-1] = replace(views[-1], items=3)
    remove.get_by_role("button", name="Remove this source").click()
    expect(plain.get_by_role("alert")).to_contain_text("not as it was shown")

    remove = part(plain, "Remove this source")
    remove.get_by_label("Passphrase").fill("another one")
    remove.get_by_role("button", name="Remove this source").click()
    expect(plain.get_by_role("alert")).to_contain_text("passphrase")
    remove = part(plain, "Remove this source")
    remove.get_by_label("Passphrase").fill(PASSPHRASE)
    remove.get_by_role("button", name="Remove this source").click()
    expect(plain.locator("h1")).to_contain_text("sources in order")
    expect(plain.get_by_role("article", name="Photos")).to_have_count(0)


def test_a_schedule_is_set_and_a_reading_is_taken_back(plain: Page, shared: Running) -> None:
    plain.goto(shared.url + MAIL)
    when = part(plain, "When it is read")
    for said in ("whenever", "daily 03:00 Europe/Paris"):
        when.get_by_role("textbox").fill(said)
        when.get_by_role("button", name="Set").click()
        if said == "whenever":
            expect(plain.get_by_role("alert")).to_contain_text("Say `6h`".replace("`", ""))
    expect(plain.get_by_label("Read by itself")).to_have_value(said)

    readings = part(plain, "Readings")
    expect(readings).to_contain_text("Destroys 7 new items here")
    readings.get_by_label("Passphrase").first.fill(PASSPHRASE)
    readings.get_by_role("button", name="Take it back").first.click()
    expect(plain.locator(".head")).to_contain_text("Taken back")


def test_a_bank_table_becomes_bookings_once_ten_of_them_were_seen(
    plain: Page, shared: Running
) -> None:
    plain.goto(shared.url + "/sources")
    plain.locator("input[type=file]").set_input_files(
        FilePayload(name="bank.csv", mimeType="text/csv", buffer=BANK)
    )
    plain.get_by_role("button", name="Look at them").click()
    plain.get_by_role("button", name="These are bookings").click()
    expect(plain.get_by_label("What Day is")).to_have_value("date")
    expect(plain.locator("main")).to_contain_text("-1,50 · 2,00")
    plain.get_by_label("What Who is").select_option("date")
    plain.get_by_role("button", name="See it as bookings").click()
    expect(plain.get_by_role("alert")).to_contain_text("Two columns are the date")

    plain.get_by_label("What Who is").select_option("payee")
    plain.get_by_label("One currency for all").fill("EUR")
    plain.get_by_role("button", name="See it as bookings").click()
    expect(plain.get_by_role("row", name="30 Jan 2026")).to_contain_text("-1.50")
    kept = len(shared.vault.mappings)
    plain.get_by_role("button", name="They are right").click()

    expect(plain.get_by_role("status")).to_contain_text("Nothing was taken in yet")
    assert len(shared.vault.mappings) == kept + 1
    plain.get_by_role("button", name="Leave them").click()
    plain.get_by_role("button", name="Forget it").last.click()
    assert len(shared.vault.mappings) == kept


def test_a_rule_is_written_after_its_reader_saw_what_it_would_do(
    plain: Page, shared: Running
) -> None:
    plain.goto(shared.url + "/requests")
    plain.get_by_role("link", name="Always allow").click()
    form = plain.get_by_role("form", name="Write a rule")
    expect(form.get_by_label("GreenCorp HR")).to_be_checked()
    expect(form.get_by_label("At most, in bits a month")).not_to_have_value("")
    form.get_by_role("button", name="See what it would do").click()
    look = plain.get_by_role("region", name="Allow GreenCorp HR: trips")
    expect(look.get_by_role("row", name="GreenCorp HR")).to_contain_text("allowed at once")
    known = len(shared.vault.rules)
    for passphrase in ("another one", PASSPHRASE):
        look.get_by_label("Passphrase").fill(passphrase)
        look.get_by_role("button", name="Keep this rule").click()
    assert len(shared.vault.rules) == known + 1

    rule = plain.locator(".rules > li", has_text="Allow GreenCorp HR: trips")
    rule.get_by_text("Take it back").click()
    rule.get_by_label("Passphrase").fill(PASSPHRASE)
    rule.get_by_role("button", name="Take the rule back").click()
    assert len(shared.vault.rules) == known
    expect(plain.locator("h1")).to_have_text(f"{known} rules answer for you")


def test_a_medium_that_narrows_is_ended_with_the_passphrase(plain: Page, shared: Running) -> None:
    plain.goto(shared.url + "/policies")
    media = part(plain, "Media that grants hang on")
    guests = media.locator("li", has_text="GUESTS")
    guests.get_by_label("Passphrase").fill(PASSPHRASE)
    guests.get_by_role("button", name="End this medium").click()

    expect(plain.locator("li", has_text="GUESTS")).to_contain_text("Ended")


def test_a_grant_is_revoked_and_each_source_says_that_it_knows(
    plain: Page, shared: Running
) -> None:
    plain.goto(shared.url + "/policies")
    grant = plain.get_by_role("article", name="free on Friday after 15:00")
    grant.get_by_role("button", name="Revoke").click()

    expect(grant).to_contain_text("Revoked")
    expect(grant.get_by_role("row", name="Work mail")).to_contain_text("21 Nov 2026")


def test_a_reading_tells_how_far_it_is_until_it_is_over(browser: Browser, shared: Running) -> None:
    vault = shared.vault
    source = being_read(vault)
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    sign_in(page, shared)
    page.goto(shared.url + "/sources")
    card = page.get_by_role("article", name="Calendar at home")
    expect(card).to_contain_text("1,204 items looked at so far")

    vault.being_read.discard(source)
    page.clock.run_for(2_500)

    expect(card).to_contain_text("In order")
    expect(card.get_by_role("button", name="Run now")).to_be_visible()
    vault.source_views.pop()
    context.close()
