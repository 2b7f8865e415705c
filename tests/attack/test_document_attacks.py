"""T473 to T477: hostile entries of documents, and edits by somebody who may not."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import cbor2
import pytest

from sealhold.model.errors import InvalidEditError, TamperedError
from sealhold.sharing.devices import docengine, documents, docwaiting
from sealhold.sharing.devices.docediting import MAP, TEXT
from sealhold.sharing.devices.docengine import Engine, EngineError, guarded
from sealhold.sharing.devices.docops import (
    MAX_ENTRY,
    MAX_OPS,
    Change,
    Entry,
    Insert,
    Kind,
    New,
    OpId,
    Place,
    Put,
    packed,
    unpacked,
)
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docversions import Span
from sealhold.sharing.devices.docwaiting import MAX_WAITING, gap_before
from tests.attack.hostile_documents import ANN, BEN, EVE, OTHER, entry_of, written
from tests.property.edited import edit, session

Tree = Any  # reason: an entry as a tree of plain values, to be bent


def unchanged(document: Document, author: int, data: bytes) -> bool:
    """Return whether an entry is refused and leaves a document as it was, and of use."""
    before = document.content(), document.version()
    with pytest.raises(TamperedError):
        document.take_in(author, data)
    return (document.content(), document.version()) == before


@pytest.mark.threat("T474")
def test_of_two_authors_under_one_number_the_second_is_refused() -> None:
    _, one = written(EVE, "one")
    _, two = written(EVE, "two")
    replica = Document(ANN)
    replica.take_in(EVE, one[0])

    assert unchanged(replica, EVE, two[0])
    assert not replica.take_in(EVE, one[0]).taken  # the same again is harmless


@pytest.mark.threat("T474")
def test_a_clone_that_writes_on_is_noticed_by_the_device_itself() -> None:
    mine, entries = written(EVE, "mine")
    clone = Document(EVE, entries=entries)
    clone.insert(0, "clone")

    assert unchanged(mine, EVE, clone.outgoing()[0])
    mine.insert(4, ", too")
    mine.outgoing()
    clone.insert(0, "more")
    assert unchanged(mine, EVE, packed(Entry(EVE, 4, unpacked(clone.outgoing()[0]).changes)))


@pytest.mark.threat("T474")
def test_two_spans_under_one_number_that_both_wait_are_refused_the_second() -> None:
    replica = Document(ANN)
    assert replica.take_in(EVE, entry_of(EVE, "x", start=5)).kept

    assert unchanged(replica, EVE, entry_of(EVE, "y", start=5))


@pytest.mark.threat("T474")
def test_a_span_of_another_author_is_refused() -> None:
    _, foreign = written(BEN, "by Ben")

    assert unchanged(Document(ANN), EVE, foreign[0])


@pytest.mark.threat("T474")
@pytest.mark.parametrize("start", [1, 2])
def test_a_span_that_overlaps_is_refused(start: int) -> None:
    replica = Document(ANN)
    replica.take_in(EVE, entry_of(EVE, "abc"))

    assert unchanged(replica, EVE, entry_of(EVE, "bcd", start=start))


@pytest.mark.threat("T473")
def test_a_cut_entry_is_refused_at_every_length() -> None:
    _, entries = written(EVE, "some text")
    replica = Document(ANN)

    for length in range(len(entries[0])):
        assert unchanged(replica, EVE, entries[0][:length])


def bent(tree: Tree, chance: Random) -> Tree:
    """Return a tree in which one value is another."""
    if not isinstance(tree, list) or not tree or chance.random() < 0.1:
        return chance.choice([0, 1, 2, 7, -1, 1 << 31, 1 << 64, "", "x", None, [], [[EVE, 3]], 1.5])
    place = chance.randrange(len(tree))
    made = list(tree)
    if chance.random() < 0.1:
        made.insert(place, made[place])
    else:
        made[place] = bent(made[place], chance)
    return made


def fate(document: Document, author: int, data: bytes) -> str:
    try:
        outcome = document.take_in(author, data)
    except TamperedError:
        return "refused"
    return "waits" if outcome.gap else "taken"


@pytest.mark.threat("T473")
@pytest.mark.threat("T474")
def test_a_hostile_entry_is_refused_on_every_replica_or_on_none() -> None:
    """One replica knows its past alone, one knows all; a third has it from a snapshot."""
    chance = Random(7)
    tried: dict[str, int] = {}
    for seed in range(6):
        documents, log = session(Random(seed), rounds=8)
        hostile = Document(EVE, entries=[entry for _, entry in log])
        edit(hostile, chance, 3)
        tree = cbor2.loads(hostile.outgoing()[0])
        late = documents[0]
        edit(late, chance, 6)
        more = late.outgoing()
        for _ in range(60):
            data = cbor2.dumps(bent(tree, chance), canonical=True)
            before = Document(ANN, entries=[entry for _, entry in log])
            after = Document(BEN, entries=[*(entry for _, entry in log), *more])
            found = fate(before, EVE, data)
            assert fate(after, EVE, data) == found
            tried[found] = tried.get(found, 0) + 1
            for each in more:
                before.take_in(late.author, each)
            assert before.content() == after.content()
            assert before.version() == after.version()

    assert tried["refused"] > 150
    assert tried["taken"] > 5


BOMBS: dict[str, Callable[[], bytes]] = {
    "too long": lambda: entry_of(EVE, "x" * MAX_ENTRY),
    "too many operations": lambda: packed(
        Entry(EVE, 0, (Change((), (Insert(TEXT, 0, "x"),) * (MAX_OPS + 1)),))
    ),
    "a number beyond what is counted": lambda: entry_of(EVE, "x", start=(1 << 31) - 10),
    "an author that cannot be": lambda: cbor2.dumps(
        [1, (1 << 64) - 1, 0, [[[], [[0, 0, 0, "x"]]]]]
    ),
    "lists in lists": lambda: b"\x84\x01" + b"\x81" * 500_000,
    "a value too deep": lambda: cbor2.dumps([1, EVE, 0, [[[], [[2, 0, "k", 0, _deep(17)]]]]]),
    "a list that says it is endless": lambda: b"\x84\x01\x18\x21\x00\x9b" + b"\xff" * 8,
    "a deletion of all there could be": lambda: cbor2.dumps(
        [1, EVE, 0, [[[], [[1, 0, 0, (1 << 31) - (1 << 21)]]]]]
    ),
    "after more than there are": lambda: cbor2.dumps(
        [1, EVE, 0, [[[[author, 0] for author in range(65)], [[0, 0, 0, "x"]]]]]
    ),
    "a value that names a container": lambda: cbor2.dumps(
        [1, EVE, 0, [[[], [[2, 0, "k", 0, "\N{PARROT}:cid:0@1:Text"]]]]]
    ),
    "half a character": lambda: (
        b"\x84\x01\x18\x21\x00\x81\x82\x80\x81\x84\x00\x00\x00\x63\xed\xa0\x80"
    ),
    "another encoding": lambda: b"\x84\x01\x18\x21\x18\x00" + entry_of(EVE, "x")[5:],
}


def _deep(levels: int) -> Tree:
    value: Tree = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.threat("T473")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_the_document_stays_of_use(name: str) -> None:
    replica, _ = written(ANN, "kept")

    assert unchanged(replica, EVE, BOMBS[name]())
    replica.insert(4, " and edited")
    assert replica.text() == "kept and edited"


@pytest.mark.threat("T473")
def test_containers_are_not_nested_without_end() -> None:
    document = Document(ANN)
    place = MAP
    for _ in range(docengine.MAX_NESTED - 1):  # the root counts
        inner = document.put("k", New(Kind.MAP), place)
        assert inner is not None
        place = inner
    with pytest.raises(InvalidEditError):
        document.put("k", New(Kind.MAP), place)

    replica = Document(BEN)
    made = [Put(Place(Kind.MAP), "k", New(Kind.MAP))]
    made += [Put(Place(Kind.MAP, OpId(EVE, n)), "k", New(Kind.MAP)) for n in range(20_000)]
    assert unchanged(replica, EVE, packed(Entry(EVE, 0, (Change((), tuple(made)),))))


@pytest.mark.threat("T473")
def test_operations_of_which_the_last_does_not_fit_leave_nothing_behind() -> None:
    replica, entries = written(ANN, "kept")
    heads = (OpId(ANN, 3),)
    ops = (Insert(TEXT, 0, "half"), Insert(TEXT, 99, "beyond"))

    assert unchanged(replica, EVE, packed(Entry(EVE, 0, (Change(heads, ops),))))
    replica.insert(0, "own ")  # now the heads are others, and it is tried in a replica beside
    assert unchanged(replica, EVE, packed(Entry(EVE, 0, (Change(heads, ops),))))
    assert Document(BEN, entries=entries).text() == "kept"


@pytest.mark.threat("T474")
def test_heads_that_are_no_version_are_refused() -> None:
    replica, _ = written(ANN, "kept")
    replica.take_in(EVE, entry_of(EVE, "ab"))
    for heads in ([(ANN, 1), (EVE, 0)], [(ANN, 3)], [(EVE, 0)], [(EVE, 5)], [(EVE, 2)]):
        change = Change(tuple(OpId(*each) for each in heads), (Insert(TEXT, 0, "x"),))
        assert unchanged(replica, EVE, packed(Entry(EVE, 2, (change,))))


@pytest.mark.threat("T473")
def test_what_the_engine_raises_is_one_error_and_what_others_raise_is_not() -> None:
    with pytest.raises(EngineError):
        Engine(b"no snapshot")
    with pytest.raises(KeyboardInterrupt), guarded():
        raise KeyboardInterrupt
    with pytest.raises(TamperedError):
        Document(ANN, b"\x83\x01\x80\x43abc")


@pytest.mark.threat("T475")
def test_what_waits_is_bounded_for_each_author_and_the_gap_is_told() -> None:
    replica = Document(ANN)
    for start in range(1, MAX_WAITING + 50):
        outcome = replica.take_in(EVE, entry_of(EVE, "x", start=start))
        assert outcome.gap == ((EVE, 0, start),)
        assert outcome.kept == (start <= MAX_WAITING)
    for start in range(1, 50):
        replica.take_in(OTHER, entry_of(OTHER, "x" * 200_000, start=start * 200_000))

    assert replica.waiting == MAX_WAITING + 20  # of the other, 4 MiB
    assert replica.take_in(BEN, entry_of(BEN, "x", start=1)).kept  # has room of its own
    freed = replica.take_in(EVE, entry_of(EVE, "x"))
    assert len(freed.taken) == MAX_WAITING + 1


@pytest.mark.threat("T475")
def test_an_entry_that_waited_and_is_none_is_told_when_its_time_comes() -> None:
    replica = Document(ANN)
    replica.take_in(EVE, entry_of(EVE, "x", start=1, at=99))

    outcome = replica.take_in(EVE, entry_of(EVE, "x"))

    assert [(each.author, each.start) for each in outcome.refused] == [(EVE, 1)]
    assert (replica.text(), replica.waiting) == ("x", 0)


@pytest.mark.threat("T475")
def test_what_waits_is_looked_at_where_what_it_lacks_comes_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []

    def counted(entry: Entry, ends: Mapping[int, int]) -> tuple[Span, ...]:
        looks.append(entry.author)
        return gap_before(entry, ends)

    for module in (documents, docwaiting):
        monkeypatch.setattr(module, "gap_before", counted)
    first, last, document = 1_000, 1_200, Document(OTHER)
    for who in range(first, last):  # each made after the one that comes next
        change = Change((OpId(who + 1, 0),), (Insert(TEXT, 0, "x"),))
        assert document.take_in(who, packed(Entry(who, 0, (change,)))).kept
    document.take_in(last, entry_of(last, "x"))
    assert (document.waiting, document.text()) == (0, "x" * (last - first + 1))
    assert len(looks) <= 2 * (last - first)


@pytest.mark.threat("T475")
def test_what_waits_under_a_number_that_another_entry_takes_is_let_go() -> None:
    document = Document(OTHER)
    beside = Change((OpId(ANN, 0),), (Insert(TEXT, 0, "x"),))
    assert document.take_in(EVE, packed(Entry(EVE, 0, (beside,)))).kept
    outcome = document.take_in(EVE, entry_of(EVE, "eve"))
    assert (document.waiting, document.text()) == (0, "eve")
    assert [each.start for each in outcome.refused] == [0]
    document.take_in(ANN, entry_of(ANN, "a"))
    assert document.version() == {ANN: 1, EVE: 3}
