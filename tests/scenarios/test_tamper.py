"""Rows changed below the vault, by somebody who has the database's key and none of the others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.model.ids import Id16
from sealhold.node import Node
from sealhold.stores.spec import Delete, Found, Op, Put, TableSpec
from sealhold.vault.catalogue import JOBS
from sealhold.vault.deciding import scan_all
from sealhold.vault.grants import GRANTS
from sealhold.vault.index import SEGMENTS
from sealhold.vault.owned import OLDER, RECORDS
from tests.scenarios.vaults import NOON, Asker, Job, calendar, new_home, opened

SEALED = {"dek": 9, "ct": 10}  # columns of a record's row
CLEAR = {"app": 1, "subject": 2, "coll": 3, "ver": 4, "skver": 5, "job": 6, "retain": 7, "flags": 8}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


@pytest.fixture
def node(home: Path, tmp_path: Path) -> Iterator[Node]:
    with opened(home) as found:
        file = calendar(tmp_path / "a.ics", ["green one", "green two", "red"])
        found.sources.import_paths([file])
        found.sources.import_paths([calendar(tmp_path / "b.ics", ["green 1", "green two", "red"])])
        yield found


def rows(node: Node, table: TableSpec) -> list[Found]:
    return list(scan_all(node.parts.core.store, table))


def change(node: Node, *ops: Op) -> None:
    """Write rows as somebody would who opened the database with another program."""
    store = node.parts.core.store
    fence = store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, NOON)
    store.commit((), lambda _: ops, fence)


def with_column(found: Found, at: int, value: object) -> tuple[object, ...]:
    row = list(found.row)
    row[at] = value
    return tuple(row)


def flipped(value: bytes | int | str) -> bytes | int | str:
    match value:
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case int():
            return value + 1
        case str():
            return "messages"


def name_of(found: Found) -> str:
    return f"r-{found.row[0].hex()[-12:]}"


@pytest.mark.threat("T01")
@pytest.mark.parametrize("column", [*SEALED, *CLEAR])
def test_an_edited_record_does_not_open_and_is_named(node: Node, column: str) -> None:
    first = rows(node, RECORDS)[0]
    at = {**SEALED, **CLEAR}[column]

    change(node, Put(RECORDS.name, with_column(first, at, flipped(first.row[at]))))

    with pytest.raises(SealBrokenError, match=name_of(first)):
        node.records.get(name_of(first))
    [fault] = node.audit.verify().faults
    assert name_of(first) in fault


@pytest.mark.threat("T01")
@pytest.mark.parametrize("columns", [[9, 10], [10], [3, 4, 5, 6, 7, 8, 9, 10]])
def test_a_row_moved_to_another_id_does_not_open(node: Node, columns: list[int]) -> None:
    first, second, *_ = rows(node, RECORDS)
    row = list(first.row)
    for at in columns:
        row[at] = second.row[at]

    change(node, Put(RECORDS.name, tuple(row)))

    with pytest.raises(TamperedError):
        node.records.get(name_of(first))
    assert not node.audit.verify().whole


@pytest.mark.threat("T01")
def test_a_program_gets_nothing_of_a_record_that_does_not_open(node: Node) -> None:
    first = rows(node, RECORDS)[0]
    request = Asker(node).ask(node, Job())
    change(node, Put(RECORDS.name, with_column(first, 10, flipped(first.row[10]))))
    card = node.requests.show(request)

    with pytest.raises(TamperedError):
        node.requests.approve(request, card.asked_terms, card.digest, "correct horse battery")

    assert node.grants.list() == ()


@pytest.mark.threat("T01")
def test_an_older_version_in_the_place_of_the_newest_is_not_a_newest(node: Node) -> None:
    """It opens, for it is the person's own; the lists say which version is the newest."""
    older = rows(node, OLDER)[0]

    change(node, Put(RECORDS.name, older.row))

    versions = {doc.version for doc in node.parts.records._index.docs().values()}
    assert versions == {1, 2}
    assert node.records.get(name_of(older)).version == 1


TABLES: list[tuple[TableSpec, int, Callable[[Node], object]]] = [
    (SEGMENTS, 4, lambda node: node.parts.records._index.search("green")),
    (JOBS, 5, lambda node: node.sources.jobs()),
]


@pytest.mark.threat("T01")
@pytest.mark.parametrize(("table", "at", "use"), TABLES, ids=lambda it: getattr(it, "name", ""))
def test_an_edited_paper_or_word_block_does_not_open(
    node: Node, table: TableSpec, at: int, use: Callable[[Node], object]
) -> None:
    for found in rows(node, table):
        change(node, Put(table.name, with_column(found, at, flipped(found.row[at]))))

    with pytest.raises(TamperedError):
        use(node)


@pytest.mark.threat("T71")
@pytest.mark.parametrize("what", ["edited", "gone"])
def test_rows_that_decide_are_checked_before_the_next_decision(
    home: Path, node: Node, what: str
) -> None:
    Asker(node).granted(node, Job())
    [grant] = rows(node, GRANTS)
    spent = Put(GRANTS.name, with_column(grant, 7, 1))

    change(node, spent if what == "edited" else Delete(GRANTS.name, (grant.row[0],)))
    node.lock()

    with pytest.raises(TamperedError, match="rows that decide"), opened(home):
        pass
