"""The systemd unit of a served vault: whole, hardened, and nothing else gets into it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.transcripts.cli import Cli

TOOL = shutil.which("systemd-analyze")
MOST_EXPOSED = 35  # tenths: systemd's own measure, from 0 to 100; a unit that shuts nothing has 96


def unit(folder: Path, *more: str) -> str:
    ended = Cli(folder).line(" ".join(("service print-unit --json", *more)))
    assert ended.code == 0, ended.err
    text: str = json.loads(ended.out)["unit"]
    return text


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    if TOOL is None:
        pytest.skip("systemd is not installed: tools/system-packages.txt")
    return subprocess.run([TOOL, *words], check=False, capture_output=True, text=True)


def test_the_unit_serves_this_vault_and_holds_no_secret(tmp_path: Path) -> None:
    text = unit(tmp_path, "--port 9000 --user vaults --key-file /etc/sealhold/root.key")

    assert f"--home {tmp_path}/home serve --port 9000 --no-browser --log\n" in text
    assert "User=vaults\n" in text
    assert "Environment=SEALHOLD_KEY_FILE=/etc/sealhold/root.key\n" in text
    assert "PASSPHRASE" not in text


def test_systemd_takes_the_unit_and_finds_it_shut(tmp_path: Path) -> None:
    path = tmp_path / "sealhold.service"
    path.write_text(unit(tmp_path, "--user root"))

    checked = analyze("verify", "--man=no", path)
    measured = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", path)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert measured.returncode == 0, measured.stdout


@pytest.mark.threat("T285")
@pytest.mark.parametrize(
    "name", ["a b", "a\nExecStartPre=/bin/false", "a%h", "a;b", 'a"b', "a$PATH", "a\\x20b"]
)
def test_a_folder_whose_name_would_set_something_in_the_unit_is_refused(
    tmp_path: Path, name: str
) -> None:
    ended = Cli(tmp_path)("--home", str(tmp_path / name), "service", "print-unit")

    assert ended.code == 2
    assert "ExecStart=" not in ended.out
