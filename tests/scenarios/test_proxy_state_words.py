"""Counters of words and tokens in a proxy's state: each once, durable, and settled."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError
from sealhold.protect.pairs import Change, Pairs, Series, Taken
from sealhold.protect.state import State
from sealhold.protect.statetokens import Tokens
from sealhold.protect.statewords import WordCounters

KEY = Secret(bytes(range(32)), "state key")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.make(tmp_path / "clinic.db", KEY, system_entropy)
    yield made
    made.close()


def again(state: State, tmp_path: Path) -> State:
    """End, and start anew."""
    state.close()
    return State(tmp_path / "clinic.db", KEY, system_entropy)


def places(taken: Taken, wants: dict[bytes, int]) -> set[tuple[bytes, int, int]]:
    """Return each counter that was taken."""
    return {
        (word, epoch, counter)
        for word, (epoch, first) in taken.firsts.items()
        for counter in range(first, first + wants[word])
    }


def test_counters_go_up_within_a_start_and_are_pending(state: State) -> None:
    words = WordCounters(state, "patient.note")

    first = words.take({b"fever": 2, b"cough": 1})
    second = words.take({b"fever": 3})

    assert second.firsts[b"fever"] == (first.firsts[b"fever"][0], 2)
    [series] = words.series([b"fever"])[b"fever"]
    assert (series.count, series.pending, series.gaps) == (5, frozenset(range(5)), frozenset())
    assert words.series([b"unknown"]) == {b"unknown": ()}
    assert [counter for _, counter in words.pending(second.ticket)[b"fever"]] == [2, 3, 4]


def test_what_was_committed_is_used_and_what_was_rolled_back_a_gap(state: State) -> None:
    words = WordCounters(state, "patient.note")
    kept, lost = words.take({b"fever": 2}), words.take({b"fever": 2})

    words.settle(kept.ticket, used=True)
    words.settle(lost.ticket, used=False)
    words.settle(lost.ticket, used=True)  # too late

    [series] = words.series([b"fever"])[b"fever"]
    assert (series.count, series.pending, series.gaps) == (4, frozenset(), frozenset({2, 3}))
    assert words.tickets() == ()


def test_columns_do_not_know_each_other(state: State) -> None:
    one, other = WordCounters(state, "patient.note"), WordCounters(state, "visit.note")

    taken = one.take({b"fever": 1})
    other.settle(taken.ticket, used=False)

    assert other.series([b"fever"])[b"fever"] == ()
    assert one.tickets() == (taken.ticket,)


def test_after_a_kill_what_is_pending_is_there_to_be_settled(state: State, tmp_path: Path) -> None:
    taken = WordCounters(state, "patient.note").take({b"fever": 2})

    words = WordCounters(again(state, tmp_path), "patient.note")

    assert words.tickets() == (taken.ticket,)
    assert words.pending(taken.ticket)[b"fever"] == [
        (taken.firsts[b"fever"][0], 0),
        (taken.firsts[b"fever"][0], 1),
    ]


def test_an_older_copy_of_the_file_takes_no_counter_again(state: State, tmp_path: Path) -> None:
    path, copy, wants = tmp_path / "clinic.db", tmp_path / "copy.db", {b"fever": 3}
    state.close()
    seen: set[tuple[bytes, int, int]] = set()
    for _ in range(3):  # each start begins with the same file
        shutil.copy(path, copy)
        now = State(path, KEY, system_entropy)
        taken = places(WordCounters(now, "patient.note").take(wants), wants)
        assert seen.isdisjoint(taken)
        seen |= taken
        now.close()
        shutil.copy(copy, path)


def test_a_renewed_word_forgets_what_it_replaces(state: State) -> None:
    words = WordCounters(state, "patient.note")
    words.settle(words.take({b"fever": 4}).ticket, used=True)
    words.settle(words.take({b"fever": 1}).ticket, used=False)
    seen = words.series([b"fever"])[b"fever"]

    renewed = words.renew(b"fever", 2, seen)
    assert len(words.series([b"fever"])[b"fever"]) == 2
    words.settle(renewed.ticket, used=True)

    epoch = renewed.firsts[b"fever"][0]
    assert words.series([b"fever"])[b"fever"] == (Series(epoch, 2),)
    assert words.take({b"fever": 1}).firsts[b"fever"] == (epoch, 2)


def test_a_renewal_that_did_not_take_place_leaves_all_as_it_was(state: State) -> None:
    words = WordCounters(state, "patient.note")
    words.settle(words.take({b"fever": 4}).ticket, used=True)
    seen = words.series([b"fever"])[b"fever"]

    words.settle(words.renew(b"fever", 2, seen).ticket, used=False)

    older, newer = words.series([b"fever"])[b"fever"]
    assert older == seen[0]
    assert (newer.count, newer.gaps) == (2, frozenset({0, 1}))
    with pytest.raises(ConflictError):
        words.renew(b"fever", 2, seen)


def test_pairs_of_words_are_found_again_over_a_restart(state: State, tmp_path: Path) -> None:
    key = Secret(bytes(32), "column key")
    table: dict[bytes, bytes] = {}
    now = state
    for row in range(3):
        pairs = Pairs(key, WordCounters(now, "patient.note"), system_entropy)
        batch = pairs.batch([Change(row, added=[b"fever"])])
        table.update((pair.label, pair.value) for pair in batch.pairs)
        pairs.settle(batch.ticket, used=True)
        now = again(now, tmp_path)

    pairs = Pairs(key, WordCounters(now, "patient.note"), system_entropy)
    search = pairs.search([b"fever"])

    assert search.found({label: table[label] for label in search.labels}).rows(b"fever") == {
        0,
        1,
        2,
    }


def test_a_token_stands_for_one_value_and_a_value_has_one_token(
    state: State, tmp_path: Path
) -> None:
    tokens = Tokens(state, "card")

    assert tokens.keep({b"4711": b"9032"}) == {b"4711": b"9032"}
    assert tokens.keep({b"4711": b"1111"}) == {b"4711": b"9032"}
    assert tokens.keep({b"4712": b"9032"}) == {}
    assert Tokens(state, "other").keep({b"4712": b"9032"}) == {b"4712": b"9032"}

    tokens = Tokens(again(state, tmp_path), "card")
    assert tokens.tokens([b"4711", b"4712"]) == {b"4711": b"9032"}
    assert tokens.values([b"9032", b"1111"]) == {b"9032": b"4711"}


def test_many_tokens_are_looked_up_together(state: State) -> None:
    tokens = Tokens(state, "card")
    with state.changing() as connection:
        connection.executemany(
            "INSERT INTO token VALUES ('card', ?, ?)",
            [(b"value %d" % number, b"token %d" % number) for number in range(1_200)],
        )

    found = tokens.tokens([b"value %d" % number for number in range(1_300)])

    assert len(found) == 1_200
