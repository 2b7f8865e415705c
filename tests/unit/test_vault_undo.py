"""An import taken back: what it brought goes, what it replaced returns."""

from collections.abc import Iterator

import pytest

from sealhold.connectors.runner import Counts
from sealhold.connectors.spec import Item
from sealhold.model.errors import ConflictError
from sealhold.vault.catalogue import UNDONE, Catalogue, JobRow
from sealhold.vault.deciding import scan_all
from sealhold.vault.index import SEGMENTS
from sealhold.vault.ingest import Ingest
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.undoing import restoring, undo, write
from tests.unit.memory_vault import SOURCE, MemoryVault, batch, item, job_row, memory_vault


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def take(vault: MemoryVault, name: str, *items: Item) -> tuple[JobRow, Counts]:
    """Take items in as one job."""
    taker = Ingest(vault.core, vault.index, vault.objects, SOURCE)
    job, counts = taker.take(job_row(name), batch(items), "1")
    taker.finish()
    return job, counts


def back(vault: MemoryVault, job: JobRow) -> int:
    return undo(vault.core, vault.index, job)


def kept(vault: MemoryVault) -> list[tuple[str, int]]:
    """Return text and version of each item, and see that the lists agree."""
    rows = list(scan_all(vault.core.store, RECORDS))
    docs = vault.index.docs()
    assert docs == vault.fresh_index().docs()
    assert {(row.row[0], row.row[4]) for row in rows} == {(d.id, d.version) for d in docs.values()}
    opened = vault.firewall.get([row.row[0] for row in rows]) if rows else []
    return sorted((record.fields["text"], record.version) for record in opened)


def is_empty(vault: MemoryVault) -> bool:
    tables = (RECORDS, OLDER, IDENTITIES, SEGMENTS)
    return not any(list(scan_all(vault.core.store, table)) for table in tables)


def test_what_a_job_brought_is_gone_with_its_words(vault: MemoryVault) -> None:
    take(vault, "first", item("apple", own="a"))
    job, _ = take(vault, "second", item("banana", own="b"), item("cherry"))

    assert back(vault, job) == 2

    assert kept(vault) == [("apple", 1)]
    assert vault.index.search("banana") == []
    assert len(vault.index.search("apple")) == 1


def test_what_it_replaced_is_back(vault: MemoryVault) -> None:
    take(vault, "first", item("old", own="a"), item("other", own="b"))
    job, _ = take(vault, "second", item("new", own="a"))

    back(vault, job)

    assert kept(vault) == [("old", 1), ("other", 1)]
    assert len(vault.index.search("old")) == 1
    assert vault.index.search("new") == []


def test_an_item_that_came_twice_in_one_job_goes_whole(vault: MemoryVault) -> None:
    job, counts = take(vault, "only", item("one", own="a"), item("two", own="a"))
    assert (counts.new, counts.changed) == (1, 1)

    back(vault, job)

    assert is_empty(vault)
    assert vault.index.docs() == {}


def test_an_item_that_it_changed_twice_is_back_as_it_was_before_the_job(
    vault: MemoryVault,
) -> None:
    take(vault, "first", item("one", own="a"))
    job, _ = take(vault, "second", item("two", own="a"), item("three", own="a"))

    back(vault, job)

    assert kept(vault) == [("one", 1)]
    assert list(scan_all(vault.core.store, OLDER)) == []


def test_a_chain_of_jobs_is_taken_back_one_by_one(vault: MemoryVault) -> None:
    jobs = [take(vault, name, item(name, own="a"))[0] for name in ("one", "two", "three")]

    states = []
    for job in reversed(jobs):
        states.append(kept(vault))
        back(vault, job)

    assert states == [[("three", 3)], [("two", 2)], [("one", 1)]]
    assert is_empty(vault)


def test_a_job_whose_items_were_changed_since_is_not_taken_back(vault: MemoryVault) -> None:
    first, _ = take(vault, "first", item("old", own="a"))
    take(vault, "second", item("new", own="a"))

    with pytest.raises(ConflictError, match="later import"):
        back(vault, first)

    assert kept(vault) == [("new", 2)]


def test_nothing_is_taken_back_twice(vault: MemoryVault) -> None:
    job, _ = take(vault, "only", item("x"))
    back(vault, job)
    catalogue = Catalogue(vault.core.store, vault.core.papers, vault.core.owner)
    [undone] = catalogue.jobs()

    with pytest.raises(ConflictError, match="before"):
        back(vault, undone)

    assert undone.state == UNDONE


def test_what_was_taken_back_can_be_taken_in_again(vault: MemoryVault) -> None:
    items = [item("apple", own="a"), item("pear"), item("pear")]
    job, _ = take(vault, "first", *items)
    back(vault, job)

    _, counts = take(vault, "again", *items)

    assert counts.new == 3
    assert kept(vault) == [("apple", 1), ("pear", 1), ("pear", 1)]


def test_an_item_that_is_back_is_recognised(vault: MemoryVault) -> None:
    take(vault, "first", item("old", own="a"))
    job, _ = take(vault, "second", item("new", own="a"))
    back(vault, job)

    _, counts = take(vault, "third", item("newest", own="a"))

    assert (counts.new, counts.changed) == (0, 1)
    assert kept(vault) == [("newest", 2)]


def test_large_contents_of_an_item_that_is_back_open(vault: MemoryVault) -> None:
    large = "a large text " * 20_000
    take(vault, "first", item(large, own="a"))
    job, _ = take(vault, "second", item(large + "!", own="a"))

    back(vault, job)

    assert kept(vault) == [(large, 1)]


def many(text: str, count: int = 1_500) -> list[Item]:
    """Return items that together are more than one commit takes back."""
    return [item(f"{text} {n} " + "x" * 1_000, own=str(n)) for n in range(count)]


def test_more_than_fits_one_commit_is_taken_back_in_portions(vault: MemoryVault) -> None:
    take(vault, "first", *many("old"))
    job, _ = take(vault, "second", *many("new"), item("more", own="more"))
    before = vault.appender.head.size

    assert back(vault, job) == 1_501

    assert vault.appender.head.size > before + 1
    assert {version for _, version in kept(vault)} == {1}
    assert len(vault.index.search("old")) == 1_500
    assert vault.index.search("new") == vault.index.search("more") == []


def test_an_undoing_that_was_cut_off_is_completed_by_the_next(vault: MemoryVault) -> None:
    take(vault, "first", *many("old"))
    job, _ = take(vault, "second", *many("newer"), *many("new"))
    mine = {row.row[0]: row.row[4] for row in scan_all(vault.core.store, RECORDS)}
    portion, *rest = restoring(vault.core, job, mine)
    assert rest
    write(vault.core, job, portion, len(mine))

    back(vault, job)

    assert {version for _, version in kept(vault)} == {1}
    assert len(vault.index.search("old")) == 1_500
    assert list(scan_all(vault.core.store, OLDER)) == []
