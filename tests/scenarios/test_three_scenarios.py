"""The three scenarios, run as `examples/tasks/README.md` tells them; and over real rides."""

import shutil
from pathlib import Path

import pytest

from tests.scenarios.pages import ROOT, Done, Step, exit_of, run, steps

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


REAL = ("cerknicko-jezero.gpx", "korita-zbevnica.gpx", "Mojstrovka.gpx", "track_with_speed.gpx")
KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
GREEN = "SELECT count(*) FROM trips WHERE distance_m > 500 AND max_speed_ms < 9"


@pytest.mark.timeout(120)
def test_real_rides_count_if_they_were_signed_and_an_edited_one_is_refused(
    shared: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copytree(ROOT / "examples", folder / "examples")
    rides = " ".join(str(shared / "samples" / "gpx" / name) for name in REAL)
    lines = [
        ("export SEALHOLD_HOME=vault SEALHOLD_PASSPHRASE='correct horse battery'", ""),
        (f"python examples/tasks/rides.py rides {rides}", f"4 files, signed by {KEY}"),
        ("sealhold init --headless", ""),
        (f"sealhold import rides --signed-by {KEY}", "trips 12"),
        (f"sealhold import edited --signed-by {KEY}  # exit 5", "changed after it was signed"),
        ("sealhold import edited", "trips 7"),
        ("sealhold app register GreenCorp --make-keys corp", ""),
        ("sealhold request add examples/signed-bonus --keys corp --selection all", ""),
        ('first() { sealhold $1 list | grep -o "$2-[0-9a-f]*" | head -1; }', ""),
        ("sealhold request approve $(first request q)", "Allowed."),
        ("sealhold run $(first grant g) --out answer", "5 Says"),
        ("sealhold verify answer/proof.json", "as its keys signed it"),
        (f"sealhold query '{GREEN}'", "7"),  # two of them are of the edited file
    ]

    done = run([Step(line, exit_of(line), ()) for line, _ in lines], folder)

    assert [each.code for each in done] == [exit_of(line) for line, _ in lines], done
    assert [
        words for (_, words), each in zip(lines, done, strict=True) if words not in each.said
    ] == []
