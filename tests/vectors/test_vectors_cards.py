"""The published test vectors of SLIP-0039: every card set that is right, and each that is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto import cards
from sealhold.model.errors import CardError

FILE = Path(__file__).parent / "cards" / "slip39.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text())["vectors"]  # as its file writes it
PASSPHRASE = b"TREZOR"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: str(each["name"])[:60])
def test_published_cards_give_their_secret_or_none(vector: dict[str, Any]) -> None:
    if vector["secret"]:
        assert cards.join(vector["cards"], PASSPHRASE).reveal().hex() == vector["secret"]
    else:
        with pytest.raises(CardError):
            cards.join(vector["cards"], PASSPHRASE)
