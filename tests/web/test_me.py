"""A person's own page, over a vault of the real kind: in by a link, looking, erasing, out."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect

from sealhold.frontends.http.session import COOKIE, ME_COOKIE
from sealhold.model.ids import canonical
from tests.scenarios.access_ids import processing, record
from tests.scenarios.access_site import ADDRESS, CANARY, AccessSite, access_site
from tests.scenarios.vaults import PASSPHRASE
from tests.unit.people_vault import NAME, SERVICE
from tests.web.conftest import Watch
from tests.web.test_look import NARROWEST, looks, violations


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessSite]:
    with access_site(tmp_path_factory.mktemp("me") / "home") as found:
        yield found


@pytest.fixture(params=["with script", "without script"])
def anyhow(request: pytest.FixtureRequest, browser: Browser, site: AccessSite) -> Iterator[Page]:
    """A page in a browser with script and in one without."""
    context = browser.new_context(
        java_script_enabled=request.param == "with script", reduced_motion="reduce"
    )
    watch = Watch(context, site)
    yield context.new_page()
    context.close()
    assert watch.faults == []


def enter(page: Page, site: AccessSite, nth: int = 0) -> None:
    """Come in by a fresh link."""
    page.goto(site.link(site.one, nth))
    page.get_by_role("button", name="Open my page").click()
    page.wait_for_url(f"{site.url}/me")


def test_a_link_opens_a_persons_own_page(anyhow: Page, site: AccessSite) -> None:
    enter(anyhow, site)

    expect(anyhow.locator("h1")).to_have_text("Your data at One")
    for each in (CANARY, ADDRESS):
        expect(anyhow.locator("main")).to_contain_text(each)
    expect(anyhow.locator("nav")).to_have_count(0)  # nothing of the owner's


@pytest.mark.threat("T297")
def test_a_link_is_good_once_and_its_button_alone_uses_it_up(
    anyhow: Page, browser: Browser, site: AccessSite
) -> None:
    link = site.link(site.one)
    for _ in range(3):
        anyhow.goto(link)  # as a mail scanner follows it
    anyhow.get_by_role("button", name="Open my page").click()
    anyhow.wait_for_url(f"{site.url}/me")

    other = browser.new_context().new_page()
    other.goto(link)
    other.get_by_role("button", name="Open my page").click()

    expect(other.locator("main")).to_contain_text("This link is over")
    other.goto(site.url + "/me")
    expect(other).to_have_url(site.url + "/me/in")
    other.context.close()


def test_whoever_is_signed_in_opens_another_link_and_the_sign_in_before_is_over(
    anyhow: Page, site: AccessSite
) -> None:
    enter(anyhow, site)
    before = cookies(anyhow)

    enter(anyhow, site, nth=1)  # of another person, on the same device

    expect(anyhow.locator("main")).not_to_contain_text(CANARY)
    assert cookies(anyhow) != before
    anyhow.context.clear_cookies()
    anyhow.context.set_extra_http_headers({"Cookie": before})
    anyhow.goto(site.url + "/me")
    expect(anyhow).to_have_url(site.url + "/me/in")


def test_whoever_signed_out_is_out(anyhow: Page, site: AccessSite) -> None:
    enter(anyhow, site)

    anyhow.get_by_role("button", name="Sign out").click()
    anyhow.goto(site.url + "/me")

    expect(anyhow).to_have_url(site.url + "/me/in")
    assert [each for each in anyhow.context.cookies() if each.get("name") == ME_COOKIE] == []


def test_erasing_shows_what_stays_under_a_duty_and_on_what_ground(
    anyhow: Page, site: AccessSite
) -> None:
    who = canonical(site.node.people.make(site.one.token).subject)
    site.node.people.put(site.one.token, who, SERVICE, {NAME: "Bob"}, 0)
    until = site.node.parts.core.clock() + 400 * 86_400_000
    wish = {"app": site.one.id, "subject": who, "ground": "LegalClaims", "law": "File <12>"}
    body = {**wish, "until": until, "fields": ["name"]}
    made = site.made("/v1/holds", site.officer_token, body)
    told = site.call("POST", f"/v1/subjects/{who}/links", site.one.token).body
    anyhow.goto(site.url + str(json.loads(told)["path"]))
    anyhow.get_by_role("button", name="Open my page").click()

    anyhow.get_by_role("link", name="Look at what would go").click()

    main = anyhow.locator("main")
    expect(main).to_contain_text("Legal claims need it (Article 17(3)(e) GDPR): File <12>, until")
    expect(main).to_contain_text("Fields of your profile: 1")
    anyhow.get_by_label("I understand").check()
    anyhow.get_by_role("button", name="Erase now").click()
    expect(main).to_contain_text("You were erased, except for what must be kept")
    expect(main).to_contain_text("File <12>")
    site.made(f"/v1/holds/{made['id']}/lift", site.officer_token, {})


def test_erasing_shows_what_goes_first_and_asks_for_a_tick(anyhow: Page, site: AccessSite) -> None:
    subject = site.call("POST", "/v1/subjects", site.one.token).body
    person = str(json.loads(subject)["subject"])
    told = site.call("POST", f"/v1/subjects/{person}/links", site.one.token).body
    anyhow.goto(site.url + str(json.loads(told)["path"]))
    anyhow.get_by_role("button", name="Open my page").click()
    expect(anyhow.locator("main")).to_contain_text("Nothing is kept in your profile")

    anyhow.get_by_role("link", name="Look at what would go").click()
    anyhow.get_by_role("button", name="Erase now").click()  # without the tick
    kept = site.call("GET", f"/v1/subjects/{person}", site.one.token).status
    anyhow.get_by_label("I understand").check()
    anyhow.get_by_role("button", name="Erase now").click()

    expect(anyhow.locator("h1")).to_have_text("Everything about you was erased")
    assert kept == 200
    assert site.call("GET", f"/v1/subjects/{person}", site.one.token).status == 403
    anyhow.goto(site.url + "/me/erase")  # the sign-in went with all else
    expect(anyhow.get_by_role("alert")).to_contain_text("You are signed out")
    anyhow.goto(site.url + "/me")
    expect(anyhow).to_have_url(site.url + "/me/in")


def test_what_was_done_is_told_in_words(anyhow: Page, site: AccessSite) -> None:
    site.id_of("/v1/subjects/{id}/records/{coll}/{record}", record)
    site.read(f"/v1/subjects/{site.one.people[0]}/records/notes", site.one.token)
    enter(anyhow, site)

    kept = anyhow.locator("section", has=anyhow.locator("#kept"))
    uses = anyhow.locator("section", has=anyhow.locator("#uses"))
    expect(kept).to_contain_text("Records of “notes”")
    for each in ("One read a list of records about you", "notes"):
        expect(uses).to_contain_text(each)
    expect(uses).not_to_contain_text("did something else")
    anyhow.get_by_role("link", name="Look at what would go").click()
    expect(anyhow.locator("main")).to_contain_text("Records of “notes”: 1")


def test_while_the_vault_is_closed_a_person_reads_so_and_a_link_is_not_used_up(
    anyhow: Page, site: AccessSite
) -> None:
    link = site.link(site.one)
    anyhow.goto(link)
    site.node.lock()
    try:
        anyhow.get_by_role("button", name="Open my page").click()
        told = anyhow.get_by_role("alert").inner_text()
        anyhow.goto(site.url + "/me")
        expect(anyhow.get_by_role("alert")).to_contain_text("closed at the moment")
    finally:
        site.node.unlock(PASSPHRASE)
    anyhow.goto(link)
    anyhow.get_by_role("button", name="Open my page").click()

    assert "closed at the moment" in told
    expect(anyhow).to_have_url(site.url + "/me")


def test_a_person_who_went_astray_is_led_back_to_their_own_page(
    anyhow: Page, site: AccessSite
) -> None:
    enter(anyhow, site)
    anyhow.goto(site.url + "/me/nowhere")

    expect(anyhow.get_by_role("button", name="Sign out")).to_be_visible()
    anyhow.get_by_role("link", name="Back to your page").click()
    expect(anyhow).to_have_url(site.url + "/me")


def test_a_look_of_the_person_stands_in_the_log_as_theirs(anyhow: Page, site: AccessSite) -> None:
    enter(anyhow, site)

    lines = json.loads(site.call("GET", "/v1/audit/ledger?limit=4", site.owner).body)

    assert ("the person", "read") in [(each["actor"], each["reason"]) for each in lines]


@pytest.mark.threat("T299")
def test_neither_the_owners_nor_a_persons_cookie_opens_a_page_of_the_other(
    anyhow: Page, site: AccessSite
) -> None:
    enter(anyhow, site)
    anyhow.goto(site.url + "/ledger")
    as_person = anyhow.url
    anyhow.get_by_label("Passphrase").fill(PASSPHRASE)
    anyhow.get_by_role("button", name="Unlock").click()
    held = {each.get("name"): each.get("value") for each in anyhow.context.cookies()}

    anyhow.context.clear_cookies()
    swapped = f"{COOKIE}={held[ME_COOKIE]}; {ME_COOKIE}={held[COOKIE]}"
    anyhow.context.set_extra_http_headers({"Cookie": swapped})
    reached = []
    for address in ("/ledger", "/me"):
        anyhow.goto(site.url + address)
        reached.append(anyhow.url.removeprefix(site.url))

    assert "/unlock" in as_person
    assert reached == ["/unlock?next=/ledger", "/me/in"]


@pytest.mark.threat("T299")
def test_a_form_of_another_sign_in_does_nothing(
    anyhow: Page, browser: Browser, site: AccessSite
) -> None:
    enter(anyhow, site)
    other = browser.new_context().new_page()
    enter(other, site, 1)
    other.goto(site.url + "/me/erase")
    theirs = other.locator("form[action='/me/erase'] input[name=csrf]").get_attribute("value")
    other.context.close()

    told = posted(site, "/me/erase", f"csrf={theirs}&sure=yes", cookies(anyhow))

    assert told == 403
    assert site.call("GET", f"/v1/subjects/{site.one.people[0]}", site.one.token).status == 200


def cookies(page: Page) -> str:
    return "; ".join(f"{each.get('name')}={each.get('value')}" for each in page.context.cookies())


def posted(site: AccessSite, path: str, form: str, cookie: str) -> int:
    """Send a form as a browser does, and return the status."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    headers = {
        "Host": site.url.removeprefix("http://"),
        "Origin": site.url,
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookie,
    }
    connection.request("POST", path, form, headers)
    status = int(connection.getresponse().status)
    connection.close()
    return status


def test_a_choice_is_one_button_and_is_taken_back_by_one(anyhow: Page, site: AccessSite) -> None:
    site.id_of("/v1/processings/{id}", processing)
    enter(anyhow, site)
    choices = anyhow.locator("section", has=anyhow.locator("#choices"))
    expect(choices).to_contain_text("Newsletter")

    for button, state in (("Allow", "allowed"), ("Take back", "taken back")):
        choices.get_by_role("button", name=button).click()
        expect(choices).to_contain_text(state)

    uses = anyhow.locator("section", has=anyhow.locator("#uses"))
    expect(uses).to_contain_text("You said yes")
    expect(uses).to_contain_text("You took a yes back")


def test_a_person_takes_all_of_it_with_them(anyhow: Page, site: AccessSite) -> None:
    enter(anyhow, site)

    with anyhow.expect_download() as begun:
        anyhow.get_by_role("button", name="Take it all with you").click()
    with ZipFile(begun.value.path()) as found:
        everything = b"".join(found.read(name) for name in found.namelist())

    assert begun.value.suggested_filename == "my-data.zip"
    assert CANARY.encode() in everything


@pytest.fixture
def device(browser: Browser, site: AccessSite) -> Iterator[Page]:
    """A page in a browser with an authenticator of its own, which verifies whoever is there."""
    context = browser.new_context()
    watch = Watch(context, site)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    context.close()
    assert watch.faults == []


@pytest.mark.threat("T298")
def test_a_passkey_is_added_and_from_then_on_alone_changes_anything(
    device: Page, site: AccessSite
) -> None:
    person = str(json.loads(site.call("POST", "/v1/subjects", site.one.token).body)["subject"])

    def by_link() -> None:
        device.goto(site.url + site.made(f"/v1/subjects/{person}/links", site.one.token)["path"])
        device.get_by_role("button", name="Open my page").click()
        device.wait_for_url(f"{site.url}/me")

    by_link()
    device.get_by_label("What you call it").fill("My phone")
    device.get_by_role("button", name="Add a passkey").click()
    passkeys = device.locator("section", has=device.locator("#passkeys"))
    expect(passkeys.get_by_role("listitem")).to_contain_text("My phone")
    expect(device.locator("main")).to_contain_text("Since you have a passkey")
    expect(passkeys.get_by_role("button")).to_have_count(0)
    device.goto(site.url + "/me/erase")
    expect(device.get_by_role("button", name="Erase now")).to_have_count(0)

    device.get_by_role("button", name="Sign out").click()
    device.get_by_role("button", name="Come in with a passkey").click()
    device.wait_for_url(f"{site.url}/me")
    expect(passkeys).to_contain_text("last used")
    expect(device.locator("main")).not_to_contain_text("Since you have a passkey")
    passkeys.get_by_role("button", name="Take out").click()
    expect(passkeys.get_by_role("listitem")).to_have_count(0)


def test_a_device_that_says_no_is_told_on_the_page(device: Page, site: AccessSite) -> None:
    device.goto(site.url + "/me/in")
    device.get_by_role("button", name="Come in with a passkey").click()  # it holds none

    expect(device.get_by_text("That did not work")).to_be_visible()


PAGES = ("/me/in", "/me/enter?link=x", "/me", "/me/erase")


@pytest.mark.parametrize("address", PAGES)
def test_a_persons_page_has_no_fault_that_axe_finds(
    browser: Browser, site: AccessSite, axe_source: str, address: str
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    enter(page, site)
    page.goto(site.url + address)

    found = {look: violations(page, axe_source) for look in looks(page)}
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    context.close()

    assert {look: faults for look, faults in found.items() if faults} == {}
    assert not is_wide
