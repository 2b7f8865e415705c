"""Attacks on the ledger: what was told of an object is never more than what was charged to it."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold.compute import partition
from tests.attack.ledger_probe import EVENTS, FUNCTIONS, NIBBLE, members, objects, prepare
from tests.scenarios.vaults import opened

ROOT = Path(__file__).parents[2]
MOMENTS = ("charged", "evaluated", "kept")


def killed_and_begun_again(home: Path, folder: Path, k: int, tier: str, queries: int) -> int:
    """Let the attacker ask; kill it at each moment, early and half-way; return how often it was."""
    secret = (folder / "secret").read_text()
    for moment in MOMENTS:
        (folder / f"due-{moment}").touch()
    kills = 0
    goals = [queries // 2, queries]
    while goals:
        arguments = [home, folder, k, goals[0], tier, secret]
        ended = subprocess.run(  # reason: our own interpreter and module
            [sys.executable, "-m", "tests.attack.ledger_probe", *map(str, arguments)],
            cwd=ROOT,
            check=False,
            capture_output=True,
        )
        if ended.returncode == -9:
            kills += 1
            continue
        assert ended.returncode == 0, ended.stderr.decode()[-2_000:]
        goals.pop(0)
        if goals:
            for moment in MOMENTS:
                (folder / f"due-{moment}").touch()
    return kills


def recovered(home: Path, folder: Path, k: int) -> int:
    """Return how many bits of the secret stand in the book, read off one object at a time."""
    with opened(home) as node:
        everyone = members(node)
        mates = set(partition.read(node.parts.core, EVENTS, k).mates(everyone[0].logical))
    seen: dict[tuple[int, int], set[int]] = {}
    for line in (folder / "book").read_text().splitlines():
        number, mask, value = map(int, line.split())
        seen.setdefault((number, mask), set()).add(value)
    alone = [
        (n, 1 << at) for n in range(64) for at in range(objects(k)) if everyone[at].logical in mates
    ]
    return NIBBLE * sum(len(seen.get(each, ())) for each in alone)


@pytest.mark.threat("T165")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("k", [1, 4, 16, 32])
@pytest.mark.parametrize(("tier", "queries"), [("dream", 10_000), ("py", 200)])
def test_no_number_of_questions_and_no_kill_gives_more_than_was_charged(
    tmp_path: Path, k: int, tier: str, queries: int
) -> None:
    secret = f"{random.Random(k).getrandbits(2_400):0600x}"
    (tmp_path / "secret").write_text(secret)
    home = prepare(tmp_path, k, secret)

    kills = killed_and_begun_again(home, tmp_path, k, tier, queries)

    book = [line.split() for line in (tmp_path / "book").read_text().splitlines()]
    answers: dict[tuple[str, str], set[str]] = {}
    for number, mask, value in book:
        answers.setdefault((number, mask), set()).add(value)
    found, bound = recovered(home, tmp_path, k), FUNCTIONS * k * NIBBLE
    assert len(book) >= queries
    assert kills >= (4 if tier == "dream" else 2)
    assert {len(each) for each in answers.values()} == {1}  # before and after each kill the same
    assert 0 < found <= bound
    sys.stdout.write(f"\n  k {k}, {tier}: {len(book)} answers, {kills} kills, {found} of {bound}\n")
