"""Many records at once: kept in portions, each line for itself, several people in one commit."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sealhold.audit.event import Outcome
from sealhold.model.errors import (
    BusyError,
    DeniedError,
    InvalidError,
    SealholdError,
    StaleError,
)
from sealhold.model.ids import SubjectId
from sealhold.model.personrecords import Content
from sealhold.stores.spec import Put
from sealhold.vault import recordportions
from sealhold.vault.personrecords import At, packed_content
from sealhold.vault.recordasking import Asking
from sealhold.vault.recordbulk import Came
from sealhold.vault.recordportions import Line
from sealhold.vault.writer import Work, Writer
from tests.unit.people_vault import MARKETING
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, whole_shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return kept.many.people.make(kept.many.one).subject


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordportions, "PORTION_LINES", 10)


def line(
    asking: Asking,
    number: int,
    content: Content | None = None,
    over: int | None = None,
    collection: str = NOTES,
) -> Line:
    content = {"n": number} if content is None else content
    return Line(asking, At(collection, rid(number)), content, packed_content(content), over)


def told(came: Sequence[Came]) -> list[object]:
    """Return versions, and of errors their classes."""
    return [type(each) if isinstance(each, SealholdError) else each for each in came]


@pytest.mark.promise("P4")
def test_what_was_loaded_comes_out(kept: Shelf, ada: SubjectId) -> None:
    asking, before = kept.asking(ada), len(kept.many.lines())

    came = kept.bulk.load([line(asking, number) for number in range(200)])

    assert came == [1] * 200
    assert [kept.get(ada, number)["n"] for number in (0, 99, 199)] == [0, 99, 199]
    assert len(kept.many.lines()) == before + 1 + 3
    loaded = kept.events()[3]
    assert (loaded.reason, loaded.rows_out, len(loaded.records)) == ("loaded", 200, 200 * 16)
    assert len(kept.records.page(asking, NOTES, None, 500).wait().records) == 200


@pytest.mark.usefixtures("small")
def test_more_than_a_portion_goes_into_several_commits(kept: Shelf, ada: SubjectId) -> None:
    asking = kept.asking(ada)

    came = kept.bulk.load([line(asking, number) for number in range(95)])

    assert came == [1] * 95
    assert [each.rows_out for each in kept.events()[:10]] == [5] + [10] * 9
    assert {kept.get(ada, number)["n"] for number in range(95)} == {*range(95)}


@pytest.mark.usefixtures("small")
def test_a_record_that_comes_again_is_the_next_version(kept: Shelf, ada: SubjectId) -> None:
    asking = kept.asking(ada)
    lines = [line(asking, 1, {"n": over or 0}, over or None) for over in range(30)]

    assert kept.bulk.load(lines) == [*range(1, 31)]
    assert kept.get(ada, 1) == {"n": 29}
    view = kept.records.versions(asking, At(NOTES, rid(1))).wait()
    assert [each.version for each in view.versions] == [30, 29, 28, 27]


def test_each_line_holds_for_itself(kept: Shelf, ada: SubjectId) -> None:
    bob = kept.many.people.make(kept.many.one).subject
    theirs = kept.many.people.make(kept.many.other).subject
    kept.put(ada, 1, {"n": 1})
    mine, his, not_mine = kept.asking(ada), kept.asking(bob), kept.asking(theirs)
    lines = [
        line(mine, 1),
        line(mine, 1, over=1),
        line(mine, 2, over=1),
        line(mine, 3, collection="nothing"),
        line(not_mine, 4),
        line(his, 5),
        line(his, 6, {"stars": 1}, collection=VISITS),
        line(his, 6, {"place": "x"}, collection=VISITS),
        line(mine, 8),
    ]

    size = len(kept.events())
    came = kept.bulk.load(lines)

    assert told(came) == [
        StaleError, 2, StaleError, DeniedError, DeniedError, 1, InvalidError, 1, 1,
    ]  # fmt: skip
    fresh = kept.events()[:-size]
    denied = [each for each in fresh if each.outcome is Outcome.DENIED]
    assert kept.get(bob, 5) == {"n": 5}
    assert {each.reason for each in denied} == {"out_of_scope", "subject_not_active"}


@pytest.mark.promise("P5")
def test_another_purpose_loads_nothing(kept: Shelf, ada: SubjectId) -> None:
    asking = kept.asking(ada, purpose=MARKETING)
    lines = [line(asking, n, {"place": "x"}, collection=VISITS) for n in range(5)]

    assert told(kept.bulk.load(lines)) == [DeniedError] * 5
    assert (kept.events()[0].reason, kept.events()[0].more) == ("other_purpose", 4)


def test_an_app_that_comes_with_another_token_has_other_rights(kept: Shelf, ada: SubjectId) -> None:
    lines = [line(kept.asking(ada), 1), line(kept.asking(ada, kept.many.other), 2)]

    assert told(kept.bulk.load(lines)) == [1, DeniedError]


def test_large_rows_that_are_replaced_go_in_several_commits(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordportions, "UNIT_BYTES", 150_000)
    monkeypatch.setattr(recordportions, "PORTION_BYTES", 150_000)
    asking = kept.asking(ada)
    large = {"text": "x" * 40_000}
    assert kept.bulk.load([line(asking, number, large) for number in range(8)]) == [1] * 8
    assert [each.rows_out for each in kept.events()[:3]] == [2, 3, 3]

    anew = [line(asking, number, {}, 1) for number in range(8)]
    with pytest.raises(InvalidError):
        kept.bulk.load_once(anew, lambda *_: ())
    assert kept.bulk.load(anew) == [2] * 8
    assert [each.rows_out for each in kept.events()[:3]] == [2, 3, 3]


def test_several_at_once_on_the_same_people_are_all_kept(kept: Shelf) -> None:
    people = [kept.many.people.make(kept.many.one).subject for _ in range(3)]

    def load(nth: int) -> list[Came]:
        who = people if nth % 2 else people[::-1]
        lines = [line(kept.asking(each), nth * 100 + n) for n in range(20) for each in who]
        first = kept.bulk.load(lines)
        again = [
            line(each.asking, nth * 100 + n // 3, {"n": -1}, 1) for n, each in enumerate(lines)
        ]
        return [*first, *kept.bulk.load(again)]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(load, range(6)))

    assert found == [[1] * 60 + [2] * 60] * 6
    for each in people:
        page = kept.records.page(kept.asking(each), NOTES, None, 500).wait()
        assert [one.content for one in page.records] == [{"n": -1}] * 120


def test_one_commit_holds_what_is_made_of_it_as_well(kept: Shelf, ada: SubjectId) -> None:
    asking = kept.asking(ada)
    seen = []

    def also(_keys: object, came: object) -> list[Put]:
        seen.append(came)
        return []

    came = kept.bulk.load_once([line(asking, 1), line(asking, 2, over=4)], also)

    assert told(came) == [1, StaleError]
    assert len(seen) == 1
    for bad in (
        [line(asking, 5), line(asking, 5)],
        [line(asking, 5), line(kept.asking(kept.many.people.make(kept.many.one).subject), 6)],
        [line(asking, n) for n in range(1_001)],
        [],
    ):
        with pytest.raises(InvalidError):
            kept.bulk.load_once(bad, also)
    with pytest.raises(DeniedError):
        kept.get(ada, 5)


def test_what_was_handed_in_before_the_queue_was_full_is_told_as_kept(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, left = Writer.submit, iter([True])

    def full(writer: Writer, works: Sequence[Work]) -> Future[list[int]]:
        if next(left, False):
            return submit(writer, works)
        raise BusyError("too much waits")

    lines = [line(kept.asking(ada), n, {"text": "x" * 600}) for n in range(3)]
    with monkeypatch.context() as busy:
        busy.setattr(recordportions, "UNIT_BYTES", 1_000)
        busy.setattr(Writer, "submit", full)
        came = kept.bulk.load(lines)

    assert told(came) == [1, BusyError, BusyError]
    assert kept.get(ada, 0) == {"text": "x" * 600}
