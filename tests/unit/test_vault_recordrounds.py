"""Reads and new records that are taken in one round: each as if it had come alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from sealhold.audit.event import Event
from sealhold.model.errors import DeniedError, InvalidError, StaleError
from sealhold.model.ids import SubjectId
from sealhold.model.personrecords import RecordHead, RecordView
from sealhold.vault.personrecords import At, packed_content
from sealhold.vault.recordasking import Asking
from sealhold.vault.recordrounds import New, Read
from sealhold.vault.registry import ACTIVE, SUSPENDED
from tests.unit.people_vault import MARKETING, SERVICE
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, rule, whole_shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


def read(asking: Asking, *numbers: int, collection: str = NOTES) -> list[Read]:
    return [Read(asking, collection, rid(number)) for number in numbers]


def new(asking: Asking, number: int, content: dict[str, object], collection: str = NOTES) -> New:
    return New(asking, collection, rid(number), content, packed_content(content))


def but_for_the_record(event: Event) -> Event:
    return structs.replace(event, records=b"")


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return kept.newcomer()


@pytest.fixture
def bob(kept: Shelf) -> SubjectId:
    return kept.newcomer()


def test_what_comes_together_comes_out_as_if_alone(
    kept: Shelf, ada: SubjectId, bob: SubjectId
) -> None:
    askings = [kept.asking(each) for each in (ada, bob)]
    heads = kept.records.rounds.put(
        [new(asking, n, {"n": n}) for asking in askings for n in range(1, 5)]
    ).wait()
    reads = [each for asking in askings for each in read(asking, 1, 2, 3, 4)]

    views = kept.records.rounds.get(reads).wait()

    assert all(isinstance(each, RecordHead) and each.version == 1 for each in heads)
    assert [each.content for each in views if isinstance(each, RecordView)] == [
        *({"n": n} for n in range(1, 5)),
        *({"n": n} for n in range(1, 5)),
    ]
    assert [each.head for each in views if isinstance(each, RecordView)] == heads
    assert [kept.get(ada, n) for n in range(1, 5)] == [{"n": n} for n in range(1, 5)]


@pytest.mark.promise("P7")
def test_each_has_an_entry_of_its_own_the_same_as_alone(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    alone_kept = but_for_the_record(kept.events()[0])
    kept.get(ada, 1)
    alone_read = but_for_the_record(kept.events()[0])
    before = len(kept.events())

    kept.records.rounds.put([new(kept.asking(ada), n, {"n": n}) for n in (2, 3)]).wait()
    kept.records.rounds.get(read(kept.asking(ada), 1, 2, 3)).wait()

    entries = kept.events()[: len(kept.events()) - before]
    told = [but_for_the_record(each) for each in entries]
    assert told == [alone_read] * 3 + [alone_kept] * 2
    assert len({each.records for each in entries}) == 3


@pytest.mark.threat("T244")
def test_what_is_not_plain_goes_by_itself(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    before = len(kept.events())
    asking = kept.asking(ada)
    apart = [
        *read(asking, 7),  # not there
        *read(kept.asking(ada, app=kept.many.other), 1),
        *read(kept.asking(ada, purpose=""), 1),
        *read(asking, 1, collection="nowhere"),
        *read(structs.replace(asking, lease="x"), 1),
    ]

    views = kept.records.rounds.get([*read(asking, 1), *apart]).wait()

    assert isinstance(views[0], RecordView)
    assert views[1:] == [None] * 5
    assert len(kept.events()) == before + 1
    for each in apart:
        with pytest.raises(DeniedError):
            kept.records.get(each.asking, At(each.collection, each.record)).wait()


def test_a_new_record_of_other_types_is_told_and_holds_up_no_other(
    kept: Shelf, ada: SubjectId
) -> None:
    asking = kept.asking(ada)
    heads = kept.records.rounds.put(
        [
            new(asking, 1, {"place": "Ulm", "stars": 4}, VISITS),
            new(asking, 2, {"place": 4}, VISITS),
            new(asking, 3, {"n": 3}),
        ]
    ).wait()

    assert isinstance(heads[0], RecordHead)
    assert isinstance(heads[1], InvalidError)
    assert isinstance(heads[2], RecordHead)
    assert heads[0].retain_until > 0 == heads[2].retain_until


@pytest.mark.threat("T243")
def test_if_one_is_there_already_nothing_is_written_and_each_goes_by_itself(
    kept: Shelf, ada: SubjectId, bob: SubjectId
) -> None:
    kept.put(ada, 2, {"n": "first"})
    before, events = kept.counts(), len(kept.events())
    wanted = [new(kept.asking(each), n, {"n": n}) for each in (ada, bob) for n in (1, 2)]

    assert kept.records.rounds.put(wanted).wait() == [None] * 4

    assert (kept.counts(), len(kept.events())) == (before, events)
    assert kept.get(ada, 2) == {"n": "first"}
    kept.put(ada, 1, {"n": 1})
    with pytest.raises(StaleError):
        kept.put(ada, 2, {"n": 2})


def test_of_two_for_one_record_the_second_goes_by_itself(kept: Shelf, ada: SubjectId) -> None:
    asking = kept.asking(ada)

    heads = kept.records.rounds.put([new(asking, 1, {"n": 1}), new(asking, 1, {"n": 2})]).wait()

    assert isinstance(heads[0], RecordHead)
    assert heads[1] is None
    assert kept.get(ada, 1) == {"n": 1}


def suspend(kept: Shelf, _ada: SubjectId) -> None:
    registry = kept.many.registry
    kept.many.commit(registry.change(kept.many.app(kept.many.one), SUSPENDED))


def change_the_purposes(kept: Shelf, _ada: SubjectId) -> None:
    app = kept.many.app(kept.many.one)
    kept.collections.lay_down(app, NOTES, rule(MARKETING, versions=3))


def erase(kept: Shelf, ada: SubjectId) -> None:
    kept.many.people.erase(kept.many.one, ada)


@pytest.mark.threat("T253")
@pytest.mark.parametrize("changes", [suspend, change_the_purposes, erase])
@pytest.mark.parametrize("when", ["before", "in the very moment"])
def test_a_yes_of_before_counts_for_nothing_once_something_changed(
    kept: Shelf,
    ada: SubjectId,
    bob: SubjectId,
    changes: Callable[[Shelf, SubjectId], None],
    when: str,
) -> None:
    kept.put(ada, 1, {"n": 1})
    kept.put(bob, 1, {"n": 1})
    wanted = [*read(kept.asking(ada), 1), *read(kept.asking(bob), 1)]
    assert None not in kept.records.rounds.get(wanted).wait()
    new_ones = [new(kept.asking(each), 5, {"n": 5}) for each in (ada, bob)]
    use, put = kept.records.rounds.get(wanted), kept.records.rounds.put(new_ones)
    if when == "before":
        changes(kept, ada)
        got, made = use.wait(), put.wait()
    else:
        with kept.many.vault.core.writer.together(), ThreadPoolExecutor(1) as elsewhere:
            waits = [use.go(), put.go()]  # decided on, and written at the end of the block
            elsewhere.submit(changes, kept, ada).result()
        assert None not in waits
        got, made = use.wait(), put.wait()

    assert got[0] is None
    assert made[0] is None
    with pytest.raises(DeniedError):
        kept.get(ada, 1)
    app = kept.many.app(kept.many.one)
    kept.many.commit(kept.many.registry.change(app, ACTIVE))
    kept.collections.lay_down(kept.many.app(app.id), NOTES, rule(SERVICE, MARKETING, versions=3))
