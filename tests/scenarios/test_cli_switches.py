"""What every command has: switches in any place, one way to fail, and an end when nobody reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold import __version__
from sealhold.__main__ import main
from sealhold.frontends.cli.session import Shell
from sealhold.model.quantities import Instant
from sealhold.node import World
from tests.scenarios.pseudo_terminal import at_terminal, surroundings
from tests.transcripts.cli import PASSPHRASE, Cli, Typist, furnish

GIVEN = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    cli = Cli(furnish(tmp_path))
    assert cli.line("init --headless").code == 0
    return cli


@pytest.mark.parametrize("line", ["--json source list", "source --json list", "source list --json"])
def test_a_switch_may_stand_before_and_after_the_command(cli: Cli, line: str) -> None:
    ended = cli.line(line)

    assert (ended.code, ended.out) == (0, "[]\n")


def test_a_folder_named_last_counts(cli: Cli) -> None:
    ended = cli.line("--home elsewhere status --home home --json")

    assert json.loads(ended.out)["home"] == "home"


def test_an_error_of_the_words_themselves_is_json_too(cli: Cli) -> None:
    ended = cli.line("status --fast --json")

    assert ended.code == 2
    assert ended.err == ""
    assert json.loads(ended.out)["error"]["kind"] == "usage"


def test_the_version_is_told_without_a_vault(cli: Cli) -> None:
    ended = cli("--version", env={})

    assert (ended.code, ended.out) == (0, f"sealhold {__version__}\n")


def test_a_folder_that_is_taken_is_told_before_a_passphrase_is_asked_for(cli: Cli) -> None:
    ended = cli("init", typed=("never typed",), env={})

    assert ended.code == 9
    assert "`home` is not empty" in ended.err


def test_quiet_leaves_out_what_could_come_next(cli: Cli) -> None:
    loud, quiet = cli.line("grant list"), cli.line("source list --quiet")

    assert loud.out
    assert "Next:" not in quiet.out


def test_a_self_test_that_finds_a_change_is_one_object_and_exit_6(cli: Cli) -> None:
    assert cli.line("import tracks").code == 0
    whole = cli.line("status --self-test --json")
    data = cli.home / "vault.db"
    content = bytearray(data.read_bytes())
    content[len(content) - 100] ^= 1
    data.write_bytes(content)

    broken = cli.line("status --self-test --json")

    assert (whole.code, json.loads(whole.out)["log"]["whole"]) == (0, True)
    assert broken.code == 6
    assert broken.err == ""
    assert len(broken.out.splitlines()) == 1


def clock_that_fails() -> Instant:
    raise ZeroDivisionError


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_of_ours_is_told_without_a_trace_unless_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, debug: bool
) -> None:
    paper = tmp_path / "paper"
    paper.write_text("x")
    world = World(clock=clock_that_fails)
    environment = {"SEALHOLD_DEBUG": "1"} if debug else {}
    shell = Shell(environment=environment, terminal=Typist([], shows=False), world=world)

    code = main(["verify", str(paper)], shell)

    told = capsys.readouterr().err
    assert code == 1
    assert "error: a fault of ours, ZeroDivisionError" in told
    assert ("Traceback" in told) is debug


def test_no_colour_is_sent_where_it_is_not_wanted(cli: Cli) -> None:
    def shown(*words: str, **env: str) -> str:
        with at_terminal(*words, folder=cli.folder, env={**GIVEN, **env}) as terminal:
            assert terminal.end() == 0, terminal.seen
            return terminal.seen

    assert "\x1b[" in shown("source", "list")
    assert "\x1b" not in shown("source", "list", "--no-color")
    assert "\x1b" not in shown("source", "list", NO_COLOR="1")
    assert "\x1b" not in shown("source", "list", TERM="dumb")


@pytest.mark.parametrize("words", [("--help",), ("query", "--tables"), ("status", "--json")])
def test_a_reader_that_goes_away_is_no_fault(cli: Cli, words: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sealhold", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cli.folder,
        env={**surroundings(cli.folder), **GIVEN},
    )
    assert process.stdout is not None
    process.stdout.close()

    _, said = process.communicate(timeout=60)

    assert said == b""
    assert process.returncode in {0, 1}
