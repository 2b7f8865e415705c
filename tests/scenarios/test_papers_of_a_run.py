"""Where the papers of a run are written: seen to before the run is charged."""

from pathlib import Path

import pytest

from sealhold.frontends.cli.main import run
from sealhold.frontends.cli.session import Shell
from sealhold.model.errors import ErrorKind
from sealhold.node import PASSPHRASE_VARIABLE
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Job,
    allow,
    calendar,
    charged,
    named,
    new_home,
    opened,
    world,
)


def test_a_place_that_is_no_folder_is_refused_before_the_run_is_charged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, taken = new_home(tmp_path / "home"), tmp_path / "answer"
    taken.write_text("mine")
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green 1"])])
        grant = named(allow(node, Asker(node).ask(node, Job())))
    shell = Shell(environment={PASSPHRASE_VARIABLE: PASSPHRASE}, world=world())

    code = run(["run", grant, "--out", str(taken), "--home", str(home)], shell)

    assert code == ErrorKind.NOTFOUND
    assert "cannot be made" in capsys.readouterr().err
    with opened(home) as node:
        assert charged(node) == 0
