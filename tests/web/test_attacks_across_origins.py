"""Other pages, other names, other frames: each is tried against a real server."""

import pytest
from playwright.sync_api import BrowserContext, Page

from sealhold.frontends.http.session import COOKIE
from sealhold.model.shown import RequestState
from tests.web.addresses import REQUEST
from tests.web.attacker import FORM, cookies, evil_site, reply, send, state
from tests.web.conftest import sign_in
from tests.web.running import LABEL, Running
from tests.web.sample_vault import PASSPHRASE, SampleVault


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
