"""Known keys, pieces, links, heads and lengths of link shares; made from spec 53 alone."""

import pytest

from sealhold.crypto.linkseal import link_keys, open_piece
from sealhold.crypto.secret import Secret
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.links.linkhead import head_in, link_in, terms_of

from .known import Args, cases, check


def keys(args: Args) -> str:
    key = Secret(bytes.fromhex(args["key"]), "link key")
    found = link_keys(key, Id16(bytes.fromhex(args["id"])), args["passphrase"])
    return f"{found.content.reveal().hex()} {found.proof.reveal().hex()}"


def piece(args: Args) -> str:
    content, link = (bytes.fromhex(args[name]) for name in ("content", "id"))
    place = (Id16(link), args["number"], args["count"])
    return open_piece(Secret(content, "content"), *place, bytes.fromhex(args["sealed"])).hex()


def link(args: Args) -> str:
    found = link_in(args["text"])
    assert found.text() == args["text"]
    return f"{found.host} {found.id.hex()} {found.key.reveal().hex()} {found.asks}"


def head(args: Args) -> str:
    plain = bytes.fromhex(args["plain"])
    found = head_in(plain)
    assert found.told() == plain
    return f"{found.name} {found.size} {found.sender} {found.until} {found.label}"


def terms(args: Args) -> str:
    found = terms_of(args["size"], bytes(32), Instant(1), 0)
    assert sum(map(found.length, range(found.pieces))) == found.size
    return f"{found.pieces} {found.size}"


CALLS = {"keys": keys, "piece": piece, "link": link, "head": head, "terms": terms}


@pytest.mark.parametrize("case", cases("53-link-shares"))
def test_a_vector_of_link_shares_holds(case: Args) -> None:
    check(CALLS, case)
