"""Items taken in: recognised, kept once, versioned, and whatever their size."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from threading import Event as Signal

import pytest
from msgspec.structs import replace

from sealhold.crypto.entropy import seeded
from sealhold.model.ids import Collection, Id16, JobId, RecordId
from sealhold.model.records import Record
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Fence, Found, Key, Op, Result, Unit
from sealhold.vault.deciding import scan_all
from sealhold.vault.ingest import INLINE, PORTION, Ingest
from sealhold.vault.objects import CHUNKS
from sealhold.vault.owned import OLDER, RECORDS, Body, Place, seal_record
from tests.unit.memory_vault import SOURCE, MemoryVault, batch, item, job_row, memory_vault

THINGS = Collection("things")
Finish = Callable[[Sequence[Result]], Sequence[Op]]


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def ingest(vault: MemoryVault) -> Ingest:
    return Ingest(vault.core, vault.index, vault.objects, SOURCE)


def records(vault: MemoryVault) -> list[Record]:
    """Return all records, in the order they came."""
    ids = [found.row[0] for found in scan_all(vault.core.store, RECORDS)]
    return vault.firewall.get(ids) if ids else []


def texts(vault: MemoryVault) -> list[str]:
    return sorted(record.fields["text"] for record in records(vault))


def test_equal_items_of_one_input_stay_as_many_and_a_second_reading_adds_none(
    vault: MemoryVault,
) -> None:
    coffees = [item("coffee 2.50"), item("coffee 2.50"), item("cake"), item("coffee 2.50")]
    first, again = ingest(vault), ingest(vault)

    job, counts = first.take(job_row(), batch(coffees), "1")
    first.finish()
    _, same = again.take(job_row("again"), batch(coffees), "1")
    again.finish()

    assert (counts.new, counts.changed, counts.same) == (4, 0, 0)
    assert (same.new, same.changed, same.same) == (0, 0, 4)
    assert texts(vault) == ["cake", "coffee 2.50", "coffee 2.50", "coffee 2.50"]
    assert job.by_collection == {THINGS: 4}


def test_equal_items_of_two_batches_are_counted_on(vault: MemoryVault) -> None:
    taker = ingest(vault)

    job, _ = taker.take(job_row(), batch([item("coffee")]), "1")
    _, counts = taker.take(job, batch([item("coffee")]), "1")
    taker.finish()

    assert counts.new == 1
    assert texts(vault) == ["coffee", "coffee"]


@pytest.mark.parametrize("apart", [False, True])
def test_an_id_that_comes_again_with_other_content_makes_a_version(
    vault: MemoryVault, *, apart: bool
) -> None:
    taker = ingest(vault)
    one, other = item("before", own="a"), item("after", own="a")

    if apart:
        job, counts = taker.take(job_row(), batch([one]), "1")
        _, more = taker.take(job, batch([other]), "1")
        counts += more
    else:
        _, counts = taker.take(job_row(), batch([one, other]), "1")
    taker.finish()

    [record] = records(vault)
    assert (counts.new, counts.changed) == (1, 1)
    assert (record.fields["text"], record.version) == ("after", 2)
    assert len(list(scan_all(vault.core.store, OLDER))) == 1
    assert [doc.version for doc in vault.fresh_index().docs().values()] == [2]


def test_an_id_that_comes_again_with_the_same_content_changes_nothing(vault: MemoryVault) -> None:
    taker = ingest(vault)

    _, counts = taker.take(job_row(), batch([item("same", own="a")] * 3), "1")
    taker.finish()

    assert (counts.new, counts.changed, counts.same) == (1, 0, 2)


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 6])
def test_a_job_that_is_read_again_is_counted_as_one_that_was_read_through(
    vault: MemoryVault, cut: int
) -> None:
    every = [item(text, own=text) for text in ("a", "b", "a", "c", "b", "d")]
    with memory_vault() as other:
        taker = ingest(other)
        through, _ = taker.take(job_row(), batch(every), "1")
        taker.finish()

    taker = ingest(vault)
    before, _ = taker.take(job_row(), batch(every[:cut]), "1")
    taker.finish()
    taken = before.new + before.changed
    again = Ingest(vault.core, vault.index, vault.objects, SOURCE, taken=taken)
    job, run = again.take(dataclasses.replace(before, same=0), batch(every[:4]), "1")
    job, more = again.take(job, batch(every[4:]), "1")
    again.finish()

    assert (job.new, job.changed, job.same) == (through.new, through.changed, through.same)
    assert (run + more).new == through.new - taken  # of this run alone


def test_a_record_tells_where_it_came_from(vault: MemoryVault) -> None:
    taker = ingest(vault)
    taker.take(job_row(), batch([item("x", own="a")]), "7")
    taker.finish()

    [record] = records(vault)

    origin = record.provenance
    assert (origin.source, origin.job) == (SOURCE.id, job_row().id)
    assert (origin.connector, origin.connector_version) == ("things", "7")
    assert (origin.original_id, origin.position) == ("a", "line 1")


def test_rejects_are_counted_and_the_first_twenty_told(vault: MemoryVault) -> None:
    taker = ingest(vault)

    job, _ = taker.take(job_row(), batch([item("x")], rejects=15), "1")
    job, _ = taker.take(job, batch([], rejects=15), "1")
    taker.finish()

    assert job.rejected == 30
    assert len(job.rejects) == 20


@pytest.mark.parametrize("size", [INLINE - 1_000, INLINE, INLINE + 1_000, 3 * PORTION])
def test_an_item_of_any_size_comes_back_whole(vault: MemoryVault, size: int) -> None:
    text = "".join(chr(97 + n * n % 23) for n in range(1_000)) * (size // 1_000 + 1)
    taker = ingest(vault)

    taker.take(job_row(), batch([item(text[:size]), item("small")]), "1")
    taker.finish()

    assert texts(vault) == sorted([text[:size], "small"])
    assert bool(list(vault.packs.names())) == (size >= INLINE)


def test_a_batch_of_many_large_items_is_kept_in_portions(vault: MemoryVault) -> None:
    """Together they are far over what the store takes in one commit."""
    large = [item(f"{n} " + "y" * (INLINE - 1_000)) for n in range(200)]
    taker = ingest(vault)

    job, counts = taker.take(job_row(), batch(large), "1")
    taker.finish()

    assert counts.new == job.new == 200
    assert len(records(vault)) == 200
    assert len(vault.fresh_index().docs()) == 200


def test_words_that_all_begin_alike_fit_all_the_same(vault: MemoryVault) -> None:
    """One block of the index would be larger than a row may be."""
    long = " ".join(f"000{n:05x}" for n in range(20_000))
    items = [item(f"{long} {'0' * 3}{k}") for k in range(2)]
    items += [item(" ".join(f"000{k}{n:06x}" for n in range(9_000))) for k in range(9)]
    taker = ingest(vault)

    _, counts = taker.take(job_row(), batch(items), "1")
    taker.finish()

    assert counts.new == 11
    assert len(vault.index.search("00004e1f")) == 2
    assert [doc.place for doc in vault.index.search("0008000001")]


class Lagging(MemoryRecords):
    """Writes its first batch when the next one looked for kept chunks, or waits for this one."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = Signal()
        self.looks = 0

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        found = super().get(table, keys, most=most)
        self.looks += table == CHUNKS.name
        if self.looks > 1:
            self.looked.set()
        return found

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        if units:
            self.looked.wait(0.2)
        return super().commit(units, finish, fence)


def test_a_large_part_that_comes_again_in_the_next_batch_is_kept_once() -> None:
    """The batch before is still on its way when the next is prepared."""
    shared = "".join(f"line {n} of a report that two mails carry\n" for n in range(40_000))
    with memory_vault(Lagging()) as vault:
        taker, job = ingest(vault), job_row()

        for number in range(4):
            job, _ = taker.take(job, batch([item(shared, number=number)]), "1")
        taker.finish()

        assert sorted(record.fields["number"] for record in records(vault)) == [0, 1, 2, 3]
        assert texts(vault) == [shared] * 4
        named = [row.row[0] for row in scan_all(vault.core.store, CHUNKS)]
        assert len(named) == len(set(named))


def test_what_is_coarse_replaces_nothing_and_is_replaced(vault: MemoryVault) -> None:
    exact, coarse = item("exact", own="a"), replace(item("coarse", own="a"), coarse=True)
    other = replace(item("only coarse", own="b"), coarse=True)
    taker = ingest(vault)

    _, first = taker.take(job_row(), batch([coarse, other]), "1")
    _, second = taker.take(job_row(), batch([exact]), "1")
    _, third = taker.take(job_row(), batch([coarse, other]), "1")
    taker.finish()

    assert [(each.new, each.changed, each.same) for each in (first, second, third)] == [
        (2, 0, 0),
        (0, 1, 0),
        (0, 0, 2),
    ]
    assert texts(vault) == ["exact", "only coarse"]


def test_a_record_is_sealed_only_under_an_id_of_sixteen_bytes(vault: MemoryVault) -> None:
    job, body = JobId(Id16(bytes(16))), Body(b"content", large=False)

    for size in (0, 15, 17, 32):
        place = Place(RecordId(Id16(bytes(size))), THINGS, 1, job)
        with pytest.raises(ValueError, match="16 bytes"):
            seal_record(vault.core.keys, place, body, seeded(b"seal"))
