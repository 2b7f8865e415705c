"""Attacks on recovery cards: with too few of them, and with cards that were made up."""

from collections import Counter
from dataclasses import replace
from os import urandom
from pathlib import Path

import pytest

from sealhold.crypto import cards
from sealhold.crypto.secret import Secret
from sealhold.model.errors import CardError
from tests.transcripts.cli import Cli, furnish

SECRET = Secret(bytes(range(32)), "recovery secret")
SETS = 2_000
FAR = 400  # of chi square with 255 degrees of freedom: not once in a million runs


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path / "here"))


@pytest.mark.threat("T442")
def test_cards_below_the_number_needed_say_nothing_of_the_secret() -> None:
    """Two of three cards: their bytes are spread alike, whether the secret is all 0 or all 1."""
    for secret in (bytes(32), b"\xff" * 32):
        found = Counter[int]()
        for _ in range(SETS):
            first, second, _third = cards._shared(secret, 3, 3, urandom)
            found.update(first[8:16])
            found.update(a ^ b for a, b in zip(first[16:24], second[16:24], strict=True))
        wanted = SETS * 16 / 256
        assert sum((found[byte] - wanted) ** 2 / wanted for byte in range(256)) < FAR


@pytest.mark.threat("T443")
def test_a_card_that_was_made_up_gives_no_other_secret() -> None:
    """The forger knows the set and writes a card with a right checksum."""
    made = cards.make(SECRET, 3, 5, urandom)
    honest = cards._read(made[1], 1)
    forged = cards._write(replace(honest, value=urandom(32)))
    assert cards._read(forged, 1).place == honest.place

    with pytest.raises(CardError, match="do not fit together") as told:
        cards.join([made[0], forged, made[2]])
    assert "card 2" not in str(told.value)  # who is to blame is not told
    assert cards.join([made[0], forged, made[2], made[3]]) == SECRET


@pytest.mark.threat("T443")
def test_cards_of_another_vault_write_nothing(cli: Cli) -> None:
    cli.line("init --headless --recovery theirs")
    assert cli.line("key cards theirs Theirs --needed 2 --cards 2").code == 0
    cli.home.rename(cli.home.with_name("other"))
    cli.line("init --headless --recovery mine")

    ended = cli.line("key recover Theirs/card-1-of-2.txt Theirs/card-2-of-2.txt --to secret")

    assert (ended.code, ended.out) == (5, "")
    assert "of another vault" in ended.err
    assert not (cli.folder / "secret").exists()
    refused = cli.line("key cards theirs More")  # nor are cards made of another vault's secret
    assert refused.code == 5
    assert not (cli.folder / "More").exists()
