"""A secret keeps its bytes out of every text and copy."""

import copy
import pickle
from collections.abc import Callable

import pytest

from sealhold.crypto.secret import Secret
from sealhold.model.errors import LockedError


def test_reveal_gives_the_bytes() -> None:
    assert Secret(b"open sesame", "phrase").reveal() == b"open sesame"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{0!r}".format, ascii])
def test_no_text_form_shows_more_than_the_name(shown: Callable[[object], str]) -> None:
    assert shown(Secret(b"open sesame", "phrase")) == "Secret(phrase)"


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_is_neither_copied_nor_pickled(way: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        way(Secret(b"open sesame", "phrase"))


def test_it_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(Secret(b"open sesame", "phrase"))


def test_equality_is_of_the_bytes_whatever_the_name() -> None:
    assert Secret(b"a", "one") == Secret(b"a", "two")
    assert Secret(b"a", "one") != Secret(b"b", "one")
    assert Secret(b"a", "one") != Secret(b"ab", "one")


def test_it_never_equals_plain_bytes() -> None:
    assert Secret(b"a", "one") != b"a"


def test_a_wiped_secret_gives_nothing_more() -> None:
    secret = Secret(b"open sesame", "phrase")

    secret.wipe()

    with pytest.raises(LockedError):
        secret.reveal()


def test_changing_the_source_afterwards_changes_nothing() -> None:
    source = bytearray(b"open sesame")
    secret = Secret(source, "phrase")

    source[:] = bytes(len(source))

    assert secret.reveal() == b"open sesame"
