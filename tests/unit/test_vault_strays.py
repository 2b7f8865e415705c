"""Keys of a person whom no row names: made by a kill, and found and destroyed later."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import EventKind
from sealhold.model.errors import NotFoundError, StoreUnavailableError
from sealhold.model.ids import SubjectId, random_id
from sealhold.model.quantities import DAY, Instant
from sealhold.vault import strays
from sealhold.vault.deciding import scan_all
from sealhold.vault.strays import Strays, about_to_name
from sealhold.vault.subjects import Subjects
from sealhold.vault.wraps import SUBJECT
from tests.unit.people_vault import Crowd, crowd


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def left_over(many: Crowd) -> SubjectId:
    """Return a person whose key was written by a process that died before their row was."""
    core = many.vault.core
    subject = SubjectId(random_id(core.entropy))
    core.keyring.add_subject(many.one, subject)
    core.keyring.unnamed.clear()  # as the next process has it
    return subject


def held(many: Crowd) -> set[bytes]:
    return {found.row[0] for found in scan_all(many.vault.keys, SUBJECT)}


def test_a_key_that_no_row_names_is_destroyed_and_logged(many: Crowd) -> None:
    ada, stray = many.person(), left_over(many)

    gone = Strays(many.vault.core).sweep()

    assert gone == 1
    assert held(many) == {many.vault.core.owner, ada}
    with pytest.raises(NotFoundError):
        many.vault.core.keyring.subject(stray)
    told = [each for each in many.events(EventKind.KEY) if each.reason == strays.DESTROYED]
    assert [each.rows_out for each in told] == [1]


def test_where_each_key_is_named_nothing_goes_and_nothing_is_logged(many: Crowd) -> None:
    ada = many.person()
    many.vault.core.keyring.unnamed.clear()

    assert Strays(many.vault.core).sweep() == 0

    assert held(many) == {many.vault.core.owner, ada}
    assert not many.events(EventKind.KEY)


def test_a_person_whose_erasure_began_keeps_what_is_left_until_it_ends(many: Crowd) -> None:
    ada = many.person()
    subjects = Subjects(many.vault.core)
    found = subjects.found(many.one, ada)
    assert found is not None
    many.commit(subjects.marked(found))
    many.vault.core.keyring.unnamed.clear()

    assert Strays(many.vault.core).sweep() == 0

    assert ada in held(many)


def test_all_keys_are_looked_at_in_portions_once_a_day(
    many: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "PAGES", 1)
    monkeypatch.setattr(strays, "MAX_PAGE", 2)
    looking = Strays(many.vault.core)
    people = {many.person(name=f"Ada{nth}") for nth in range(3)}
    for _ in range(2):
        left_over(many)

    counts = [looking.sweep() for _ in range(3)]

    assert sum(counts) == 2
    assert held(many) == {many.vault.core.owner, *people}
    late = left_over(many)
    assert looking.sweep() == 0, "it rests once all were looked at"
    many.time.now = Instant(many.time.now + DAY)
    assert sum(looking.sweep() for _ in range(3)) == 1
    assert late not in held(many)


def test_a_key_whose_person_was_not_written_for_sure_goes_at_once(many: Crowd) -> None:
    subject = SubjectId(random_id(many.vault.core.entropy))

    with (
        pytest.raises(NotFoundError),
        about_to_name(many.vault.core, many.one, subject),
    ):
        raise NotFoundError("of the block's own")

    assert subject not in held(many)


def test_a_key_stays_where_nobody_knows_whether_the_person_was_written(many: Crowd) -> None:
    subject = SubjectId(random_id(many.vault.core.entropy))

    with (
        pytest.raises(StoreUnavailableError),
        about_to_name(many.vault.core, many.one, subject),
    ):
        raise StoreUnavailableError("cut off")

    assert subject in held(many)
    assert Strays(many.vault.core).sweep() == 1
