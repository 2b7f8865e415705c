"""Which heads of requests come in."""

import pytest
from starlette.datastructures import Headers

from sealhold.frontends.http.guard import refusal
from sealhold.frontends.http.site import make_site

LABEL = "abcdefghijklmnopqrstuvwxyz"
SITE = make_site("http://localhost:8722", LABEL)
HOST = f"{LABEL}.localhost:8722"
ORIGIN = f"http://{HOST}"
FORM = "application/x-www-form-urlencoded"
RIGHT = {"host": HOST, "origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": FORM}


def status(method: str, path: str, headers: dict[str, str]) -> int | None:
    """Return the status of the refusal, or None."""
    refused = refusal(SITE, method, path, Headers(headers))
    return refused.status if refused else None


def test_a_form_of_our_own_page_passes() -> None:
    assert status("POST", "/lock", RIGHT) is None


def test_a_form_passes_without_fetch_metadata_which_old_browsers_lack() -> None:
    old = {name: value for name, value in RIGHT.items() if name != "sec-fetch-site"}

    assert status("POST", "/lock", old) is None


@pytest.mark.threat("T60")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"origin": "http://localhost:8722"}, 403),
        ({"origin": f"http://{LABEL}.localhost:8723"}, 403),
        ({"origin": f"https://{HOST}"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json"}, 415),
        ({"content-type": ""}, 415),
        ({"host": "localhost:8722"}, 421),
        ({"host": "127.0.0.1:8722"}, 421),
        ({"host": "evil.example"}, 421),
    ],
)
def test_one_wrong_head_refuses_an_unsafe_request(
    method: str, change: dict[str, str], told: int
) -> None:
    assert status(method, "/lock", RIGHT | change) == told


@pytest.mark.threat("T60")
def test_an_absent_origin_counts_as_a_wrong_one() -> None:
    without = {name: value for name, value in RIGHT.items() if name != "origin"}

    assert status("POST", "/lock", without) == 403


@pytest.mark.threat("T60")
def test_two_origins_or_hosts_are_no_origin_and_no_host() -> None:
    raw = [(name.encode(), value.encode()) for name, value in RIGHT.items()]
    twice = [
        refusal(SITE, "POST", "/lock", Headers(raw=[*raw, (name, value)]))
        for name, value in ((b"origin", ORIGIN.encode()), (b"host", HOST.encode()))
    ]

    assert [refused.status if refused else None for refused in twice] == [403, 421]


@pytest.mark.threat("T62")
@pytest.mark.parametrize("host", ["evil.example:8722", "localhost", f"{LABEL}.localhost", ""])
@pytest.mark.parametrize("path", ["/", "/v1/health", "/static/page.js"])
def test_a_foreign_host_is_refused_on_every_path(host: str, path: str) -> None:
    assert status("GET", path, {"host": host}) == 421


@pytest.mark.parametrize("host", ["localhost:8722", "127.0.0.1:8722", "[::1]:8722"])
def test_a_page_asked_for_at_the_bare_address_is_sent_on(host: str) -> None:
    refused = refusal(SITE, "GET", "/requests", Headers({"host": host}))

    assert refused is not None
    assert (refused.status, refused.to) == (307, ORIGIN)


def test_tokens_are_taken_at_the_bare_address() -> None:
    assert status("POST", "/v1/requests", {"host": "127.0.0.1:8722"}) is None


@pytest.mark.threat("T60")
@pytest.mark.parametrize(
    "change", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_token_from_another_origin_is_refused(change: dict[str, str]) -> None:
    assert status("POST", "/v1/requests", {"host": HOST} | change) == 403


@pytest.mark.threat("T64")
def test_a_page_may_be_linked_to_but_neither_embedded_nor_fetched() -> None:
    away = {"host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}

    assert status("GET", "/", away | {"sec-fetch-dest": "document"}) is None
    assert status("GET", "/", away | {"sec-fetch-dest": "iframe"}) == 403
    assert status("GET", "/", away | {"sec-fetch-mode": "no-cors"}) == 403


def test_an_endless_path_is_refused() -> None:
    assert status("GET", "/" + "a" * 3000, {"host": HOST}) == 414
