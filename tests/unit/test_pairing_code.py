"""Invitations and codes: what is read is what was shown, or is refused."""

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from sealhold.crypto import saswords
from sealhold.crypto.entropy import seeded
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairingcode import (
    VALID_MS,
    as_svg,
    as_terminal,
    draw_code,
    invite,
    read_code,
    read_invitation,
    six_digits,
)
from tests.unit.two_devices import NOW

SHOWN = invite(b"chain", "https://relay.example", NOW, seeded(b"one"))


def test_an_invitation_is_read_as_it_was_shown() -> None:
    assert read_invitation(SHOWN.text(), NOW) == SHOWN
    assert read_invitation(SHOWN.text().lower() + "\n", NOW) == SHOWN  # as it may be pasted


def test_no_text_form_of_an_invitation_shows_its_secret() -> None:
    assert SHOWN.secret.reveal().hex() not in repr(SHOWN)


def test_an_invitation_is_over_after_ten_minutes() -> None:
    read_invitation(SHOWN.text(), Instant(NOW + VALID_MS - 1))

    with pytest.raises(InvalidError, match="over"):
        read_invitation(SHOWN.text(), Instant(NOW + VALID_MS))


@pytest.mark.parametrize("hint", ["", "a b", "https://me@relay.example", "é", "x" * 97, "a\n"])
def test_a_carrier_that_could_mislead_a_reader_is_refused(hint: str) -> None:
    with pytest.raises(InvalidError):
        invite(b"chain", hint, NOW, seeded(b"one"))


def test_a_qr_code_is_drawn_for_a_terminal_and_a_page() -> None:
    drawn = as_terminal(SHOWN.text())
    page = ET.fromstring(as_svg(SHOWN.text()))

    assert len({len(line) for line in drawn.splitlines()}) == 1
    assert page.tag.endswith("svg")
    assert page.get("width") == page.get("height")


def test_a_code_is_read_as_it_was_shown() -> None:
    code = draw_code(NOW, seeded(b"code"))

    for text in (code.text(), code.text().replace("-", " "), code.text().replace("-", "")):
        assert read_code(text, NOW) == code
    assert six_digits(code.text()[7:]) == code.secret


@pytest.mark.parametrize("text", ["", "417203", "417203-98211", "417203-98211x", "٤17203-982114"])
def test_what_is_not_twice_six_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        read_code(text, NOW)


def test_each_digit_of_a_code_is_as_likely_as_any_other() -> None:
    entropy = seeded(b"many")
    drawn = Counter("".join(draw_code(NOW, entropy).text() for _ in range(2_000)))
    del drawn["-"]

    assert sum((count - 2_400) ** 2 / 2_400 for count in drawn.values()) < 45  # 9 degrees
    assert set(drawn) == set("0123456789")


def test_sixty_bits_are_six_words() -> None:
    assert saswords.spelt(bytes(8)) == ("academic",) * 6
    assert saswords.spelt(b"\xff" * 8) == ("zero",) * 6
    assert saswords.spelt(b"\x00\x40" + bytes(6)) == ("acid", *("academic",) * 5)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("acid acne acquire acrobat activity actress", True),
        (" ACID-acne  acquire acrobat-activity\tactress ", True),
        ("acid acne acquire acrobat activity", False),
        ("acid acne acquire acrobat activity actress adapt", False),
        ("acne acid acquire acrobat activity actress", False),
        ("", False),
    ],
)
def test_words_are_compared_whole_and_in_order(typed: str, *, same: bool) -> None:
    shown = ("acid", "acne", "acquire", "acrobat", "activity", "actress")

    assert saswords.are_same(shown, typed) is same
