"""The namespace: what is shown where after moves and deletes on several devices."""

from typing import Any

import pytest

from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.sharing.devices.filenames import PORTABLE, Holds, escaped, is_name
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.namespace import MAX_DEPTH, Tree
from sealhold.sharing.devices.treeops import ROOT, Op, delete, move, pack_op, place, unpack_op

A, B, C, D = (bytes([n]) * 16 for n in (1, 2, 3, 4))
LAPTOP, PHONE = b"L" * 16, b"P" * 16


def at(ms: int) -> LogicalTime:
    return LogicalTime(ms, 0)


def folder(thing: bytes, name: str, ms: int, parent: bytes = ROOT) -> Op:
    return place(thing, parent, name, at(ms), LAPTOP, is_folder=True)


def paths(tree: Tree, **how: object) -> dict[bytes, str]:
    return {each: "/".join(it.path) for each, it in tree.shown(**how).items()}  # type: ignore[arg-type]  # reason: keywords of `shown`


def test_a_rename_and_a_move_at_the_same_time_both_hold() -> None:
    tree = Tree([folder(A, "old", 1), place(B, ROOT, "note", at(2), LAPTOP)])

    tree.apply([move(B, at(3), LAPTOP, parent=A), move(B, at(3), PHONE, name="letter")])

    assert paths(tree) == {A: "old", B: "old/letter"}


def test_two_moves_that_would_make_a_circle_leave_the_first_and_tell_of_the_second() -> None:
    tree = Tree([folder(A, "a", 1), folder(B, "b", 2)])
    second = move(A, at(4), PHONE, parent=B)

    tree.apply([second])
    tree.apply([move(B, at(3), LAPTOP, parent=A)])

    assert paths(tree) == {A: "a", B: "a/b"}
    assert tree.ignored() == [second]


def test_a_file_that_is_put_into_a_folder_deleted_meanwhile_keeps_the_folder_shown() -> None:
    tree = Tree([folder(A, "trip", 1), place(B, A, "old.txt", at(2), LAPTOP)])

    tree.apply([delete(B, at(3), LAPTOP), delete(A, at(4), LAPTOP)])
    assert paths(tree) == {}
    tree.apply([place(C, A, "new.txt", at(3), PHONE)])

    assert paths(tree) == {A: "trip", C: "trip/new.txt"}
    assert tree.shown()[A].is_deleted


def test_an_edit_wins_over_a_delete_and_shows_its_file_again() -> None:
    tree = Tree([place(A, ROOT, "note", at(1), LAPTOP), delete(A, at(2), PHONE)])

    assert paths(tree) == {}
    assert paths(tree, edited={A}) == {A: "note"}


def test_a_move_after_a_delete_brings_it_back() -> None:
    tree = Tree([place(A, ROOT, "note", at(1), LAPTOP), delete(A, at(2), LAPTOP)])

    tree.apply([move(A, at(3), LAPTOP, name="kept")])

    assert paths(tree) == {A: "kept"}


def test_equal_names_are_both_kept_and_the_eldest_is_shown_plainly() -> None:
    younger = place(A, ROOT, "photo.jpg", at(2), PHONE)
    tree = Tree([place(B, ROOT, "photo.jpg", at(1), LAPTOP), younger])

    assert paths(tree) == {B: "photo.jpg", A: "photo (0101).jpg"}
    place_of_a = tree.place_of(A)
    assert place_of_a is not None
    assert place_of_a.name == "photo.jpg"


def test_names_that_differ_in_case_alone_are_apart_only_where_they_clash() -> None:
    tree = Tree([place(A, ROOT, "Readme", at(1), LAPTOP), place(B, ROOT, "README", at(2), PHONE)])

    assert paths(tree) == {A: "Readme", B: "README"}
    assert paths(tree, holds=Holds(folds=True)) == {A: "Readme", B: "README (0202)"}


def test_a_name_that_a_file_system_cannot_hold_is_shown_escaped() -> None:
    shown = [escaped(name, PORTABLE) for name in ("12:30", "end.", "con.txt", "plain")]

    assert shown == ["12%3A30", "end%2E", "%63on.txt", "plain"]


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a/b", "/", "a\0", "a\n", "\x85", "\ud800", "\u202egnp.exe", "x" * 256,
        "é" * 128, 5, None,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: object) -> None:
    assert not is_name(text)


def test_a_tree_gets_no_deeper_than_it_may_be() -> None:
    chain = [n.to_bytes(16, "big") for n in range(1, MAX_DEPTH + 2)]
    tree = Tree(
        folder(each, "d", number, parent=above)
        for number, (above, each) in enumerate(zip([ROOT, *chain], chain, strict=False))
    )

    assert len(tree.shown()) == MAX_DEPTH
    assert [op.object for op in tree.ignored()] == [chain[-1]]


def test_a_tall_folder_does_not_go_where_it_would_be_too_deep() -> None:
    chain = [n.to_bytes(16, "big") for n in range(1, MAX_DEPTH)]
    tree = Tree(
        folder(each, "d", number, parent=above)
        for number, (above, each) in enumerate(zip([ROOT, *chain], chain, strict=False))
    )
    tall = [folder(A, "tall", 900), folder(B, "in it", 901, parent=A)]

    tree.apply([*tall, move(A, at(902), LAPTOP, parent=chain[-1])])
    tree.apply([move(B, at(903), LAPTOP, parent=chain[-1])])

    assert tree.shown()[A].path == ("tall",)
    assert len(tree.shown()[B].path) == MAX_DEPTH


def test_what_lies_in_a_folder_that_has_not_come_is_adrift_and_found_when_it_comes() -> None:
    tree = Tree([place(B, A, "note", at(2), LAPTOP)])

    assert (tree.adrift(), paths(tree)) == (frozenset([B]), {})
    tree.apply([folder(A, "late", 1)])

    assert (tree.adrift(), paths(tree)) == (frozenset(), {A: "late", B: "late/note"})


def test_what_lies_in_a_file_is_adrift() -> None:
    tree = Tree([place(A, ROOT, "file", at(1), LAPTOP), place(B, A, "in it", at(2), PHONE)])

    assert (tree.adrift(), paths(tree)) == (frozenset([B]), {A: "file"})


def test_an_object_whose_name_was_erased_is_shown_by_its_id() -> None:
    tree = Tree([place(A, ROOT, None, at(1), LAPTOP)])

    assert paths(tree) == {A: "unnamed-01010101"}


@pytest.mark.parametrize(
    "fields",
    [
        [1, A, ROOT, "a/b", 1, 0, LAPTOP],
        [1, A, ROOT, "a", -1, 0, LAPTOP],
        [1, A, ROOT, "a", 1 << 48, 0, LAPTOP],
        [1, A, ROOT, "a", True, 0, LAPTOP],
        [1, A, None, "a", 1, 0, LAPTOP],
        [1, A, A, "a", 1, 0, LAPTOP],
        [1, ROOT, A, "a", 1, 0, LAPTOP],
        [2, A, None, None, 1, 0, LAPTOP],
        [3, A, ROOT, None, 1, 0, LAPTOP],
        [9, A, ROOT, "a", 1, 0, LAPTOP],
        [1, A, ROOT, "a", 1, 0, b"short"],
        [1, A, ROOT, "a", 1, 0],
        {"kind": 1},
        [1, A, ROOT, "a" * 600, 1, 0, LAPTOP],
    ],
)
def test_bytes_that_are_no_operation_are_refused(fields: object) -> None:
    with pytest.raises(InvalidEncodingError):
        unpack_op(pack(fields))


def test_an_operation_without_what_it_needs_is_not_made() -> None:
    with pytest.raises(InvalidError):
        move(A, at(1), LAPTOP)
    with pytest.raises(InvalidError):
        place(A, ROOT, "..", at(1), LAPTOP)


def test_operations_by_one_author_at_one_time_are_both_known() -> None:
    one, other = folder(A, "one", 1), folder(A, "two", 1)

    assert Tree([one, other]).apply([unpack_op(pack_op(one)), other]) == 0
    assert paths(Tree([one, other])) == paths(Tree([other, one]))


class Counting(Tree):
    done = 0

    def _do(self, op: Op) -> Any:  # noqa: ANN401 - a value of theirs
        self.done += 1
        return super()._do(op)


def test_late_operations_cost_what_lies_after_them_and_not_the_whole_log() -> None:
    many = [folder(n.to_bytes(16, "big"), "d", n) for n in range(1, 2_000)]
    tree = Counting(many)
    tree.done = 0

    tree.apply([folder(B, "late", 1_990)])

    assert tree.done <= 12
