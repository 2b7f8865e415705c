"""The commands about devices: two vaults pair, keep a folder equal, differ, and part."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from tests.scenarios.two_screens import run_both
from tests.transcripts.cli import PASSPHRASE, Cli


class Desk(Cli):
    """The program on one of two machines, which share a stick."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder)
        self._entropy = seeded(b"machine %d" % number)  # type: ignore[assignment]

    def told(self, *words: str) -> Any:  # noqa: ANN401  # reason: JSON of any form
        """Return what a command says as JSON."""
        ended = self(*words, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out.splitlines()[-1])


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    found: list[Desk] = []
    for number in range(2):
        folder = tmp_path / f"desk{number}"
        (folder / "notes").mkdir(parents=True)
        desk = Desk(folder, number)
        assert desk.line("init --headless").code == 0
        found.append(desk)
    return found[0], found[1]


def test_two_vaults_pair_by_code_keep_a_folder_equal_and_part(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    one, other = desks
    stick = f"folder:{tmp_path / 'stick'}"
    assert one.line("device begin laptop").code == 0
    assert one.line(f"device place add {stick}").code == 0
    (one.folder / "notes" / "a.txt").write_text("dear diary")
    assert one.line("device keep notes").code == 0
    one.told("device", "sync")
    paired(one, other, stick)
    names = [each["name"] for each in other.told("device", "list")["devices"]]
    assert names == ["phone", "laptop"]

    assert other.line("device keep notes").code == 0
    other.told("device", "sync")
    assert (other.folder / "notes" / "a.txt").read_text() == "dear diary"

    (one.folder / "notes" / "a.txt").write_text("from the laptop")
    (other.folder / "notes" / "a.txt").write_text("from the phone, longer")
    for desk in (one, other, one):
        desk.told("device", "sync")
    (conflict,) = one.told("device", "sync", "--conflicts")["conflicts"]
    by = {device: id_ for id_, device, _ in conflict["versions"]}
    assert sorted(by) == ["laptop", "phone"]
    assert one("device", "resolve", by["laptop"]).code == 0
    for desk in (one, other):
        desk.told("device", "sync")
        assert (desk.folder / "notes" / "a.txt").read_text() == "from the laptop"
        assert desk.told("device", "sync", "--conflicts")["conflicts"] == []

    had = one.told("device", "revoke", "phone")
    assert sorted(had["collections"]) == ["home", "notes", "vault"]
    (one.folder / "notes" / "b.txt").write_text("not for the phone")
    one.told("device", "sync")
    troubled = other.told("device", "sync")
    assert not (other.folder / "notes" / "b.txt").exists()
    assert troubled["troubles"]
    assert one.line("audit verify").code == 0


def test_words_that_differ_end_a_pairing_and_nobody_joins(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    one, other = desks
    stick = f"folder:{tmp_path / 'stick'}"
    assert one.line("device begin laptop").code == 0
    assert one.line(f"device place add {stick}").code == 0
    assert paired(one, other, stick, says="no") == [3, 3]
    assert len(one.told("device", "list")["devices"]) == 1
    assert other.line("device list").code == 4


def test_a_vault_that_is_no_device_says_what_to_do(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    for words in ("device list", "device sync", "device rename a b", "device revoke a"):
        assert one.line(words).code == 4, words
    assert one.line("device begin laptop").code == 0
    assert one.line("device begin again").code == 9
    assert one.line("device pair").code == 4  # no place where two could meet
    assert one.line("device place add nowhere").code == 5
    assert one.line("device keep missing").code == 4


def paired(one: Desk, other: Desk, place: str, says: str = "yes") -> list[int]:
    """Run both sides of a pairing at terminals of their own; both people say the same."""
    codes = run_both(one.folder, other.folder, place, PASSPHRASE, says)
    assert says != "yes" or codes == [0, 0]
    return codes
