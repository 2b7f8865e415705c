"""T474, T475: somebody floods a document with who is there, or speaks for others."""

import pytest

from sealhold.model.encoding import pack
from sealhold.model.errors import TamperedError
from sealhold.sharing.devices.docediting import TEXT
from sealhold.sharing.devices.docops import Kind, OpId, Place
from sealhold.sharing.devices.docpresence import (
    APART,
    LIFE,
    MAX_PRESENT,
    Presence,
    Present,
    packed_presence,
    unpacked_presence,
)


def said(author: int, beat: int, at: int = 0) -> bytes:
    return packed_presence(Presence(author, beat, TEXT, at, at))


def test_a_presence_comes_back_as_it_was() -> None:
    inner = Place(Kind.TEXT, OpId((1 << 64) - 2, 7))
    presence = Presence((1 << 64) - 2, 3, inner, 10, 25)

    assert unpacked_presence(packed_presence(presence)) == presence


@pytest.mark.threat("T475")
def test_what_comes_too_often_or_again_or_is_too_much_does_not_count() -> None:
    present = Present()
    assert present.heard(1, said(1, 1, at=5), 0)
    assert not present.heard(1, said(1, 2, at=6), APART - 1)
    assert present.heard(1, said(1, 2, at=6), APART)
    assert not present.heard(1, said(1, 2), 10 * APART)
    assert [each.at for each in present.there(APART)] == [6]

    for author in range(2, MAX_PRESENT + 10):
        assert present.heard(author, said(author, 1), APART) == (author <= MAX_PRESENT)
    assert len(list(present.there(APART))) == MAX_PRESENT
    assert list(present.there(LIFE + APART)) == []
    assert present.heard(1_000, said(1_000, 1), LIFE + APART)


@pytest.mark.threat("T474")
@pytest.mark.parametrize(
    "data",
    [
        said(2, 1),
        b"",
        pack([1, 1, 1, 0, 0, 0])[:-1],
        pack([2, 1, 1, 0, 0, 0]),
        pack([1, 1, 1, [1], 0, 0]),
        pack([1, 1, 1, ["a", 0], 0, 0]),
        pack([1, 1, -1, 0, 0, 0]),
        pack([1, 1, 1, 0, 1 << 40, 0]),
        pack([1, 1, 1, 0, 0, "x" * 60]),
        pack([True, 1, 1, 0, 0, 0]),
    ],
)
def test_a_presence_of_another_or_of_no_form_is_refused(data: bytes) -> None:
    present = Present()

    with pytest.raises(TamperedError):
        present.heard(1, data, 0)
    assert list(present.there(0)) == []
