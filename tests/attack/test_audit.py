"""Attacks on the log, by somebody who can write every row of the store."""

from collections.abc import Sequence

import pytest

from sealhold.audit.bundle import verify_bundle
from sealhold.audit.event import Actor, Event, EventKind, encode
from sealhold.audit.log import Appender, Keys, load
from sealhold.audit.reading import read_entries, read_hashes
from sealhold.audit.tables import (
    CHECKPOINT,
    HEAD,
    HEAD_NAME,
    LEAF,
    NODE,
    TABLES,
    checkpoint_aad,
    entry_hash,
    head_aad,
    leaf_aad,
)
from sealhold.audit.verify import verify_log
from sealhold.crypto.seal import NOBODY
from sealhold.model.encoding import pack
from sealhold.model.errors import ConflictError, TamperedError
from sealhold.model.quantities import Instant
from sealhold.stores.spec import MAX_PAGE, Cursor, Delete, Found, Key, Page, Put, ReadView
from tests.attack.bent_log import ALICE, BOB, NOON, ORIGIN, Log


@pytest.mark.threat("T50")
@pytest.mark.parametrize("seq", [0, 7, 19])
def test_an_entry_that_was_taken_out_is_named(seq: int) -> None:
    log = Log().fill()

    log.change(Delete(LEAF.name, (seq,)))

    faults = log.check().faults
    assert any(f"entry {seq}" in fault or "newest entry" in fault for fault in faults)


@pytest.mark.threat("T50")
def test_entries_that_were_exchanged_are_both_named() -> None:
    log = Log().fill()
    _, *third = log.row(LEAF.name, 3)
    _, *fifth = log.row(LEAF.name, 5)

    log.change(Put(LEAF.name, (3, *fifth)), Put(LEAF.name, (5, *third)))

    faults = log.check().faults
    assert any(fault.startswith("entry 3:") for fault in faults)
    assert any(fault.startswith("entry 5:") for fault in faults)
    assert any("lead to another root" in fault for fault in faults)


@pytest.mark.threat("T50")
@pytest.mark.parametrize("column", [1, 2, 3])
def test_an_entry_with_any_column_edited_is_named(column: int) -> None:
    log = Log().fill()
    row = list(log.row(LEAF.name, 4))
    cell = row[column]
    assert isinstance(cell, bytes)
    row[column] = BOB if column == 2 else bytes([cell[0] ^ 1]) + cell[1:]

    log.change(Put(LEAF.name, tuple(row)))

    assert any("entry 4" in fault for fault in log.check().faults)


@pytest.mark.threat("T50")
def test_an_entry_that_the_log_key_itself_sealed_anew_does_not_fit_the_tree() -> None:
    log, other = Log().fill(), Log(b"other").fill()
    other.keys.update(log.keys)
    other.write(other.entry(EventKind.ERASE))

    _, *forged = other.row(LEAF.name, 20)
    log.write(log.entry())
    log.change(Put(LEAF.name, (20, *forged)))

    assert log.check().faults == (
        "checkpoint of 21 entries: entries 20 to 20 lead to another root",
    )


@pytest.mark.threat("T51")
def test_a_log_that_was_cut_is_shorter_than_its_own_checkpoints() -> None:
    log = Log().fill()

    log.change(*(Delete(LEAF.name, (seq,)) for seq in range(12, 20)))

    assert "checkpoint of 15 entries: the log has 12" in log.check().faults


@pytest.mark.threat("T51")
def test_a_log_put_back_to_an_older_state_whole_differs_from_the_checkpoint_kept_outside() -> None:
    log = Log().fill()
    kept_outside = log.appender.head.note

    older = Log().fill(batches=3)  # the same log, one batch ago, in every byte

    assert older.check().whole
    assert [fault[:55] for fault in older.check(newest=kept_outside).faults] == [
        "the log has 15 entries, but a checkpoint of 20 was sign"
    ]


@pytest.mark.threat("T51")
def test_a_log_put_back_and_written_on_with_its_own_keys_differs_from_the_checkpoint_outside() -> (
    None
):
    log = Log().fill()
    kept_outside = log.appender.head.note

    fork = Log().fill(batches=3)
    fork.write(*(fork.entry(EventKind.QUERY) for _ in range(9)))

    assert fork.check().whole
    assert fork.check(newest=kept_outside).faults == (
        "the checkpoint kept outside of the log: entries 0 to 19 lead to another root",
    )


@pytest.mark.threat("T51")
def test_a_head_put_back_alone_is_refused_when_the_log_is_opened() -> None:
    log = Log().fill(batches=3)
    older = log.row(HEAD.name, HEAD_NAME)
    log.write(log.entry())

    log.change(Put(HEAD.name, older))

    with pytest.raises(TamperedError):
        load(log.store, Keys.first(ORIGIN, log.signer), log.keys[NOBODY])


@pytest.mark.threat("T51")
def test_a_head_taken_away_does_not_make_a_log_new() -> None:
    log = Log().fill()

    log.change(Delete(HEAD.name, (HEAD_NAME,)))

    with pytest.raises(TamperedError):
        load(log.store, Keys.first(ORIGIN, log.signer), log.keys[NOBODY])
    assert any("head" in fault for fault in log.check().faults)


@pytest.mark.threat("T52")
def test_a_checkpoint_signed_by_another_key_of_the_same_name_is_named() -> None:
    log, forger = Log().fill(), Log(b"forger")
    forger.keys = log.keys
    forger.appender = Appender(Keys.first(ORIGIN, forger.signer), log.keys[NOBODY])
    forger.fill()

    log.change(Put(CHECKPOINT.name, forger.row(CHECKPOINT.name, 15)))

    assert any(fault.startswith("checkpoint of 15") for fault in log.check().faults)


@pytest.mark.threat("T52")
def test_a_missing_checkpoint_is_named_by_the_entries_after_it() -> None:
    log = Log().fill()

    log.change(Delete(CHECKPOINT.name, (10,)))

    assert log.check().faults == ("entry 10: the checkpoint of 10 entries is missing",)


@pytest.mark.threat("T52")
def test_a_checkpoint_of_another_size_in_the_row_of_one_is_named() -> None:
    log = Log().fill()
    _, sealed = log.row(CHECKPOINT.name, 5)

    log.change(Put(CHECKPOINT.name, (10, sealed)))

    assert any(fault.startswith("checkpoint of 10") for fault in log.check().faults)


@pytest.mark.threat("T54")
def test_a_batch_that_could_not_be_committed_leaves_the_log_where_it_was() -> None:
    log = Log().fill()
    before = log.appender.head
    lost = log.appender.prepare([log.entry(EventKind.RELEASE)], NOON, log.entropy)

    log.write(log.entry(EventKind.DECISION))

    assert before.size == 20
    with pytest.raises(ConflictError):
        log.appender.adopt(lost)
    with pytest.raises(ConflictError):
        log.change(*lost.ops)
    kinds = [
        line.logged.event.kind for line in read_entries(log.store, log.keys.get) if line.logged
    ]
    assert EventKind.RELEASE not in kinds
    assert log.check(newest=log.appender.head.note).whole


@pytest.mark.threat("T54")
def test_a_second_writer_on_the_same_log_fails_whole() -> None:
    log = Log().fill()
    second = load(log.store, Keys.first(ORIGIN, log.signer), log.keys[NOBODY])
    late = second.prepare([log.entry()], NOON, log.entropy)
    log.write(log.entry())

    with pytest.raises(ConflictError):
        log.change(*late.ops)
    assert log.check().whole


@pytest.mark.threat("T55")
def test_the_same_event_twice_gives_leaves_that_nothing_joins() -> None:
    log = Log()

    log.write(*(log.entry() for _ in range(50)))

    rows = [log.row(LEAF.name, seq) for seq in range(50)]
    assert len({row[1] for row in rows}) == 50
    assert len({row[3] for row in rows}) == 50


@pytest.mark.threat("T55")
def test_once_the_key_of_a_person_is_gone_the_tree_holds_and_tells_nothing() -> None:
    log = Log().fill()
    hashes = list(read_hashes(log.store))
    del log.keys[ALICE]

    report = log.check(newest=log.appender.head.note)

    assert (report.whole, report.erased) == (True, 12)
    assert list(read_hashes(log.store)) == hashes


@pytest.mark.threat("T50")
def test_a_node_that_was_changed_or_taken_away_is_named_and_proves_nothing() -> None:
    log = Log()
    log.write(*(log.entry() for _ in range(300)))
    level, position, hashed = log.row(NODE.name, 1, 0)
    assert isinstance(hashed, bytes)

    log.change(Put(NODE.name, (level, position, hashed[::-1])))

    assert log.check().faults == ("node 0 of level 1: not that of its entries",)
    assert verify_bundle(log.bundle(20), [log.signer.public]).exit_code == 6
    log.change(Delete(NODE.name, (1, 0)))
    assert log.check().faults == ("node 0 of level 1: missing",)


def reseal_leaf(log: Log, row: int, seq: int, at: Instant) -> Put:
    """Return row `row` with an entry `seq` of `at` in it, sealed by the log's own key."""
    salt, event = bytes(32), Event(kind=EventKind.LOCK, actor=Actor.OWNER)
    data = encode(event, seq, at, 5)
    sealed = log.keys[NOBODY].seal(salt + data, leaf_aad(NOBODY, row), log.entropy)
    return Put(LEAF.name, (row, entry_hash(salt, data), NOBODY, sealed))


@pytest.mark.threat("T50")
def test_whoever_holds_the_logs_key_cannot_renumber_an_entry() -> None:
    log = Log().fill()

    log.change(reseal_leaf(log, 7, 6, Instant(NOON + 1)))

    assert "entry 7: was written as entry 6" in log.check().faults


@pytest.mark.threat("T50")
def test_whoever_holds_the_logs_key_cannot_back_date_an_entry() -> None:
    log = Log().fill()

    log.change(reseal_leaf(log, 7, 7, Instant(NOON - 1)))

    assert "entry 7: earlier than the entry before" in log.check().faults


@pytest.mark.threat("T52")
def test_whoever_holds_the_logs_key_cannot_put_one_checkpoint_for_another() -> None:
    log = Log().fill()
    note = log.appender.head.note

    sealed = log.keys[NOBODY].seal(note.encode(), checkpoint_aad(10), log.entropy)
    log.change(Put(CHECKPOINT.name, (10, sealed)))

    assert log.check().faults == ("checkpoint of 10 entries: signed for 20",)


@pytest.mark.threat("T51")
def test_a_head_with_a_right_edge_of_another_tree_is_refused() -> None:
    log, other = Log().fill(), Log(b"other").fill()
    head = log.appender.head
    kept = pack({1: head.at, 2: list(other.appender.head.frontier.edge), 3: head.note})

    sealed = log.keys[NOBODY].seal(kept, head_aad(head.batch, 20), log.entropy)
    log.change(Put(HEAD.name, (HEAD_NAME, 20, head.batch, sealed)))

    assert log.check().faults == (
        "head of the log: the head of the log is not that of its checkpoint",
    )


@pytest.mark.threat("T51")
def test_a_head_of_another_tree_with_its_own_right_checkpoint_is_named() -> None:
    log, fork = Log().fill(), Log()
    fork.fill(batches=3)
    fork.write(*(fork.entry(EventKind.QUERY) for _ in range(5)))

    log.change(Put(HEAD.name, fork.row(HEAD.name, HEAD_NAME)))

    assert log.check().faults == ("head of the log: of another root",)


@pytest.mark.threat("T50")
def test_a_node_that_no_entries_fill_is_named() -> None:
    log = Log().fill()

    log.change(
        Put(NODE.name, (0, 0, bytes(32))),
        Put(NODE.name, (1, -1, bytes(32))),
        Put(NODE.name, (1, 1, bytes(32))),
        Put(NODE.name, (9, 0, bytes(32))),
    )

    assert set(log.check().faults) == {
        f"node {position} of level {level}: of no entries"
        for level, position in ((0, 0), (1, -1), (1, 1), (9, 0))
    }


class Liar:
    """A view that gives text where a table has bytes or numbers."""

    def __init__(self, view: ReadView, table: str) -> None:
        self._view, self._table = view, table

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        return [
            found and self._lie(table, found) for found in self._view.get(table, keys, most=most)
        ]

    def scan(  # reason: the view's own signature
        self,
        table: str,
        index: str,
        lo: Key,
        hi: Key,
        *,
        after: Cursor | None = None,
        limit: int = MAX_PAGE,
        reverse: bool = False,
        most: int | None = None,
    ) -> Page:
        page = self._view.scan(
            table, index, lo, hi, after=after, limit=limit, reverse=reverse, most=most
        )
        return Page([self._lie(table, found) for found in page.rows], page.cursor)

    def _lie(self, table: str, found: Found) -> Found:
        row = tuple("lie" for _ in found.row) if table == self._table else found.row
        return Found(row, found.v)


@pytest.mark.threat("T50")
@pytest.mark.parametrize("table", [spec.name for spec in TABLES])
def test_a_store_that_gives_rows_of_another_form_is_caught(table: str) -> None:
    log = Log().fill(each=70)

    report = verify_log(Liar(log.store, table), log.keys.get, log.appender.known, None)

    assert not report.whole
