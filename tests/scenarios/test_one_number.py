"""What a task can tell: the same number before it is asked for, on the screen, and in the ledger.

`task leakage` works it out from the manifest alone, the request shows it with the vault's own
counters, and after the run the ledger has charged it. All three are read through the commands.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.quantities import MICRO
from sealhold.node import opened
from sealhold.vault.budget import ONE_APP
from tests.scenarios.vaults import world
from tests.transcripts.cli import PASSPHRASE, Cli, furnish

Edit = Callable[[dict[str, Any]], None]
READINGS = "date,systolic,diastolic\n" + "".join(
    f"2026-01-{day:02d},{110 + 3 * day},{70 + day}\n" for day in range(1, 29)
)
HOURS = ",".join(f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48))
METER = f"date,{HOURS}\n" + "".join(
    f"2026-01-{day:02d},{','.join(str(100 + day + half) for half in range(48))}\n"
    for day in range(1, 29)
)


def as_it_is(_: dict[str, Any]) -> None:
    """Change nothing."""


def to_63(document: dict[str, Any]) -> None:
    """The authors' own figures: six bits per answer, an object of 600 bits."""
    document["aggregate"]["range"]["max"] = 63
    document["input"]["max_object_bytes"] = 75


def median(document: dict[str, Any]) -> None:
    document["aggregate"] = {
        "kind": "median",
        "args": {},
        "range": {"min": -1, "max": 5, "step": 1},
        "default": -1,
    }


def grid_of_8(document: dict[str, Any]) -> None:
    document["aggregate"]["range"] = {"min": 0, "max": 464, "step": 8}


@pytest.mark.parametrize(
    ("task", "edit", "selection", "one", "answer", "alternatives"),
    [
        ("green-bonus", as_it_is, "all", 1_000_000, 5_000_000, 32),
        ("green-bonus", as_it_is, "2026-03", 2_000_000, 5_000_000, 32),
        ("green-bonus", to_63, "all", 1_000_000, 6_000_000, 64),
        ("hospital-statistics", as_it_is, "2026-01", 3_584_963, 21_148_666, 2_324_784),
        ("hospital-statistics", median, "2026-01", 3_584_963, 2_807_355, 7),
        ("power-meter", as_it_is, "2026-01", 5_000_000, 8_864_187, 466),
        ("power-meter", grid_of_8, "2026-01", 5_000_000, 5_882_644, 59),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_manifest_screen_and_ledger_say_the_same(
    tmp_path: Path,
    task: str,
    edit: Edit,
    selection: str,
    one: int,
    answer: int,
    alternatives: int,
) -> None:
    cli = Cli(furnish(tmp_path))
    (tmp_path / "readings.csv").write_text(READINGS)
    (tmp_path / "meter.csv").write_text(METER)
    manifest = tmp_path / "examples" / task / "task.json"
    document = json.loads(manifest.read_text())
    edit(document)
    manifest.write_text(json.dumps(document))
    for line in (
        "init --headless",
        "import tracks readings.csv meter.csv",
        "app register GreenCorp --make-keys greencorp",
    ):
        assert cli.line(line).code == 0, line

    leak = said(cli, f"task leakage examples/{task} --selection {selection}")
    add = f"request add examples/{task} --keys greencorp --mode until --selection {selection}"
    request = said(cli, add)["request"]
    card = said(cli, f"request show {request}")
    grant = said(cli, f"request approve {request}")["id"]
    is_covered = answer <= ONE_APP  # the histogram of a month is more than one app is told a year
    run = cli.line(f"run {grant} --out answer --json")

    with opened(cli.home, PASSPHRASE, world()) as node:
        every, app = node.budgets.meters()
        leaks = node.runs._office.budget.leaks(document["input"]["collection"])
    lasting = sum(each.cost for each in leaks)
    assert leak["object"]["function"] + leak["object"]["selection"] == one
    assert (card["cost_per_object"], lasting) == (one, one)
    assert leak["query"]["answer"] == card["cost_per_answer"] == answer
    assert run.code == (0 if is_covered else 8)
    assert every.used == app.used == (answer if is_covered else 0)
    if is_covered:
        assert json.loads(run.out)["answer"]["cost"] == answer
    assert leak["query"]["alternatives"] == card["answer"]["alternatives"] == alternatives


def test_a_hundred_answers_of_the_green_bonus_are_600_bits_unprotected_and_one_here(
    tmp_path: Path,
) -> None:
    cli = Cli(furnish(tmp_path))
    manifest = tmp_path / "examples" / "green-bonus" / "task.json"
    document = json.loads(manifest.read_text())
    to_63(document)
    manifest.write_text(json.dumps(document))

    leak = said(cli, "task leakage examples/green-bonus --selection all --queries 100")

    assert leak["unprotected"] == 600 * MICRO
    assert (leak["per_object"], leak["query"]["answer"]) == (1 * MICRO, 6 * MICRO)


def said(cli: Cli, line: str) -> Plain:
    """Return what a command says to programs."""
    ended = cli.line(f"{line} --json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)
