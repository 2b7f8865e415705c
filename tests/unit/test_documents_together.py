"""Documents in a collection of several devices: edits meet, and what is erased is gone from all."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from sealhold.model.errors import ConflictError, DeniedError, InvalidEditError, NotFoundError
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.docediting import TEXT
from sealhold.sharing.devices.documentbook import lineages_of
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.drafting import Draft
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf


@pytest.fixture
def three() -> Iterator[list[Machine]]:
    with machines(3) as found:
        yield found


def documents(machine: Machine) -> Documents:
    """Return the documents of a device."""
    return Documents(machine.devices, machine.files())


def rounds(shelf: Shelf, *all_of: Machine) -> None:
    """Let each sync, twice: what one gives late reaches those before it."""
    for each in (*all_of, *all_of):
        assert each.sync(shelf).troubles == []


def texts(thing: bytes, *all_of: Machine) -> set[str]:
    """Return what a document reads on devices."""
    return {documents(each).text(thing) for each in all_of}


def begun(shelf: Shelf, three: list[Machine], text: str = "one two three") -> bytes:
    """Return a document that all three devices have."""
    rounds(shelf, *three)
    work = documents(three[0])
    thing = work.new("notes")
    work.write(thing, text)
    rounds(shelf, *three)
    return thing


def test_a_document_of_one_device_is_read_on_all(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three)
    assert texts(thing, *three) == {"one two three"}
    assert [documents(each).things() for each in three] == [[thing]] * 3


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_edits_on_three_devices_meet_in_any_order_of_syncs(
    three: list[Machine], order: tuple[int, ...]
) -> None:
    shelf = Shelf()
    thing = begun(shelf, three)
    works = [documents(each) for each in three]
    works[0].edit(thing, lambda found: found.insert(0, "first "))
    works[1].edit(thing, lambda found: found.delete(4, 4))
    works[2].edit(thing, lambda found: found.put("state", "read"))
    works[2].edit(thing, lambda found: found.insert(len(found.text()), " last"))
    for at in (*order, *reversed(order)):
        three[at].sync(shelf)
    assert [work.text(thing) for work in works] == ["first one three last"] * 3
    assert {work.content(thing)["map"]["state"] for work in works} == {"read"}


def test_a_device_that_was_killed_goes_on_where_it_was(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three)
    documents(three[1]).write(thing, "one two three four")
    three[1].again()
    assert documents(three[1]).text(thing) == "one two three four"
    documents(three[1]).write(thing, "one two three four five")
    rounds(shelf, *three)
    assert texts(thing, *three) == {"one two three four five"}


def test_edits_that_cannot_be_written_are_not_shown(
    three: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    thing = begun(shelf, three)
    work = documents(three[0])

    def fails(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(three[0].files().replica.keeping, "save", fails)
        with pytest.raises(OSError, match="no room"):
            work.write(thing, "lost")
    assert work.text(thing) == "one two three"

    def beyond(document: Document) -> None:
        document.insert(0, "half ")
        document.insert(1_000, "beyond")

    with pytest.raises(InvalidEditError):
        work.edit(thing, beyond)
    work.write(thing, "one two three!")
    rounds(shelf, *three)
    assert texts(thing, *three) == {"one two three!"}


def test_each_stretch_tells_which_device_wrote_it(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "abc")
    documents(three[1]).edit(thing, lambda found: found.insert(3, "defg"))
    rounds(shelf, *three)
    ids = [each.devices.me.id for each in three]
    assert documents(three[2]).written_by(thing) == [(ids[0], 3), (ids[1], 4)]


def test_what_is_no_document_is_not_found(three: list[Machine]) -> None:
    thing = three[0].write("a.txt", b"a file")
    work = documents(three[0])
    assert work.things() == []
    for unknown in (thing, bytes(16)):
        with pytest.raises(NotFoundError):
            work.text(unknown)


# --- erasing within ---


def test_erased_words_are_blank_on_all_devices_and_edits_go_on(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "the code is 4711, keep it")
    work = documents(three[0])
    work.erase(thing, work.document(thing).units_at(12, 4))
    assert work.text(thing) == "the code is \ufffd\ufffd\ufffd\ufffd, keep it"
    rounds(shelf, *three)
    assert len(texts(thing, *three)) == 1
    documents(three[2]).edit(thing, lambda found: found.insert(0, "now: "))
    rounds(shelf, *three)
    assert texts(thing, *three) == {"now: the code is \ufffd\ufffd\ufffd\ufffd, keep it"}


def test_what_others_wrote_meanwhile_is_told_again(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "secret")
    documents(three[1]).edit(thing, lambda found: found.insert(6, " away"))
    documents(three[1]).edit(thing, lambda found: found.put("key", 1))
    three[2].again()
    documents(three[2]).edit(thing, lambda found: found.insert(0, "begin "))
    work = documents(three[0])
    work.erase(thing, work.document(thing).units_at(0, 6))
    three[0].sync(shelf)
    rounds(shelf, *three)
    assert texts(thing, *three) == {"begin " + "\ufffd" * 6 + " away"}
    assert [documents(each).content(thing)["map"] for each in three] == [{"key": 1}] * 3
    for each in three:
        each.again()
    documents(three[1]).edit(thing, lambda found: found.insert(0, "more "))
    rounds(shelf, *three)
    assert len(texts(thing, *three)) == 1
    assert all(documents(each).waiting(thing) == 0 for each in three)


def test_deleted_text_is_erased_from_the_past(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "keep secret")
    work = documents(three[0])
    work.write(thing, "keep")
    past = work.document(thing).content_at({work.document(thing).author: 11})
    assert past["text"] == "keep secret"
    work.erase_deleted(thing)
    past = work.document(thing).content_at({work.document(thing).author: 11})
    assert past["text"] == "keep" + "\ufffd" * 7


def test_two_that_erase_at_once_both_get_what_they_wanted() -> None:
    shelf = Shelf()
    with machines(3, (Role.ADMIN, Role.FULL)) as three:
        thing = begun(shelf, three, "aaa bbb")
        for machine, at in ((three[0], 0), (three[1], 4)):
            work = documents(machine)
            work.erase(thing, work.document(thing).units_at(at, 3))
        rounds(shelf, *three)
        documents(three[0]).finish()
        rounds(shelf, *three)
        assert texts(thing, *three) == {"\ufffd" * 3 + " " + "\ufffd" * 3}
        lineages = lineages_of(three[2].files().replica.state, thing)
        assert len(lineages) == 1


def test_a_device_that_may_not_erase_changes_nothing(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "secret")
    work = documents(three[1])
    with pytest.raises(DeniedError):
        work.erase(thing, work.document(thing).units_at(0, 6))
    rounds(shelf, *three)
    assert texts(thing, *three) == {"secret"}


def test_a_delete_does_not_hide_edits_that_it_did_not_know_of(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "text")
    documents(three[1]).write(thing, "text and more")
    draft = Draft(three[0].files().replica)
    draft.delete(thing)
    draft.commit()
    rounds(shelf, *three)
    documents(three[1]).finish()
    rounds(shelf, *three)
    assert [documents(each).things() for each in three] == [[thing]] * 3
    draft = Draft(three[0].files().replica)
    draft.delete(thing)
    draft.commit()
    rounds(shelf, *three)
    documents(three[1]).finish()
    rounds(shelf, *three)
    assert [documents(each).things() for each in three] == [[]] * 3


# --- cutting ---


def test_a_document_is_cut_where_all_living_devices_have_answered(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "a")
    work = documents(three[0])
    assert not work.cut(thing)  # the others have told of nothing yet
    for at in (1, 2):
        documents(three[at]).edit(thing, lambda found: found.insert(0, "b"))
    rounds(shelf, *three)
    assert work.cut(thing)
    rounds(shelf, *three)
    documents(three[1]).edit(thing, lambda found: found.insert(0, "c", TEXT))
    rounds(shelf, *three)
    assert texts(thing, *three) == {"cbba"}
    assert all(documents(each).waiting(thing) == 0 for each in three)


# --- removed devices ---


def test_what_a_removed_device_wrote_later_is_a_suggestion_to_take_or_leave(
    three: list[Machine],
) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "text")
    documents(three[2]).edit(thing, lambda found: found.insert(0, "late "))
    three[2].sync(shelf)
    three[1].sync(shelf)
    documents(three[1]).edit(thing, lambda found: found.insert(9, " on it"))
    joining.remove(three[0].devices, three[2].devices.me.id)
    rounds(shelf, three[0], three[1])
    assert texts(thing, three[0], three[1]) == {"text"}
    work = documents(three[0])
    assert {each.text for each in work.suggestions(thing)} == {"late ", " on it"}
    documents(three[1]).edit(thing, lambda found: found.insert(4, " goes on"))
    rounds(shelf, three[0], three[1])
    assert texts(thing, three[0], three[1]) == {"text goes on"}
    with pytest.raises(ConflictError):
        work.erase_deleted(thing)
    wanted = next(each for each in work.suggestions(thing) if each.text == " on it")
    work.decide(thing, wanted, take=True)
    rounds(shelf, three[0], three[1])
    assert len(texts(thing, three[0], three[1])) == 1
    assert "late " in work.text(thing)
    assert " on it" in work.text(thing)
    assert work.suggestions(thing) == ()


def test_a_suggestion_that_is_left_is_not_shown_again(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "text")
    documents(three[2]).edit(thing, lambda found: found.insert(0, "late "))
    three[2].sync(shelf)
    joining.remove(three[0].devices, three[2].devices.me.id)
    rounds(shelf, three[0], three[1])
    work = documents(three[1])
    (only,) = work.suggestions(thing)
    work.decide(thing, only, take=False)
    rounds(shelf, three[0], three[1])
    assert documents(three[0]).suggestions(thing) == ()
    assert texts(thing, three[0], three[1]) == {"text"}
