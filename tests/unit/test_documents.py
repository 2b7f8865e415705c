"""What a document does for whoever edits it."""

from collections.abc import Callable

import pytest

from sealhold.crypto.docauthor import author_of
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidEditError
from sealhold.sharing.devices import docediting
from sealhold.sharing.devices.docediting import LIST, MAP, MAX_VALUE, PIECE
from sealhold.sharing.devices.docops import MAX_ENTRY, Kind, New, OpId, Place, unpacked
from sealhold.sharing.devices.doctext import difference
from sealhold.sharing.devices.documents import KNOWN, Document

KEY = Secret(bytes(range(32)), "key of documents")


def told(one: Document, other: Document) -> None:
    for each in one.outgoing():
        other.take_in(one.author, each)


def test_an_author_is_of_one_device_one_incarnation_and_one_key() -> None:
    device, other = bytes(16), b"\1" * 16
    numbers = {
        author_of(KEY, device, device),
        author_of(KEY, device, other),
        author_of(KEY, other, device),
        author_of(Secret(bytes(32), "another"), device, device),
    }

    assert len(numbers) == 4
    assert all(0 <= each < (1 << 64) - 1 for each in numbers)
    assert author_of(KEY, device, device) == author_of(KEY, device, device)


def test_positions_are_code_points() -> None:
    document = Document(1)
    document.insert(0, "a\N{SNAKE}é")
    document.insert(2, "b")
    document.delete(1, 1)

    assert document.text() == "abé"


def test_maps_lists_and_what_lies_in_them() -> None:
    document = Document(1)
    people = document.put("people", New(Kind.LIST))
    assert people is not None
    ann = document.add(0, New(Kind.MAP), people)
    assert ann is not None
    note = document.put("note", New(Kind.TEXT), ann)
    assert note is not None
    document.insert(0, "hello", note)
    document.put("age", 40, ann)
    document.add(0, "one")
    document.add(1, "two")
    document.move(0, 1)
    document.swap(0, 2)

    content = {"people": [{"note": "hello", "age": 40}]}
    assert document.content() == {"text": "", "map": content, "list": [2, "one"]}
    assert document.child(MAP, "people") == people
    assert document.child(people, 0) == ann
    assert document.child(ann, "age") is None
    document.drop("people")
    document.remove(0, 2)
    assert document.content() == {"text": "", "map": {}, "list": []}


def test_two_that_edit_at_once_both_keep_what_they_wrote() -> None:
    one = Document(1)
    one.insert(0, "The end.")
    other = Document(2)
    told(one, other)
    one.insert(0, "Once. ")
    other.insert(8, " Or not.")
    one.put("read", 1)
    told(one, other)
    told(other, one)

    assert one.text() == other.text() == "Once. The end. Or not."
    assert one.content() == other.content()


def test_edits_that_change_nothing_are_no_edits() -> None:
    document = Document(1)
    document.put("k", 1)
    document.outgoing()
    document.put("k", 1)
    document.delete(0, 0)
    document.insert(0, "")
    document.write("")

    assert document.outgoing() == []
    assert document.version() == {1: 1}


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.insert(9, "x"),
        lambda document: document.insert(-1, "x"),
        lambda document: document.insert(0, "\ud800"),
        lambda document: document.write("\ud800"),
        lambda document: document.delete(1, 9),
        lambda document: document.put("k", 1 << 63),
        lambda document: document.put("k", float("nan")),
        lambda document: document.put("k", (1, 2)),
        lambda document: document.put("k", b"bytes"),
        lambda document: document.put("k", "x" * MAX_VALUE),
        lambda document: document.put("k" * 2_000, 1),
        lambda document: document.add(1, 1),
        lambda document: document.remove(0),
        lambda document: document.move(0, 1),
        lambda document: document.swap(0, 1),
        lambda document: document.text(Place(Kind.TEXT, OpId(5, 5))),
        lambda document: document.child(Place(Kind.MAP, OpId(5, 5)), "k"),
        lambda document: document.content_at({1: 9}),
        lambda document: document.snapshot({1: 9}),
        lambda document: document.units_at(0, 9),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(
    edit: Callable[[Document], object],
) -> None:
    document = Document(1)
    document.insert(0, "abc")

    with pytest.raises(InvalidEditError):
        edit(document)
    assert document.content() == {"text": "abc", "map": {}, "list": []}
    assert document.version() == {1: 3}


def test_many_edits_become_entries_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docediting, "MAX_OPS", 500)
    document = Document(1)
    document.insert(0, "é" * (MAX_ENTRY + PIECE))
    for number in range(1_010):
        document.put("k", number)
    entries = document.outgoing()
    replica = Document(2)
    for each in entries:
        replica.take_in(1, each)

    assert all(len(each) <= MAX_ENTRY for each in entries)
    assert len(entries) == 5  # two of text, three of operations
    assert replica.content() == document.content()
    assert [unpacked(each).start for each in entries[1:]] == [
        unpacked(each).end for each in entries[:-1]
    ]


def test_what_is_known_is_said_to_be_and_a_gap_names_what_is_missing() -> None:
    one = Document(1)
    one.insert(0, "abc")
    first = one.outgoing()
    one.insert(3, "def")
    second = one.outgoing()
    other = Document(2)

    waits = other.take_in(1, second[0])
    assert (waits.gap, waits.kept, other.text()) == (((1, 0, 3),), True, "")
    assert other.take_in(1, first[0]).taken == ((1, 0, 3), (1, 3, 6))
    assert other.take_in(1, first[0]) == KNOWN
    assert other.text() == "abcdef"


def test_each_code_point_tells_its_author() -> None:
    one, other = Document(1), Document(2)
    one.insert(0, "mine")
    told(one, other)
    other.insert(2, "THEIRS")
    told(other, one)

    assert one.written_by() == other.written_by() == [(1, 2), (2, 6), (1, 2)]


def test_a_document_reads_as_it_did_at_any_version() -> None:
    document = Document(1)
    document.insert(0, "first")
    then = document.version()
    document.write("second")

    assert document.content_at(then)["text"] == "first"
    assert document.content_at({})["text"] == ""
    assert document.text() == "second"


def test_writing_a_text_anew_keeps_what_others_did_to_the_rest() -> None:
    one, other = Document(1), Document(2)
    one.insert(0, "line one\nline two\nline three\n")
    told(one, other)
    one.write("line one\nline 2\nline three\n")
    other.write("line one!\nline two\nline three\nline four\n")
    told(one, other)
    told(other, one)

    assert one.text() == other.text() == "line one!\nline 2\nline three\nline four\n"


def test_a_long_text_of_which_a_line_changed_is_one_small_edit() -> None:
    lines = [f"line {number} of some length\n" for number in range(8_000)]
    old = "".join(lines)
    lines[10] = "another line\n"
    lines[7_000] = "line 7000 of other length\n"

    edits = difference(old, "".join(lines))
    assert sum(len(each.text) + each.gone for each in edits) < 80
    assert difference("a" * 1_000, "ba" * 500) == [
        (0, 999, "ba" * 499 + "b")
    ]  # takes 19 s by points
    assert difference("x\n" * 30_000, "y\n" * 30_000) == [(0, 59_999, "y\n" * 29_999 + "y")]


def test_the_map_and_list_roots_are_where_edits_go_by_default() -> None:
    document = Document(1)
    document.put("k", 1, MAP)
    document.add(0, 1, LIST)

    assert document.content() == {"text": "", "map": {"k": 1}, "list": [1]}
