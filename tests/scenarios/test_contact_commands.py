"""The commands about other people: two vaults exchange cards and letters by stick and file."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from tests.transcripts.cli import Cli


class Desk(Cli):
    """The program on the machine of one of two people."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder)
        self._entropy = seeded(name.encode())  # type: ignore[assignment]

    def told(self, *words: str) -> Any:  # noqa: ANN401  # reason: JSON of any form
        """Return what a command says as JSON."""
        ended = self(*words, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out.splitlines()[-1])


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    place = tmp_path
    found: list[Desk] = []
    for name in ("Anna", "Ben"):
        (place / name).mkdir()
        desk = Desk(place / name, name)
        for line in (
            "init --headless",
            "device begin laptop",
            f"device place add folder:{place / 'stick'}",
            f"contact card --name {name} --file {place / name}.card",
        ):
            assert desk.line(line).code == 0, line
        found.append(desk)
    return found[0], found[1]


def test_two_people_exchange_cards_verify_and_write(
    desks: tuple[Desk, Desk],
) -> None:
    anna, ben = desks
    cards = anna.folder.parent
    added = anna.told("contact", "add", str(cards / "Ben.card"))
    assert (added["name"], added["standing"]) == ("Ben", "unverified")

    # wrong words verify nobody
    wrong = " ".join(anna.told("contact", "card")["words"])
    assert anna("contact", "verify", "Ben", wrong).code != 0
    words = " ".join(ben.told("contact", "card")["words"])
    assert anna.told("contact", "verify", "Ben", words)["standing"] == "verified"

    # Anna writes; Ben does not know her yet, and hears of a name and words alone
    anna.told("contact", "send", "Ben")
    anna.told("device", "sync")
    ben.told("device", "sync")
    (letter,) = ben.told("contact", "letters")["letters"]
    assert (letter["person"], letter["kind"]) == ("Anna", "")
    assert letter["words"] == anna.told("contact", "card")["words"]
    assert ben.told("contact", "list")["contacts"] == []
    assert ben.told("contact", "dismiss", letter["sender"][:12]) == {"gone": 1}
    assert ben("contact", "dismiss", letter["sender"][:12]).code != 0
    anna.told("contact", "send", "Ben")
    anna.told("device", "sync")
    ben.told("device", "sync")

    _verify_by_picture(anna, ben, cards)


def _verify_by_picture(anna: Desk, ben: Desk, cards: Path) -> None:
    """Have Ben verify Anna by what her screen shows as a QR code, and write back."""
    assert ben.told("contact", "add", str(cards / "Anna.card"))["standing"] == "unverified"
    short = anna.told("contact", "card")["short"]
    assert ben.told("contact", "verify", "Anna", short)["standing"] == "verified"
    ben.told("device", "sync")
    assert ben.told("contact", "letters")["letters"] == []

    # a new name goes to who knows her, by itself
    anna.told("contact", "card", "--name", "Anna B.")
    anna.told("device", "sync")
    ben.told("device", "sync")
    shown = ben.told("contact", "show", "Anna")
    assert (shown["calls_themselves"], shown["standing"]) == ("Anna B.", "verified")

    # and a letter goes by hand
    file = cards / "by-hand.letter"
    anna.told("contact", "send", "Ben", "--file", str(file))
    assert ben.told("contact", "take", str(file))["taken"] == 1
    assert ben.told("contact", "take", str(file))["taken"] == 0
    assert anna("contact", "take", str(file)).code != 0

    kinds = [each["kind"] for each in ben.told("audit", "show", "--limit", "200")["entries"]]
    assert kinds.count("contact") == 2
    assert ben.line("audit verify").code == 0

    # a card that was changed, or one's own, changes nothing
    text = (anna.folder.parent / "Anna.card").read_text()
    at = len(text) // 2
    changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    (cards / "changed.card").write_text(changed)
    before = ben.told("contact", "list")

    ended = ben("contact", "add", str(cards / "changed.card"), "--name", "Cem")
    assert ended.code != 0
    assert "error" in ended.err
    assert ben("contact", "add", str(cards / "none")).code == 2
    assert ben.told("contact", "list") == before
    assert anna("contact", "add", str(anna.folder.parent / "Anna.card")).code != 0
