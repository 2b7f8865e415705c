"""Two people with vaults of their own, as they type it: an album, and a paper seen three times.

Each has a machine on the network and a relay of their own, and no place is both of theirs: what is
shared lies at the relay of whoever shares it. Every command is a process of its own; so is a third
machine, with no vault at all, which checks the receipts.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Program, run
from tests.scenarios.namespaces import home_network
from tests.scenarios.pseudo_terminal import PATIENCE, surroundings
from tests.scenarios.servers import certificate
from tests.transcripts.cli import PASSPHRASE, Cli

PHOTO = b"\xff\xd8\xff\xe1\x00\x20Exif\x00\x00" + bytes(range(256)) * 400 + b"\xff\xd9"
HEALTH = "blood group 0, allergic to penicillin"
DENIALS = ("nothing is enforced", "agreed, not enforced")  # the word in its two denials
CARE = "ServiceProvision"


@dataclass
class Somebody:
    """A person at a machine of their own, with a relay of their own."""

    folder: Path
    network: str  # where the machine is
    address: str  # of it
    trusted: Path  # whose certificates it trusts
    said: list[str] = field(default_factory=list)  # by all commands

    @contextmanager
    def at_a_relay(self) -> Iterator[None]:
        """Have a vault that syncs through the own relay, which runs for as long as the block."""
        cli = Cli(self.folder)
        cli._entropy = os.urandom  # type: ignore[assignment]  # reason: two people
        for line in ("init --headless", "relay init relay"):
            assert cli.line(line).code == 0
        account = json.loads(cli.line("relay account add relay 10MB --json").out)
        (self.folder / "token").write_text(account["token"])
        pem, roots = certificate(self.folder, self.address)
        with self.trusted.open("a") as trusted:
            trusted.write(roots)
        words = ("relay", "serve", "relay", "--host", self.address, "--port", "0", "--json")
        keys = ("--certificate", pem, "--key", pem)
        relay = Program((*words, *keys), self.folder, self._env, network=self.network)
        try:
            self.port = json.loads(relay.stdout.readline())["port"]
            yield
        finally:
            relay.send_signal(signal.SIGINT)
            code = relay.wait(PATIENCE)
            relay.stdout.close()
            relay.stderr.close()
        assert code == 0

    def begins(self) -> None:
        """Make the vault a device that is nowhere but at the own relay."""
        self("device", "begin", "laptop")
        place = f"https://{self.address}:{self.port}"
        self("device", "place", "add", place, "--token-file", "token")

    def __call__(self, *words: str, code: int = 0) -> str:
        """Type a command; return what it says."""
        ended = run(words, self.folder, self._env, PATIENCE, self.network)
        assert ended.returncode == code, (words, ended.stdout, ended.stderr)
        self.said.append(ended.stdout + ended.stderr)
        return ended.stdout if code == 0 else ended.stderr

    def told(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self(*words, "--json"))
        return found

    def syncs(self) -> None:
        """Sync, with nothing that could not be done."""
        done = self.told("device", "sync")
        assert (done["troubles"], done["away"]) == ([], []), done

    @property
    def _env(self) -> dict[str, str]:
        return {
            **surroundings(self.folder),
            "COLUMNS": "100",
            "SEALHOLD_PASSPHRASE": PASSPHRASE,
            "SSL_CERT_FILE": str(self.trusted),
        }


def typed(folder: Path, more: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealhold", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "COLUMNS": "100", "TZ": "UTC", **more},
        check=False,
        timeout=60,
    )


@pytest.fixture
def people(tmp_path: Path) -> Iterator[tuple[Somebody, Somebody]]:
    """Ada and Bo, each at a relay of their own, who know each other and compared their words."""
    with home_network("ada", "bo") as net, ExitStack() as stack:
        found: list[Somebody] = []
        for number, (name, network) in enumerate(net.items(), 1):
            (tmp_path / name).mkdir()
            address = f"20.0.0.{number}"
            found.append(Somebody(tmp_path / name, network, address, tmp_path / "trusted.pem"))
            stack.enter_context(found[-1].at_a_relay())
        ada, bo = found
        cards = []
        for one, name in ((ada, "Ada"), (bo, "Bo")):
            one.begins()
            cards.append(one.told("contact", "card", "--name", name, "--file", name))
        for one, other, name, card in ((ada, bo, "Bo", cards[1]), (bo, ada, "Ada", cards[0])):
            one("contact", "add", str(other.folder / name))
            one("contact", "verify", name, *card["words"])
        yield ada, bo


def _received(bo: Somebody, name: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [each for each in bo.told("share", "received")["shares"] if each["name"] == name]
    return found


def test_an_album_and_a_paper_that_is_seen_three_times(
    people: tuple[Somebody, Somebody], tmp_path: Path
) -> None:
    ada, bo = people
    _share(ada)
    _accept(ada, bo)
    _use(ada, bo)
    _check(ada, tmp_path)
    _revoke(ada, bo)
    _says_no_more_than_holds(ada, bo)


def _share(ada: Somebody) -> None:
    """A preview that finds something, answered; then what was looked at is made."""
    album = ada.folder / "photos" / "trip"
    album.mkdir(parents=True)
    (album / "sea.jpg").write_bytes(PHOTO)
    (album / "hills.jpg").write_bytes(PHOTO[:2] + b"\0" + PHOTO[30:])
    (ada.folder / "photos" / "health.txt").write_text(HEALTH)
    ada("device", "keep", "photos")
    ada.syncs()

    new = ("share", "create", "trip", "photos/trip", "--to", "Bo", "--for", CARE)
    look = ada.told(*new, "--dry-run")
    assert look["effects"][0]["appears"] == ["photos/trip/hills.jpg", "photos/trip/sea.jpg"]
    assert [(each["sign"], each["objects"]) for each in look["findings"]] == [
        ("hidden_data", ["photos/trip/sea.jpg"])
    ]
    ada(*new, "--yes", code=9)
    made = (*new, "--answers", "hidden_data", "--yes", "--as-shown")
    at, _, _ = look["digest"].partition("-")
    ada(*made, f"{at}-{'00' * 32}", code=9)
    assert ada.told("share", "list")["shares"] == []
    ada(*made, look["digest"])
    counted = ("--to", "Bo", "--for", CARE, "--count", "3", "--until", "30d", "--yes")
    ada("share", "create", "health", "photos/health.txt", *counted)
    ada("share", "create", "health", "photos/health.txt", *counted, code=9)  # a name taken
    ada.syncs()


def _accept(ada: Somebody, bo: Somebody) -> None:
    """Bo is told, says yes, and sees."""
    bo.syncs()
    assert "invites you" in bo("share", "received")
    for name in ("trip", "health"):
        bo("share", "accept", name)
    ada.syncs()
    bo.syncs()
    trip = _received(bo, "trip")
    assert trip["objects"] == ["trip/hills.jpg", "trip/sea.jpg"]
    bo("share", "open", "trip", "trip/sea.jpg", "--out", "sea.jpg")
    assert (bo.folder / "sea.jpg").read_bytes() == PHOTO


def _use(ada: Somebody, bo: Somebody) -> None:
    """Three uses, each by a key of its own; the fourth, another action and purpose are denied."""
    use = ("share", "open", "health", "health.txt", "--wait", "0")
    bo(*use, "--for", "Marketing", code=3)
    bo(*use, "--action", "export", code=3)
    assert "has answered yet" in bo(*use, code=7)
    bo(*use, "--json", code=2)
    ada.syncs()
    assert bo(*use) == HEALTH
    for name in ("second", "third"):
        assert "has answered yet" in bo(*use, "--out", name)
        ada.syncs()
        bo(*use, "--out", name)
        assert (bo.folder / name).read_text() == HEALTH
    bo(*use, "--out", "fourth")
    ada.syncs()
    bo(*use, "--out", "fourth", code=3)
    assert not (bo.folder / "fourth").exists()
    bo.syncs()
    ada.syncs()
    shown = ada.told("share", "show", "health")
    assert (shown["uses"], shown["most"], shown["receipts"], shown["odd"]) == (3, 3, 3, [])
    assert shown["standing"] == "used up"


def _check(ada: Somebody, tmp_path: Path) -> None:
    """Receipts, checked where no vault is."""
    ada("share", "receipts", "health", "--out", "papers")
    papers = sorted((ada.folder / "papers").iterdir())
    assert len(papers) == 3
    for paper in papers[:2]:
        checked = typed(tmp_path, {"SEALHOLD_HOME": str(tmp_path / "none")}, "verify", str(paper))
        assert checked.returncode in {0, 3}, checked.stderr
    bent = bytearray(papers[2].read_bytes())
    bent[len(bent) // 2] ^= 1
    papers[2].write_bytes(bytes(bent))
    bad = typed(tmp_path, {"SEALHOLD_HOME": str(tmp_path / "none")}, "verify", str(papers[2]))
    assert bad.returncode in {5, 6}


def _revoke(ada: Somebody, bo: Somebody) -> None:
    """Taken back: what comes later is seen by nobody."""
    assert "copies were made" in ada("share", "revoke", "trip")
    (ada.folder / "photos" / "trip" / "later.jpg").write_bytes(PHOTO)
    ada.syncs()
    hears = bo.told("device", "sync")  # ada's relay was told before bo was
    assert all("refuses" in each for each in hears["troubles"])
    bo.syncs()
    trip = _received(bo, "trip")
    assert trip["standing"] == "taken back"
    assert "trip/later.jpg" not in trip["objects"]
    bo("share", "open", "trip", "trip/sea.jpg", code=3)


def _says_no_more_than_holds(ada: Somebody, bo: Somebody) -> None:
    """No command said of a rule at T0 or T1 that it is enforced."""
    lines = [line for said in (*ada.said, *bo.said) for line in said.splitlines()]
    for line in (each for each in lines if not each.startswith("{")):  # JSON is one line for all
        left = line
        for denial in DENIALS:
            left = left.replace(denial, "")
        assert "enforced" not in left or not re.search(r"\bT[01]\b", left)
    for who, words in ((ada, ("share", "show", "trip")), (bo, ("share", "received", "trip"))):
        for form in ((), ("--json",)):
            said = who(*words, *form).replace(DENIALS[1], "")
            assert "T1: " in said
            assert "enforced" not in said
