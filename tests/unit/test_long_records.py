"""Records of up to a megabyte in the vault: seen before they are read, and never many at once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealhold.model.contents import LONG_CONTENT, MAX_CONTENT
from sealhold.model.errors import InvalidError, TooLargeError
from sealhold.model.ids import SubjectId
from sealhold.model.personrecords import Content
from sealhold.model.quantities import DAY, Instant
from sealhold.model.underway import Long, Underway
from sealhold.stores.spec import MAX_BATCH, MAX_ROW, Delete, Put
from sealhold.vault.attaching import Given, Of
from sealhold.vault.jobs import State, Turned
from sealhold.vault.personrecords import At, packed_content
from sealhold.vault.personrows import RECORDS
from sealhold.vault.pieces import Work, bytes_of
from sealhold.vault.recordportions import Line
from sealhold.vault.recordrounds import Read
from sealhold.vault.recordwriting import older_rows
from sealhold.vault.writer import Writer
from tests.unit.memory_vault import NOON
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, whole_shelf
from tests.unit.rotation_vault import Turnery, turnery

ONE = At(NOTES, rid(1))
LARGE = 1_000_000
Use = Callable[[Shelf, SubjectId], Underway[Any]]


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return kept.newcomer()


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """Return each piece of work that is handed to a writer from now on."""
    handed: list[Work] = []
    submit = Writer.submit

    def noted(writer: Writer, some: list[Work]) -> object:
        handed.extend(some)
        return submit(writer, some)

    monkeypatch.setattr(Writer, "submit", noted)
    return handed


def text(letter: str, size: int = LARGE) -> Content:
    return {"text": letter * size}


def long_steps(underway: Underway[Any]) -> int:
    """Take a use to its end; return how often it said that what follows takes long."""
    told = 0
    while (waits := underway.go()) is not None:
        if isinstance(waits, Long):
            told += 1
        else:
            waits.exception()
    return told


def test_content_over_a_megabyte_is_refused_as_it_is_kept_and_as_json(
    kept: Shelf, ada: SubjectId
) -> None:
    most = text("x", MAX_CONTENT - 11)  # `{"text":""}`
    kept.put(ada, 1, most)
    assert kept.get(ada, 1) == most

    with pytest.raises(TooLargeError):
        kept.put(ada, 2, text("x", MAX_CONTENT - 10))
    with pytest.raises(TooLargeError):  # six bytes each as JSON, and one as it is kept
        kept.put(ada, 2, text("\x01", MAX_CONTENT // 6))
    with pytest.raises(TooLargeError):
        kept.records.patch(kept.asking(ada), ONE, {"more": "x" * 9}, 1).wait()


def test_the_row_of_the_largest_content_is_one_that_a_store_takes(
    kept: Shelf, ada: SubjectId
) -> None:
    kept.put(ada, 1, text("x", MAX_CONTENT - 11))

    (row,) = (row for row in kept.rows(ada) if row[2] == rid(1))

    assert MAX_CONTENT < len(row[-1]) + sum(len(each) for each in row[:3]) + 8 * 6 <= MAX_ROW


USES: dict[str, Use] = {
    "get": lambda kept, who: kept.records.get(kept.asking(who), ONE),
    "version": lambda kept, who: kept.records.get_version(kept.asking(who), ONE, 2),
    "older": lambda kept, who: kept.records.get_version(kept.asking(who), ONE, 1),
    "page": lambda kept, who: kept.records.page(kept.asking(who), NOTES, None, 9),
    "put": lambda kept, who: kept.records.put(kept.asking(who), ONE, {}, 2),
    "patch": lambda kept, who: kept.records.patch(kept.asking(who), ONE, {"n": 1}, 2),
    "versions": lambda kept, who: kept.records.versions(kept.asking(who), ONE),
    "delete": lambda kept, who: kept.records.delete(kept.asking(who), ONE, 2),
}


@pytest.mark.threat("T434")
@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("size", [LONG_CONTENT // 2, 2 * LONG_CONTENT])
def test_what_opens_long_content_says_so_before_it_is_read(
    kept: Shelf, ada: SubjectId, name: str, size: int
) -> None:
    kept.put(ada, 1, text("a", size))
    kept.put(ada, 1, text("b", size), 1)

    told = long_steps(USES[name](kept, ada))

    opens = name not in {"versions", "delete"}
    assert told == (opens and size > LONG_CONTENT)


@pytest.mark.threat("T434")
def test_of_many_reads_at_once_a_long_one_goes_by_itself(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, text("a"))
    kept.put(ada, 2, {"n": 2})
    wanted = [Read(kept.asking(ada), NOTES, rid(n)) for n in (1, 2)]

    long, short = kept.records.rounds.get(wanted).wait()

    assert long is None
    assert short is not None
    assert kept.get(ada, 1) == text("a")


def test_a_page_of_long_records_ends_by_bytes_and_the_next_goes_on(
    kept: Shelf, ada: SubjectId
) -> None:
    for number in range(6):
        kept.put(ada, number, text(str(number)))

    first = kept.records.page(kept.asking(ada), NOTES, None, 500).wait()
    rest = kept.records.page(kept.asking(ada), NOTES, first.after, 500).wait()

    letters = [[one.content["text"][0] for one in page.records] for page in (first, rest)]
    assert letters == [["0", "1", "2", "3"], ["4", "5"]]
    assert rest.after is None


def test_older_versions_are_listed_and_taken_out_unread(
    kept: Shelf, ada: SubjectId, works: list[Work]
) -> None:
    for version in range(3):
        kept.put(ada, 1, text(str(version)), version or None)

    rows = older_rows(kept.many.store, ada, NOTES, rid(1))
    assert [row.row[-1] for row in rows] == [None, None]
    works.clear()
    kept.records.delete(kept.asking(ada), ONE, 3).wait()

    assert {row[2] for row in kept.rows(ada)} == set()
    assert [work.size for work in works] == [0]


@pytest.mark.threat("T434")
def test_a_version_that_moves_counts_in_its_batch(
    kept: Shelf, ada: SubjectId, works: list[Work]
) -> None:
    kept.put(ada, 1, text("a"))
    works.clear()

    kept.put(ada, 1, {"n": 1}, 1)
    attached = Given("text/plain", b"a file")
    kept.attachments.put(kept.asking(ada), Of(ONE, 1), attached, None)

    assert [work.size > LARGE for work in works] == [True, False]
    assert bytes_of((Put("t", (b"x" * 9,)), Delete("t", (b"y",)), Put("t", (3,)))) == 9


@pytest.mark.threat("T434")
def test_short_lines_that_replace_long_records_go_in_several_commits(
    kept: Shelf, ada: SubjectId, works: list[Work]
) -> None:
    asking = kept.asking(ada)

    def lines(content: Content, over: int | None) -> list[Line]:
        plain = packed_content(content)
        return [Line(asking, At(NOTES, rid(n)), content, plain, over) for n in range(7)]

    assert kept.bulk.load(lines(text("a"), None)) == [1] * 7
    with pytest.raises(InvalidError, match="too large"):
        kept.bulk.load_once(lines({}, 1), lambda *_: ())
    works.clear()
    assert kept.bulk.load(lines({}, 1)) == [2] * 7

    assert [work.size // LARGE for work in works] == [4, 3]
    assert kept.records.get_version(asking, At(NOTES, rid(6)), 1).wait().content == text("a")


def test_long_records_whose_term_is_over_go(kept: Shelf, ada: SubjectId) -> None:
    at, asking = At(VISITS, rid(1)), kept.asking(ada)
    kept.records.put(asking, at, {"place": "x" * LARGE}, None).wait()
    kept.records.put(asking, at, {"place": "y" * LARGE}, 1).wait()

    kept.many.time.now = Instant(NOON + 31 * DAY)
    assert kept.terms.end() >= 1

    assert kept.rows(ada) == []


@pytest.fixture
def place() -> Iterator[Turnery]:
    with turnery() as found:
        yield found


def fill(place: Turnery) -> None:
    """Keep six long records, and of one an older version: more than one commit holds."""
    for number in range(10, 16):
        place.shelf.put(place.ada, number, text(str(number % 10)))
    place.shelf.put(place.ada, 10, {"n": 1, "text": "z" * LARGE}, 1)


def deks(place: Turnery) -> set[bytes]:
    return {row[-1][:60] for row in place.shelf.rows(place.ada) if row[-1] and len(row) == 10}


@pytest.mark.promise("P9")
@pytest.mark.threat("T434")
def test_long_records_are_sealed_anew_in_commits_that_hold_them(
    place: Turnery, works: list[Work]
) -> None:
    fill(place)
    before = deks(place)
    works.clear()

    job = place.do(Turned.BODIES, place.of(place.ada))

    assert (job.state, job.quarantined) == (State.DONE, 0)
    assert not before & deks(place)
    assert max(work.size for work in works) < MAX_BATCH // 2
    assert place.shelf.get(place.ada, 10) == {"n": 1, "text": "z" * LARGE}
    older = place.shelf.records.get_version(place.shelf.asking(place.ada), At(NOTES, rid(10)), 1)
    assert older.wait().content == text("0")
    assert [place.shelf.get(place.ada, n) for n in range(11, 16)] == [
        text(str(n % 10)) for n in range(11, 16)
    ]
    place.assert_whole()


def test_a_record_that_changes_while_long_ones_are_sealed_anew_stays_as_it_was_put(
    place: Turnery, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(place)
    submit, changes = Writer.submit, iter([True])

    def changed(writer: Writer, some: list[Work]) -> object:
        tables = {op.table for work in some for op in work.ops if isinstance(op, Put)}
        if {RECORDS.name} <= tables and next(changes, False):
            place.shelf.put(place.ada, 15, {"n": "new"}, 1)
        return submit(writer, some)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "submit", changed)
        job = place.do(Turned.BODIES, place.of(place.ada))

    assert (job.state, job.quarantined) == (State.DONE, 0)
    assert place.shelf.get(place.ada, 15) == {"n": "new"}
    assert place.shelf.get(place.ada, 14) == text("4")
    assert next(changes, None) is None
    place.assert_whole()
