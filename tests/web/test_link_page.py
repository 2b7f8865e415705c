"""The page that opens a link, in a browser: what it shows, what it says, and what it never runs."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from sealhold.model.quantities import DAY, HOUR, Instant
from tests.linking import PHRASE, LyingShelf, Made, made
from tests.relaying import NOW, Place, Running, running
from tests.web.test_look import NARROWEST, looks, violations

TEXT = "Dear Bob,\nthe key is under the mat. Zoë\n".encode()
MANY = bytes(range(256)) * 10_000  # three pieces: 2,560,000 bytes


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


HEADER = (8).to_bytes(4) + (8).to_bytes(4) + bytes([8, 2, 0, 0, 0])
ROWS = zlib.compress((b"\0" + b"\x0f\x5e\x5a" * 8) * 8)
PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", HEADER) + chunk(b"IDAT", ROWS) + chunk(b"IEND", b"")
HOSTILE = {
    "html": b"<html><script>window.ran = 1; document.title = 'ran'</script><h1>hi</h1></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.ran = 1'><script>window.ran"
    b" = 1</script></svg>",
    "png that is html": b"\x89PNG\r\n\x1a\n<script>window.ran = 1</script>",
}


class Host:
    """A relay with one page on it, watched for what it asks for and complains of."""

    def __init__(self, relay: Running, page: Page, place: Place, faults: list[str]) -> None:
        self.relay, self.page, self.place, self.faults = relay, page, place, faults
        self.lies: LyingShelf | None = None

    def visit(self, link: Made | str) -> Page:
        self.page.goto("about:blank")
        self.page.goto(link if isinstance(link, str) else link.text)
        return self.page

    def opened(self, link: Made) -> Page:
        page = self.visit(link)
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#shown")).to_be_visible()
        return page

    def says(self, words: str) -> None:
        expect(self.page.locator("#told")).to_contain_text(words)
        expect(self.page.locator("#preview")).to_be_hidden()


@pytest.fixture(scope="module")
def host(browser: Browser) -> Iterator[Host]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce", accept_downloads=True
    )
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    place, lies = Place(), list[LyingShelf]()

    def lying(shelf: object) -> LyingShelf:
        lies.append(LyingShelf(shelf))  # type: ignore[arg-type]  # reason: what it is handed
        return lies[0]

    with running(place, links=lying) as relay:
        own = f"http://127.0.0.1:{relay.server.address[1]}/"
        context.on(
            "request",
            lambda asked: (
                faults.append(asked.url)
                if not asked.url.startswith((own, "data:", f"blob:{own}", "about:"))
                else None
            ),
        )
        found = Host(relay, page, place, faults)
        found.lies = lies[0]
        yield found
        context.close()
    assert faults == []


@pytest.fixture(autouse=True)
def honest(host: Host) -> Iterator[None]:
    yield
    assert host.lies is not None
    host.lies.change = lambda _link, _number, data: data
    host.lies.counts = lambda count: count
    host.place.now = NOW


def saved(page: Page, folder: Path) -> tuple[str, bytes]:
    """Save the file, and return its name and content."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the file").click()
    path = folder / "saved"
    waiting.value.save_as(path)
    return waiting.value.suggested_filename, path.read_bytes()


def test_a_text_is_opened_shown_and_saved(host: Host, tmp_path: Path) -> None:
    page = host.opened(made(host.relay, TEXT, name="to Bob.txt"))

    expect(page.locator("h1")).to_have_text("to Bob.txt")
    expect(page.locator("#label")).to_have_text("T0: a copy, nothing is enforced")
    expect(page.locator("#from")).to_have_text("Ada")
    expect(page.locator("#preview pre")).to_have_text(TEXT.decode())
    assert saved(page, tmp_path) == ("to Bob.txt", TEXT)


def test_a_picture_is_shown_by_how_it_begins(host: Host) -> None:
    page = host.opened(made(host.relay, PNG, name="what.bin"))

    expect(page.locator("#preview img")).to_be_visible()
    assert page.evaluate("document.querySelector('img').naturalWidth") == 8


def test_a_content_of_many_pieces_comes_out_whole(host: Host, tmp_path: Path) -> None:
    page = host.opened(made(host.relay, MANY, name="many.bin"))

    assert saved(page, tmp_path)[1] == MANY
    expect(page.locator("#preview")).to_be_hidden()


def test_an_empty_file_is_one(host: Host, tmp_path: Path) -> None:
    assert saved(host.opened(made(host.relay, b"")), tmp_path)[1] == b""


def test_a_passphrase_is_asked_for_and_a_wrong_one_opens_nothing(host: Host) -> None:
    link = made(host.relay, TEXT, passphrase=PHRASE)
    page = host.visit(link)

    page.get_by_label("Passphrase").fill("wrong horse")
    page.get_by_role("button", name="Open").click()
    host.says("the passphrase is wrong")
    page.get_by_label("Passphrase").fill(PHRASE)
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#preview pre")).to_have_text(TEXT.decode())
    assert (link.owner.told().wrong, link.owner.told().opened) == (1, 1)


def test_a_program_that_only_looks_at_a_link_is_no_opening(host: Host) -> None:
    link = made(host.relay, TEXT, most=1)

    for _ in range(3):
        expect(host.visit(link).get_by_role("button", name="Open")).to_be_visible()
    assert link.owner.told().opened == 0
    host.opened(link)
    assert link.owner.told().opened == 1


def test_what_ended_is_told_by_why(host: Host) -> None:
    over = made(host.relay, TEXT, until=Instant(NOW + HOUR))
    gone, used = made(host.relay, TEXT), made(host.relay, TEXT, most=1)
    gone.owner.end()
    host.opened(used)
    host.place.now = Instant(NOW + DAY)

    for link, words in ((over, "its time is over"), (gone, "took it back"), (used, "as often as")):
        host.visit(link).get_by_role("button", name="Open").click()
        host.says(words)


def test_a_link_that_is_cut_or_altered_says_so(host: Host) -> None:
    link = made(host.relay, TEXT)

    host.visit(link.text[:-1])
    host.says("not whole")
    host.visit(link.text.partition("#")[0])
    host.says("not whole")
    host.visit(link.text[:-20] + "A" * 20).get_by_role("button", name="Open").click()
    host.says("it was altered")


def test_without_an_answer_the_page_says_so(host: Host) -> None:
    page = host.visit(made(host.relay, TEXT))
    page.route("**/open", lambda route: route.abort())
    page.get_by_role("button", name="Open").click()

    host.says("There is no answer")
    page.unroute("**/open")


@pytest.mark.threat("T556")
@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_a_host_changed_is_not_shown(host: Host, number: int) -> None:
    assert host.lies is not None
    host.lies.change = lambda _link, at, data: (
        data[:-1] + bytes([data[-1] ^ 1]) if at == number else data
    )
    host.visit(made(host.relay, MANY)).get_by_role("button", name="Open").click()

    host.says("not what was sealed")


@pytest.mark.threat("T556")
def test_a_host_that_leaves_pieces_out_is_found(host: Host) -> None:
    assert host.lies is not None
    host.lies.counts = lambda count: count - 1
    host.visit(made(host.relay, MANY)).get_by_role("button", name="Open").click()

    host.says("not what was sealed")


@pytest.mark.threat("T560")
@pytest.mark.parametrize("name", ["html", "svg", "png that is html"])
def test_a_script_in_what_is_shared_runs_nowhere(host: Host, name: str, tmp_path: Path) -> None:
    page = host.opened(made(host.relay, HOSTILE[name], name="page.html"))
    file, data = saved(page, tmp_path)

    assert (file, data) == ("page.html", HOSTILE[name])
    assert page.evaluate("window.ran") is None
    assert page.locator("#preview script, #preview svg, iframe, object, embed").count() == 0
    assert page.title() == "Shared with you · sealhold"


@pytest.mark.threat("T560")
def test_a_name_that_hides_its_ending_is_shown_for_what_it_is(host: Host, tmp_path: Path) -> None:
    page = host.opened(made(host.relay, TEXT, name="../\u202etxt.exe<script>window.ran=1</script>"))

    expect(page.locator("h1")).to_have_text("../\\u202etxt.exe<script>window.ran=1</script>")
    file, _ = saved(page, tmp_path)
    assert not set(file) & set("/\\<>\u202e")
    assert page.evaluate("window.ran") is None


@pytest.mark.threat("T558")
def test_the_host_is_never_shown_the_key_and_the_page_keeps_nothing(host: Host) -> None:
    asked: list[str] = []

    def watched(route: Route) -> None:
        asked.extend([route.request.url, str(route.request.headers)])
        asked.append(str(route.request.post_data_buffer))
        route.continue_()

    link = made(host.relay, TEXT)
    host.page.route("**/*", watched)
    page = host.opened(link)
    expect(page.locator("#preview pre")).to_be_visible()
    host.page.unroute("**/*")

    key = link.text.partition("#")[2]
    # the browser's own note of where it is, which it sends nowhere
    assert not any(key in each for each in asked if not each.startswith("http"))
    assert not any("referer" in each.lower() for each in asked)
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]
    headers = page.request.get(link.text.partition("#")[0]).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'sha256-")


def test_the_page_keeps_to_the_look(host: Host, axe_source: str) -> None:
    link = made(host.relay, TEXT, passphrase=PHRASE)
    for is_open in (False, True):
        page = host.visit(link)
        if is_open:
            page.get_by_label("Passphrase").fill(PHRASE)
            page.get_by_role("button", name="Open").click()
            expect(page.locator("#preview pre")).to_be_visible()
        for _look in looks(page):
            assert violations(page, axe_source) == []
        page.set_viewport_size({"width": NARROWEST, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST
        page.set_viewport_size({"width": 1280, "height": 900})
