"""The commands about shares of the recovery secret: given to people, and joined after a loss."""

from pathlib import Path

import pytest

from tests.scenarios.people_desks import desks_of
from tests.scenarios.test_contact_commands import Desk

NAMES = ("Anna", "Bo", "Cy")


@pytest.fixture
def desks(tmp_path: Path) -> dict[str, Desk]:
    """Return three vaults that meet at a stick; Anna and the others verified each other."""
    return desks_of(tmp_path, NAMES)


def refused_where_it_makes_no_sense(anna: Desk) -> None:
    (anna.folder / "other").write_text("no secret")
    for line in (
        "key share send other --to Bo --to Cy",
        "key share send paper --to Bo",
        "key share send paper --to Bo --to Bo",
        "key share send paper --to Bo --to Nobody",
        "key share send paper --to Bo --to Cy --need 3",
        "key share send paper --to Bo --to Cy --window 31",
        "key share send paper --to Bo --to Cy --heir Anna",
        "key share send paper --to Bo --to Cy --heir Bo --after 0",
        "key share list",
        "key held open Bo --dry-run",
        "key held open Bo",
        "key recovery veto",
        "key held show Bo --out card",
    ):
        assert anna(*line.split()).code != 0, line
    assert anna.told("key", "held", "list")["held"] == []


def test_shares_reach_people_and_they_open_a_vault_that_lost_its_passphrase(
    desks: dict[str, Desk], tmp_path: Path
) -> None:
    anna = desks["Anna"]
    refused_where_it_makes_no_sense(anna)

    sent = anna.line("key share send paper --to Bo --to Cy --need 2 --window 0")
    assert sent.code == 0, sent.err
    assert "2 shares; any 2 give the secret." in sent.out
    assert "Each hands it out at once, on being asked." in sent.out
    assert "printed shares" in sent.out
    assert anna.told("key", "share", "list")["holders"][0]["is_sent"] is False
    assert "hold a share of your secret" in anna("contact", "remove", "Bo").err
    for name in NAMES:
        assert desks[name]("device", "sync").code == 0
    assert all(each["is_sent"] for each in anna.told("key", "share", "list")["holders"])

    (held,) = desks["Cy"].told("key", "held", "list")["held"]
    assert (held["name"], held["standing"]) == ("Anna", "verified")
    assert (held["place"], held["count"], held["needed"], held["window"]) == (2, 2, 2, 0)
    assert "words" not in held
    for name in ("Bo", "Cy"):
        card = tmp_path / f"{name}.txt"
        shown = desks[name]("key", "held", "show", "Anna", "--out", str(card))
        assert shown.code == 0, shown.err
        assert card.stat().st_mode & 0o77 == 0
    log = desks["Cy"]("audit", "show", "--json").out
    assert "recovery-held" in log
    assert "handed-out" in log

    # Anna has lost the paper; two of her friends bring theirs
    (anna.folder / "paper").unlink()
    cards = [str(tmp_path / f"{name}.txt") for name in ("Bo", "Cy")]
    assert anna("key", "recover", cards[0], "--check").code != 0
    joined = anna.told("key", "recover", *cards, "--to", str(anna.folder / "again"))
    assert joined["opens_this_vault"] is True
