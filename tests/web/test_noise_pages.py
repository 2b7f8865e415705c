"""What the pages say of blurred answers, and of numbers that stand for several parts."""

from dataclasses import replace

from playwright.sync_api import Page, expect

from sealhold.model.ids import canonical
from tests.web.addresses import REQUEST
from tests.web.running import Running
from tests.web.sample_vault import SampleVault

NOISE = "off by 16 at most, 19 times in 20 (epsilon 1/5); 20,000 micro-rho of 500,000 a year"


def test_the_consent_screen_says_how_an_answer_is_blurred(
    page: Page, site: Running, vault: SampleVault
) -> None:
    card = next(iter(vault.cards.values()))
    vault.cards[card.id] = replace(card, answer=replace(card.answer, noise=NOISE))

    page.goto(site.url + REQUEST)

    expect(page.get_by_text(f"Each answer is blurred: {NOISE}.")).to_be_visible()


def test_the_consent_screen_says_nothing_of_noise_where_there_is_none(
    page: Page, site: Running
) -> None:
    page.goto(site.url + REQUEST)

    expect(page.get_by_text("blurred")).to_have_count(0)


def test_a_receipt_reads_a_number_of_several_parts(
    page: Page, site: Running, vault: SampleVault
) -> None:
    parts = "0: 3, 5: 28"
    vault.answer_views = [replace(each, reads=parts) for each in vault.answer_views]
    answer = vault.answer_views[-1]

    page.goto(f"{site.url}/receipts/{canonical(answer.receipt)}")

    expect(page.locator("dd", has_text=parts).first).to_be_visible()
