"""Attacks on the ledger: what was told of an object is never more than what was charged to it."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.compute import partition
from sealhold.compute.asked import facts_so_far
from sealhold.model.errors import RolledBackError
from sealhold.model.quantities import MICRO
from tests.attack.ledger_probe import (
    EVENTS,
    FUNCTIONS,
    Author,
    attack,
    function,
    members,
    office_of,
    permitted,
    prepare,
)
from tests.attack.ledger_programs import NIBBLE, told_without_a_ledger
from tests.forked import FORKS
from tests.scenarios.vaults import opened

QUERIES: dict[Author, int] = {"py": 10_000, "wasm": 10_000, "dream": 4_000}  # the whole attack
SHORTER = 4  # times: as many questions use up the ledger of a small partition
SMALL = 4
MOMENTS = ("charged", "evaluated", "kept")
LOOK = 0.02  # seconds between two looks at how far it is


@dataclass(frozen=True)
class Robbed:
    """What the attacker has of the one object of which it has most."""

    secrets: Sequence[str]  # of all in its partition, its own first
    values: int  # that it was told
    right: int  # of them those that say what they should


@dataclass
class Attack:
    """A vault and its attacker."""

    folder: Path
    k: int
    author: Author
    home: Path
    queries: int
    kills: int = 0

    def run(self) -> None:
        """Let it ask all it wants; it is killed at each moment, half-way, and at each again."""
        most = self.queries
        self._due()
        while not self._live(most // 2):
            pass
        with opened(self.home):
            pass  # so that all is in one file again
        shutil.copyfile(self.home / "vault.db", self.folder / "early.db")
        self._due()
        while not self._live(most):
            pass

    def _due(self) -> None:
        for moment in MOMENTS:
            (self.folder / f"due-{moment}").touch()

    def _live(self, until: int) -> bool:
        """Begin a process that asks, and kill it when it has asked so often; return if it has.

        Before that it kills itself at the moments that are due.
        """
        given = (self.home, self.folder, self.k, self.queries, self.author, until)
        process = FORKS.Process(target=attack, args=given)
        process.start()
        while process.is_alive() and self._asked() < until:
            process.join(LOOK)
        process.kill()
        process.join()
        assert process.exitcode in {0, -9}
        self.kills += process.exitcode == -9
        return self._asked() >= until

    def _asked(self) -> int:
        book = self.folder / "book"
        return book.read_bytes().count(b"\n") if book.exists() else 0

    def book(self) -> dict[tuple[int, int], set[int]]:
        """Return all answers to each question, which is a function and a set of objects."""
        answers: dict[tuple[int, int], set[int]] = {}
        for line in (self.folder / "book").read_text().splitlines():
            number, mask, value = map(int, line.split())
            answers.setdefault((number, mask), set()).add(value)
        return answers

    def charged(self) -> int:
        """Return how many bits the ledger says that an object may have told."""
        with opened(self.home) as node:
            office = office_of(node)
            told = facts_so_far(office.budget, office.core.datasets[EVENTS])
        assert told.per_object % MICRO == 0
        return told.per_object // MICRO

    def robbed(self) -> Robbed:
        """Return what stands in the book, read off one object at a time."""
        with opened(self.home) as node:
            everyone, office, program = members(node), office_of(node), function("py", self.k, 0)
            decision, records = permitted(program), [each.record for each in everyone]
            opening = office.firewall.objects_for_task(decision, EVENTS, records)
            texts = {record: str((fields or {})["summary"]) for record, _, fields in opening}
            parts = partition.read(office.core, EVENTS, self.k)
            groups = {parts.mates(each.logical) for each in everyone}
        secret = {each.logical: texts[each.record] for each in everyone}
        place = {each.logical: at for at, each in enumerate(everyone)}
        book = self.book()
        found = []
        for mates in groups:
            values = [
                (secret[mates[0]][number * self.k + turn], value)
                for number in {number for number, _ in book}
                for turn, name in enumerate(mates)
                for value in book.get((number, 1 << place[name]), ())
            ]
            right = sum(int(due, 16) == value for due, value in values)
            found.append(Robbed([secret[name] for name in mates], len(values), right))
        return max(found, key=lambda each: each.values)


@pytest.mark.threat("T165")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("k", [1, 4, 32])
@pytest.mark.parametrize("author", list(QUERIES))
def test_no_number_of_questions_and_no_kill_gives_more_than_was_charged(
    tmp_path: Path, k: int, author: Author
) -> None:
    queries = QUERIES[author] // (SHORTER if k <= SMALL else 1)
    assert_no_more_than_charged(tmp_path, k, author, queries)


@pytest.mark.soak
@pytest.mark.threat("T165")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("k", [1, 4, 16])
@pytest.mark.parametrize("author", list(QUERIES))
def test_ten_thousand_questions_give_no_more_of_other_partitions_either(
    tmp_path: Path, k: int, author: Author
) -> None:
    assert_no_more_than_charged(tmp_path, k, author, QUERIES[author])


def assert_no_more_than_charged(folder: Path, k: int, author: Author, queries: int) -> None:
    """Let an attacker ask so often, killed again and again, and compare its loot with the bill."""
    robbery = Attack(folder, k, author, prepare(folder, k), queries)

    robbery.run()

    book, found, charged = robbery.book(), robbery.robbed(), robbery.charged()
    assert {len(each) for each in book.values()} == {1}  # before and after each kill the same
    assert robbery.kills >= 2 * len(MOMENTS) + 1
    assert charged == FUNCTIONS * k * NIBBLE
    assert NIBBLE * found.values == charged  # all that was paid for, and no more
    sys.stdout.write(f"\n  k {k}, {author}: {robbery.kills} kills, {charged} bits\n")
    if author != "dream":
        secret, said = found.secrets[0], told_without_a_ledger(author, k, found.secrets)
        assert found.right == found.values
        assert said == secret
        assert 4 * len(secret) > charged
    assert_an_older_ledger_is_refused(robbery)


def assert_an_older_ledger_is_refused(robbery: Attack) -> None:
    """Put the ledger of half-way back, when one function less was charged."""
    shutil.copyfile(robbery.folder / "early.db", robbery.home / "vault.db")

    with pytest.raises(RolledBackError), opened(robbery.home):
        pass
