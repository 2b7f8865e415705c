"""Known answers of cards and letters: what is read of bytes that were written once."""

from collections.abc import Callable
from typing import Any

import pytest

from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.rootid import RootId
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.sharing.peers.armour import Sort, read_short, short, unarmoured
from sealhold.sharing.peers.card import MAX_CARD, read_card
from sealhold.sharing.peers.inbox import mailbox_of
from sealhold.sharing.peers.letter import MAX_LETTER, open_letter
from tests.vectors.known import Args, cases, check


def card(args: Args) -> dict[str, object]:
    data = unarmoured(Sort.CARD, args["text"], MAX_CARD)
    if args.get("flipped"):
        at = args["flipped"]
        data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    if args.get("version"):
        said, signature = unpack(data)
        data = pack([b"\xaa\x01" + bytes([args["version"]]) + said[3:], signature])
    found = read_card(data)
    return {
        "id": found.id.hex(),
        "words": " ".join(found.words),
        "name": found.name,
        "number": found.number,
        "signer": found.signer.hex(),
        "devices": [each.certificate.device.hex() for each in found.devices],
        "gone": sorted(each.hex() for each in found.gone),
        "doors": [[each.kind, each.address, each.mailbox.hex()] for each in found.doors],
        "short": short(found),
    }


def letter(args: Args) -> dict[str, object]:
    box = BoxKey(Secret(bytes.fromhex(args["box"]), "box key"))
    sealed = unarmoured(Sort.LETTER, args["text"], MAX_LETTER)
    found = open_letter(sealed, [box], RootId(bytes.fromhex(args["root"])))
    return {
        "id": found.id.hex(),
        "kind": found.kind,
        "body": found.body.decode(),
        "at": found.at,
        "name": found.name,
        "sender": found.sender.hex(),
        "device": found.device.hex(),
        "words": " ".join(found.words),
    }


def inbox(args: Args) -> str:
    box = BoxKey(Secret(bytes.fromhex(args["box"]), "box key"))
    return mailbox_of(box, args["kind"], args["address"]).id.hex()


CALLS: dict[str, Callable[[Args], Any]] = {  # reason: a result is JSON of its own shape
    "card": card,
    "letter": letter,
    "inbox": inbox,
    "short": lambda args: [each.hex() for each in read_short(args["text"])],
}


@pytest.mark.parametrize("case", cases("51-contacts"))
def test_a_card_and_a_letter_say_what_they_always_said(case: Args) -> None:
    check(CALLS, case)
