"""Rows are found by their words through a table that knows none of them."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import ConflictError, InvalidPolicyError, InvalidQueryError
from sealhold.protect.pairs import CHUNK, Change
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.techniques.range_hidden import RangeHidden
from sealhold.protect.techniques.words import All, Query, Some, Words
from tests.protecting import Rented

ASTHMA = "Asthma, since 2019"
BOTH = "asthma and GOUT"


def words(rented: Rented, tokens: str = "unicode") -> Words:
    return Words(rented.pairs, tokens)


def rows(rented: Rented, query: Query) -> set[int]:
    search = rented.pairs.search(query.words())
    return query.rows(search.found(rented.rows))


def test_rows_are_found_until_they_are_removed() -> None:
    rented = Rented()
    rented.write(Change(1, [b"a", b"b"]), Change(2, [b"a"]))
    assert rented.find(b"a") == {1, 2}

    rented.write(Change(1, removed=[b"a"]))

    assert (rented.find(b"a"), rented.find(b"b"), rented.find(b"c")) == ({2}, {1}, set())


def test_a_row_that_gets_a_word_again_is_found_again() -> None:
    rented = Rented()
    for change in (Change(1, [b"a"]), Change(1, removed=[b"a"]), Change(1, [b"a"])):
        rented.write(change)

    assert rented.find(b"a") == {1}


def test_what_was_rolled_back_leaves_gaps_that_a_search_skips() -> None:
    rented = Rented()
    rented.write(Change(1, [b"a"]))
    rented.write(Change(2, [b"a"]), commit=False)
    rented.write(Change(3, [b"a"]))

    assert rented.find(b"a") == {1, 3}
    assert len(rented.pairs.search([b"a"]).labels) == 2


def test_a_transaction_that_is_under_way_is_neither_missed_nor_missing() -> None:
    rented = Rented()
    batch = rented.pairs.batch([Change(1, [b"a"])])

    assert rented.find(b"a") == set()
    rented.rows.update(batch.pairs)
    assert rented.find(b"a") == {1}


@pytest.mark.parametrize("took_place", [True, False])
def test_a_transaction_whose_end_nobody_knows_is_settled_by_its_labels(*, took_place: bool) -> None:
    rented = Rented()
    batch = rented.pairs.batch([Change(1, [b"a", b"b"]), Change(2, [b"a"])])
    if took_place:
        rented.rows.update(batch.pairs)
    labels = rented.pairs.doubted(batch.ticket)

    there = sum(label in rented.rows for label in labels)

    assert set(labels) == {pair.label for pair in batch.pairs}
    assert rented.pairs.cleared(batch.ticket, labels, there) is took_place
    assert rented.find(b"a") == ({1, 2} if took_place else set())


def test_labels_are_asked_for_in_chunks_and_in_no_order() -> None:
    rented = Rented()
    rented.write(*(Change(row, [b"a"]) for row in range(2 * CHUNK + 1)))

    search = rented.pairs.search([b"a"])

    assert [len(chunk) for chunk in search.chunks()] == [CHUNK, CHUNK, 1]
    assert search.labels != rented.pairs.search([b"a"]).labels
    assert search.found(rented.rows).rows(b"a") == set(range(2 * CHUNK + 1))


def test_a_word_with_many_removed_rows_is_written_anew() -> None:
    rented = Rented()
    rented.write(*(Change(row, [b"a"]) for row in range(20)))
    rented.write(*(Change(row, removed=[b"a"]) for row in range(15)))
    search = rented.pairs.search([b"a"])
    found = search.found(rented.rows)
    assert found.worth_renewing(b"a")

    batch = rented.pairs.renewed(b"a", search, found)
    rented.rows = {label: rented.rows[label] for label in rented.rows.keys() - batch.dropped}
    rented.rows.update(batch.pairs)
    rented.pairs.settle(batch.ticket, used=True)

    assert rented.find(b"a") == set(range(15, 20))
    assert len(rented.rows) == 5
    assert not rented.pairs.is_current(search)
    rented.write(Change(99, [b"a"]))
    assert 99 in rented.find(b"a")


def test_a_word_is_not_written_anew_while_somebody_else_writes_it() -> None:
    rented = Rented()
    rented.write(Change(1, [b"a"]))
    search = rented.pairs.search([b"a"])
    found = search.found(rented.rows)
    rented.write(Change(2, [b"a"]))
    with pytest.raises(ConflictError):
        rented.pairs.renewed(b"a", search, found)

    rented.pairs.batch([Change(3, [b"a"])])
    search = rented.pairs.search([b"a"])
    with pytest.raises(ConflictError):
        rented.pairs.renewed(b"a", search, search.found(rented.rows))


def test_words_are_found_in_whatever_form_they_are_written() -> None:
    rented = Rented()
    finder = words(rented)
    rented.write(finder.change(1, None, ASTHMA), finder.change(2, None, BOTH))

    asthma, gout, year = (finder.word(text) for text in ("ASTHMA", "Gout", "2019"))

    assert rows(rented, asthma) == {1, 2}
    assert rows(rented, All((asthma, gout))) == {2}
    assert rows(rented, All((asthma,), but=(gout,))) == {1}
    assert rows(rented, Some((gout, year))) == {1, 2}


def test_a_changed_text_loses_its_old_words_and_keeps_the_common_ones() -> None:
    rented = Rented()
    finder = words(rented)
    change = finder.change(1, ASTHMA, BOTH)

    assert (set(change.added), set(change.removed)) == ({b"wand", b"wgout"}, {b"wsince", b"w2019"})
    assert finder.change(1, None, None) == Change(1, (), ())


def test_words_are_found_by_prefixes_that_are_kept() -> None:
    rented = Rented()
    finder = words(rented, "prefix3-5")
    rented.write(finder.change(1, None, "gouty go"))

    assert rows(rented, finder.word("gout", prefix=True)) == {1}
    assert rows(rented, finder.word("gout")) == set()
    for text in ("go", "goutyx"):
        with pytest.raises(InvalidQueryError, match="prefixes"):
            finder.word(text, prefix=True)


def test_a_search_that_makes_no_sense_is_refused() -> None:
    finder = words(Rented())

    with pytest.raises(InvalidQueryError):
        finder.word("two words")
    with pytest.raises(InvalidQueryError):
        All((), but=(finder.word("a"),))
    with pytest.raises(InvalidQueryError):
        Words(Rented().pairs, "ngrams")


def test_hidden_ranges_find_all_of_a_range_and_little_else() -> None:
    rented = Rented()
    hidden = RangeHidden(rented.pairs, (0, 999), 256)  # four values to a bucket
    rented.write(*(hidden.change(row, None, row * 10) for row in range(100)))

    nodes = hidden.cover(250, 500)
    found = hidden.rows(nodes, rented.pairs.search(nodes).found(rented.rows))

    assert set(range(25, 51)) <= found <= set(range(24, 52))
    assert len(nodes) <= 2 * 8
    assert hidden.cover(None, None) == [hidden.nodes(0)[-1]]
    assert hidden.cover(7, 6) == []


def test_a_value_outside_of_its_range_is_refused() -> None:
    hidden = RangeHidden(Rented().pairs, (0, 999), 256)

    with pytest.raises(TypeRefusedError):
        hidden.change(1, None, 1000)
    for limits, buckets in (((0, 9), 3), ((9, 0), 4), ((0, 9), 0)):
        with pytest.raises(InvalidPolicyError):
            RangeHidden(Rented().pairs, limits, buckets)


def test_pairs_do_not_depend_on_where_labels_are_drawn_from() -> None:
    one, other = Rented(), Rented()
    other.pairs._entropy = seeded(b"other")
    for rented in (one, other):
        rented.write(Change(1, [b"a", b"b"]))

    assert one.rows == other.rows
