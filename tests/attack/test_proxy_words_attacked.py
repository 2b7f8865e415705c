"""Attacks on the tables of words at a live server: what is changed, withheld, lost on the way."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError, InvalidQueryError, TamperedError
from sealhold.protect.pairs import Batch, Pairs
from sealhold.protect.sql.tsquery import read_tsquery
from sealhold.protect.sql.wordtables import PairTable, Steps, rows_of
from sealhold.protect.state import State
from sealhold.protect.statewords import WordCounters
from sealhold.protect.techniques.words import Words
from tests.proxying.cluster import Cluster, cluster

KEY = Secret(bytes(range(32)), "words")
TABLE = PairTable("public", "_sh_words_patient_note")
PLACE = "public.patient.note"
_T = TypeVar("_T")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster("all") as started:
        yield started


class Vault:
    """A proxy's side of one column, and its connection."""

    def __init__(self, server: Cluster, folder: Path) -> None:
        self._folder = folder
        self._address = server.address("rented").conninfo
        self.link = self.connect()
        self.link.execute(f"DROP TABLE IF EXISTS {TABLE}")
        self.link.execute(TABLE.creating)
        self.state = State.make(folder / "proxy.db", KEY, system_entropy)
        self._begin()
        batch = self.pairs.begun(())
        self.write(batch)
        self.pairs.settle(batch.ticket, used=True)

    def _begin(self) -> None:
        self.counters = WordCounters(self.state, PLACE)
        self.pairs = Pairs(KEY, self.counters, system_entropy)
        self.words = Words(self.pairs, "prefix3-4")

    def connect(self) -> "psycopg.Connection[tuple[bytes, ...]]":
        return psycopg.connect(self._address, autocommit=True)

    def killed(self) -> None:
        """Begin again from what is durable."""
        self.state.close()
        self.state = State(self._folder / "proxy.db", KEY, system_entropy)
        self._begin()

    def run(
        self, steps: Steps[_T], link: "psycopg.Connection[tuple[bytes, ...]] | None" = None
    ) -> _T:
        rows: list[tuple[bytes, ...]] = []
        try:
            asked = next(steps)
            while True:
                rows = said(link or self.link, asked.sql, asked.arrays)
                asked = steps.send(rows)
        except StopIteration as end:
            found: _T = end.value
            return found

    def batch(self, row: int, old: str | None, new: str | None) -> Batch:
        return self.pairs.batch([self.words.change(row, old, new)])

    def write(
        self, batch: Batch, link: "psycopg.Connection[tuple[bytes, ...]] | None" = None
    ) -> None:
        for each in TABLE.writing(batch):
            said(link or self.link, each.sql, each.arrays)

    def keep(self, row: int, old: str | None, new: str | None) -> Batch:
        batch = self.batch(row, old, new)
        self.write(batch)
        self.pairs.settle(batch.ticket, used=True)
        return batch

    def find(self, text: str) -> list[int]:
        return self.run(rows_of(TABLE, self.pairs, read_tsquery(text, self.words)))

    def settle(self, ticket: int) -> bool:
        with self.connect() as link:
            return self.run(TABLE.settled(self.pairs, ticket), link)


def said(
    link: "psycopg.Connection[tuple[bytes, ...]]", sql: str, arrays: tuple[object, ...]
) -> list[tuple[bytes, ...]]:
    numbered = sql
    for at in range(len(arrays), 0, -1):
        numbered = numbered.replace(f"${at}", "%s")
    cursor = link.execute(numbered.encode(), [list(each) for each in arrays])  # type: ignore[call-overload]
    return cursor.fetchall() if cursor.description else []


@pytest.fixture
def vault(server: Cluster, tmp_path: Path) -> Iterator[Vault]:
    made = Vault(server, tmp_path)
    yield made
    made.link.close()
    made.state.close()


def test_words_are_found_changed_and_lost(vault: Vault) -> None:
    vault.keep(1, None, "fever and cough")
    vault.keep(2, None, "cough, no fever!")
    vault.keep(3, None, "a rash")
    vault.keep(2, "cough, no fever!", "a rash")
    vault.keep(1, "fever and cough", None)

    assert vault.find("rash") == [2, 3]
    assert vault.find("fever | cough") == []
    assert vault.find("ras:* & !rush") == [2, 3]
    assert vault.find("never") == []  # a word that was never stored has no label to ask for
    assert vault.find("") == []


def test_more_words_than_a_chunk_are_written_and_found(vault: Vault) -> None:
    batch = vault.pairs.batch([vault.words.change(row, None, "x1 y2") for row in range(600)])
    vault.write(batch)
    vault.pairs.settle(batch.ticket, used=True)

    assert vault.find("x1 & y2") == list(range(600))


@pytest.mark.threat("T618")
def test_what_is_rolled_back_leaves_gaps_also_at_a_savepoint(vault: Vault) -> None:
    vault.link.execute("BEGIN")
    kept = vault.batch(1, None, "fever")
    vault.write(kept)
    vault.link.execute("SAVEPOINT s")
    lost = vault.batch(2, None, "fever")
    vault.write(lost)
    vault.link.execute("ROLLBACK TO s")
    vault.link.execute("COMMIT")

    assert vault.settle(kept.ticket)
    assert not vault.settle(lost.ticket)

    again = vault.keep(3, None, "fever")
    assert vault.find("fever") == [1, 3]
    assert not {one.label for one in again.pairs} & {one.label for one in lost.pairs}


@pytest.mark.threat("T617")
@pytest.mark.parametrize("commits", [True, False])
def test_a_commit_whose_answer_is_lost_is_waited_for(vault: Vault, *, commits: bool) -> None:
    other = vault.connect()
    other.execute("BEGIN")
    batch = vault.batch(1, None, "fever")
    vault.write(batch, other)
    ended: list[bool] = []
    settling = threading.Thread(target=lambda: ended.append(vault.settle(batch.ticket)))
    settling.start()
    settling.join(0.3)
    assert not ended  # the transaction is still under way: nothing is known

    other.execute("COMMIT" if commits else "ROLLBACK")
    settling.join(10)

    assert ended == [commits]
    assert vault.find("fever") == ([1] if commits else [])
    other.close()


@pytest.mark.threat("T618")
def test_a_kill_between_counter_and_label_leaves_a_gap(vault: Vault) -> None:
    vault.keep(1, None, "fever")
    never = vault.batch(2, None, "fever")

    vault.killed()

    assert vault.find("fever") == [1]  # pending: its label may be missing
    [ticket] = vault.counters.tickets()
    assert not vault.settle(ticket)
    vault.keep(3, None, "fever")
    assert vault.find("fever") == [1, 3]
    written = {label for (label,) in said(vault.link, f"SELECT label FROM {TABLE}", ())}
    assert not written & {one.label for one in never.pairs}


@pytest.mark.threat("T613")
@pytest.mark.parametrize("bit", range(0, 128, 9))
def test_one_changed_bit_is_noticed(vault: Vault, bit: int) -> None:
    vault.keep(1, None, "cold")
    sql = f"UPDATE {TABLE} SET value = set_bit(value, {bit}, 1 - get_bit(value, {bit}))"
    vault.link.execute(sql.encode())

    with pytest.raises(TamperedError):
        vault.find("cold")


@pytest.mark.threat("T617")
def test_a_withheld_label_is_noticed_and_one_of_some_too(vault: Vault) -> None:
    batch = vault.batch(1, None, "fever cough")
    vault.write(batch)
    vault.link.execute(f"DELETE FROM {TABLE} WHERE ctid = (SELECT max(ctid) FROM {TABLE})".encode())

    with pytest.raises(TamperedError):
        vault.settle(batch.ticket)
    assert vault.counters.tickets() == (batch.ticket,)  # still in doubt

    vault.pairs.settle(batch.ticket, used=True)
    with pytest.raises(TamperedError):
        vault.find("fever & cough & fev:* & feve:* & cou:* & coug:*")


@pytest.mark.threat("T706")
def test_after_a_lost_state_nothing_is_searched_in_silence(vault: Vault, tmp_path: Path) -> None:
    vault.keep(1, None, "fever")
    anew = State.make(tmp_path / "anew.db", KEY, system_entropy)
    pairs = Pairs(KEY, WordCounters(anew, PLACE), system_entropy)

    with pytest.raises(InvalidQueryError):
        vault.run(rows_of(TABLE, pairs, read_tsquery("fever", vault.words)))

    anew.close()


@pytest.mark.threat("T701")
def test_a_table_is_not_emptied_while_another_writes(vault: Vault) -> None:
    vault.keep(1, None, "fever")
    batch = vault.batch(2, None, "fever")
    with pytest.raises(ConflictError):
        vault.pairs.begun(())
    begun = vault.pairs.begun((batch.ticket,))
    vault.write(batch)
    vault.link.execute(f"TRUNCATE {TABLE}".encode())
    vault.write(begun)
    vault.pairs.settle(batch.ticket, used=True)
    with pytest.raises(ConflictError):
        vault.find("fever")  # its labels are gone, and nobody knows yet that they may be
    vault.pairs.settle(begun.ticket, used=True)
    assert vault.find("fever") == []
    again = vault.keep(3, None, "fever")
    assert vault.find("fever") == [3]
    assert not {one.label for one in again.pairs} & {one.label for one in batch.pairs}


def test_an_old_snapshot_lacks_what_must_be_there(vault: Vault) -> None:
    vault.link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    vault.link.execute("SELECT 1")
    link, vault.link = vault.link, vault.connect()
    vault.keep(1, None, "fever")

    with pytest.raises(TamperedError):  # why such a search is refused before it is made
        vault.run(rows_of(TABLE, vault.pairs, read_tsquery("fever", vault.words)), link)

    link.close()


def test_no_word_is_at_the_provider(vault: Vault, server: Cluster) -> None:
    marker = "quicksilverfever"
    vault.keep(1, None, f"has {marker}")

    assert vault.find(marker) == [1]
    vault.link.execute("CHECKPOINT")
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert marker not in server.log.read_text(errors="replace")
    assert not any(marker.encode() in path.read_bytes() for path in files)
    assert not any(marker.encode().hex().encode() in path.read_bytes() for path in files)
