"""Apps against each other's records of people, and whoever edits rows against what stands there."""

from collections.abc import Callable, Iterator

import pytest

from sealhold.audit.event import Outcome
from sealhold.model.errors import DeniedError, SealBrokenError, TamperedError
from sealhold.model.ids import Id16, SubjectId
from sealhold.stores.spec import Delete, Found, Put, Row
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personrecords import At
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.recordasking import Asking
from tests.unit.people_vault import MARKETING
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, shelf

ONE = At(NOTES, rid(1))
WAYS: dict[str, Callable[[Shelf, Asking], object]] = {
    "get": lambda kept, asking: kept.records.get(asking, ONE).wait(),
    "get version": lambda kept, asking: kept.records.get_version(asking, ONE, 1).wait(),
    "versions": lambda kept, asking: kept.records.versions(asking, ONE).wait(),
    "page": lambda kept, asking: kept.records.page(asking, NOTES, None, 9).wait(),
    "put": lambda kept, asking: kept.records.put(asking, ONE, {"n": "Eve"}, 2).wait(),
    "put anew": lambda kept, asking: kept.records.put(asking, ONE, {"n": "Eve"}, None).wait(),
    "patch": lambda kept, asking: kept.records.patch(asking, ONE, {"n": "Eve"}, 2).wait(),
    "delete": lambda kept, asking: kept.records.delete(asking, ONE, 2).wait(),
}
AT = {name: at for at, name in enumerate(RECORDS.columns)}


@pytest.fixture
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    """Return a person with a note of two versions, and another note."""
    return person(kept)


def person(kept: Shelf) -> SubjectId:
    who = kept.many.people.make(kept.many.one).subject
    kept.put(who, 1, {"n": 1})
    kept.put(who, 1, {"n": 2}, 1)
    kept.put(who, 2, {"n": "two"})
    return who


def row(kept: Shelf, subject: SubjectId, number: int = 1) -> Row:
    found = kept.many.store.get(RECORDS.name, [(subject, NOTES, rid(number))])[0]
    assert found is not None
    return found.row


def older(kept: Shelf, subject: SubjectId) -> Row:
    found = kept.many.store.get(OLDER.name, [(subject, NOTES, rid(1), 1)])[0]
    assert found is not None
    return found.row


def block(kept: Shelf, subject: SubjectId, number: int = 1) -> Found:
    found = kept.many.store.get(KEY_BLOCKS.name, [(subject, number)])[0]
    assert found is not None
    return found


def altered(before: Row, **cells: object) -> Row:
    """Return a row of records with other cells."""
    return tuple(cells.get(name, before[at]) for name, at in AT.items())


def refuses(kept: Shelf, subject: SubjectId, number: int = 1) -> None:
    """See that a record neither opens nor is merged into, and that the check names it."""
    at, asking = At(NOTES, rid(number)), kept.asking(subject)
    with pytest.raises(SealBrokenError):
        kept.records.get(asking, at).wait()
    with pytest.raises(SealBrokenError):
        kept.records.page(asking, NOTES, None, 9).wait()
    assert list(people_faults(kept.many.vault.core))


# --- one app's people and another app; what there is and what there is not ---


@pytest.mark.threat("T244")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("whose", ["another app's", "erased there", "never made", "the owner"])
def test_no_way_leads_to_a_record_of_another_apps_person(
    kept: Shelf, ada: SubjectId, way: str, whose: str
) -> None:
    erased = person(kept)
    kept.many.people.erase(kept.many.one, erased)
    subject = {
        "another app's": ada,
        "erased there": erased,
        "never made": SubjectId(Id16(b"no such person  ")),
        "the owner": kept.many.vault.core.owner,
    }[whose]
    size = len(kept.many.lines())

    with pytest.raises(DeniedError) as told:
        WAYS[way](kept, kept.asking(subject, kept.many.other))

    assert (type(told.value), str(told.value)) == (DeniedError, "denied")
    assert len(kept.many.lines()) == size + 1
    refused = kept.events()[0]
    assert (refused.outcome, refused.reason) == (Outcome.DENIED, "subject_not_active")
    assert (refused.subject, refused.records) == (None, b"")
    assert kept.get(ada, 1) == {"n": 2}


@pytest.mark.promise("P5")
@pytest.mark.threat("T244")
def test_what_is_absent_and_what_is_forbidden_are_the_same_no(kept: Shelf, ada: SubjectId) -> None:
    asks = [
        (kept.asking(ada), At(NOTES, rid(9))),  # not there
        (kept.asking(ada), At(VISITS, rid(1))),  # in another collection
        (kept.asking(ada), At("nothing", rid(1))),  # no such collection
        (kept.asking(ada, purpose="PersonnelManagement"), ONE),  # another purpose
        (kept.asking(ada, purpose=MARKETING), At(VISITS, rid(1))),
        (kept.asking(SubjectId(Id16(bytes(16)))), ONE),
    ]
    told = []
    for asking, at in asks:
        size = len(kept.many.lines())
        with pytest.raises(DeniedError) as refused:
            kept.records.get(asking, at).wait()
        told.append((type(refused.value), str(refused.value), len(kept.many.lines()) - size))

    assert set(told) == {(DeniedError, "denied", 1)}


# --- rows that were moved, swapped or edited ---


@pytest.mark.promise("P4")
@pytest.mark.threat("T241")
@pytest.mark.parametrize("whose", ["of the same app", "of another app"])
@pytest.mark.parametrize("part", ["content", "key's place", "content and block", "all of it"])
def test_a_record_of_one_person_opens_for_no_other(
    kept: Shelf, ada: SubjectId, whose: str, part: str
) -> None:
    app = kept.many.one if whose == "of the same app" else kept.many.other
    bob = kept.many.people.make(app).subject
    asking = kept.asking(bob, app)
    kept.records.put(asking, ONE, {"n": 1}, None).wait()
    kept.records.put(asking, ONE, {"n": 2}, 1).wait()
    theirs = row(kept, bob)
    moved = {
        "content": ["ct"],
        "key's place": ["block", "slot"],
        "content and block": ["ct"],
        "all of it": [name for name in AT if name != "subject"],
    }[part]
    bent = altered(row(kept, ada), **{name: theirs[AT[name]] for name in moved})
    kept.many.bend(Put(RECORDS.name, bent))
    if part in {"content and block", "all of it"}:
        kept.many.bend(Put(KEY_BLOCKS.name, (ada, *block(kept, bob).row[1:])))
    if part == "key's place" and bent == row(kept, bob):
        pytest.fail("nothing was bent")
    if part == "key's place":
        bent = altered(bent, slot=1 - bent[AT["slot"]])
        kept.many.bend(Put(RECORDS.name, bent))

    refuses(kept, ada)


@pytest.mark.threat("T241")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ver", 1),
        ("ver", 3),
        ("ver", 0),
        ("block", 2),
        ("block", -1),
        ("slot", 2),
        ("slot", 63),
        ("slot", -1),
        ("retain_until", 2**62),
        ("flags", 1),
        ("written", 0),
    ],
)
def test_a_clear_column_that_was_edited_shows(
    kept: Shelf, ada: SubjectId, column: str, value: int
) -> None:
    kept.many.bend(Put(RECORDS.name, altered(row(kept, ada), **{column: value})))

    refuses(kept, ada)


@pytest.mark.threat("T241")
@pytest.mark.parametrize("to", ["another id", "another collection"])
def test_a_record_that_was_moved_does_not_open(kept: Shelf, ada: SubjectId, to: str) -> None:
    mine = row(kept, ada)
    at = At(NOTES, rid(7)) if to == "another id" else At(VISITS, rid(1))
    kept.many.bend(Put(RECORDS.name, altered(mine, coll=at.collection, id=at.record)))

    with pytest.raises(SealBrokenError):
        kept.records.get(kept.asking(ada), at).wait()
    assert kept.get(ada, 1) == {"n": 2}


@pytest.mark.threat("T241")
def test_a_record_does_not_pass_for_another_of_its_person(kept: Shelf, ada: SubjectId) -> None:
    mine, other = row(kept, ada), row(kept, ada, 2)
    kept.many.bend(
        Put(RECORDS.name, altered(mine, ct=other[-1])),
        Put(RECORDS.name, altered(other, ct=mine[-1])),
    )

    refuses(kept, ada, 1)
    refuses(kept, ada, 2)


# --- what was replaced or taken out ---


@pytest.mark.threat("T242")
def test_an_older_version_does_not_pass_for_the_one_in_force(kept: Shelf, ada: SubjectId) -> None:
    kept.many.bend(Put(RECORDS.name, older(kept, ada)))

    refuses(kept, ada)


@pytest.mark.threat("T242")
def test_a_row_that_was_copied_before_it_was_replaced_opens_no_more(
    kept: Shelf, ada: SubjectId
) -> None:
    before = row(kept, ada)
    kept.put(ada, 1, {"n": 3}, 2)

    kept.many.bend(Put(RECORDS.name, before))

    refuses(kept, ada)


@pytest.mark.threat("T242")
def test_the_version_in_force_does_not_pass_for_an_older_one(kept: Shelf, ada: SubjectId) -> None:
    kept.many.bend(Put(OLDER.name, altered(row(kept, ada), ver=1)))
    with pytest.raises(SealBrokenError):
        kept.records.get_version(kept.asking(ada), ONE, 1).wait()
    kept.many.bend(Put(OLDER.name, row(kept, ada)), Delete(RECORDS.name, row(kept, ada)[:3]))

    with pytest.raises(DeniedError):
        kept.records.get_version(kept.asking(ada), ONE, 2).wait()
    assert list(people_faults(kept.many.vault.core))


@pytest.mark.threat("T242")
def test_what_was_taken_out_does_not_come_back_with_its_row(kept: Shelf, ada: SubjectId) -> None:
    before = row(kept, ada), older(kept, ada)
    kept.records.delete(kept.asking(ada), ONE, 2).wait()

    kept.many.bend(Put(RECORDS.name, before[0]), Put(OLDER.name, before[1]))

    refuses(kept, ada)
    with pytest.raises(SealBrokenError):
        kept.records.get_version(kept.asking(ada), ONE, 1).wait()


@pytest.mark.threat("T242")
def test_a_version_that_went_does_not_come_back_with_its_row(kept: Shelf, ada: SubjectId) -> None:
    first = older(kept, ada)
    for version in range(2, 6):
        kept.put(ada, 1, {"n": version + 1}, version)

    kept.many.bend(Put(OLDER.name, first))

    with pytest.raises(SealBrokenError):
        kept.records.get_version(kept.asking(ada), ONE, 1).wait()


@pytest.mark.threat("T242")
def test_a_row_that_was_deleted_leaves_its_key_and_shows(kept: Shelf, ada: SubjectId) -> None:
    kept.many.bend(Delete(RECORDS.name, row(kept, ada)[:3]))

    (fault,) = list(people_faults(kept.many.vault.core))

    assert "is gone" in fault


# --- blocks of keys ---


@pytest.mark.threat("T240")
@pytest.mark.parametrize("whose", ["another person's", "another number's"])
def test_a_block_opens_in_its_place_only(kept: Shelf, ada: SubjectId, whose: str) -> None:
    bob = person(kept)
    for number in range(3, 70):
        kept.put(ada, number, {"n": number})
    source = block(kept, bob) if whose == "another person's" else block(kept, ada, 2)
    kept.many.bend(Put(KEY_BLOCKS.name, (ada, 1, *source.row[2:])))

    refuses(kept, ada)


@pytest.mark.threat("T240")
def test_an_older_block_opens_nothing_that_came_since(kept: Shelf, ada: SubjectId) -> None:
    before = block(kept, ada).row
    kept.put(ada, 1, {"n": 3}, 2)

    kept.many.bend(Put(KEY_BLOCKS.name, before))

    refuses(kept, ada)
    with pytest.raises(SealBrokenError):
        kept.records.get_version(kept.asking(ada), ONE, 2).wait()


@pytest.mark.threat("T240")
@pytest.mark.parametrize("skver", [0, 2, -1])
def test_a_block_names_the_key_it_lies_under(kept: Shelf, ada: SubjectId, skver: int) -> None:
    mine = block(kept, ada).row

    kept.many.bend(Put(KEY_BLOCKS.name, (*mine[:2], skver, mine[3])))

    refuses(kept, ada)


@pytest.mark.threat("T243")
def test_a_block_that_was_written_behind_a_change_fails_it(kept: Shelf, ada: SubjectId) -> None:
    mine = block(kept, ada)
    change = kept.records.put(kept.asking(ada), ONE, {"n": 3}, 2)
    steps = kept.many.vault.core.writer
    submit = steps.submit
    bent: list[int] = []

    def between(works: object) -> object:
        if not bent:
            bent.append(1)
            kept.many.bend(Put(KEY_BLOCKS.name, mine.row))  # the same bytes, another row version
        return submit(works)  # type: ignore[arg-type]  # reason: passed on as it came

    steps.submit = between  # type: ignore[assignment, method-assign]  # reason: one call is late
    try:
        change.wait()
    finally:
        steps.submit = submit  # type: ignore[method-assign]  # reason: as it was

    assert bent == [1]
    assert kept.get(ada, 1) == {"n": 3}
    assert list(people_faults(kept.many.vault.core)) == []


@pytest.mark.threat("T243")
def test_a_lost_block_takes_no_other_records_with_it(kept: Shelf, ada: SubjectId) -> None:
    for number in range(3, 70):
        kept.put(ada, number, {"n": number})

    kept.many.bend(Delete(KEY_BLOCKS.name, (ada, 1)))

    with pytest.raises(TamperedError):
        kept.get(ada, 3)
    assert kept.get(ada, 69) == {"n": 69}
    assert kept.put(ada, 99, {"n": 99}) == 1
    assert kept.get(ada, 99) == {"n": 99}
