"""How two proxies know each other inside TLS 1.3, before anything is asked.

    server    nonce 32, key 32
    client    nonce 32
    server    signature 64           bound = framed(SHA-256 of the server's certificate, nonces)
    client    key 32, signature 64
    server    01

- No authority of certificates is asked: the certificate is fresh, and is signed by the key that
  the other end knows. A signature is bound to certificate and nonces, so it proves nothing
  elsewhere or later.
- The client shows who it is after the server has proved to be the one that was meant.
- Whoever holds no grant is hung up on, and told nothing.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import framed
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import BadSignatureError, DeniedError, PeerAwayError
from sealhold.net.relay.link import BrokenOffError, Link

NONCE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
SECONDS: Final = 10.0  # for each message of the other end
WELCOME: Final = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Who this end is."""

    signer: SigningKey
    entropy: Entropy


def receive(
    link: Link, certificate: bytes, me: Proven, is_guest: Callable[[PublicKey], bool]
) -> PublicKey:
    """Return the key of who connected, for whom `is_guest` is true.

    Args:
        link: a connection that TLS was agreed on.
        certificate: SHA-256 of the certificate that this end showed.
        me: this proxy.
        is_guest: asked once, after the proof.

    Raises:
        BrokenOffError: nobody of them, or the other end went away.
    """
    nonce = me.entropy(NONCE_BYTES)
    link.send(nonce, me.signer.public, SECONDS)
    theirs = bytes(link.read(NONCE_BYTES, SECONDS))
    bound = framed(certificate, nonce, theirs)
    link.send(me.signer.sign(Tag.PROXY_ASKED, bound), b"", SECONDS)
    told = bytes(link.read(PUBLIC_BYTES + SIGNATURE_BYTES, SECONDS))
    who = PublicKey(told[:PUBLIC_BYTES])
    try:
        # THREAT T763: bound to this connection, so what was said elsewhere or before is none
        verify(who, Tag.PROXY_ASKER, bound, told[PUBLIC_BYTES:])
    except BadSignatureError as err:
        raise BrokenOffError from err
    if not is_guest(who):
        raise BrokenOffError
    link.send(WELCOME, b"", SECONDS)
    return who


def enter(link: Link, certificate: bytes, me: Proven, pin: PublicKey) -> None:
    """Prove who this proxy is to the one whose key is `pin`.

    Raises:
        PeerAwayError: it went away, or another one answers.
        DeniedError: it does not let this one in.
    """
    try:
        told = bytes(link.read(NONCE_BYTES + PUBLIC_BYTES, SECONDS))
        mine = me.entropy(NONCE_BYTES)
        bound = framed(certificate, told[:NONCE_BYTES], mine)
        link.send(mine, b"", SECONDS)
        signature = bytes(link.read(SIGNATURE_BYTES, SECONDS))
        # THREAT T763: the certificate of this connection is signed by the owner that was meant
        if told[NONCE_BYTES:] != pin:
            raise PeerAwayError("another proxy answers there than the one that made the grant")
        verify(pin, Tag.PROXY_ASKED, bound, signature)
    except BadSignatureError as err:
        raise PeerAwayError("another proxy answers there than the one that made the grant") from err
    except BrokenOffError as err:
        raise PeerAwayError("the other proxy broke off") from err
    try:
        link.send(me.signer.public, me.signer.sign(Tag.PROXY_ASKER, bound), SECONDS)
        welcome = bytes(link.read(len(WELCOME), SECONDS))
    except BrokenOffError as err:
        raise DeniedError("the other proxy does not let this one in") from err
    if welcome != WELCOME:
        raise PeerAwayError("the other proxy answers in no form that is known")
