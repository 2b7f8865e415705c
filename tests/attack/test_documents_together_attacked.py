"""T503 to T505: edits of documents by devices in other hands, and words that were erased."""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from sealhold.crypto.seal import open_once
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import InvalidEncodingError, SealBrokenError
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.doclineage import (
    open_edits,
    seal_edits,
    unpacked_base,
    unpacked_lineage,
)
from sealhold.sharing.devices.docops import Change, Delete, Entry, Insert, Kind, Place, packed
from sealhold.sharing.devices.documentbook import author_in, lineages_of
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.drafting import GONE, Draft
from sealhold.sharing.devices.keeping import EDITS
from sealhold.sharing.devices.keybag import NAME, KeyName
from sealhold.sharing.devices.ops import MAX_EDITS, MAX_TURN, DocOp, decode, encode
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

TEXT = Place(Kind.TEXT)
Hostile = Callable[[Machine, Machine, bytes], list[DocOp]]


@pytest.fixture
def three() -> Iterator[list[Machine]]:
    with machines(3) as found:
        yield found


def documents(machine: Machine) -> Documents:
    return Documents(machine.devices, machine.files())


def rounds(shelf: Shelf, *all_of: Machine) -> None:
    for each in (*all_of, *all_of):
        assert each.sync(shelf).troubles == []


def begun(shelf: Shelf, three: list[Machine], text: str) -> bytes:
    """Return a document that all three devices have."""
    rounds(shelf, *three)
    thing = documents(three[0]).new("notes")
    documents(three[0]).write(thing, text)
    rounds(shelf, *three)
    return thing


def author(machine: Machine, turn: int = 0) -> int:
    replica = machine.files().replica
    return author_in(replica, replica.own.log, turn)


def lineage_of(machine: Machine, thing: bytes) -> bytes:
    return lineages_of(machine.files().replica.state, thing)[0].id


def lineages_heads(machine: Machine, thing: bytes) -> list[bytes]:
    return sorted(machine.files().replica.state.versions.standing(thing).heads)


def key_of(machine: Machine, lineage: bytes) -> Secret:
    return machine.files().replica.state.keys[KeyName(lineage, NAME)]


def sealed(machine: Machine, thing: bytes, data: bytes, turn: int = 0) -> DocOp:
    """Return an operation as a device with all its keys can write it."""
    replica, lineage = machine.files().replica, lineage_of(machine, thing)
    key = key_of(machine, lineage)
    return DocOp(lineage, turn, seal_edits(data, replica.collection, lineage, key, replica.entropy))


def inserted(who: int, start: int, text: str = "EVIL", at: int = 0) -> bytes:
    return packed(Entry(who, start, (Change((), (Insert(TEXT, at, text),)),)))


def _by_another(eve: Machine, ann: Machine, thing: bytes) -> list[DocOp]:
    end = documents(ann).document(thing).version()[author(ann)]
    return [sealed(eve, thing, inserted(author(ann), start)) for start in (0, end)]


def _by_nobody(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    return [sealed(eve, thing, inserted(7, 0)), sealed(eve, thing, inserted(0, 0))]


def _numbers_left_out(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    return [sealed(eve, thing, inserted(author(eve), start)) for start in (5, 1_000_000)]


def _under_another_turn(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    return [
        sealed(eve, thing, inserted(author(eve), 0), turn=1),
        sealed(eve, thing, inserted(author(eve, 3), 0), turn=MAX_TURN),
    ]


def _cut_short(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    whole = inserted(author(eve), 0)
    op = sealed(eve, thing, whole)
    found = [sealed(eve, thing, whole[:length]) for length in range(1, len(whole), 5)]
    return [*found, DocOp(op.lineage, 0, op.sealed[:-1]), DocOp(op.lineage, 0, op.sealed[:40])]


def _that_do_not_fit(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    beyond = Entry(author(eve), 0, (Change((), (Delete(TEXT, 0, 1_000_000),)),))
    return [sealed(eve, thing, packed(beyond))]


def _bent(eve: Machine, _: Machine, thing: bytes) -> list[DocOp]:
    whole, chance, found = bytearray(inserted(author(eve), 0)), Random(5), list[DocOp]()
    for _each in range(60):
        at = chance.randrange(3)  # form and frame: what stays is no entry
        found.append(sealed(eve, thing, bytes(whole[:at]) + b"\xff" + bytes(whole[at + 1 :])))
    return found


HOSTILE: dict[str, Hostile] = {
    "under another's number": _by_another,
    "under nobody's number": _by_nobody,
    "with numbers left out": _numbers_left_out,
    "under another turn": _under_another_turn,
    "cut short": _cut_short,
    "that do not fit": _that_do_not_fit,
    "bent": _bent,
}


@pytest.mark.threat("T504")
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_edits_of_a_member_count_for_nobody_and_others_go_on(
    three: list[Machine], hostile: Hostile
) -> None:
    ann, ben, eve = three
    shelf = Shelf()
    thing = begun(shelf, three, "what was agreed")
    eve.files().replica.write(hostile(eve, ann, thing), {})
    rounds(shelf, *three)
    documents(ben).edit(thing, lambda found: found.insert(0, "all of "))
    documents(ann).edit(thing, lambda found: found.insert(15, "!"))
    rounds(shelf, *three)
    for each in three:
        assert documents(each).text(thing) == "all of what was agreed!"
        each.again()
        assert documents(each).text(thing) == "all of what was agreed!"


@pytest.mark.threat("T504")
def test_of_two_edits_under_one_number_the_first_of_the_log_counts_everywhere(
    three: list[Machine],
) -> None:
    _, ben, eve = three
    shelf = Shelf()
    thing = begun(shelf, three, "text")
    ops = [sealed(eve, thing, inserted(author(eve), 0, text)) for text in ("ONE", "TWO")]
    eve.files().replica.write(ops, {})
    rounds(shelf, *three)
    again = [sealed(eve, thing, inserted(author(eve), 1, "TRI"))]
    eve.files().replica.write(again, {})
    rounds(shelf, *three)
    found = [documents(each) for each in three]
    assert {each.content(thing)["text"] for each in found} == {found[1].text(thing)}
    assert "TWO" not in found[1].text(thing)
    assert "TRI" not in found[1].text(thing)
    assert len(documents(ben).refused(thing)) == len(ops)


@pytest.mark.threat("T503")
def test_edits_of_one_document_open_in_no_other(three: list[Machine]) -> None:
    ann, ben, eve = three
    shelf = Shelf()
    thing = begun(shelf, three, "one")
    other = documents(ann).new("other")
    documents(ann).write(other, "two")
    rounds(shelf, *three)
    op = sealed(eve, thing, inserted(author(eve), 0))
    replayed = DocOp(lineage_of(eve, other), 0, op.sealed)
    eve.files().replica.write([replayed], {})
    rounds(shelf, *three)
    assert documents(ben).text(other) == "two"
    replica, there = ben.files().replica, lineage_of(ben, other)
    with pytest.raises(SealBrokenError):
        open_edits(op.sealed, replica.collection, there, key_of(ben, there))
    with pytest.raises(SealBrokenError):
        open_edits(op.sealed, bytes(16), op.lineage, key_of(ben, op.lineage))
    with pytest.raises(SealBrokenError):  # nor as what else its key might have sealed
        open_once(key_of(ben, op.lineage), op.sealed[16:], b"")


@pytest.mark.threat("T503")
def test_erased_words_open_with_nothing_that_a_device_keeps(three: list[Machine]) -> None:
    shelf = Shelf()
    thing = begun(shelf, three, "the code is 4711")
    documents(three[1]).edit(thing, lambda found: found.insert(0, "note: "))
    old = lineage_of(three[0], thing)
    work = documents(three[0])
    work.erase(thing, work.document(thing).units_at(12, 4))
    rounds(shelf, *three)
    for each in three:
        replica = each.files().replica
        assert not [name for name in replica.state.keys if name.object == old]
        kept = [name for one in replica.segments.values() for name in one.keys]
        assert not [name for name in kept if name.object == old]
        secrets = replica.keeping.secrets(replica.collection)
        assert not [one for one in secrets if one.kind == EDITS]
        found = documents(each)
        assert found.text(thing) == "note: the code is " + "\ufffd" * 4
        assert b"4711" not in found.document(thing).snapshot()
        ann = found.document(thing).content_at({author(three[0]): 16})
        assert "4711" not in ann["text"]


@pytest.mark.threat("T503")
def test_edits_on_an_erased_lineage_are_not_taken_any_more(three: list[Machine]) -> None:
    ann, ben, eve = three
    shelf = Shelf()
    thing = begun(shelf, three, "secret")
    late = sealed(eve, thing, inserted(author(eve), 0))
    work = documents(ann)
    work.erase(thing, work.document(thing).units_at(0, 6))
    rounds(shelf, *three)
    eve.files().replica.write([late], {})
    rounds(shelf, *three)
    assert documents(ben).text(thing) == "\ufffd" * 6


@pytest.mark.threat("T505")
def test_a_removed_device_changes_no_document_and_what_it_wrote_is_shown_apart(
    three: list[Machine],
) -> None:
    ann, ben, eve = three
    shelf, hers = Shelf(), Shelf()
    thing = begun(shelf, three, "text")
    hers.kept = dict(shelf.kept)
    joining.remove(ann.devices, eve.devices.me.id)
    ann.sync(shelf)
    for words in ("one ", "two "):
        documents(eve).edit(thing, lambda found, words=words: found.insert(0, words))  # type: ignore[misc]
    eve.sync(hers)
    shelf.kept |= hers.kept  # it reaches the carrier before it hears of its removal
    for each in (ben, ann, ben, ann):
        each.sync(shelf)
    for each in (ann, ben):
        found = documents(each)
        assert found.text(thing) == "text"
        assert {one.text for one in found.suggestions(thing)} == {"one ", "two "}
        documents(each).edit(thing, lambda document: document.insert(4, "."))
    for each in (ben, ann, ben):
        each.sync(shelf)
    assert documents(ann).text(thing) == documents(ben).text(thing) == "text.."


@pytest.mark.threat("T473")
def test_an_operation_that_is_not_as_it_must_be_is_refused() -> None:
    good = encode(DocOp(bytes(16), 0, bytes(33)))
    assert decode(good) == DocOp(bytes(16), 0, bytes(33))
    for at, value in (
        (1, bytes(15)),
        (1, "word"),
        (2, -1),
        (2, MAX_TURN + 1),
        (2, True),
        (2, None),
        (3, bytes(32)),
        (3, bytes(MAX_EDITS + 1)),
        (3, "edits"),
    ):
        bent = list(good)
        bent[at] = value
        with pytest.raises(InvalidEncodingError):
            decode(bent)
    for length in (3, 5):
        with pytest.raises(InvalidEncodingError):
            decode([*good, 0][:length])


@pytest.mark.threat("T473")
@pytest.mark.parametrize(
    "told",
    [
        [],
        [2, bytes(16), []],
        [1, bytes(15), []],
        [1, bytes(16), [[1, 0]]],
        [1, bytes(16), [[-1, 5]]],
        [1, bytes(16), [[1 << 64, 5]]],
        [1, bytes(16), [[1, 1 << 31]]],
        [1, bytes(16), [1]],
        [1, "lineage", []],
        [1, bytes(16), [], 0],
    ],
)
def test_a_version_that_names_no_lineage_is_refused(told: Plain) -> None:
    with pytest.raises(InvalidEncodingError):
        unpacked_lineage(pack(told))


@pytest.mark.threat("T473")
@pytest.mark.parametrize(
    "told",
    [
        [],
        [1, [], b""],
        [2, [], b"", []],
        [1, [], "snapshot", []],
        [1, [[1, 5, 5]], b"", []],
        [1, [[1, 6, 5]], b"", []],
        [1, [[1, -1, 5]], b"", []],
        [1, [[1, 0, 1 << 31]], b"", []],
        [1, [[1, 0]], b"", []],
        [1, [], b"", {}],
        [1, [], b"", [[]]],
        [1, [], b"", [["0", -1, 0, bytes(16), "", [], [0, 0, 0]]]],
        [1, [], b"", [["0", 0, 0, bytes(15), "", [], [0, 0, 0]]]],
        [1, [], b"", [["0", 0, 0, bytes(16), "", [[1, 0]], [0, 0, 0]]]],
        [1, [], b"", [["0", 0, 0, bytes(16), "", [], [0, 0, -1]]]],
        [1, [], b"", [["0" * 33, 0, 0, bytes(16), "", [], [0, 0, 0]]]],
        [1, {}, b"", []],
    ],
)
def test_what_is_no_beginning_of_a_lineage_is_refused(told: Plain) -> None:
    with pytest.raises(InvalidEncodingError):
        unpacked_base(pack(told))


@pytest.mark.threat("T503")
def test_a_delete_that_names_strange_versions_is_no_reason_to_stop(three: list[Machine]) -> None:
    ann, ben, eve = three
    shelf = Shelf()
    thing = begun(shelf, three, "text")
    draft = Draft(eve.files().replica)
    draft.put(thing, GONE, [bytes(16), *lineages_heads(eve, thing)])
    draft.commit()
    documents(ben).write(thing, "text and more")
    rounds(shelf, *three)
    for each in (ann, ben):
        documents(each).finish()
    rounds(shelf, *three)
    assert documents(ann).things() == [thing]
    assert documents(ann).text(thing) == "text and more"
