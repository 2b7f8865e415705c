"""The index of the log by subject: it names all entries about somebody, and no other."""

from collections.abc import Sequence
from itertools import chain, islice, repeat

import pytest

from sealhold.audit.log import EMPTY, Entry
from sealhold.audit.reading import leaf_of, rows
from sealhold.audit.spans import NONE, WIDE, index_all, leaves_of, load_spans
from sealhold.audit.tables import LEAF, SPAN, SPANS
from sealhold.crypto.seal import NOBODY
from sealhold.model.ids import Id16
from sealhold.stores.spec import MAX_PAGE, Cursor, Found, Key, Page, Put, ReadView
from tests.attack.bent_log import ALICE, BOB, Log

TWIN = Id16(ALICE[:8] + bytes(8))  # begins as Alice's does
SIZES = (1, SPAN - 1, SPAN, SPAN + 1, 3 * SPAN, 3 * SPAN + 17)


class Many(Log):
    """A log about many people."""

    def __init__(self) -> None:
        super().__init__()
        self.keys[TWIN] = self._sealer()
        others = [Id16(bytes([n * 4]) + b"other".ljust(15)) for n in range(60)]
        self.keys.update(zip(others, repeat(self.keys[BOB]), strict=False))
        self.whom = (*others, ALICE, NOBODY, BOB, TWIN, ALICE, NOBODY)

    def about(self, count: int) -> "Many":
        """Go on with so many entries, by many at a time."""
        first = self.appender.head.size
        whom = (self.whom[seq * seq % 67 % len(self.whom)] for seq in range(first, first + count))
        entries = [self.entry(subject=each) for each in whom]
        for at in range(0, count, 997):
            self.write(*entries[at : at + 997])
        return self

    def entry_of_log(self) -> Entry:
        return Entry(event=self.entry().event)

    def seqs(
        self, subject: Id16, before: int | None = None, *, newest_first: bool = False
    ) -> list[int]:
        size = self.appender.head.size
        own = self.keys[NOBODY]
        found = leaves_of(self.store, own, subject, size, before, newest_first=newest_first)
        return [leaf.seq for leaf in found]

    def truth(self, subject: Id16) -> list[int]:
        leaves = map(leaf_of, rows(self.store, LEAF.name))
        return [leaf.seq for leaf in leaves if leaf.subject == subject]


def check(log: Many) -> None:
    for subject in (ALICE, BOB, TWIN, Id16(bytes(15) + b"x")):
        truth = log.truth(subject)
        assert log.seqs(subject) == truth
        assert log.seqs(subject, newest_first=True) == truth[::-1]
    assert log.check().faults == ()
    again = load_spans(log.store, log.keys[NOBODY], log.appender.head.size)
    assert again == log.appender.head.spans


@pytest.mark.parametrize("size", SIZES)
def test_all_entries_about_somebody_are_read_and_no_others(size: int) -> None:
    check(Many().about(size))


def test_entries_come_one_by_one_or_many_at_once_and_the_index_is_the_same() -> None:
    slow, fast = Many(), Many().about(2 * SPAN + 3)
    for _ in range(2 * SPAN + 3):
        slow.about(1)

    assert slow.appender.head.spans == fast.appender.head.spans
    check(slow)


def test_spans_become_a_wide_one_and_are_read_as_before() -> None:
    log = Many().about(WIDE - 1)
    check(log)
    assert len(log.appender.head.spans.full) == WIDE // SPAN - 1

    log.about(1)

    check(log)
    assert log.appender.head.spans == NONE
    assert {row.row[0] for row in rows(log.store, SPANS.name)} == {1}
    check(log.about(SPAN + 2))
    middle = WIDE - 1_000
    assert log.seqs(ALICE, middle) == [seq for seq in log.truth(ALICE) if seq < middle]
    assert log.seqs(ALICE, middle, newest_first=True) == log.seqs(ALICE, middle)[::-1]


def test_the_index_of_a_log_that_has_none_is_made_as_it_would_have_been() -> None:
    log = Many().about(WIDE + SPAN + 9)
    own, size = log.keys[NOBODY], log.appender.head.size

    made = [*index_all(log.store, own, size, log.entropy)]

    assert [done for done, _ in made] == [WIDE, size]
    ops = [op for op in chain.from_iterable(ops for _, ops in made) if isinstance(op, Put)]
    keys = [op.row[:3] for op in ops]
    assert keys == [found.row[:3] for found in rows(log.store, SPANS.name) if found.row[0] == 1] + [
        (0, WIDE // SPAN, 0)
    ]
    log.change(*(Put(SPANS.name, op.row) for op in ops))
    check(log)


def test_entries_about_nobody_leave_no_line() -> None:
    log = Many()

    for _ in range(3):
        log.write(*(log.entry_of_log() for _ in range(100)))

    assert log.appender.head.spans.tail == b""
    assert log.appender.head.spans.full == (b"",)
    assert log.check().whole


def test_a_batch_that_is_not_adopted_leaves_the_index_as_it_was() -> None:
    log = Many()

    log.appender.prepare([log.entry()], EMPTY.at, log.entropy)

    assert log.appender.head.spans == NONE


class Counted:
    """A view of a log that counts the rows which it gives out."""

    def __init__(self, view: ReadView) -> None:
        self._view = view
        self.given = 0

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        self.given += len(keys)
        return self._view.get(table, keys, most=most)

    def scan(  # as the contract has it
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
        self.given += len(page.rows)
        return page


@pytest.mark.parametrize("size", [40 * SPAN, WIDE + 40 * SPAN])
def test_a_later_page_of_somebodys_entries_costs_no_more_than_the_first(size: int) -> None:
    log = Many().about(size)
    own, before, costs, seqs = log.keys[NOBODY], None, list[int](), list[int]()

    while True:
        view = Counted(log.store)
        found = leaves_of(view, own, ALICE, size, before, newest_first=True)
        page = [leaf.seq for leaf in islice(found, 50)]
        if not page:
            break
        costs.append(view.given)
        seqs += page
        before = page[-1]

    assert seqs == log.truth(ALICE)[::-1]
    assert len(costs) > 5
    assert max(costs) == costs[0]
