"""Laws of documents: order does not matter, nothing is lost by a reload, and texts differ so."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.sharing.devices.docops import Change, Entry, Insert, Kind, OpId, Place, unpacked
from sealhold.sharing.devices.doctext import carried, difference
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docverdicts import judged, needed
from sealhold.sharing.devices.docversions import agreed, common, joined, missing, within
from tests.property.edited import edit, session

SEEDS = st.integers(0, 1 << 32)
VERSIONS = st.dictionaries(st.integers(1, 4), st.integers(1, 9), max_size=4)
DEVICES = st.dictionaries(st.binary(min_size=1, max_size=1), VERSIONS, min_size=1, max_size=4)
TEXT = Place(Kind.TEXT)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_any_order_of_entries_gives_the_same_document(seed: int) -> None:
    chance = Random(seed)
    documents, log = session(chance)
    first = documents[0]
    assert all(each.content() == first.content() for each in documents)
    assert all(each.version() == first.version() for each in documents)

    chance.shuffle(log)
    other = Document(99)
    for author, entry in log:
        other.take_in(author, entry)
        other.take_in(author, entry)  # a carrier may bring it twice

    assert other.waiting == 0
    assert other.content() == first.content()
    assert other.version() == first.version()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_document_that_is_loaded_again_equals_the_one_that_was_killed(seed: int) -> None:
    chance = Random(seed)
    documents, log = session(chance)
    entries = [entry for _, entry in log]
    chance.shuffle(entries)

    again = Document(1, entries=entries)
    half = Document(1, again.snapshot(), entries[: len(entries) // 2])
    edit(again, chance)
    more = again.outgoing()

    assert half.content() == documents[0].content()
    for each in more:
        half_other, whole = Document(2, half.snapshot()), documents[1]
        assert half_other.take_in(1, each).taken == whole.take_in(1, each).taken
        assert half_other.content() == whole.content() == again.content()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_cut_document_reads_the_same_and_goes_on_with_whole_ones(seed: int) -> None:
    chance = Random(seed)
    documents, _ = session(chance)
    version = documents[0].version()
    edit(documents[0], chance)
    late = documents[0].outgoing()

    cut = Document(77, documents[0].snapshot(version))
    for each in late:
        documents[1].take_in(1, each)
    edit(documents[1], chance)
    edit(cut, chance)
    for each in cut.outgoing():
        documents[1].take_in(77, each)
    for each in documents[1].outgoing():
        cut.take_in(2, each)

    assert cut.content() == documents[1].content()


@settings(max_examples=100, deadline=None)
@given(old=st.text(alphabet="ab\n", max_size=60), new=st.text(alphabet="ab\n", max_size=60))
def test_the_edits_between_two_texts_make_one_into_the_other(old: str, new: str) -> None:
    text = old
    for at, gone, put in difference(old, new):
        text = text[:at] + put + text[at + gone :]

    assert text == new


@given(acknowledged=DEVICES)
def test_what_all_agreed_to_is_within_what_each_has(
    acknowledged: dict[bytes, dict[int, int]],
) -> None:
    version = agreed(acknowledged, acknowledged)

    assert all(within(version, each) for each in acknowledged.values())
    assert agreed(acknowledged, [*acknowledged, b"away"]) == {}
    whole = joined(*acknowledged.values())
    assert all(within(each, whole) for each in acknowledged.values())
    assert common(whole, version) == version
    assert missing(whole, version) == ()


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries of three authors, each made after some of those before."""
    made: list[Entry] = []
    ends: dict[int, int] = {}
    for _ in range(draw(st.integers(1, 9))):
        author = draw(st.integers(1, 3))
        others = [who for who in ends if who != author and draw(st.booleans())]
        after = tuple(sorted(OpId(who, ends[who] - 1) for who in others))
        start = ends.get(author, 0)
        made.append(Entry(author, start, (Change(after, (Insert(TEXT, 0, "ab"),)),)))
        ends[author] = start + 2
    return made


@given(entries=histories(), until=st.integers(0, 6), order=st.randoms(use_true_random=False))
def test_a_verdict_reads_the_same_in_any_order(
    entries: list[Entry], until: int, order: Random
) -> None:
    verdict = {1: None, 2: until}
    before = judged(entries, verdict)
    shuffled = list(entries)
    order.shuffle(shuffled)

    assert judged(shuffled, verdict) == before
    parts = [*before.counted, *before.refused, *(each.entry for each in before.suggestions)]
    assert sorted(parts, key=lambda each: (each.author, each.start)) == sorted(
        entries, key=lambda each: (each.author, each.start)
    )
    for each in before.suggestions:
        again = judged(entries, verdict, needed(each, before))
        built_on_refused = any(who == 3 for who, _ in _reach(each.entry, entries))
        assert built_on_refused or each.entry in again.counted


def _reach(entry: Entry, entries: list[Entry]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    todo = [entry]
    while todo:
        each = todo.pop()
        heads = {OpId(each.author, each.start - 1), *each.changes[0].after}
        for other in entries:
            name = (other.author, other.start)
            if name not in found and any(
                who == other.author and number >= other.start for who, number in heads
            ):
                found.add(name)
                todo.append(other)
    return found


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_every_entry_has_one_form(seed: int) -> None:
    _, log = session(Random(seed), rounds=8)

    for author, data in log:
        entry = unpacked(data)
        assert entry.author == author
        assert len(data) > 0


@settings(max_examples=100, deadline=None)
@given(
    base=st.text(alphabet="ab", max_size=30),
    new=st.text(alphabet="ab", max_size=30),
    head=st.text(alphabet="xy", max_size=5),
    tail=st.text(alphabet="xy", max_size=5),
)
def test_what_was_written_on_an_older_text_keeps_what_came_in_meanwhile(
    base: str, new: str, head: str, tail: str
) -> None:
    text = now = head + base + tail
    for at, gone, put in carried(base, new, now):
        text = text[:at] + put + text[at + gone :]

    assert text == head + new + tail or not base
    assert [each for each in text if each in "xy"] == list(head + tail)
    assert sorted(text) == sorted(head + new + tail)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_new_lineage_holds_what_the_old_one_did_and_goes_on_like_it(seed: int) -> None:
    documents, _ = session(Random(seed))
    old = documents[0]

    for spans in ((), old.gone_by()):
        lineage = Document(99, old.erased(spans))
        assert lineage.content() == old.content()
        assert lineage.version() == old.version()
    edit(old, Random(seed))
    for each in old.outgoing():
        lineage.take_in(old.author, each)
    assert lineage.content() == old.content()
