"""Where logs of removed devices end: which words on it count, in whichever order they came."""

from itertools import permutations

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import new_key
from sealhold.model.encoding import Plain
from sealhold.sharing.devices.contents import seal_note
from sealhold.sharing.devices.logends import CUT_KIND, Ends, LogEnds, Removals, told_end
from sealhold.sharing.devices.oplog import Head, LogId
from sealhold.sharing.devices.ops import NoteOp
from tests.unit.replicas import COLLECTION, Everybody

ADMIN, OTHER, THIEF, FRIEND = (bytes([at]) * 16 for at in range(4))
EPOCH = b"e" * 16
Word = tuple[bytes, int, bytes, Plain]  # author, number, device, what it says


def log(device: bytes) -> LogId:
    return LogId(device, device)


def word(author: bytes, seq: int, device: bytes, end: int) -> Word:
    """Return the word of an author, for its own removal of a device."""
    return author, seq, device, told_end(removal(author), [(log(device), Head(end, b""))])


def removal(author: bytes) -> bytes:
    return author * 2


def ends(words: tuple[Word, ...], removals: Removals) -> Ends:
    entropy = seeded(b"ends")
    secret = new_key(entropy, "epoch secret")
    found = LogEnds(COLLECTION, Everybody(epochs={EPOCH: secret}))
    for author, seq, device, told in words:
        sealed = seal_note(told, COLLECTION, CUT_KIND, EPOCH, secret, entropy)
        found.took(log(author), seq, [NoteOp(CUT_KIND, device, sealed)])
    return found.counting(removals)


def by(*authors: bytes) -> dict[bytes, bytes]:
    return {removal(each): each for each in authors}


def test_a_word_of_a_removed_admin_counts_within_its_own_end_in_any_order() -> None:
    words = (
        word(ADMIN, 1, OTHER, 5),
        word(OTHER, 5, THIEF, 3),
        word(OTHER, 6, THIEF, 9),
        word(THIEF, 3, FRIEND, 2),
        word(THIEF, 4, FRIEND, 8),
    )
    removals = {OTHER: by(ADMIN), THIEF: by(OTHER), FRIEND: by(THIEF)}
    expected = {OTHER: {OTHER: 5}, THIEF: {THIEF: 3}, FRIEND: {FRIEND: 2}}
    assert all(ends(each, removals) == expected for each in permutations(words))


def test_of_several_words_the_highest_number_holds() -> None:
    words = (word(ADMIN, 1, THIEF, 4), word(OTHER, 1, THIEF, 6), word(ADMIN, 2, THIEF, 2))
    removals = {THIEF: by(ADMIN, OTHER)}
    assert all(ends(each, removals) == {THIEF: {THIEF: 6}} for each in permutations(words))


def test_a_word_of_an_admin_whose_own_end_is_not_said_counts() -> None:
    removals = {OTHER: by(ADMIN), THIEF: by(OTHER)}
    assert ends((word(OTHER, 9, THIEF, 3),), removals) == {THIEF: {THIEF: 3}}


def test_devices_that_removed_each_other_in_turn_do_not_hold_up_each_other() -> None:
    words = (word(OTHER, 2, THIEF, 9), word(THIEF, 2, OTHER, 9))
    removals = {OTHER: by(THIEF, ADMIN), THIEF: by(OTHER)}
    assert ends(words, removals) == {}
    more = (*words, word(ADMIN, 1, OTHER, 1))
    assert all(ends(each, removals) == {OTHER: {OTHER: 1}} for each in permutations(more))


@pytest.mark.parametrize(
    "said",
    [
        word(THIEF, 1, THIEF, 9),
        word(FRIEND, 1, THIEF, 9),
        (ADMIN, 1, THIEF, told_end(removal(OTHER), [])),
        (ADMIN, 1, THIEF, None),
        (ADMIN, 1, THIEF, [removal(ADMIN), [[THIEF, -1]]]),
        (ADMIN, 1, THIEF, [removal(ADMIN), [[b"short", 1]]]),
        (ADMIN, 1, THIEF, [removal(ADMIN), 1]),
    ],
)
def test_what_is_no_word_of_who_removed_a_device_counts_for_nothing(said: Word) -> None:
    assert ends((said,), {THIEF: by(ADMIN, THIEF)}) == {}
    assert ends((said,), {}) == {}
