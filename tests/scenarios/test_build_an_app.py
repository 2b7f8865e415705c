"""The pages for developers of apps: each command that stands there is run, with a served vault."""

import ast
from pathlib import Path

import pytest

from tests.scenarios.pages import ROOT, Done, Step, steps
from tests.scenarios.realpages import free_port, on_ports, run_for_real

PAGES = {
    "howto": ROOT / "docs" / "howto" / "build-an-app.md",
    "clinic": ROOT / "examples" / "apps" / "clinic" / "README.md",
}
APP = ROOT / "examples" / "apps" / "clinic" / "app.py"
ALL = [(name, at) for name, page in PAGES.items() for at in range(len(steps(page)))]
Walked = dict[str, tuple[list[Step], list[Done]]]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Return what came of each command of each page."""
    found: Walked = {}
    for name, page in PAGES.items():
        ports = {"8722": free_port(), "8000": free_port()}
        wanted = on_ports(steps(page), ports)
        folder = tmp_path_factory.mktemp(name) / "clone"
        folder.mkdir()
        found[name] = (wanted, run_for_real(wanted, folder))
    return found


@pytest.mark.xdist_group("build an app")
@pytest.mark.parametrize(("name", "at"), ALL)
def test_a_command_for_developers_ends_and_says_what_stands_there(
    walked: Walked, name: str, at: int
) -> None:
    step, done = walked[name][0][at], walked[name][1][at]

    assert done.code == step.code, (step.command, done.said)
    assert [line for line in step.shown if line not in done.said] == [], done.said


def test_the_example_is_short() -> None:
    source = APP.read_text()
    told: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    code = [line for at, line in enumerate(source.splitlines(), 1) if line and at not in told]

    assert len(code) < 66, len(code)


def test_the_example_writes_no_file() -> None:
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(APP.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert not names & {"open", "Path", "write", "write_text", "write_bytes", "logging", "sqlite3"}
    assert Path(APP).exists()
