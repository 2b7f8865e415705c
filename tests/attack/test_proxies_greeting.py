"""Attacks on how two proxies know each other: other keys, other connections, other words."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from sealhold.crypto.digest import framed
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.errors import DeniedError, PeerAwayError
from sealhold.net.proxies.greeting import Proven, enter, receive
from sealhold.net.relay.link import BrokenOffError, Link

_drawn = count(1)
CERTIFICATE = b"c" * 32


def proven(seed: bytes) -> Proven:
    key = SigningKey(Secret(seed * 32, "a key of a test"))
    return Proven(signer=key, entropy=lambda size: next(_drawn).to_bytes(size, "big"))


OWNER, ASKER, OTHER = map(proven, (b"o", b"a", b"x"))


def met(
    client: Callable[[Link], object], *, guest: PublicKey = ASKER.signer.public
) -> tuple[object, object]:
    """Return what came of both ends: a value, or the error that it raised."""
    ours, theirs = socket.socketpair()

    def end(run: Callable[[Link], object], sock: socket.socket) -> object:
        with sock:
            try:
                return run(Link(sock))
            except (BrokenOffError, PeerAwayError, DeniedError) as err:
                return type(err)

    with ThreadPoolExecutor(2) as pool:
        served = pool.submit(
            end, lambda link: receive(link, CERTIFICATE, OWNER, lambda who: who == guest), ours
        )
        asked = pool.submit(end, client, theirs)
        return served.result(), asked.result()


def entering(
    me: Proven = ASKER, pin: PublicKey = OWNER.signer.public, certificate: bytes = CERTIFICATE
) -> Callable[[Link], object]:
    return lambda link: enter(link, certificate, me, pin)


def test_two_that_know_each_other_meet() -> None:
    assert met(entering()) == (ASKER.signer.public, None)


@pytest.mark.threat("T763")
@pytest.mark.parametrize(
    ("client", "ended"),
    [
        (entering(me=OTHER), DeniedError),
        (entering(pin=OTHER.signer.public), PeerAwayError),
        (entering(certificate=b"d" * 32), PeerAwayError),  # somebody between, with one of theirs
    ],
)
def test_t763_another_key_or_certificate_ends_it(
    client: Callable[[Link], object], ended: type[Exception]
) -> None:
    assert met(client) == (BrokenOffError, ended)


def said(
    change: Callable[[bytes, bytes], tuple[bytes, bytes]], tag: Tag
) -> Callable[[Link], object]:
    """Return a client that says key and signature as `change` makes them."""

    def run(link: Link) -> object:
        told = bytes(link.read(64, 5))
        mine = bytes(32)
        link.send(mine, b"", 5)
        link.read(64, 5)
        bound = framed(CERTIFICATE, told[:32], mine)
        key, signature = change(bytes(ASKER.signer.public), ASKER.signer.sign(tag, bound))
        link.send(key, signature, 5)
        return bytes(link.read(1, 5))

    return run


@pytest.mark.threat("T763")
@pytest.mark.parametrize(
    ("change", "tag"),
    [
        (lambda key, _: (key, bytes(64)), Tag.PROXY_ASKER),
        (lambda key, signature: (key, signature[:-1] + b"\0"), Tag.PROXY_ASKER),
        (lambda _, signature: (OTHER.signer.public, signature), Tag.PROXY_ASKER),
        (lambda _, signature: (bytes(32), signature), Tag.PROXY_ASKER),
        (lambda key, signature: (key, signature), Tag.PROXY_ASKED),  # that of the other end
        (lambda key, signature: (key, signature), Tag.LAN_CLIENT),
    ],
)
def test_t763_a_signature_of_another_kind_or_key_ends_it(
    change: Callable[[bytes, bytes], tuple[bytes, bytes]], tag: Tag
) -> None:
    assert met(said(change, tag)) == (BrokenOffError, BrokenOffError)
