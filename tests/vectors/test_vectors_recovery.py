"""Known answers of recoveries by people: policies, notices and vetoes that were written once."""

from collections.abc import Callable
from typing import Any

import pytest

from sealhold.crypto.rootid import RootPublic
from sealhold.sharing.peers.armour import Sort, unarmoured
from sealhold.sharing.peers.recoverypapers import (
    MAX_CARRIED,
    read_all,
    read_carried,
    read_use,
    read_veto,
)
from sealhold.sharing.peers.recoveryshares import (
    SetPolicy,
    commitment,
    read_policy,
    words_digest,
)
from tests.vectors.known import Args, cases, check


def _policy(args: Args) -> SetPolicy:
    data = bytearray.fromhex(args["policy"])
    if "flipped" in args and "notices" not in args:
        data[args["flipped"]] ^= 1
    return read_policy(bytes(data), RootPublic(bytes.fromhex(args["root"])))


def policy(args: Args) -> dict[str, object]:
    found = _policy(args)
    return {
        "root": found.root.hex(),
        "generation": found.generation,
        "needed": found.needed,
        "shares": [each.hex() for each in found.shares],
        "window": found.window_ms,
        "heir": found.heir,
        "waiting": found.waiting_ms,
    }


def notices(args: Args) -> list[dict[str, object]]:
    papers = list(read_carried(unarmoured(Sort.NOTICES, args["notices"], MAX_CARRIED)))
    if "flipped" in args:
        changed = bytearray(papers[0])
        changed[args["flipped"]] ^= 1
        papers[0] = bytes(changed)
    return [
        {
            "recovery": each.recovery.hex(),
            "drawn": each.drawn.hex(),
            "by_heir": each.by_heir,
            "holder": each.holder.hex(),
            "place": each.place,
        }
        for each in read_all(papers, _policy(args))
    ]


def share(args: Args) -> list[str]:
    digest = words_digest(args["words"])
    return [digest.hex(), commitment(bytes.fromhex(args["holder"]), digest).hex()]


def veto(args: Args) -> list[object]:
    found = read_veto(bytes.fromhex(args["body"]))
    return [[each.hex() for each in found.notices], found.name, found.verified]


CALLS: dict[str, Callable[[Args], Any]] = {  # reason: a result is JSON of its own shape
    "policy": policy,
    "notices": notices,
    "share": share,
    "veto": veto,
    "use": lambda args: read_use(bytes.fromhex(args["body"])),
}


@pytest.mark.parametrize("case", cases("54-recovery"))
def test_papers_of_a_recovery_say_what_they_always_said(case: Args) -> None:
    check(CALLS, case)
