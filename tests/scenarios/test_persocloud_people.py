"""Two people with vaults of their own, as they type it: an album, and a paper seen three times.

What they share passes over a stick. What makes a share, gives a key for a use and opens one is a
process of its own; so is a third machine, with no vault at all, which checks the receipts.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.quantities import Instant
from tests.forked import run
from tests.scenarios.pseudo_terminal import PATIENCE, surroundings
from tests.transcripts.cli import PASSPHRASE, Cli

PHOTO = b"\xff\xd8\xff\xe1\x00\x20Exif\x00\x00" + bytes(range(256)) * 400 + b"\xff\xd9"
HEALTH = "blood group 0, allergic to penicillin"
DENIALS = ("nothing is enforced", "agreed, not enforced")  # the word in its two denials
CARE = "ServiceProvision"


@dataclass
class Somebody:
    """A person at a machine of their own."""

    folder: Path
    stick: Path
    said: list[str] = field(default_factory=list)  # by all commands

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.cli = Cli(self.folder)
        self.cli._entropy = os.urandom  # type: ignore[assignment]  # reason: two people
        self("init", "--headless")
        self("device", "begin", "laptop")
        self("device", "place", "add", f"folder:{self.stick}")

    def __call__(self, *words: str, code: int = 0) -> str:
        """Type a command; return what it says."""
        self.cli.now = Instant(int(time.time() * 1000))  # as processes of their own have it
        ended = self.cli(*words)
        assert ended.code == code, (words, ended)
        self.said.append(ended.out + ended.err)
        return ended.out if code == 0 else ended.err

    def told(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self(*words, "--json"))
        return found

    def process(self, *words: str) -> str:
        """Type a command that is a process of its own."""
        home = {"SEALHOLD_HOME": str(self.folder / "home"), "SEALHOLD_PASSPHRASE": PASSPHRASE}
        ended = run(
            words, self.folder, {**surroundings(self.folder), "COLUMNS": "100", **home}, PATIENCE
        )
        assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
        self.said.append(ended.stdout + ended.stderr)
        return ended.stdout


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
def people(tmp_path: Path) -> tuple[Somebody, Somebody]:
    """Ada and Bo, who know each other and compared their words."""
    stick = tmp_path / "stick"
    stick.mkdir()
    ada, bo = (Somebody(tmp_path / name, stick) for name in ("ada", "bo"))
    cards = [
        one.told("contact", "card", "--name", name, "--file", name)
        for one, name in ((ada, "Ada"), (bo, "Bo"))
    ]
    for one, other, name, card in ((ada, bo, "Bo", cards[1]), (bo, ada, "Ada", cards[0])):
        one("contact", "add", str(other.folder / name))
        one("contact", "verify", name, *card["words"])
    return ada, bo


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
    ada("device", "sync")

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
    ada.process(*made, look["digest"])
    counted = ("--to", "Bo", "--for", CARE, "--count", "3", "--until", "30d", "--yes")
    ada("share", "create", "health", "photos/health.txt", *counted)
    ada("share", "create", "health", "photos/health.txt", *counted, code=9)  # a name taken
    ada("device", "sync")


def _accept(ada: Somebody, bo: Somebody) -> None:
    """Bo is told, says yes, and sees."""
    bo("device", "sync")
    assert "invites you" in bo("share", "received")
    for name in ("trip", "health"):
        bo("share", "accept", name)
    ada("device", "sync")
    bo("device", "sync")
    trip = _received(bo, "trip")
    assert trip["objects"] == ["trip/hills.jpg", "trip/sea.jpg"]
    bo("share", "open", "trip", "trip/sea.jpg", "--out", "sea.jpg")
    assert (bo.folder / "sea.jpg").read_bytes() == PHOTO


def _use(ada: Somebody, bo: Somebody) -> None:
    """Three uses, each by a key of its own; the fourth, another action and purpose are denied."""
    use = ("share", "open", "health", "health.txt", "--wait", "0")
    bo(*use, "--for", "Marketing", code=3)
    bo(*use, "--action", "export", code=3)
    assert "has answered yet" in bo.process(*use)
    ada.process("device", "sync")
    assert bo.process(*use) == HEALTH
    for name in ("second", "third"):
        assert "has answered yet" in bo(*use, "--out", name)
        ada("device", "sync")
        bo(*use, "--out", name)
        assert (bo.folder / name).read_text() == HEALTH
    bo(*use, "--out", "fourth")
    ada("device", "sync")
    bo(*use, "--out", "fourth", code=3)
    assert not (bo.folder / "fourth").exists()
    bo("device", "sync")
    ada("device", "sync")
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
    ada("device", "sync")
    bo("device", "sync")
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
