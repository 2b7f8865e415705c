"""Third parties' files at the command line: shown, listed, fetched, signed."""

import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from sealhold.__main__ import main
from sealhold.compute.resources import open_version
from sealhold.crypto.digest import sha256
from sealhold.frontends.cli.session import Shell
from sealhold.model.quantities import DAY
from sealhold.node import World
from tests.scenarios.servers import HOST, Server, serving
from tests.scenarios.supplies import TABLE, pinned, reading, signed
from tests.scenarios.vaults import PASSPHRASE, Asker, Hands, new_home, opened, world
from tests.transcripts.cli import Ended, Typist
from tests.unit.test_resources import resource


@dataclass
class Owner:
    """A person at a terminal, whose vault has one request for a file of the server's."""

    home: Path
    world: World
    asker: Asker
    request: str

    def __call__(self, *words: str) -> Ended:
        shell = Shell(
            environment={
                "SEALHOLD_HOME": str(self.home),
                "SEALHOLD_PASSPHRASE": PASSPHRASE,
                "COLUMNS": "100",
            },
            terminal=Typist((), shows=False),
            world=self.world,
        )
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words, shell)
        return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def owner_of(tmp_path: Path, server: Server, clock: Hands) -> Callable[..., Owner]:
    def make(*files: object) -> Owner:
        home = new_home(tmp_path / "home", clock)
        with opened(home, clock) as node:
            asker = Asker(node)
            request = asker.ask(node, reading(*files))
        return Owner(home, world(clock, server.fetch()), asker, request)

    return make


def test_a_request_shows_each_file_with_size_and_digest_before_anything_is_fetched(
    owner_of: Callable[..., Owner], server: Server
) -> None:
    owner = owner_of(pinned(f"https://{HOST}/table"), signed(f"https://{HOST}/rates", name="rates"))

    shown = owner("request", "show", owner.request)

    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert "It reads table, a third party's file" in words
    assert f"From https://{HOST}/table, at most 1,000 bytes" in words
    assert f"Named by digest {sha256(TABLE).hex()}" in words
    assert "3 versions" in words
    assert words.count("Here not fetched yet") == 2
    assert server.requests == []


def test_a_file_that_did_not_come_is_listed_with_why_and_fetched_when_the_owner_says_so(
    owner_of: Callable[..., Owner], server: Server, clock: Hands
) -> None:
    owner = owner_of(pinned(f"https://{HOST}/table"))
    assert owner("request", "approve", owner.request, "--confirm", "glass").code == 0

    listed = owner("resource", "list")
    assert "the server does not give the file out" in listed.out

    failed = owner("resource", "fetch")
    assert (failed.code, "1 file did not come." in failed.out) == (7, True)

    server.give("/table", TABLE)
    clock.move(1_000)
    assert owner("resource", "fetch").code == 0
    (view,) = json.loads(owner("resource", "list", "--json").out)
    assert (view["size"], view["digest"], view["why"]) == (len(TABLE), sha256(TABLE).hex(), "")
    assert json.loads(owner("resource", "fetch", "--json").out)["failed"] == 0
    assert len(server.requests) == 3


def test_a_list_without_files_says_so(owner_of: Callable[..., Owner]) -> None:
    owner = owner_of()

    assert owner("resource", "list").out == (
        "No program that you allowed reads a third party's file.\n"
    )
    assert owner("resource", "fetch", "--json").out == '{"resources":[],"failed":0}\n'


def test_a_file_is_signed_for_one_place_under_a_number(
    owner_of: Callable[..., Owner], tmp_path: Path
) -> None:
    owner, file, url = owner_of(), tmp_path / "rates.json", f"https://{HOST}/rates"
    file.write_bytes(b"{}")
    words = ("resource", "sign", str(file), "--keys", str(tmp_path / "keys"), "--json")

    told = json.loads(owner(*words, "--url", url, "--number", "4").out)

    version = open_version(
        resource(signer=told["signer"], url=url), Path(told["file"]).read_bytes()
    )
    assert (version.serial, version.content) == (4, b"{}")
    assert owner(*words, "--url", url, "--number", "4").code == 9
    assert owner(*words, "--url", "https://localhost/rates", "--number", "5").code == 5
    assert owner("resource", "sign", "none", "--url", url, "--number", "1").code == 4


def test_the_log_tells_what_was_fetched_and_what_was_not(
    owner_of: Callable[..., Owner], server: Server, clock: Hands
) -> None:
    owner = owner_of(pinned(f"https://{HOST}/table"))
    owner("request", "approve", owner.request, "--confirm", "glass")
    server.give("/table", TABLE)
    clock.move(DAY)
    owner("resource", "fetch")

    entries = json.loads(owner("audit", "show", "--json").out)["entries"]

    told = [each["what"] for each in reversed(entries) if each["kind"] == "fetch"]
    assert told == [f"a third party's file: {how}" for how in ("status", "fetched", "bound")]
