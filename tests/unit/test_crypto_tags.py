"""Domain tags cannot be taken for each other."""

from itertools import permutations

from sealhold.crypto.tags import Tag


def test_no_tag_is_the_beginning_of_another() -> None:
    assert not [(a.name, b.name) for a, b in permutations(Tag, 2) if b.startswith(bytes(a))]


def test_every_tag_is_plain_ascii_and_says_whose_it_is() -> None:
    for tag in Tag:
        text = bytes(tag).decode("ascii")
        assert text.startswith("shA1/") or (text.startswith("sealhold/") and text.endswith("/v1"))
