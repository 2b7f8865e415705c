"""Hostile replies of servers and addresses of authors: each ends in an error of ours."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.manifest import Resource
from sealhold.compute.resources import MAGIC, check_resources, host_and_path, open_version
from sealhold.model.errors import InvalidManifestError, NotFetchedError

replies = st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: MAGIC + tail)
addresses = st.text(max_size=60) | st.text(max_size=40).map(lambda tail: f"https://{tail}")


def resource(url: str) -> Resource:
    return Resource(
        id="f", url=url, signer="ab" * 32, max_bytes=90, refresh_s=3_600, max_versions=2
    )


@given(reply=replies)
def test_a_hostile_reply_is_refused(reply: bytes) -> None:
    with suppress(NotFetchedError):
        open_version(resource("https://data.example.org/f"), reply)
        raise AssertionError("nobody signed it")


@given(url=addresses)
def test_an_address_that_is_taken_is_plain_ascii_of_a_name_and_a_path(url: str) -> None:
    with suppress(InvalidManifestError):
        check_resources([resource(url)])
        host, path = host_and_path(url)
        assert url == f"https://{host}{path}"
        assert url.isascii()
        assert url.isprintable()
        assert not set(url) & set(" {}<>$*?#@\\\"'")
        assert "." in host
