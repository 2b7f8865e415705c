"""A backup on a stick, whose disk has no links: made, compared, gone back to, and what is cut."""

import errno
import json
import os
from pathlib import Path

import pytest

from sealhold.model.errors import InvalidError, TamperedError, UnfitFolderError
from sealhold.node import backing
from sealhold.node.placing import backup_place
from sealhold.vault.home import Home
from tests.scenarios.backed import nobody_watches
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened, world
from tests.transcripts.cli import Cli


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which nothing gets a second name or another."""
    folder = tmp_path / "stick"
    folder.mkdir()
    for call in ("link", "rename", "replace"):
        real = getattr(os, call)

        def elsewhere(source: str, to: str, *args: object, done: object = real) -> None:
            if folder in Path(to).parents:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            done(source, to, *args)  # type: ignore[operator]  # one of three calls of `os`

        monkeypatch.setattr(os, call, elsewhere)
    return folder


def test_a2_a_vault_is_backed_up_to_a_stick_without_links_and_comes_back(
    stick: Path, tmp_path: Path
) -> None:
    cli, place = Cli(tmp_path), f"folder:{stick / 'vault'}"
    (tmp_path / "a.jsonl").write_text('{"word": "quokka"}\n')
    for line in ("init --headless", "import a.jsonl", f"backup make {place}", "backup slots s"):
        ended = cli.line(line)
        assert ended.code == 0, ended.err
    told = json.loads(cli.line("status --self-test --json").out)
    made = json.loads(cli.line(f"backup verify {place} --json").out)

    done = cli.line(f"--home to restore {place} --slots s")

    assert done.code == 0, done.err
    assert made["where"] == place
    assert [each["outcome"] for each in told["drill"]["tried"]] == ["held"] * 3
    assert "quokka" in cli.line("--home to search quokka").out
    assert b"quokka" not in b"".join(each.read_bytes() for each in stick.rglob("*="))


def test_a_place_without_links_says_how_it_is_named(stick: Path, tmp_path: Path) -> None:
    clock = Hands()
    home = Home(new_home(tmp_path / "home", clock))

    with pytest.raises(UnfitFolderError, match="name it `folder:"):
        backup_place(str(stick), home, world(clock))

    assert list(stick.iterdir()) == []
    with pytest.raises(InvalidError):
        backup_place(f"folder:{home.folder}/there", home, world(clock))
    with pytest.raises(InvalidError):
        backup_place("folder: ", home, world(clock))


def test_slots_go_to_a_stick_of_their_own_and_not_beside_backups(tmp_path: Path) -> None:
    clock, place = Hands(), f"folder:{tmp_path / 'stick'}"
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        backing.back_up(node, place, nobody_watches)

    for beside in (place, f"{place}/slots"):
        with pytest.raises(InvalidError):
            backing.keep_slots(Home(home), Path(beside))
    made = backing.keep_slots(Home(home), Path(f"folder:{tmp_path / 'other'}"))

    assert {each.name for each in (tmp_path / "other").iterdir()} == set(made)


def test_a_part_that_was_not_wholly_synced_is_told_and_nothing_of_it_used(
    stick: Path, tmp_path: Path
) -> None:
    clock, place = Hands(), f"folder:{stick}"
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        backing.back_up(node, place, nobody_watches)
    [part] = stick.glob("rows+/packs+/*/*=")
    part.write_bytes(part.read_bytes()[:-1])

    with pytest.raises(TamperedError):
        backing.verify_backup(place, "", None, world(clock), nobody_watches)
    wanted = backing.Restore(tmp_path / "to", place, Home(home), world(clock))
    with pytest.raises(TamperedError):
        wanted.fill(nobody_watches, lambda: PASSPHRASE)

    with opened(home, clock) as node:
        again = backing.back_up(node, place, nobody_watches)
    found, _signer = backing.verify_backup(place, again.id, None, world(clock), nobody_watches)
    assert found.digest == again.digest
