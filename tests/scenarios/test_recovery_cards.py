"""A passphrase is forgotten, and the vault comes back from cards of words."""

import stat
from pathlib import Path

import pytest

from tests.transcripts.cli import Cli, furnish


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path / "here"))


def test_three_of_five_cards_open_a_vault_whose_passphrase_is_forgotten(cli: Cli) -> None:
    for line in ("init --headless --recovery paper", "import calendar.ics"):
        assert cli.line(line).code == 0
    before = cli.line("query 'SELECT summary FROM events ORDER BY ALL'").out
    made = cli.line("key cards paper Cards --needed 3 --cards 5")
    assert "any 3 open the vault" in made.out
    (cli.folder / "paper").unlink()
    files = sorted((cli.folder / "Cards").iterdir())
    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600] * 5

    cards = " ".join(f"Cards/{files[at].name}" for at in (4, 0, 2))
    forgotten = {"SEALHOLD_NEW_PASSPHRASE": "a passphrase that I know"}
    checked = cli(*f"key recover {cards} --check".split(), env=forgotten)
    assert "It opens this vault." in checked.out
    joined = cli(*f"key recover {cards} --to back".split(), env=forgotten)
    assert joined.code == 0
    assert stat.S_IMODE((cli.folder / "back").stat().st_mode) == 0o600
    changed = cli("key", "change-passphrase", env={"SEALHOLD_RECOVERY_FILE": "back", **forgotten})
    assert changed.code == 0, changed.err

    known = {"SEALHOLD_PASSPHRASE": "a passphrase that I know"}
    asked = cli("query", "SELECT summary FROM events ORDER BY ALL", env=known)
    assert asked.out.splitlines()[:-1] == before.splitlines()[:-1]  # the last one tells the time
    assert cli.line("status").code != 0


def test_cards_are_typed_where_there_are_no_files(cli: Cli) -> None:
    cli.line("init --headless --recovery paper")
    cli.line("key cards paper Cards --needed 2 --cards 3")
    typed = []
    for number in (3, 1):
        text = (cli.folder / f"Cards/card-{number}-of-3.txt").read_text()
        places = [pair.split() for pair in text.replace("  ", "\n").splitlines()]
        words = {int(pair[0]): pair[1] for pair in places if len(pair) == 2 and pair[0].isdigit()}
        assert sorted(words) == [*range(1, 34)]
        typed.append(" ".join(words[at] for at in sorted(words)))

    ended = cli("key", "recover", "--check", typed=[*typed, ""])

    assert (ended.code, ended.err) == (0, "")
    assert "It opens this vault." in ended.out


def test_a_folder_that_has_cards_is_left_as_it_is(cli: Cli) -> None:
    cli.line("init --headless --recovery paper")
    (cli.folder / "Cards").mkdir()
    (cli.folder / "Cards/card-4-of-5.txt").write_text("mine")

    refused = cli.line("key cards paper Cards")

    assert refused.code != 0
    assert [each.name for each in (cli.folder / "Cards").iterdir()] == ["card-4-of-5.txt"]
