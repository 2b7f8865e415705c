"""Attacks on the log's index by somebody who can write every row: no use is hidden."""

import pytest

from sealhold.audit.log import Appender, Keys, load, size_of
from sealhold.audit.spans import WIDE, leaves_of
from sealhold.audit.tables import HEAD, HEAD_NAME, LEAF, SPAN, SPANS
from sealhold.crypto.seal import NOBODY
from sealhold.model.errors import TamperedError
from sealhold.stores.spec import Delete, Put
from tests.attack.bent_log import ALICE, BOB, ORIGIN, Log

PART = ALICE[0] >> 2  # of a wide span, in which Alice's entries are


@pytest.fixture(scope="module")
def long() -> Log:
    """Return a log of a wide span, two spans and some entries; whoever bends it mends it."""
    return Log().fill(WIDE // 1_000 + 1, 1_000)


@pytest.fixture
def log() -> Log:
    return Log().fill(5, 150)


def read(log: Log) -> list[int]:
    size = log.appender.head.size
    return [leaf.seq for leaf in leaves_of(log.store, log.keys[NOBODY], ALICE, size)]


@pytest.mark.threat("T334")
def test_a_span_that_was_taken_out_is_told_to_who_reads_and_named_by_the_check(log: Log) -> None:
    log.change(Delete(SPANS.name, (0, 1, 0)))

    with pytest.raises(TamperedError, match=f"index of entries {SPAN} to {2 * SPAN - 1}: missing"):
        read(log)
    assert log.check().faults == (f"index of entries {SPAN} to {2 * SPAN - 1}: missing",)
    with pytest.raises(TamperedError):
        load(log.store, Keys.first(ORIGIN, log.signer), log.keys[NOBODY])


@pytest.mark.threat("T334")
def test_a_part_of_a_wide_span_that_was_taken_out_is_told_and_named(long: Log) -> None:
    row = long.row(SPANS.name, 1, 0, PART)
    long.change(Delete(SPANS.name, (1, 0, PART)))

    with pytest.raises(TamperedError, match="missing"):
        read(long)
    assert long.check().faults == (f"index of entries 0 to {WIDE - 1}: missing",)

    long.change(Put(SPANS.name, row))
    assert len(read(long)) == long.appender.head.size // 2
    assert long.check().whole


@pytest.mark.threat("T334")
@pytest.mark.parametrize("from_place", [(0, 0, 0), (0, 1, 0)])
def test_a_row_of_the_index_opens_in_its_own_place_alone(
    log: Log, from_place: tuple[int, int, int]
) -> None:
    other = (0, 1 - from_place[1], 0)
    *_, sealed = log.row(SPANS.name, *from_place)

    log.change(Put(SPANS.name, (*other, sealed)))

    with pytest.raises(TamperedError):
        read(log)
    assert not log.check().whole


@pytest.mark.threat("T334")
def test_an_index_that_the_log_key_itself_sealed_for_other_entries_is_named() -> None:
    """Whoever has the key of the log, but not all keys of its subjects."""
    log, other = Log().fill(3, 100), Log(b"other")
    other.keys.update(log.keys)
    other.appender = Appender(Keys.first(ORIGIN, other.signer), log.keys[NOBODY])
    other.write(*(other.entry(subject=BOB) for _ in range(300)))

    log.change(Put(SPANS.name, other.row(SPANS.name, 0, 0, 0)))

    assert log.check().faults == ("index of entries 0 to 255: not that of its entries",)


@pytest.mark.threat("T334")
def test_an_entry_that_was_taken_out_is_missed_by_who_reads_its_subject(log: Log) -> None:
    log.change(Delete(LEAF.name, (4,)))

    with pytest.raises(TamperedError, match="entry 4: missing"):
        read(log)


@pytest.mark.threat("T334")
def test_an_entry_that_was_put_under_somebody_else_is_missed_by_who_reads_its_subject(
    log: Log,
) -> None:
    seq, hashed, _, sealed = log.row(LEAF.name, 4)

    log.change(Put(LEAF.name, (seq, hashed, BOB, sealed)))

    with pytest.raises(TamperedError, match="entry 4: about somebody else"):
        read(log)


@pytest.mark.threat("T334")
def test_rows_of_the_index_that_no_entries_have_are_named(log: Log) -> None:
    *_, sealed = log.row(SPANS.name, 0, 0, 0)

    log.change(*(Put(SPANS.name, (*place, sealed)) for place in ((0, 9, 0), (0, 0, 1), (1, 0, 0))))

    assert set(log.check().faults) == {
        f"index: row {place} is of no entries" for place in ("0/9/0", "0/0/1", "1/0/0")
    }


@pytest.mark.threat("T334")
def test_a_view_of_the_log_that_is_older_than_what_is_known_is_refused(log: Log) -> None:
    older = log.row(HEAD.name, HEAD_NAME)
    log.write(log.entry())
    known = log.appender.head.size
    assert size_of(log.store, known) == known

    log.change(Put(HEAD.name, older))

    with pytest.raises(TamperedError):
        size_of(log.store, known)
