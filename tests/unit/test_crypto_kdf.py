"""Keys from keys and from passphrases."""

import pytest

from sealhold.crypto.kdf import Stretch, derive, stretch
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import InvalidError

KEY = Secret(b"k" * 32, "key")
LIGHT = Stretch(memory_kib=8192, passes=1)


def test_a_derived_key_is_named_after_its_tag() -> None:
    assert derive(KEY, Tag.KEYS_FILE).name == "keys file key"
    assert derive(KEY, Tag.LOG_KEY).name == "log key"


def test_tag_and_context_each_give_another_key() -> None:
    keys = [
        derive(KEY, Tag.KEYS_FILE),
        derive(KEY, Tag.DATA_FILE),
        derive(KEY, Tag.KEYS_FILE, b"1"),
        derive(KEY, Tag.KEYS_FILE, b"1", b""),
        derive(KEY, Tag.KEYS_FILE, b"", b"1"),
    ]

    assert len({key.reveal() for key in keys}) == len(keys)


def test_passphrase_salt_and_work_each_give_another_key() -> None:
    phrase = Secret(b"hunter2", "passphrase")
    keys = [
        stretch(phrase, b"s" * 16, LIGHT),
        stretch(Secret(b"hunter3", "passphrase"), b"s" * 16, LIGHT),
        stretch(phrase, b"t" * 16, LIGHT),
        stretch(phrase, b"s" * 16, Stretch(memory_kib=8192, passes=2)),
    ]

    assert len({key.reveal() for key in keys}) == len(keys)


def test_the_default_is_64_mib_and_three_passes() -> None:
    assert (Stretch().memory_kib, Stretch().passes, Stretch().lanes) == (65536, 3, 1)


@pytest.mark.parametrize(
    "work",
    [
        {"memory_kib": 8191},
        {"memory_kib": 1024 * 1024 + 1},
        {"memory_kib": 2**40},
        {"memory_kib": -1},
        {"passes": 0},
        {"passes": 17},
        {"lanes": 0},
        {"lanes": 9},
        {"memory_kib": 1024 * 1024, "passes": 5},
    ],
)
def test_work_out_of_bounds_is_refused(work: dict[str, int]) -> None:
    with pytest.raises(InvalidError):
        Stretch(**work)
