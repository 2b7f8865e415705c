"""Laws of the namespace: the same operations in any order give the same tree, and it is a tree."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.sharing.devices.filenames import (
    LINUX,
    PORTABLE,
    Holds,
    Named,
    is_name,
    same_as,
    shown_names,
)
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.namespace import MAX_DEPTH, Tree
from sealhold.sharing.devices.treeops import (
    ROOT,
    Op,
    OpKind,
    delete,
    move,
    pack_op,
    place,
    unpack_op,
)

IDS = [bytes([n]) * 16 for n in range(1, 9)]
AUTHORS = [bytes([n]) * 16 for n in (200, 201, 202)]
things = st.sampled_from(IDS)
names = st.sampled_from(["a", "A", "b.txt", "é", "e\u0301", "CON", "a:b", "z" * 255])
times = st.builds(LogicalTime, st.integers(0, 6), st.integers(0, 3))
authors = st.sampled_from(AUTHORS)


@st.composite
def operations(draw: st.DrawFn) -> Op:
    thing, time, author = draw(things), draw(times), draw(authors)
    others = st.sampled_from([ROOT, *(each for each in IDS if each != thing)])
    match draw(st.sampled_from([OpKind.FOLDER, OpKind.FOLDER, OpKind.PLACE, OpKind.MOVE, "del"])):
        case OpKind.MOVE:
            parent = draw(st.none() | others)
            name = draw(names if parent is None else st.none() | names)
            return move(thing, time, author, parent=parent, name=name)
        case "del":
            return delete(thing, time, author)
        case kind:
            name = draw(st.none() | names)
            is_folder = kind is OpKind.FOLDER
            return place(thing, draw(others), name, time, author, is_folder=is_folder)


ops = st.lists(operations(), max_size=30)


def state(tree: Tree) -> object:
    return [(each, tree.place_of(each), tree.children(each)) for each in [ROOT, *IDS]]


def by_replay(all_of: list[Op]) -> Tree:
    tree = Tree()
    for op in sorted({op.key: op for op in all_of}.values(), key=lambda op: op.key):
        tree.apply([op])
    return tree


@given(ops, st.randoms(use_true_random=False), st.integers(1, 7))
def test_the_same_operations_in_any_order_give_the_same_tree(
    all_of: list[Op], chance: object, step: int
) -> None:
    shuffled = all_of + all_of[:3]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # reason: hypothesis has no type for it
    tree = Tree()

    for at in range(0, len(shuffled), step):
        tree.apply(shuffled[at : at + step])

    assert state(tree) == state(by_replay(all_of))
    assert tree.shown() == by_replay(all_of).shown()
    assert tree.ignored() == by_replay(all_of).ignored()


@given(ops)
def test_no_operations_make_a_cycle_and_nothing_is_under_two_folders(all_of: list[Op]) -> None:
    tree = Tree(all_of)

    for thing in IDS:
        seen = set()
        above: bytes | None = thing
        while above is not None and above != ROOT:
            assert above not in seen
            seen.add(above)
            place = tree.place_of(above)
            above = place.parent if place else None
    held = [each for parent in [ROOT, *IDS] for each in tree.children(parent)]
    assert len(held) == len(set(held))


@given(ops)
def test_each_object_is_shown_or_deleted_or_adrift(all_of: list[Op]) -> None:
    tree = Tree(all_of)
    shown, adrift = tree.shown(), tree.adrift()

    for thing in IDS:
        place = tree.place_of(thing)
        if place is None or thing in adrift:
            assert thing not in shown
        else:
            assert thing in shown or place.is_deleted


@given(ops, st.sets(things))
def test_what_was_edited_is_shown_with_all_folders_above_it(
    all_of: list[Op], edited: set[bytes]
) -> None:
    tree = Tree(all_of)
    shown = tree.shown(edited)

    for each in shown.values():
        assert len(each.path) <= MAX_DEPTH
        assert each.path[:-1] == () or each.path[:-1] in {it.path for it in shown.values()}
    for thing in edited - tree.adrift():
        assert tree.place_of(thing) is None or thing in shown


@given(ops, st.sampled_from([LINUX, PORTABLE, Holds(longest=40)]))
def test_no_two_things_are_shown_under_one_path(all_of: list[Op], holds: Holds) -> None:
    shown = Tree(all_of).shown(holds=holds)

    paths = [tuple(same_as(part, holds) for part in each.path) for each in shown.values()]
    assert len(paths) == len(set(paths))


@given(
    st.dictionaries(st.binary(min_size=16, max_size=16), st.text(max_size=90), max_size=12),
    st.sampled_from([LINUX, PORTABLE, Holds(folds=True, longest=30)]),
)
def test_a_shown_name_is_a_name_that_the_file_system_holds(
    texts: dict[bytes, str], holds: Holds
) -> None:
    found = [Named((0, 0, b"", each), text) for each, text in texts.items() if is_name(text)]

    shown = shown_names(found, holds)

    assert shown == shown_names(reversed(found), holds)
    assert len({same_as(each, holds) for each in shown.values()}) == len(found)
    for name in shown.values():
        assert is_name(name)
        assert len(name.encode()) <= max(holds.longest, 32)
        assert not holds.refuses.intersection(name)


@given(operations())
def test_an_operation_is_read_back_from_its_bytes(op: Op) -> None:
    assert unpack_op(pack_op(op)) == op
