"""Two devices as two processes that share a folder alone: taken in by QR, by code, or not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "pairing_device.py"
WAIT = 5  # seconds until a process that goes on is ended


class Device:
    """A process, its lines in and out."""

    def __init__(self, role: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), role, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hears(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def says(self, word: str) -> str:
        assert self._process.stdout
        found, _, rest = self._process.stdout.readline().strip().partition(" ")
        assert found == word, (found, rest)
        return rest

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(WAIT)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@pytest.fixture
def devices(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Device, Device]]:
    both = Device(request.param, tmp_path), Device("newcomer", tmp_path)
    yield both
    for device in both:
        device.end()


@pytest.mark.parametrize("devices", ["member-qr", "member-code"], indirect=True)
def test_two_processes_pair_over_a_folder_with_the_words_of_the_other_screen(
    devices: tuple[Device, Device], tmp_path: Path
) -> None:
    member, newcomer = devices

    newcomer.hears(member.says("offer"))
    shown, seen = member.says("words"), newcomer.says("words")
    member.hears(seen)
    newcomer.hears(shown)

    given = newcomer.says("certified")
    assert member.says("certified") == given
    assert bytes.fromhex(given) == b"certificate of phonessss"
    for device in devices:
        device.hears("the first exchange is done")
        assert device.says("state") == "synced"
    for device in devices:
        device.end()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("devices", ["member-code"], indirect=True)
def test_three_wrong_codes_end_it_on_both_screens(devices: tuple[Device, Device]) -> None:
    member, newcomer = devices
    code = member.says("offer")
    wrong = ["000000", "000001", "000002", "000003"]
    first, second, third = [each for each in wrong if each != code[7:]][:3]

    newcomer.hears(f"{code[:6]}-{first}")
    for left, typed in ((2, second), (1, third)):
        assert newcomer.says("wrong") == str(left)
        assert member.says("wrong") == str(left)
        newcomer.hears(typed)

    for device in devices:
        assert "wrong too often" in device.says("failed")
        assert device.says("state") == "nothing"
