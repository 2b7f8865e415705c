"""A document with other people: it reads the same for all, and who is let go leaves their words."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import DeniedError
from sealhold.sharing.devices.certs import Role
from tests.unit.together import Together, together


@pytest.fixture
def people() -> Iterator[Together]:
    with together() as found:
        yield found


def everywhere(found: Together) -> list[str]:
    return [found.text(each) for each in (found.ada, found.bo, found.cy)]


def test_what_two_write_offline_reads_the_same_for_all_three(people: Together) -> None:
    assert everywhere(people) == ["what was agreed"] * 3
    assert people.documents(people.cy).content(people.thing)["map"] == {"when": "noon"}
    people.write(people.ada, 0, "all of ")
    people.write(people.bo, 15, "!")
    people.rounds()
    assert everywhere(people) == ["all of what was agreed!"] * 3
    written = people.documents(people.cy).written_by(people.thing)
    ada, bo = people.ada.devices.me.id, people.bo.devices.me.id
    assert written == [(ada, 22), (bo, 1)]


def test_who_may_look_and_who_does_not_own_it_is_refused_before_anything_is_written(
    people: Together,
) -> None:
    of_bo, of_cy = people.documents(people.bo), people.documents(people.cy)
    of_ada = people.documents(people.ada)
    log = people.opened(people.cy).replica.own.log
    before = people.opened(people.cy).replica.book.head(log)
    with pytest.raises(DeniedError):
        people.write(people.cy, 0, "me too")
    for documents in (of_bo, of_cy):
        with pytest.raises(DeniedError):
            documents.new("another")
        with pytest.raises(DeniedError):
            documents.remove(people.thing)
        with pytest.raises(DeniedError):
            documents.destroy(people.thing)
        with pytest.raises(DeniedError):
            documents.erase_deleted(people.thing)
    with pytest.raises(DeniedError):
        of_ada.erase_deleted(people.thing)
    with pytest.raises(DeniedError):
        of_ada.cut(people.thing)
    assert people.opened(people.cy).replica.book.head(log) == before


def test_an_editor_who_is_let_go_leaves_what_was_known_and_the_rest_is_a_suggestion(
    people: Together,
) -> None:
    people.write(people.bo, 0, "Bo: ")
    people.rounds()
    people.write(people.bo, 0, "late ")
    people.rounds(people.bo)  # at the place, and not at the owner
    people.let_go(people.bo)
    people.write(people.ada, 0, "now ")
    people.rounds(people.ada, people.cy)
    assert people.text(people.ada) == people.text(people.cy) == "now Bo: what was agreed"
    (suggested,) = people.documents(people.ada).suggestions(people.thing)
    assert suggested.text == "late "
    with pytest.raises(DeniedError):
        people.documents(people.cy).decide(people.thing, suggested, take=True)

    people.rounds(people.bo)
    assert people.text(people.bo) == "late Bo: what was agreed"  # nothing that came later
    with pytest.raises(DeniedError):
        people.write(people.bo, 0, "still ")

    people.documents(people.ada).decide(people.thing, suggested, take=True)
    people.rounds(people.ada, people.cy)
    assert people.text(people.ada) == people.text(people.cy)
    assert sorted(people.text(people.cy)) == sorted("late now Bo: what was agreed")


@pytest.mark.parametrize("is_left", [False, True], ids=["undecided", "left"])
def test_who_comes_back_goes_on_and_what_was_left_stays_out(
    people: Together, *, is_left: bool
) -> None:
    people.write(people.bo, 0, "late ")
    people.rounds(people.bo)
    people.let_go(people.bo)
    people.rounds(people.ada, people.cy)
    assert people.text(people.cy) == "what was agreed"
    if is_left:
        (suggested,) = people.documents(people.ada).suggestions(people.thing)
        people.documents(people.ada).decide(people.thing, suggested, take=False)
    people.let_in(people.bo, Role.EDITOR)
    people.rounds()
    expected = "what was agreed" if is_left else "late what was agreed"
    assert everywhere(people) == [expected] * 3
    people.write(people.bo, len(expected), ", again")
    people.rounds()
    assert everywhere(people) == [expected + ", again"] * 3
    assert people.documents(people.ada).suggestions(people.thing) == ()
    with pytest.raises(DeniedError):
        people.let_in(people.bo, Role.GUEST)


def test_who_comes_in_later_reads_the_whole_document(people: Together) -> None:
    people.write(people.bo, 0, "Bo: ")
    people.rounds()
    people.let_go(people.cy)
    people.write(people.ada, 0, "now ")
    people.rounds(people.ada, people.bo)
    people.let_in(people.cy, Role.GUEST)
    people.rounds()
    assert everywhere(people) == ["now Bo: what was agreed"] * 3
