"""The log as the vault's writer uses it: appending, opening again, reading, checking."""

from itertools import pairwise

import pytest

from sealhold.audit.bundle import looks_like_bundle, prove_entry, verify_bundle
from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import EMPTY, Appender, Entry, Keys, load
from sealhold.audit.reading import read_entries, read_entry, read_hashes
from sealhold.audit.tables import CHECKPOINT, HEAD, HEAD_NAME, LEAF, NODE, TABLES
from sealhold.audit.verify import MAX_FAULTS, Report, verify_log
from sealhold.crypto.entropy import seeded
from sealhold.crypto.merkle import root
from sealhold.crypto.note import Checkpoint, VerifierKey, make_note
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import (
    BadSignatureError,
    InvalidError,
    LockedError,
    NotFoundError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Delete, Op, Put

ALICE = Id16(b"alice".ljust(16))
NOON = Instant(1_790_000_000_000)


class Log:
    """A log in memory with one person in it."""

    def __init__(self) -> None:
        self.entropy = seeded(b"log")
        self.own = Sealer(Secret(self.entropy(32), "log"))
        self.alice = Sealer(Secret(self.entropy(32), "events"))
        self.signer = SigningKey(Secret(self.entropy(32), "log-sign"))
        self.keys = {NOBODY: self.own, ALICE: self.alice}
        self.store = MemoryRecords()
        self.store.open(TABLES, None, create=True)
        self.fence = self.store.lease(NOBODY, NOBODY, 60, NOON)
        self.appender = self.opened()

    def opened(self) -> Appender:
        return load(self.store, Keys.first("log", self.signer), self.own)

    def write(self, *entries: Entry, now: Instant = NOON) -> range:
        prepared = self.appender.prepare(entries, now, self.entropy)
        self.change(*prepared.ops)
        self.appender.adopt(prepared)
        return prepared.seqs

    def change(self, *ops: Op) -> None:
        self.store.commit((), lambda _: ops, self.fence)

    def check(self) -> Report:
        note = self.appender.head.note
        return verify_log(self.store, self.keys.get, self.appender.known, note)


def nobody(_: Id16) -> Sealer | None:
    return None


def entry(kind: EventKind = EventKind.READ) -> Entry:
    return Entry(event=Event(kind=kind, actor=Actor.OWNER))


def of_alice(log: Log, kind: EventKind = EventKind.READ) -> Entry:
    return Entry(event=Event(kind=kind, actor=Actor.OWNER), subject=ALICE, sealer=log.alice)


def test_an_empty_store_is_the_begin_of_a_log() -> None:
    log = Log()

    assert log.appender.head == EMPTY
    assert (log.appender.head.size, list(read_hashes(log.store))) == (0, [])
    report = verify_log(log.store, log.keys.get, log.appender.known, None)
    assert (report.whole, report.size, report.root) == (True, 0, root([]))


def test_numbers_go_on_from_batch_to_batch() -> None:
    log = Log()

    assert log.write(entry()) == range(1)
    assert log.write(entry(), of_alice(log), entry()) == range(1, 4)
    assert [line.leaf.seq for line in read_entries(log.store, log.keys.get)] == [3, 2, 1, 0]


def test_a_batch_is_not_part_of_the_log_before_it_is_adopted() -> None:
    log = Log()

    prepared = log.appender.prepare([entry()], NOON, log.entropy)

    assert log.appender.head is EMPTY
    assert prepared.head.size == 1
    log.appender.adopt(prepared)
    assert log.appender.head is prepared.head


def test_each_batch_ends_with_one_checkpoint_that_the_logs_key_signed() -> None:
    log = Log()
    log.write(entry(), entry())
    first = log.appender.head

    log.write(entry())

    checkpoint = open_checkpoint(log.appender.head.note, log.appender.known)
    assert (checkpoint.origin, checkpoint.size) == ("log", 3)
    assert checkpoint.root == root(list(read_hashes(log.store)))
    assert open_checkpoint(first.note, log.appender.known).size == 2
    assert len(log.store.scan(CHECKPOINT.name, "key", (), ()).rows) == 2


def test_a_checkpoint_of_another_origin_does_not_open_under_this_logs_key() -> None:
    log = Log()
    log.write(entry())

    with pytest.raises(BadSignatureError):
        open_checkpoint(log.appender.head.note, [VerifierKey("other", log.signer.public)])


def test_a_key_of_another_name_vouches_for_no_checkpoint_of_this_log() -> None:
    log = Log()
    text = Checkpoint(origin="log", size=1, root=bytes(32)).text()

    with pytest.raises(BadSignatureError):
        open_checkpoint(
            make_note(text, "other", log.signer), [VerifierKey("other", log.signer.public)]
        )


def test_each_batch_has_an_id_by_which_it_is_found_again() -> None:
    log = Log()
    log.write(entry())
    first = log.appender.head.batch

    log.write(entry())

    found = log.store.get(HEAD.name, [(HEAD_NAME,)])[0]
    assert found is not None
    assert found.row[2] == log.appender.head.batch != first


def test_a_batch_has_an_entry() -> None:
    with pytest.raises(InvalidError):
        Log().appender.prepare([], NOON, seeded(b""))


def test_a_clock_that_goes_back_is_held() -> None:
    log = Log()
    log.write(entry(), now=NOON)
    log.write(entry(), now=Instant(NOON - 60_000))
    log.write(entry(), now=Instant(NOON + 1))

    lines = read_entries(log.store, log.keys.get)

    assert [line.logged.at for line in lines if line.logged] == [NOON + 1, NOON, NOON]
    assert log.check().whole


def test_a_log_opened_again_goes_on_where_it_stood() -> None:
    log = Log()
    log.write(*(entry() for _ in range(21)))

    log.appender = log.opened()
    log.write(of_alice(log))

    assert log.appender.head.size == 22
    assert log.check().faults == ()


def test_a_log_opened_with_another_key_is_refused() -> None:
    log = Log()
    log.write(entry())

    with pytest.raises(SealBrokenError):
        load(log.store, Keys.first("log", log.signer), log.alice)
    with pytest.raises(BadSignatureError):
        load(log.store, Keys.first("log", SigningKey(Secret(bytes(32), "other"))), log.own)
    with pytest.raises(TamperedError):
        load(log.store, Keys.first("other", log.signer), log.own)


def test_a_log_without_its_newest_entry_is_not_opened() -> None:
    log = Log()
    log.write(entry(), entry())

    log.change(Delete(LEAF.name, (1,)))

    with pytest.raises(TamperedError):
        log.opened()


def test_full_blocks_of_entries_leave_nodes_behind() -> None:
    log = Log()
    log.write(*(entry() for _ in range(40)))
    log.write(*(entry() for _ in range(220)))
    leaves = list(read_hashes(log.store))

    rows = [found.row for found in log.store.scan(NODE.name, "key", (), ()).rows]

    assert rows == [
        *((1, block, root(leaves[block * 16 : block * 16 + 16])) for block in range(16)),
        (2, 0, root(leaves[:256])),
    ]


def test_an_entry_is_read_with_its_salt_and_place() -> None:
    log = Log()
    log.write(entry(), of_alice(log, EventKind.SEARCH))

    line = read_entry(log.store, 1, log.keys.get)

    assert line.logged is not None
    assert (line.logged.seq, line.logged.at, line.logged.before) == (1, NOON, 0)
    assert (line.logged.event.kind, line.leaf.subject) == (EventKind.SEARCH, ALICE)
    assert len(line.salt) == 32


def test_entries_are_read_backwards_from_a_place() -> None:
    log = Log()
    log.write(*(entry() for _ in range(6)))

    lines = read_entries(log.store, log.keys.get, before=3)

    assert [line.leaf.seq for line in lines] == [2, 1, 0]


def test_an_entry_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        read_entry(Log().store, 0, nobody)


def test_an_entry_of_an_erased_person_shows_its_hash_alone() -> None:
    log = Log()
    log.write(of_alice(log))
    del log.keys[ALICE]

    line = read_entry(log.store, 0, log.keys.get)

    assert (line.logged, line.leaf.hash) == (None, next(read_hashes(log.store)))
    with pytest.raises(NotFoundError):
        prove_entry(log.store, 0, log.keys.get, log.appender.known)


def test_a_check_tells_how_far_it_is() -> None:
    log, told = Log(), list[int]()
    log.write(*(entry() for _ in range(2_100)))

    verify_log(log.store, log.keys.get, log.appender.known, None, told.append)

    assert told == [1_000, 2_000, 2_100]


def test_the_logs_own_key_is_needed_to_check_and_to_prove() -> None:
    log = Log()
    log.write(entry())

    with pytest.raises(LockedError):
        verify_log(log.store, nobody, log.appender.known, None)
    with pytest.raises(LockedError):
        prove_entry(log.store, 0, nobody, log.appender.known)


def test_a_row_under_a_person_who_never_was_does_not_pass_for_erased() -> None:
    log = Log()
    log.write(entry())
    seq, hashed, _, sealed = log.store.scan(LEAF.name, "key", (), ()).rows[0].row
    log.change(Put(LEAF.name, (seq, hashed, b"nobody known".ljust(16), sealed)))

    def openers(subject: Id16) -> Sealer | None:
        if subject not in log.keys:
            raise TamperedError("of a subject that never was")
        return log.keys[subject]

    report = verify_log(log.store, openers, log.appender.known, None)

    assert report.faults == ("entry 0: of a subject that never was",)


def test_of_very_many_faults_the_first_are_named_and_the_rest_counted() -> None:
    log = Log()
    log.write(*(entry() for _ in range(150)))
    rows = [found.row for found in log.store.scan(LEAF.name, "key", (), ()).rows]

    log.change(
        *(
            Put(LEAF.name, (seq, hashed, later[2], later[3]))
            for (seq, hashed, *_), later in pairwise(rows)
        )
    )

    report = log.check()
    assert len(report.faults) == MAX_FAULTS + 1
    assert report.faults[-1] == "and 49 more faults"


def test_a_checkpoint_from_outside_that_is_none_is_a_fault() -> None:
    log = Log()
    log.write(entry())

    report = verify_log(log.store, log.keys.get, log.appender.known, "no note")

    assert [fault.partition(":")[0] for fault in report.faults] == [
        "the checkpoint kept outside of the log"
    ]


def test_a_bundle_proves_its_entry_at_any_size_of_the_log() -> None:
    log = Log()
    for size in (1, 2, 15, 16, 17, 250):
        log.write(*(entry() for _ in range(size)))
        for seq in {0, log.appender.head.size // 3, log.appender.head.size - 1}:
            bundle = prove_entry(log.store, seq, log.keys.get, log.appender.known)

            verdict = verify_bundle(bundle, [log.signer.public])

            assert (verdict.exit_code, all(check.held for check in verdict.checks)) == (0, True)


def test_a_bundle_is_told_from_other_files() -> None:
    log = Log()
    log.write(entry())
    bundle = prove_entry(log.store, 0, log.keys.get, log.appender.known)

    assert looks_like_bundle(bundle)
    for other in (b"", b"{}", b"GIF89a", b'{"payload":"","payloadType":"","signatures":[]}'):
        assert not looks_like_bundle(other)
        assert verify_bundle(other, []).exit_code == 5


def test_a_bundle_over_a_log_that_lacks_hashes_is_not_made() -> None:
    log = Log()
    log.write(*(entry() for _ in range(40)))
    log.change(Delete(LEAF.name, (2,)))

    with pytest.raises(TamperedError):
        prove_entry(log.store, 3, log.keys.get, log.appender.known)
