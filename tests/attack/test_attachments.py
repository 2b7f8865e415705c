"""Attachments of people's records against whoever edits rows and packs."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import (
    RangeError,
    TamperedError,
)
from sealhold.model.ids import SealedBytes, SubjectId
from sealhold.stores.spec import Put
from sealhold.vault.attaching import Of
from sealhold.vault.attachments import ATTACHED_PACKS, ATTACHMENTS
from sealhold.vault.peoplecheck import people_faults
from tests.unit.attachments_vault import LARGE, ONE, attach, packs, read, with_a_note
from tests.unit.records_vault import Shelf, whole_shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return with_a_note(kept)


@pytest.mark.threat("T246")
def test_a_pack_that_was_changed_gives_nothing(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, LARGE)
    objects = kept.many.vault.packs
    (name,) = packs(kept, ada)
    whole = bytearray(objects.get(name))  # type: ignore[arg-type]  # reason: a name of the store
    for at in (100, len(whole) // 3):
        bent = bytearray(whole)
        bent[at] ^= 1
        objects.delete(name)  # type: ignore[arg-type]  # reason: a name of the store
        objects.put(name, SealedBytes(bytes(bent)))  # type: ignore[arg-type]  # reason: likewise
        with pytest.raises(TamperedError):
            read(kept, ada)
    objects.delete(name)  # type: ignore[arg-type]  # reason: a name of the store
    with pytest.raises(TamperedError):
        read(kept, ada)
    objects.put(name, SealedBytes(bytes(whole)))  # type: ignore[arg-type]  # reason: likewise
    assert read(kept, ada) == LARGE


@pytest.mark.threat("T246")
@pytest.mark.parametrize(
    ("column", "value"),
    [("n", 2), ("ver", 2), ("slot", 0), ("block", 9), ("size", 4), ("retain_until", 1 << 60)],
)
def test_an_attachment_that_was_moved_or_edited_does_not_open(
    kept: Shelf, ada: SubjectId, column: str, value: int
) -> None:
    attach(kept, ada, b"one")
    found = kept.many.store.get(ATTACHMENTS.name, [(ada, *ONE.at, 1)])[0]
    assert found is not None
    places = [*ATTACHMENTS.columns]
    bent = list(found.row)
    bent[places.index(column)] = value
    kept.many.bend(Put(ATTACHMENTS.name, tuple(bent)))

    with pytest.raises((TamperedError, RangeError)):
        read(kept, ada, of=Of(ONE.at, bent[3]))
    assert any("attachment" in each for each in people_faults(kept.many.vault.core))
    kept.many.people.erase(kept.many.one, ada)


@pytest.mark.threat("T246")
def test_an_attachment_of_one_person_opens_for_no_other(kept: Shelf, ada: SubjectId) -> None:
    bob = kept.many.people.make(kept.many.one).subject
    kept.put(bob, 1, {"n": 1})
    for who in (ada, bob):
        attach(kept, who, LARGE)
    found = kept.many.store.get(ATTACHMENTS.name, [(bob, *ONE.at, 1)])[0]
    assert found is not None
    kept.many.bend(Put(ATTACHMENTS.name, (ada, *found.row[1:])))

    with pytest.raises(TamperedError):
        read(kept, ada)
    assert not packs(kept, ada) & packs(kept, bob)
    kept.many.people.erase(kept.many.one, ada)


@pytest.mark.threat("T246")
def test_the_list_of_packs_is_compared_with_the_paper(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, b"one")
    kept.many.bend(Put(ATTACHED_PACKS.name, (ada, *ONE.at, 1, bytes(32))))

    assert len(list(people_faults(kept.many.vault.core))) == 1
    kept.many.people.erase(kept.many.one, ada)
