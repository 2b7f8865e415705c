"""Erasing people of apps: everything goes, once, and the same is said twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.audit.event import EventKind
from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.ids import Id16, SubjectId
from sealhold.vault.deciding import scan_all
from sealhold.vault.erased import ERASED
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.subjects import SUBJECTS, Subjects
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MAIL, NAME, SERVICE, Crowd, crowd

NOBODYS = SubjectId(Id16(b"no such person  "))


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def rows(many: Crowd) -> int:
    return sum(len(list(scan_all(many.store, t))) for t in (SUBJECTS, FIELDS, LOOKUPS))


def test_erasing_takes_everything_and_says_the_same_twice(many: Crowd) -> None:
    bob = many.person(name="Bob")
    before = rows(many)
    ada = many.person()

    receipt = many.people.erase(many.one, ada)

    assert (receipt.rows, receipt.at, receipt.stage) == ({"ident": 2, "lookup": 1}, NOON, 1)
    assert rows(many) == before
    assert many.people.erase(many.one, ada) == receipt
    assert many.people.get(many.one, bob, SERVICE).fields[NAME] == "Bob"
    with pytest.raises(NotFoundError):
        many.vault.core.keyring.subject(ada)
    with pytest.raises(DeniedError):
        many.people.get(many.one, ada, SERVICE)
    assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == ()
    assert not list(people_faults(many.vault.core))


def test_after_an_erasure_the_log_stands_and_tells_of_nobody(many: Crowd) -> None:
    ada = many.person()
    many.people.get(many.one, ada, SERVICE)
    size, told = len(many.lines()), many.events(EventKind.PROFILE)
    receipt = many.people.erase(many.one, ada)

    lines = many.lines()
    erased = many.events(EventKind.ERASE)

    assert len(lines) == size + 2
    assert told
    assert not many.events(EventKind.PROFILE)
    assert [each.receipt for each in erased] == [receipt.receipt]
    assert erased[0].subject is None
    assert ada not in {line.leaf.subject for line in lines}
    assert sum(not line.event for line in lines) == 3  # made, changed, read


@pytest.mark.parametrize("keys_are_gone", [False, True])
def test_an_erasure_that_a_process_began_is_ended(many: Crowd, *, keys_are_gone: bool) -> None:
    ada = many.person()
    row = many.store.get(SUBJECTS.name, [(ada,)])[0]
    assert row is not None
    many.commit(Subjects(many.vault.core).marked(row))
    if keys_are_gone:
        many.vault.core.keyring.erase_subject(many.one, ada)

    with pytest.raises(DeniedError):
        many.people.get(many.one, ada, SERVICE)
    assert many.people.finish_erasures() == 1
    assert many.people.finish_erasures() == 0
    assert rows(many) == 0
    assert many.people.erase(many.one, ada).rows == {"ident": 2, "lookup": 1}


def test_of_erasures_at_once_all_get_one_receipt(many: Crowd) -> None:
    ada = many.person()

    with ThreadPoolExecutor(4) as pool:
        receipts = set(pool.map(lambda _: many.people.erase(many.one, ada).receipt, range(6)))

    assert len(receipts) == 1
    assert len(list(scan_all(many.store, ERASED))) == 1


def test_a_person_that_never_was_has_no_receipt(many: Crowd) -> None:
    with pytest.raises(DeniedError):
        many.people.erase(many.one, NOBODYS)
