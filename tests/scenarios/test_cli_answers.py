"""What an app's developer is told of an answer; files that are too large; names that are alike."""

import shutil
from pathlib import Path

import pytest

from sealhold.compute import appkit
from sealhold.compute.leaving import box_info
from sealhold.compute.slots import pad
from sealhold.crypto.hybrid import seal_to
from sealhold.frontends.cli import verify
from sealhold.frontends.cli.appfolder import AppFolder
from tests.scenarios.test_cli_examples import found
from tests.transcripts.cli import Cli, furnish


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which an answer left."""
    cli = Cli(furnish(tmp_path_factory.mktemp("story") / "now"))
    for line in (
        "init --headless",
        "import tracks calendar.ics",
        "app register GreenCorp --make-keys greencorp",
        "request add examples/green-bonus --keys greencorp",
    ):
        assert cli.line(line).code == 0, line
    assert cli.line(f"request approve {found(cli, 'q')}").code == 0
    assert cli.line(f"run {found(cli, 'g')} --out answer").code == 0
    return cli.folder


@pytest.fixture
def cli(story: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(story, tmp_path / "here")))


def test_an_answer_whose_proof_was_altered_opens_and_ends_with_6(cli: Cli) -> None:
    folder = AppFolder(cli.folder / "greencorp")
    keys, asked = folder.keys(), next(iter(folder.asked()))
    answer = cli.folder / "answer" / "answer.sealed"
    proof = appkit.open_answer(answer.read_bytes(), keys, asked.request, asked.task)
    altered = proof.replace(b'"value":', b'"value":1', 1)
    answer.write_bytes(seal_to(keys.box.public, altered, box_info(asked.request, asked.task)))

    ended = cli.line("app open answer/answer.sealed --keys greencorp")

    assert altered != proof
    assert ended.code == 6, ended
    assert "not trust this proof" in ended.out


def test_an_answer_that_was_given_up_is_told_so(cli: Cli) -> None:
    (cli.folder / "answer" / "answer.sealed").write_bytes(pad(b""))

    ended = cli.line("app open answer/answer.sealed --keys greencorp")

    assert ended.code == 9
    assert "the answer was given up" in ended.err


def test_what_is_longer_than_any_answer_is_refused_unread(cli: Cli) -> None:
    ended = cli.line("app open /dev/zero --keys greencorp")

    assert ended.code == 5
    assert "too large" in ended.err


def test_a_file_over_the_limit_is_told_as_too_large_and_not_as_altered(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MAX_FILE", 1_000)
    (cli.folder / "bundle").write_bytes(b'{"x":"' + bytes(2_000))

    ended = cli.line("verify bundle")

    assert ended.code == 5
    assert "too large" in ended.err
    assert ended.out == ""


def test_an_app_with_a_name_like_a_known_one_needs_a_yes_to_that(cli: Cli) -> None:
    line = "app register 'Green Corp' --make-keys other"

    refused = cli.line(line)
    unknown = cli.line(f"{line} --confirm anything")
    kept = cli.line(f"{line} --confirm lookalike")

    assert (refused.code, unknown.code, kept.code) == (9, 2, 0)
    assert "looks like `GreenCorp`" in refused.err
    assert "Green Corp" in kept.out
