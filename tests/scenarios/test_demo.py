"""The demo, as `make demo ARGS=--check` runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold.demo.steps import STEPS


@pytest.mark.timeout(300)
def test_every_step_of_the_story_holds_and_nothing_of_it_remains(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}

    ended = subprocess.run(
        [sys.executable, "-m", "sealhold", "demo", "--check", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    told = json.loads(ended.stdout)
    assert [(step["step"], step["ok"]) for step in told] == [(step.id, True) for step in STEPS]
    assert ended.returncode == 0, ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_page_lists_the_steps_that_exist() -> None:
    page = (Path(__file__).parents[2] / "docs/howto/demo.md").read_text()

    listed = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| S")]

    assert listed == [step.id for step in STEPS]
