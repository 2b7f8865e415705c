"""T504, T505, T546, T561, T562: devices that would have others read another document, or none."""

from collections.abc import Callable, Iterator

import pytest

from sealhold.crypto.seal import new_key
from sealhold.model.errors import DeniedError
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.bodies import Bodies
from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.docbegun import body
from sealhold.sharing.devices.docerasing import erase_words, found
from sealhold.sharing.devices.doclineage import Base, packed_base
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.erasing import erase
from sealhold.sharing.devices.keybag import NAME, KeyName
from sealhold.sharing.devices.reading import Digests
from tests.attack.test_documents_together_attacked import (
    author,
    begun,
    documents,
    inserted,
    rounds,
    sealed,
)
from tests.unit.copied_devices import copy, put_back
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf
from tests.unit.together import Together, together


@pytest.fixture
def people() -> Iterator[Together]:
    with together() as found:
        yield found


@pytest.fixture
def three() -> Iterator[list[Machine]]:
    with machines(3) as found:
        yield found


def file_of(opened: Open, data: bytes) -> Content:
    digest = Digests(opened.about.secret).start()
    digest.update(data)
    bodies: Bodies = opened.bodies
    with bodies.packer() as packer:
        pending = packer.take(iter([data]))
        packer.finish()
        return packer.content(pending, digest.digest(), Kind.FILE)


def same_text_again(people: Together, text: str) -> None:
    for each in (people.ada, people.cy):
        assert people.text(each) == text
        each.again()
        assert people.text(each) == text


# --- keys and versions that an editor adds ---


@pytest.mark.threat("T546")
@pytest.mark.threat("T561")
@pytest.mark.parametrize("which", ["edits", "beginning", "document"])
def test_keys_that_an_editor_tells_under_the_names_of_a_document_change_nothing(
    people: Together, which: str
) -> None:
    replica, lineage = people.opened(people.bo).replica, people.lineage(people.bo)
    versions = replica.state.versions
    name = {
        "edits": KeyName(lineage, NAME),
        "beginning": KeyName(lineage, next(iter(versions.of(lineage))).id),
        "document": KeyName(people.thing, next(iter(versions.of(people.thing))).id),
    }[which]
    drawn = replica.entropy
    # ids of segments that stand before all others where they are read again
    replica.entropy = lambda size: bytes(4) + drawn(size - 4)
    for _ in range(12):
        replica.write([], {name: new_key(drawn, "another key")})
    replica.entropy = drawn
    people.rounds()
    same_text_again(people, "what was agreed")
    people.write(people.ada, 0, "all of ")
    people.rounds()
    same_text_again(people, "all of what was agreed")
    people.write(people.bo, 0, "yes: ")
    people.rounds()
    same_text_again(people, "yes: all of what was agreed")


def _no_beginning(people: Together, draft: Draft) -> None:
    opened = people.opened(people.bo)
    for at in range(8):
        draft.put(people.lineage(people.bo), file_of(opened, b"%d" % at), ())


def _a_state(people: Together, draft: Draft) -> None:
    opened, made = people.opened(people.bo), Document(7)
    made.write("Bo's state")
    made.outgoing()
    for at in range(8):
        base = packed_base(Base(((1, 0, at + 1),), made.snapshot()))
        draft.put(people.lineage(people.bo), file_of(opened, base), ())


def _ids_of_others(people: Together, draft: Draft) -> None:
    opened, lineage = people.opened(people.bo), people.lineage(people.bo)
    for thing in (people.thing, lineage):
        (version,) = opened.replica.state.versions.of(thing)
        draft.put(bytes(range(16)), file_of(opened, b"x"), (), version.id)
        draft.put(lineage, file_of(opened, b"y"), (), version.id)


@pytest.mark.threat("T561")
@pytest.mark.threat("T562")
@pytest.mark.parametrize("write", [_no_beginning, _a_state, _ids_of_others])
def test_versions_that_an_editor_adds_to_a_lineage_are_no_beginning_of_it(
    people: Together, write: Callable[[Together, Draft], None]
) -> None:
    draft = Draft(people.opened(people.bo).replica)
    write(people, draft)
    draft.commit()
    people.rounds()
    same_text_again(people, "what was agreed")
    if write is _ids_of_others:  # what goes with theirs is theirs alone
        erase(people.ada.devices, people.opened(people.ada), [bytes(range(16))])
        people.rounds()
        same_text_again(people, "what was agreed")


@pytest.mark.threat("T561")
def test_an_editor_begins_no_lineage_under_an_id_of_the_owner(people: Together) -> None:
    opened, lineage = people.opened(people.bo), people.lineage(people.bo)
    (version,) = opened.replica.state.versions.of(lineage)
    draft = Draft(opened.replica)
    draft.put(lineage, body(opened, Base(((1, 0, 1),), b"")), (), version.id)
    draft.commit()
    people.rounds()
    same_text_again(people, "what was agreed")
    assert any("begins" in why for why in people.opened(people.ada).replica.state.refused)


@pytest.mark.threat("T562")
def test_words_are_not_struck_out_where_they_cannot_be_erased(people: Together) -> None:
    work = people.documents(people.ada)
    for act in (found, erase_words):
        with pytest.raises(DeniedError, match="other people"):
            act(work, people.thing, "agreed")
    people.rounds()
    same_text_again(people, "what was agreed")


# --- gaps and forks ---


@pytest.mark.threat("T505")
def test_a_removed_device_fills_no_gap_that_it_left_before(three: list[Machine]) -> None:
    ann, ben, eve = three
    shelf, hers = Shelf(), Shelf()
    thing = begun(shelf, three, "text")
    eve.files().replica.write([sealed(eve, thing, inserted(author(eve), 4, "Z"))], {})
    rounds(shelf, *three)
    hers.kept = dict(shelf.kept)
    joining.remove(ann.devices, eve.devices.me.id)
    ann.sync(shelf)
    eve.files().replica.write([sealed(eve, thing, inserted(author(eve), 0, "EVIL"))], {})
    eve.sync(hers)
    shelf.kept |= hers.kept
    for each in (ben, ann, ben, ann):
        each.sync(shelf)
    for each in (ann, ben):
        assert documents(each).text(thing) == "text"
        assert {one.text for one in documents(each).suggestions(thing)} == {"EVIL", "Z"}
        each.again()
        assert documents(each).text(thing) == "text"


@pytest.mark.threat("T504")
def test_of_a_log_that_was_forked_no_branch_is_in_a_document(three: list[Machine]) -> None:
    ann, ben, eve = three
    shelf, other = Shelf(), Shelf()
    thing = begun(shelf, three, "text")
    image, other.kept = copy(eve), dict(shelf.kept)
    for place, reader, words in ((shelf, ann, "ONE"), (other, ben, "TWO")):
        eve.files().replica.write([sealed(eve, thing, inserted(author(eve), 0, words))], {})
        eve.sync(place)
        reader.sync(place)
        assert documents(reader).text(thing) == f"{words}text"
        put_back(eve, image)
        documents(reader).edit(thing, lambda document: document.insert(0, "on "))
    meeting = Shelf()
    for _ in range(3):
        for each in (ann, ben):
            each.sync(meeting)
    for each in (ann, ben):
        assert documents(each).text(thing) == "text"
        documents(each).edit(thing, lambda document: document.insert(4, "."))
    for each in (ann, ben, ann):
        each.sync(meeting)
    for each in (ann, ben):
        assert documents(each).text(thing) == "text.."
        each.again()
        assert documents(each).text(thing) == "text.."
