"""T02: the holder of a narrow token, or who stole the token table, makes a wider one."""

import pytest

from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.crypto.token import Caveat, CaveatKind, attenuate, check, mint
from sealhold.model.errors import BadTokenError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant

KEY = Secret(b"t" * 32, "token key")
ID = Id16(b"i" * 16)
READ = Caveat(CaveatKind.SCOPE, "trips")
ENDS = Caveat(CaveatKind.UNTIL, "1000")
NARROW = mint(KEY, ID, [READ, ENDS])


def refuse(text: str, *, now: int = 0, key: Secret = KEY) -> None:
    with pytest.raises(BadTokenError) as refused:
        check(key, text, now=Instant(now), admits=lambda _: True)
    assert str(refused.value) in {"an access token does not hold", "not an access token"}


@pytest.mark.threat("T02")
def test_the_narrow_token_itself_holds() -> None:
    check(KEY, NARROW, now=Instant(0), admits=lambda _: True)


@pytest.mark.threat("T02")
@pytest.mark.parametrize("gone", [slice(2, 3), slice(3, 4), slice(2, 4)])
def test_a_token_without_one_of_its_caveats_is_refused(gone: slice) -> None:
    parts = NARROW.split("_")
    del parts[gone]

    refuse("_".join(parts))


@pytest.mark.threat("T02")
def test_a_token_with_its_caveats_exchanged_is_refused() -> None:
    prefix, token_id, one, two, signature = NARROW.split("_")

    refuse(f"{prefix}_{token_id}_{two}_{one}_{signature}")


@pytest.mark.threat("T02")
def test_a_caveat_of_a_wider_token_is_not_put_into_a_narrower() -> None:
    wider = mint(KEY, ID, [READ, Caveat(CaveatKind.UNTIL, "9999")]).split("_")
    parts = NARROW.split("_")
    parts[3] = wider[3]

    refuse("_".join(parts), now=5_000)


@pytest.mark.threat("T02")
def test_the_signature_of_one_id_is_none_for_another() -> None:
    parts = mint(KEY, ID).split("_")
    parts[1] = mint(KEY, Id16(b"j" * 16)).split("_")[1]

    refuse("_".join(parts))


@pytest.mark.threat("T02")
def test_an_id_alone_mints_nothing() -> None:
    for guess in (ID * 2, bytes(32), keyed(Secret(ID * 2, "guess"), Tag.TOKEN, ID)):
        refuse(mint(Secret(guess, "guess"), ID))


@pytest.mark.threat("T02")
def test_a_token_of_the_key_before_is_refused() -> None:
    refuse(NARROW, key=Secret(b"u" * 32, "next token key"))


@pytest.mark.threat("T02")
def test_adding_a_later_end_does_not_lift_the_earlier() -> None:
    refuse(attenuate(NARROW, Caveat(CaveatKind.UNTIL, "9999")), now=1_000)
