"""Requests under a key: carried out once, answered the same, gone after a day or with a person."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import DeniedError, OtherBodyError, SealBrokenError, StillRunningError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.people import PersonView
from sealhold.model.quantities import DAY, Instant
from sealhold.model.repeats import Once
from sealhold.stores.spec import Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.repeats import REPEATS, Repeats
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd


@pytest.fixture(scope="module")
def shared() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


@pytest.fixture
def many(shared: Crowd) -> Crowd:
    """Return the vault, a day and more after all that was kept before."""
    shared.time.now = Instant(shared.time.now + 3 * DAY)
    return shared


@pytest.fixture
def repeats(many: Crowd) -> Repeats:
    return Repeats(many.vault.core)


def told(view: PersonView) -> bytes:
    return b"made " + view.subject


def once(key: str = "one", body: bytes = b"body", route: str = "POST /v1/subjects") -> Once:
    return Once(route=route, key=key, body=body, told=told)


def make(many: Crowd, repeats: Repeats, request: Once, app: AppId | None = None) -> bytes:
    """Make a person once, and return what was answered."""
    app = app or many.one
    claim = repeats.claim(app, request)
    try:
        return claim.answer or told(many.people.make(app, claim.also))
    finally:
        claim.release()


def rows(many: Crowd) -> int:
    return sum(1 for _ in scan_all(many.store, REPEATS))


def test_what_comes_again_is_answered_again_and_done_once(many: Crowd, repeats: Repeats) -> None:
    first = make(many, repeats, once())

    assert [make(many, repeats, once()) for _ in range(3)] == [first] * 3
    assert make(many, Repeats(many.vault.core), once()) == first  # by the next process, too


def test_another_key_route_or_app_is_another_request(many: Crowd, repeats: Repeats) -> None:
    answers = [
        make(many, repeats, once()),
        make(many, repeats, once(key="two")),
        make(many, repeats, once(route="POST /v1/other")),
        make(many, repeats, once(), many.other),
    ]

    assert len(set(answers)) == 4


def test_another_body_is_refused(many: Crowd, repeats: Repeats) -> None:
    make(many, repeats, once())

    with pytest.raises(OtherBodyError):
        repeats.claim(many.one, once(body=b"another"))
    assert make(many, repeats, once())


def test_one_that_is_being_carried_out_is_told(many: Crowd, repeats: Repeats) -> None:
    claim = repeats.claim(many.one, once())

    with pytest.raises(StillRunningError):
        repeats.claim(many.one, once())
    claim.release()
    repeats.claim(many.one, once()).release()


def test_one_that_failed_is_carried_out_again(many: Crowd, repeats: Repeats) -> None:
    claim = repeats.claim(many.one, once())
    claim.release()

    assert make(many, repeats, once())


def test_after_a_day_it_is_another_request_and_older_answers_go(
    many: Crowd, repeats: Repeats
) -> None:
    first = make(many, repeats, once())
    for number in range(4):
        make(many, repeats, once(key=f"k{number}"))
    many.time.now = Instant(many.time.now + DAY - 1)
    assert make(many, repeats, once()) == first
    many.time.now = Instant(many.time.now + 1)

    assert make(many, repeats, once()) != first
    assert rows(many) == 1


def test_an_answer_goes_with_its_person(many: Crowd, repeats: Repeats) -> None:
    first = make(many, repeats, once())
    many.people.erase(many.one, _subject(first))

    assert rows(many) == 0
    assert make(many, repeats, once()) != first


@pytest.mark.threat("T247")
def test_an_answer_that_was_moved_or_edited_is_not_given(many: Crowd, repeats: Repeats) -> None:
    make(many, repeats, once(key="mine"))
    make(many, repeats, once(key="yours"))
    mine, yours = (each.row for each in scan_all(many.store, REPEATS))

    many.bend(Put(REPEATS.name, (mine[0], *yours[1:])), Put(REPEATS.name, (*yours[:3], mine[3])))

    for key in ("mine", "yours"):
        with pytest.raises(SealBrokenError):
            repeats.claim(many.one, once(key=key))
        with pytest.raises(SealBrokenError):  # and it is not said to be running
            repeats.claim(many.one, once(key=key))
    many.bend(Put(REPEATS.name, mine), Put(REPEATS.name, yours))


@pytest.mark.threat("T247")
def test_no_key_and_no_answer_can_be_read_in_a_row(many: Crowd, repeats: Repeats) -> None:
    first = make(many, repeats, once(key="quokka", body=b"quokka on a unicycle"))

    cells = [cell for each in scan_all(many.store, REPEATS) for cell in each.row]

    assert not any(b"quokka" in cell for cell in cells if isinstance(cell, bytes))
    assert not any(first in cell for cell in cells if isinstance(cell, bytes))


def test_an_app_that_may_keep_nobody_has_no_requests(many: Crowd, repeats: Repeats) -> None:
    with pytest.raises(DeniedError):
        repeats.claim(AppId(Id16(b"no such app.....")), once())
    assert many.time.now > NOON


def _subject(answer: bytes) -> SubjectId:
    return SubjectId(Id16(answer.removeprefix(b"made ")))
