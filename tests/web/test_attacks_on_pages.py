"""Attacks on the pages: each is tried against a real server, most from a real browser."""

import http.client
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from sealhold.frontends.http.session import COOKIE
from sealhold.model.shown import RequestState
from tests.web.addresses import PAGES, REQUEST
from tests.web.conftest import Watch, sign_in
from tests.web.running import LABEL, Running, running
from tests.web.sample_vault import PASSPHRASE, SampleVault

SCRIPT = (
    "<script>window.owned=1</script><img src=x onerror=window.owned=1>"
    "\"'><svg onload=window.owned=1>{{7*7}}</style>\u202emoc.elgoog"
)
FORM = "application/x-www-form-urlencoded"


def state(vault: SampleVault) -> RequestState:
    """Return where the waiting request stands."""
    return next(iter(vault.cards.values())).state


def cookies(page: Page) -> dict[str, str]:
    """Return the cookies that the browser holds for the page."""
    return {one["name"]: one["value"] for one in page.context.cookies() if "name" in one}


def send(site: Running, method: str, path: str, headers: dict[str, str], body: str = "") -> int:
    """Send one request as a program would, and return its status."""
    return reply(site, method, path, headers, body).status


def reply(
    site: Running, method: str, path: str, headers: dict[str, str], body: str = ""
) -> http.client.HTTPResponse:
    """Send one request as a program would; return its answer, read to the end."""
    wire = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    wire.request(method, path, body, {"Host": f"{LABEL}.localhost:{site.port}"} | headers)
    answer = wire.getresponse()
    answer.read()
    wire.close()
    return answer


@contextmanager
def evil_site(html: str) -> Iterator[str]:
    """Serve `html` on another port of this machine."""

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = html.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.threat("T60")
@pytest.mark.parametrize("path", [f"{REQUEST}/refuse", f"{REQUEST}/allow", "/lock"])
def test_a_form_on_another_port_decides_nothing(
    context: BrowserContext, site: Running, vault: SampleVault, path: str
) -> None:
    page = context.new_page()
    sign_in(page, site)
    html = (
        f'<form method="post" action="{site.url}{path}">'
        f'<input name="passphrase" value="{PASSPHRASE}"><button>go</button></form>'
    )
    with evil_site(html) as address:
        page.goto(address)
        with page.expect_navigation() as went:
            page.click("button")

    assert went.value is not None
    assert went.value.status == 403
    assert state(vault) is RequestState.WAITING
    assert not vault.locked


@pytest.mark.threat("T60")
def test_a_fetch_from_another_port_reads_and_changes_nothing(
    context: BrowserContext, site: Running, vault: SampleVault
) -> None:
    page = context.new_page()
    sign_in(page, site)
    html = f"""<script>
      const ways = [["{site.url}/ledger", {{credentials: "include"}}],
        ["{site.url}/ledger/leaves", {{credentials: "include", mode: "no-cors"}}],
        ["{site.url}{REQUEST}/refuse",
          {{method: "POST", credentials: "include", mode: "no-cors",
            body: new URLSearchParams("a=b")}}],
        ["{site.url}/v1/requests", {{headers: {{authorization: "Bearer x"}}}}]];
      Promise.all(ways.map(([url, how]) =>
        fetch(url, how).then(a => a.text()).then(t => "got " + t.length, () => "blocked")))
        .then(all => document.title = all.join(","));
    </script>"""
    with evil_site(html) as address:
        page.goto(address)
        page.wait_for_function("document.title !== ''")
        seen = page.title().split(",")

    assert all(one in {"blocked", "got 0"} for one in seen)
    assert state(vault) is RequestState.WAITING


@pytest.mark.threat("T60")
def test_a_form_without_the_token_of_its_session_decides_nothing(
    page: Page, site: Running, vault: SampleVault
) -> None:
    page.goto(site.url + REQUEST)
    page.locator("#refuse input[name=csrf]").evaluate("field => field.value = '0'.repeat(64)")
    with page.expect_navigation() as went:
        page.get_by_role("button", name="Refuse").click()

    assert went.value is not None
    assert went.value.status == 403
    assert state(vault) is RequestState.WAITING


@pytest.mark.threat("T60")
def test_only_the_one_right_row_of_the_guard_passes(
    page: Page, site: Running, vault: SampleVault
) -> None:
    page.goto(site.url + REQUEST)
    token = page.locator("#refuse input[name=csrf]").get_attribute("value")
    right = {
        "Origin": site.url,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": FORM,
        "Cookie": f"{COOKIE}={cookies(page)[COOKIE]}",
    }
    wrong = [
        {"Origin": f"http://localhost:{site.port}"},
        {"Origin": f"http://{LABEL}.localhost:{site.port + 1}"},
        {"Origin": f"https://{LABEL}.localhost:{site.port}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json"},
        {"Host": f"localhost:{site.port}"},
        {"Host": f"127.0.0.1:{site.port}"},
        {"Host": "evil.example"},
    ]

    seen = [send(site, "POST", f"{REQUEST}/refuse", right | row, f"csrf={token}") for row in wrong]
    without_origin = {name: text for name, text in right.items() if name != "Origin"}
    seen.append(send(site, "POST", f"{REQUEST}/refuse", without_origin, f"csrf={token}"))
    seen.append(send(site, "POST", f"{REQUEST}/refuse", right, "csrf="))

    assert set(seen) <= {403, 415, 421}
    assert state(vault) is RequestState.WAITING
    assert send(site, "POST", f"{REQUEST}/refuse", right, f"csrf={token}") == 303
    assert state(vault) is RequestState.REFUSED


@pytest.mark.threat("T60")
def test_no_get_changes_anything(page: Page, site: Running, vault: SampleVault) -> None:
    cookie = {"Cookie": f"{COOKIE}={cookies(page)[COOKIE]}", "Sec-Fetch-Site": "same-origin"}
    paths = [f"{REQUEST}/{act}" for act in ("allow", "refuse", "preview")]

    seen = [send(site, "GET", path, cookie) for path in [*paths, "/lock", "/ledger/verify"]]

    assert seen == [405] * 5
    assert state(vault) is RequestState.WAITING
    assert not vault.locked
    assert vault.whole is None


@pytest.mark.threat("T60")
@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_after_unlocking_nobody_is_led_away(
    context: BrowserContext, site: Running, wanted: str
) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/unlock?next={wanted}")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()

    page.wait_for_url(f"{site.url}/")


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
            assert "\u202e" not in page.content()
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
    page.get_by_role("button", name="Import a file").click()
    expect(page.get_by_role("status")).to_contain_text("<img src=x")
    owned = [page.evaluate("window.owned")]
    for path in (
        "/search?words=<script>window.owned=1</script>",
        "/<script>window.owned=1</script>",
    ):
        page.goto(site.url + path)
        owned.append(page.evaluate("window.owned"))

    assert owned == [None, None, None]


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


@pytest.mark.threat("T62")
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost", "{label}.localhost", "x.localhost:{port}",
     "{label}.localhost.evil.example:{port}", "{label}.localhost:1", ""],
)  # fmt: skip
def test_a_name_that_was_pointed_here_gets_nothing(site: Running, host: str) -> None:
    named = host.format(port=site.port, label=LABEL)

    answer = reply(site, "GET", "/", {"Host": named})

    assert answer.status == 421
    assert answer.getheader("location") is None
    assert answer.getheader("set-cookie") is None


@pytest.mark.threat("T62")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_bare_address_leads_to_the_label_and_sets_no_cookie(site: Running, host: str) -> None:
    answer = reply(site, "GET", "/requests?x=1", {"Host": f"{host}:{site.port}"})

    assert answer.status == 307
    assert answer.getheader("location") == f"{site.url}/requests?x=1"
    assert answer.getheader("set-cookie") is None


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


@pytest.mark.threat("T64")
def test_no_page_can_be_framed(context: BrowserContext, site: Running) -> None:
    page = context.new_page()
    sign_in(page, site)
    with evil_site(f'<iframe src="{site.url}{REQUEST}" width="900" height="900"></iframe>') as at:
        page.goto(at)
        page.wait_for_timeout(300)
        framed = [frame for frame in page.frames if frame.parent_frame is not None]
        buttons = [frame.get_by_role("button").all_inner_texts() for frame in framed]

    assert not any("Unlock" in names or "Allow once" in names for names in buttons)


@pytest.mark.threat("T64")
def test_every_answer_carries_the_headers(site: Running) -> None:
    asked = [
        ("GET", "/unlock", {}),
        ("GET", "/nowhere", {}),
        ("GET", "/static/none.css", {}),
        ("GET", "/v1/health", {}),
        ("GET", "/v1/status", {}),
        ("DELETE", "/", {}),
        ("GET", "/", {"Host": "evil.example"}),
        ("GET", "/", {"Host": f"localhost:{site.port}"}),
    ]

    answers = [reply(site, method, path, headers) for method, path, headers in asked]

    for answer in answers:
        policy = answer.getheader("content-security-policy") or ""
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert policy.endswith("base-uri 'none'; frame-ancestors 'none'")
        assert answer.getheader("x-content-type-options") == "nosniff"
        assert answer.getheader("cross-origin-opener-policy") == "same-origin"
        assert answer.getheader("cross-origin-resource-policy") == "same-origin"
        assert answer.getheader("cache-control") == "no-store"
        assert answer.getheader("access-control-allow-origin") is None
        assert answer.getheader("server") is None


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
