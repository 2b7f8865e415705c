"""The three scenarios, run as `examples/tasks/README.md` tells them; and over real rides."""

import shutil
from pathlib import Path

import pytest

from tests.scenarios.pages import ROOT, Done, run, steps

README = ROOT / "examples" / "tasks" / "README.md"
STEPS = steps(README)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> list[Done]:
    """Return what came of each command of the page, in a folder that holds the examples alone."""
    folder = tmp_path_factory.mktemp("clone") / "clone"
    folder.mkdir()
    shutil.copytree(ROOT / "examples", folder / "examples")
    return run(STEPS, folder)


@pytest.mark.xdist_group("three scenarios")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("at", range(len(STEPS)), ids=lambda at: f"{at}: {STEPS[at].command[:60]}")
def test_a_command_of_the_page_ends_and_says_what_stands_there(walked: list[Done], at: int) -> None:
    step, done = STEPS[at], walked[at]

    assert done.code == step.code, done.said
    assert [line for line in step.shown if line not in done.said] == [], done.said
