"""What is told when nothing else can be: to what is no request, and when all of ours has failed."""

import importlib
import json
import pkgutil
import socket
from collections.abc import Iterator

import pytest

from sealhold.frontends import http
from sealhold.frontends.http.headers import HEADERS
from sealhold.frontends.http.versions import NoVersionError
from sealhold.model import errors
from sealhold.model.errors import DeniedError, InvalidIdError, SealholdError
from tests.web.running import Running, running
from tests.web.sample_vault import SampleVault
from tests.web.test_api import call


class Broken(SampleVault):
    """A vault that cannot even say whether it is locked."""

    @property
    def locked(self) -> bool:
        raise RuntimeError("planted words")

    @locked.setter
    def locked(self, _value: bool) -> None:
        return


@pytest.fixture(scope="module")
def broken() -> Iterator[Running]:
    with running(Broken()) as found:
        yield found


def sent(site: Running, head: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of what comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as link:
        link.sendall(head)
        told = b"".join(iter(lambda: link.recv(65_536), b""))
    first, *lines = told.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, told.partition(b"\r\n\r\n")[2]


def is_hardened(headers: dict[str, str]) -> bool:
    kept = {"cache-control": "no-store", **HEADERS}
    return {name: headers.get(name) for name in kept} == kept


@pytest.mark.threat("T61")
@pytest.mark.parametrize(
    "head",
    [
        b"\x16\x03\x01 a handshake\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nA b: c\r\n\r\n",
        b"GET\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_so_in_the_form_and_under_the_headers_of_every_no(
    site: Running, head: bytes
) -> None:
    status, headers, body = sent(site, head)

    told = json.loads(body)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert (told["code"], told["kind"], told["status"]) == ("NO_REQUEST", "usage", 400)
    assert int(headers["content-length"]) == len(body)
    assert is_hardened(headers)


@pytest.mark.threat("T61")
def test_where_even_the_page_of_a_fault_fails_the_answer_is_a_problem_without_a_word_of_it(
    broken: Running,
) -> None:
    host = f"{broken.url.removeprefix('http://')}"
    head = f"GET /unlock HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"

    status, headers, body = sent(broken, head.encode())

    told = json.loads(body)
    assert (status, told["kind"], told["status"]) == (500, "bug", 500)
    assert b"planted" not in body
    assert is_hardened(headers)


# --- what is told to those who call ---


def classes(error: type[SealholdError]) -> Iterator[type[SealholdError]]:
    yield error
    for each in error.__subclasses__():
        yield from classes(each)


def test_no_error_sends_a_caller_of_the_api_to_the_command_line() -> None:
    for package in (errors, http):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    ours = [each for each in classes(SealholdError) if ".demo." not in each.__module__]
    ours = [each for each in ours if each.__module__.startswith("sealhold.")]

    told = {each.__name__: each.remedy_over_http() for each in ours}

    assert len(told) > 60
    assert [name for name, words in told.items() if not words] == []
    named = ("`sealhold", "--", "command", "config.toml", "terminal")
    assert [name for name, words in told.items() if any(word in words for word in named)] == []
    assert DeniedError.remedy() != DeniedError.remedy_over_http()
    both = {each.__name__: each.remedy() + each.remedy_over_http() for each in ours}
    assert [name for name, words in both.items() if "Over HTTP" in words] == []


def test_who_names_no_version_reads_what_a_profile_takes_that_was_never_written() -> None:
    words = NoVersionError.remedy_over_http()

    assert 'a profile `If-Match: "0"`' in words
    assert "`If-None-Match: *`" in words


def test_a_caller_of_the_api_reads_the_remedy_that_is_theirs(site: Running) -> None:
    told = call(site, "GET", "/v1/nothing")

    assert json.loads(told.body)["remedy"] == errors.NotFoundError.remedy_over_http()
    assert (
        InvalidIdError.remedy_over_http() == "send a whole UUID, as an answer of the API gave it."
    )
