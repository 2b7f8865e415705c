"""Blurred answers and answers of several parts, as the command line and the parts show them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.proof_rules import Policy
from sealhold.compute.task import function_id
from sealhold.compute.taskfolder import read_folder
from sealhold.compute.taskkit import leakage_of
from sealhold.compute.verify import verify_files
from sealhold.connectors.places import TRIPS
from sealhold.model.quantities import Instant
from tests.transcripts.cli import NOW, Cli, Ended, furnish

Edit = Callable[[dict[str, Any]], None]  # reason: a manifest, as JSON
ASKING = (
    "init --headless",
    "import tracks",
    "app register GreenCorp --make-keys greencorp",
)


def blurred(under: int = 5) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        epsilon = {"numerator": 1, "denominator": under}
        document["aggregate"]["noise"] = {"kind": "discrete-laplace", "epsilon": epsilon}

    return edit


def histogram(document: dict[str, Any]) -> None:
    document["input"]["max_objects"] = 8
    document["aggregate"] = {
        "kind": "histogram",
        "args": {},
        "range": {"min": 0, "max": 44, "step": 1},
        "default": 0,
    }


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path))


def task_of(cli: Cli, edit: Edit) -> Path:
    path = cli.folder / "examples" / "green-bonus" / "task.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))
    return path.parent


def asked(cli: Cli, edit: Edit) -> str:
    """Let an app ask with an edited task; return the request's id."""
    task_of(cli, edit)
    for line in (*ASKING, "request add examples/green-bonus --keys greencorp"):
        ended = cli.line(line)
        assert ended.code == 0, ended.err
    return str(json.loads(cli.line("request list --json").out)[0]["id"])


def answered(cli: Cli, request: str, more: str = "") -> Ended:
    assert cli.line(f"request approve {request}").code == 0
    grant = json.loads(cli.line("grant list --json").out)[0]["id"]
    return cli.line(f"run {grant} {more}")


def test_leakage_tells_the_noise_and_how_many_answers_a_year_allows(cli: Cli) -> None:
    task_of(cli, blurred())

    ended = cli.line("task leakage examples/green-bonus --queries 30")

    assert ended.out.endswith(
        "\nEach answer is blurred: off by 16 at most, 19 times in 20 (epsilon 1/5).\n"
        "30 answers, each drawn anew: 600,000 micro-rho; 500,000 a year are enough for 25.\n"
    )


def test_leakage_tells_nothing_of_noise_where_there_is_none(cli: Cli) -> None:
    found = json.loads(cli.line("task leakage examples/green-bonus --json").out)

    assert found["noise"] is None
    assert "blurred" not in cli.line("task leakage examples/green-bonus").out


def test_leakage_of_a_blurred_task_has_the_figures_for_programs(cli: Cli) -> None:
    folder = task_of(cli, blurred(10))

    noise = leakage_of(folder, {TRIPS.name: TRIPS}, 1, Instant(NOW)).noise

    assert noise is not None
    assert (noise.numerator, noise.denominator, noise.spreads) == (1, 10, (1,))
    assert (noise.cost, noise.cap) == (5_000, 500_000)


def test_noise_lowers_no_price_in_bits(cli: Cli) -> None:
    sharp = json.loads(cli.line("task leakage examples/green-bonus --json").out)
    task_of(cli, blurred())
    blunt = json.loads(cli.line("task leakage examples/green-bonus --json").out)

    assert {**blunt, "noise": None} == sharp


def test_noise_is_another_task_and_the_same_function(cli: Cli) -> None:
    path = cli.folder / "examples" / "green-bonus" / "task.json"
    sharp = read_folder(path.parent).task()
    task_of(cli, blurred())
    blunt = read_folder(path.parent).task()

    assert sharp.digest != blunt.digest
    ids = [function_id(each, each.params[0], each.fields) for each in (sharp, blunt)]
    assert ids[0] == ids[1]


def test_the_consent_screen_says_what_noise_has_spent(cli: Cli) -> None:
    request = asked(cli, blurred())
    before = cli.line(f"request show {request}").out
    answered(cli, request)
    after = cli.line(f"request show {request}").out

    for text, used in ((before, "0"), (after, "20,000")):
        assert "off by 16 at most, 19 times in 20 (epsilon 1/5);" in " ".join(text.split())
        assert f"20,000 micro-rho of 500,000 a year, {used} spent" in " ".join(text.split())


def test_a_histogram_is_read_out_to_the_owner_and_to_whoever_verifies(cli: Cli) -> None:
    request = asked(cli, histogram)

    ended = answered(cli, request, "--out answer")

    assert ended.code == 0, ended.err
    (told,) = [line for line in ended.out.splitlines() if line.startswith("Reads")]
    counts = told.removeprefix("Reads").strip()
    assert counts.startswith(("0: ", "1: "))
    proof = (cli.folder / "answer" / "proof.json").read_bytes()
    verdict = verify_files([proof], {}, at=Instant(NOW), policy=Policy())
    (value,) = [check for check in verdict.checks if check.name == "value"]
    assert value.detail.endswith(f"; it reads {counts}")


def test_an_answer_of_one_part_is_read_out_as_it_is(cli: Cli) -> None:
    request = asked(cli, lambda _: None)

    assert "Reads" not in answered(cli, request).out


def test_noise_beyond_any_year_is_named_by_check(cli: Cli) -> None:
    def loud(document: dict[str, Any]) -> None:
        epsilon = {"numerator": 3, "denominator": 2}
        document["aggregate"]["noise"] = {"kind": "discrete-laplace", "epsilon": epsilon}

    task_of(cli, loud)

    ended = cli.line("task check examples/green-bonus")

    assert ended.code == 5
    assert "`epsilon` is too large: one answer would spend 1,125,000 micro-rho" in " ".join(
        (ended.out + ended.err).split()
    )
