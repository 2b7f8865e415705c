"""Known names and papers of mailboxes, and greetings of devices; made from spec 14 alone."""

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.ids import DeviceId, Id16
from sealhold.net.lan.beacons import beacon, lan_key
from sealhold.net.lan.greeting import bound_to, knock_of
from sealhold.net.relay.names import item_of
from sealhold.net.relay.papers import read

from .known import Args, cases, check


def read_paper(args: Args) -> str:
    sent = read(bytes.fromhex(args["paper"]))
    sent.check(bytes.fromhex(args["key"]))
    paper = sent.paper
    tokens = ",".join(each.hex() for each in paper.tokens)
    return f"{paper.act} {paper.number} {paper.key.hex()} {paper.rights} {tokens}"


def item(args: Args) -> str:
    found = item_of(args["name"])
    assert found.whole() == args["name"]
    return f"{found.sort} {found.name.hex()} {found.seq}"


def lan_beacon(args: Args) -> str:
    key = lan_key(Secret(bytes.fromhex(args["secret"]), "collection secret"))
    return beacon(key, DeviceId(Id16(bytes.fromhex(args["device"]))), args["hour"])


def lan_knock(args: Args) -> str:
    key = lan_key(Secret(bytes.fromhex(args["secret"]), "collection secret"))
    return knock_of(key, bound(args)).hex()


def lan_proof(args: Args) -> str:
    signature = bytes.fromhex(args["signature"])
    verify(PublicKey(bytes.fromhex(args["key"])), Tag[args["tag"]], bound(args), signature)
    return "holds"


def bound(args: Args) -> bytes:
    return bound_to(*(bytes.fromhex(args[name]) for name in ("certificate", "server", "client")))


CALLS = {
    "read_paper": read_paper,
    "item": item,
    "lan_beacon": lan_beacon,
    "lan_knock": lan_knock,
    "lan_proof": lan_proof,
}


@pytest.mark.parametrize("case", cases("14-relay"))
def test_a_known_name_or_paper_is_read_as_it_was_frozen(case: Args) -> None:
    check(CALLS, case)
