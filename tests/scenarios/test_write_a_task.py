"""The page for authors of tasks: each command that stands there is run, from an empty folder."""

import pytest

from tests.scenarios.pages import ROOT, Done, run, steps

STEPS = steps(ROOT / "docs" / "howto" / "write-a-task.md")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> list[Done]:
    """Return what came of each command of the page."""
    folder = tmp_path_factory.mktemp("author") / "here"
    folder.mkdir()
    return run(STEPS, folder)


@pytest.mark.xdist_group("write a task")
@pytest.mark.parametrize("at", range(len(STEPS)), ids=lambda at: f"{at}: {STEPS[at].command[:60]}")
def test_a_command_for_authors_ends_and_says_what_stands_there(walked: list[Done], at: int) -> None:
    step, done = STEPS[at], walked[at]

    assert done.code == step.code, done.said
    assert [line for line in step.shown if line not in done.said] == [], done.said
