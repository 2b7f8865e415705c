"""Access tokens: minted, narrowed, checked."""

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.token import (
    MAX_CAVEATS,
    MAX_TOKEN,
    Caveat,
    CaveatKind,
    attenuate,
    check,
    mint,
    parse,
)
from sealhold.model.errors import BadTokenError, InvalidError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant

KEY = Secret(b"t" * 32, "token key")
ID = Id16(b"i" * 16)
NOW = Instant(1_000)
PURPOSE = Caveat(CaveatKind.PURPOSE, "ServiceProvision")
SUBJECT = Caveat(CaveatKind.SUBJECT, "0" * 32)


def yes(_caveat: Caveat) -> bool:
    return True


def test_a_fresh_token_holds_and_names_its_id() -> None:
    token = check(KEY, mint(KEY, ID), now=NOW, admits=yes)

    assert (token.id, token.caveats) == (ID, ())


def test_a_token_is_safe_in_a_header_and_in_a_url() -> None:
    text = mint(KEY, ID, [PURPOSE, SUBJECT])

    assert text.startswith("shv1_")
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")


def test_narrowing_needs_no_key_and_equals_minting_with_the_caveat() -> None:
    assert attenuate(attenuate(mint(KEY, ID), PURPOSE), SUBJECT) == mint(
        KEY, ID, [PURPOSE, SUBJECT]
    )


def test_every_caveat_is_shown_to_the_caller_in_order() -> None:
    seen: list[Caveat] = []

    def see(caveat: Caveat) -> bool:
        seen.append(caveat)
        return True

    check(KEY, mint(KEY, ID, [PURPOSE, SUBJECT]), now=NOW, admits=see)

    assert seen == [PURPOSE, SUBJECT]


def test_one_caveat_that_does_not_hold_refuses_the_token() -> None:
    text = mint(KEY, ID, [PURPOSE, SUBJECT])

    with pytest.raises(BadTokenError):
        check(KEY, text, now=NOW, admits=lambda caveat: caveat is PURPOSE)


@pytest.mark.parametrize(("until", "holds"), [(999, False), (1_000, False), (1_001, True)])
def test_a_token_ends_at_its_instant(until: int, holds: bool) -> None:  # noqa: FBT001
    text = mint(KEY, ID, [Caveat(CaveatKind.UNTIL, str(until))])

    if holds:
        check(KEY, text, now=NOW, admits=yes)
    else:
        with pytest.raises(BadTokenError):
            check(KEY, text, now=NOW, admits=yes)


def test_the_earliest_end_counts() -> None:
    late, early = Caveat(CaveatKind.UNTIL, "5000"), Caveat(CaveatKind.UNTIL, "10")

    for order in ([late, early], [early, late]):
        with pytest.raises(BadTokenError):
            check(KEY, mint(KEY, ID, order), now=NOW, admits=yes)


@pytest.mark.parametrize("value", ["", "x" * 201, "a\nb", "a\0b"])
def test_a_caveat_is_short_and_printable(value: str) -> None:
    with pytest.raises(InvalidError):
        Caveat(CaveatKind.SCOPE, value)


@pytest.mark.parametrize("value", ["-1", "1.5", "soon", "\u0663", " 1", "+1"])
def test_a_number_is_plain_digits(value: str) -> None:
    with pytest.raises(InvalidError):
        Caveat(CaveatKind.UNTIL, value)


def test_a_token_carries_so_many_caveats_and_no_more() -> None:
    full = mint(KEY, ID, [SUBJECT] * MAX_CAVEATS)
    check(KEY, full, now=NOW, admits=yes)

    with pytest.raises(InvalidError):
        attenuate(full, SUBJECT)
    with pytest.raises(InvalidError):
        mint(KEY, ID, [SUBJECT] * (MAX_CAVEATS + 1))
    with pytest.raises(InvalidError):
        mint(KEY, ID, [Caveat(CaveatKind.SCOPE, "\u20ac" * 200)] * MAX_CAVEATS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shv1",
        "shv1_",
        "shv1__",
        "Bearer x",
        "x" * (MAX_TOKEN + 1),
        "shv1" + "_" * 100,
        mint(KEY, ID) + "_",
        mint(KEY, ID) + "=",
        mint(KEY, ID) + "\n",
        " " + mint(KEY, ID),
        mint(KEY, ID).replace("shv1", "SHV1"),
        mint(KEY, ID).replace("_", "\u00e9"),
    ],
)
def test_what_is_not_a_token_in_its_one_form_is_refused(text: str) -> None:
    with pytest.raises(BadTokenError):
        parse(text)
