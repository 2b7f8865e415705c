"""An app whose disk, logs and memory are taken away: nobody it served is found there."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.scenarios.pages import ROOT
from tests.scenarios.people_site import SERVICE, PeopleSite, call, people_site
from tests.transcripts.cli import PASSPHRASE

APP = ROOT / "examples" / "apps" / "clinic" / "app.py"
NAME, MAIL, ABOUT = "Wenceslas Quillfeather", "quillfeather@example.org", "Zanzibar fever"
MARKS = (NAME, "Quillfeather", MAIL, ABOUT, "Zanzibar")
RULES = {"category": "HealthRecord", "purposes": [SERVICE], "passphrase": PASSPHRASE}
WHO = re.compile(r"/book/([0-9a-f-]{36})")


class Desk:
    """A running app, and somebody at its desk."""

    def __init__(self, folder: Path, site: PeopleSite, token: str) -> None:
        self.folder = folder
        self._log = folder / "app.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(APP)],
                cwd=folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "TMPDIR": str(folder),
                    "SEALHOLD_URL": f"http://localhost:{site.port}",
                    "SEALHOLD_TOKEN": token,
                    "PORT": "0",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not (found := re.search(r":(\d+)(/\S+/)\n", self._log.read_text())):
            assert self.process.poll() is None
            time.sleep(0.02)
        self.port, self.secret = int(found[1]), found[2]

    def do(self, deed: str, who: str = "", method: str = "POST", **said: str) -> tuple[int, bytes]:
        """Press a button."""
        wire = HTTPConnection("127.0.0.1", self.port, timeout=60)
        form = {"content-type": "application/x-www-form-urlencoded"}
        wire.request(method, f"{self.secret}{deed}/{who}", urlencode(said), form)
        answer = wire.getresponse()
        told = answer.read()
        wire.close()
        return answer.status, told

    def new(self) -> str:
        """Take a patient in, and return their id."""
        status, told = self.do("new", name=NAME, mail=MAIL)
        found = WHO.search(told.decode())
        assert status == 200
        assert found
        return found[1]

    def use(self) -> str:
        """Press every button but one."""
        who = self.new()
        assert ABOUT in self.do("book", who, at="2026-12-01 09:00", about=ABOUT)[1].decode()
        assert NAME in self.do("find", mail=MAIL)[1].decode()
        assert self.do("export", who)[1].startswith(b"PK")
        assert b"/me/enter?link=" in self.do("page", who)[1]
        return who


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with people_site(tmp_path_factory.mktemp("vault")) as site:
        app, token = site.apps[0]
        laid = call(site.port, "PUT", f"/v1/apps/{app}/collections/appointments", site.owner, RULES)
        assert laid.status == 200, laid.body
        found = Desk(tmp_path_factory.mktemp("app"), site, token)
        yield found
        found.process.send_signal(signal.SIGTERM)
        found.process.wait(10)


def forms(text: str) -> tuple[bytes, ...]:
    """Return the ways in which a text may lie in memory or a file."""
    return text.encode(), text.encode("utf-16-le"), urlencode({"": text})[1:].encode()


def found_in(data: bytes) -> list[str]:
    return [mark for mark in MARKS if any(form in data for form in forms(mark))]


def memory_of(process: int) -> bytes:
    """Return all memory of a process that can be read."""
    parts = []
    with Path(f"/proc/{process}/mem").open("rb", 0) as mem:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if "r" not in rights or "[v" in line:  # what the kernel puts there is nobody's
                continue
            start, end = (int(each, 16) for each in span.split("-"))
            mem.seek(start)
            try:
                parts.append(mem.read(end - start))
            except OSError:
                continue
    return b"\0".join(parts)


def children_of(process: int) -> set[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return set(map(int, listed.split()))


def idle(desk: Desk) -> None:
    """Wait until no request is being answered; those that ended are gone after one more."""
    desk.do("", method="GET")
    until = time.monotonic() + 10
    while any(_lives(child) for child in children_of(desk.process.pid)):
        assert time.monotonic() < until
        time.sleep(0.02)


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # one that ended has no memory


@pytest.mark.threat("T304")
def test_after_use_no_file_and_no_log_of_the_app_has_a_word_of_a_patient(desk: Desk) -> None:
    desk.use()
    idle(desk)

    files = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["app.log"]
    assert found_in(files[0].read_bytes()) == []
    held = [str(each.readlink()) for each in Path(f"/proc/{desk.process.pid}/fd").iterdir()]
    assert not [each for each in held if each.startswith("/") and "dev/null" not in each
                and not each.endswith("app.log")]  # fmt: skip


@pytest.mark.threat("T304")
def test_between_two_requests_no_word_of_a_patient_is_in_the_memory_of_the_app(desk: Desk) -> None:
    desk.use()
    idle(desk)

    held = memory_of(desk.process.pid)

    assert desk.secret.strip("/").encode() in held  # so the right memory was looked at
    assert found_in(held) == []


@pytest.mark.threat("T304")
def test_the_search_would_find_a_patient_in_memory() -> None:
    code = f"x = {NAME!r}.encode().decode(); print('there', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert NAME in found_in(memory_of(process.pid))
        process.communicate(b"\n")


@pytest.mark.threat("T304")
def test_what_goes_wrong_says_nothing_of_a_patient_either(desk: Desk) -> None:
    who = desk.new()

    assert desk.do("find", mail=f"{NAME} is no address")[0] == 404
    assert desk.do("find", wrong=NAME)[0] == 500
    assert desk.do("book", who, at="now", about=ABOUT * 200_000)[0] == 404
    assert desk.do("show", f"{who}x")[0] == 404
    idle(desk)

    log = (desk.folder / "app.log").read_bytes()
    assert b"KeyError" in log  # a traceback, without what was filled in
    assert found_in(log) == []
    assert who.encode() not in log


@pytest.mark.threat("T304")
def test_without_the_secret_part_of_the_address_nobody_is_there(desk: Desk) -> None:
    who = desk.new()
    secret, desk.secret = desk.secret, "/" + "x" * 22 + "/"
    try:
        told = {desk.do("find", mail=MAIL), desk.do("show", who), desk.do("", method="GET")}
    finally:
        desk.secret = secret

    assert told == {(404, b"Nothing is here.")}
    assert b"<h1>" not in desk.do("show", who, method="GET")[1]  # a link presses no button


def test_an_erased_patient_is_not_there_any_more(desk: Desk) -> None:
    who = desk.new()

    assert b"Receipt" in desk.do("erase", who)[1]
    assert desk.do("show", who) == (404, b"DENIED: denied. ")
