"""Known answers of pairings: those of the library's SPAKE2, and ours, frozen with the format."""

from collections.abc import Callable
from typing import Any

import pytest
from spake2 import SPAKE2_A, SPAKE2_B
from spake2.ed25519_group import Ed25519Group

from sealhold.crypto import saswords
from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.secret import Secret
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import Way, read_code, read_invitation
from sealhold.sharing.devices.pairingside import Compare, Turn
from sealhold.sharing.devices.pairingwire import Direction, room
from tests.vectors.known import Args, cases, check


def hexed(value: str) -> bytes:
    return bytes.fromhex(value)


def spake2(args: Args) -> dict[str, str]:
    """Return what one side sends, and its key: the entropy is what the library draws."""
    kind = SPAKE2_A if args["side"] == "A" else SPAKE2_B
    run = kind(hexed(args["password"]), entropy_f=lambda count: hexed(args["entropy"])[:count])
    return {"message": run.start().hex(), "key": run.finish(hexed(args["theirs"])).hex()}


def element(args: Args) -> str:
    found = Ed25519Group.arbitrary_element(hexed(args["seed"]))
    assert found is not None
    return bytes(found.to_bytes()).hex()


def invitation(args: Args) -> dict[str, object]:
    found = read_invitation(args["text"], Instant(args["now"]))
    return {
        "rendezvous": found.rendezvous.hex(),
        "carrier": found.carrier,
        "keys": found.keys.hex(),
        "secret": found.secret.reveal().hex(),
        "until": found.until,
        "context": found.context(1).hex(),
    }


def code(args: Args) -> dict[str, str]:
    found = read_code(args["text"], Instant(0))
    return {"rendezvous": found.rendezvous.hex(), "context": found.context(2).hex()}


def meeting(args: Args) -> dict[str, object]:
    """Return all messages until the words, and the words: both sides draw from a seed."""
    now = Instant(args["now"])
    way: Way = (
        read_code(args["text"], now)
        if args["way"] == "code"
        else read_invitation(args["text"], now)
    )
    member = Member(way, hexed(args["introduction"]), now, seeded(b"member"))
    keys = (b"s" * 32, BoxKey.from_secret(Secret(b"b" * 32, "box key")))
    newcomer = Newcomer(way, keys, b"phone", now, seeded(b"newcomer"))
    said: list[list[str]] = []
    words: set[tuple[str, ...]] = set()
    sides, turns = (newcomer, member), [(0, newcomer.start(now))]
    while turns:
        by, turn = turns.pop(0)
        if isinstance(turn.event, Compare):
            words.add(turn.event.words)
        said += [[each.room.hex(), each.data.hex()] for each in turn.posts]
        heard: list[Turn] = [sides[1 - by].step(each, now) for each in turn.posts]
        turns += [(1 - by, each) for each in heard]
    (both,) = words
    return {"messages": said, "words": " ".join(both)}


CALLS: dict[str, Callable[[Args], Any]] = {  # reason: a result is JSON of its own shape
    "spake2": spake2,
    "password": lambda a: Ed25519Group.scalar_to_bytes(
        Ed25519Group.password_to_scalar(hexed(a["password"]))
    ).hex(),
    "element": element,
    "invitation": invitation,
    "code": code,
    "room": lambda a: room(hexed(a["seed"]), Direction(a["direction"].encode()), a["number"]).hex(),
    "words": lambda a: " ".join(
        saswords.words(Secret(hexed(a["session"]), "session"), hexed(a["transcript"]))
    ),
    "meeting": meeting,
}


@pytest.mark.parametrize("case", cases("13-pairing", "published/pairing"))
def test_a_pairing_says_what_it_always_said(case: Args) -> None:
    check(CALLS, case)
