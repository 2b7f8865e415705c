"""The addresses of the pages, and whose program asks."""

import pytest

from sealhold.frontends.http.peer import is_owner, owner_in
from sealhold.frontends.http.site import make_site
from sealhold.model.errors import UsageError

LABEL = "abcdefghijklmnopqrstuvwxyz"
TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:2212 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000
   1: 0100007F:C351 0100007F:2212 01 00000000:00000000 00:00000000 00000000  1001
   2: 0100007F:2212 0100007F:C351 01 00000000:00000000 00:00000000 00000000  1000
"""
V6, MAPPED = "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"
TABLE6 = f"""  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: {V6}:C352 {V6}:2212 01 00000000:00000000 00:00000000 00000000  1002
   1: {MAPPED}:C353 {MAPPED}:2212 01 00000000:00000000 00:00000000 00000000  1003
"""


def test_pages_live_under_the_label_and_tokens_are_taken_on_loopback() -> None:
    site = make_site("http://localhost:8722", LABEL)

    assert site.origin == f"http://{LABEL}.localhost:8722"
    assert site.token_hosts == {"localhost:8722", "127.0.0.1:8722", "[::1]:8722"}


def test_with_tls_a_name_of_its_own_is_the_origin() -> None:
    site = make_site("https://vault.example", None)

    assert site.origin == "https://vault.example"
    assert site.hosts == {"vault.example"}


@pytest.mark.parametrize(
    ("origin", "label"),
    [
        ("http://vault.example", None),
        ("http://vault.example", LABEL),
        ("http://localhost:8722", "short"),
        ("http://localhost:8722", LABEL.upper()),
        ("ftp://localhost", LABEL),
        ("localhost:8722", LABEL),
        ("http://localhost:8722/path", LABEL),
    ],
)
def test_an_address_that_others_could_read_along_is_refused(origin: str, label: str | None) -> None:
    with pytest.raises(UsageError):
        make_site(origin, label)


@pytest.mark.threat("T65")
def test_the_kernel_tells_whose_socket_asks() -> None:
    here = ("127.0.0.1", 8722)

    assert owner_in(TABLE, ("127.0.0.1", 50001), here) == 1001
    assert owner_in(TABLE, ("127.0.0.1", 50009), here) is None
    assert owner_in(TABLE6, ("::1", 50002), ("::1", 8722)) == 1002
    assert owner_in(TABLE6, ("127.0.0.1", 50003), here) == 1003


def test_a_peer_on_another_machine_is_not_judged_by_its_socket() -> None:
    assert is_owner(("192.0.2.7", 50001), ("192.0.2.1", 8722)) is None
    assert is_owner(None, None) is None
