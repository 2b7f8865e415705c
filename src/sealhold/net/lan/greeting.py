"""How two devices of one person know each other inside TLS, before anything is asked.

    server    nonce 32
    client    nonce 32, knock 32     knock = keyed(K_lan, "sealhold/lan-knock/v1", bound)
    server    key 32, signature 64   bound = framed(SHA-256 of the server's certificate, nonces)
    client    key 32, signature 64
    server    01

- Who does not know K_lan learns nothing of either: the server shows its key after a knock alone,
  the client after the server has proved to be the device that was meant.
- A signature is bound to the certificate of this connection: passed on to another server, or said
  again later, it proves nothing.
- Every message has one length. Whoever is refused is told nothing.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import DIGEST_BYTES, equal, framed, keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import BadSignatureError, CarrierAwayError, CarrierRefusedError
from sealhold.net.relay.link import BrokenOffError, Link

NONCE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
SECONDS: Final = 10.0  # for each message of the other end
WELCOME: Final = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who this device is to the others."""

    signer: SigningKey
    key: Secret  # K_lan
    entropy: Entropy


def bound_to(certificate: bytes, server: bytes, client: bytes) -> bytes:
    """Return what proves something of one connection alone.

    Args:
        certificate: SHA-256 of what the server showed.
        server: its nonce.
        client: the other's.
    """
    return framed(certificate, server, client)


def knock_of(key: Secret, bound: bytes) -> bytes:
    """Return the 32 bytes that show that one knows K_lan."""
    return keyed(key, Tag.LAN_KNOCK, bound)


def receive(
    link: Link, certificate: bytes, me: Known, guests: Callable[[], Collection[PublicKey]]
) -> PublicKey:
    """Return the signing key of who connected, one of `guests`.

    Args:
        link: a connection that TLS was agreed on.
        certificate: SHA-256 of the certificate that this end showed.
        me: this device.
        guests: asked once, after the proof.

    Raises:
        BrokenOffError: nobody of them, or the other end went away.
    """
    nonce = me.entropy(NONCE_BYTES)
    link.send(nonce, b"", SECONDS)
    told = bytes(link.read(NONCE_BYTES + DIGEST_BYTES, SECONDS))
    theirs, knock = told[:NONCE_BYTES], told[NONCE_BYTES:]
    bound = bound_to(certificate, nonce, theirs)
    # THREAT T506: a stranger learns neither who serves here nor whom it would let in
    if not equal(knock, knock_of(me.key, bound)):
        raise BrokenOffError
    link.send(me.signer.public, me.signer.sign(Tag.LAN_SERVER, bound), SECONDS)
    who = _proved(link, Tag.LAN_CLIENT, bound)
    # THREAT T507: members alone are let in; who was removed knows K_lan and is none
    if who not in guests():
        raise BrokenOffError
    link.send(WELCOME, b"", SECONDS)
    return who


def enter(link: Link, certificate: bytes, me: Known, pin: PublicKey) -> None:
    """Prove who this device is to the one whose signing key is `pin`.

    Raises:
        CarrierAwayError: it went away, or another one answers.
        CarrierRefusedError: it does not let this device in.
    """
    try:
        nonce = bytes(link.read(NONCE_BYTES, SECONDS))
        mine = me.entropy(NONCE_BYTES)
        bound = bound_to(certificate, nonce, mine)
        link.send(mine, knock_of(me.key, bound), SECONDS)
        # THREAT T508: the certificate of this connection is signed by the device that was meant
        if _proved(link, Tag.LAN_SERVER, bound) != pin:
            raise CarrierAwayError("another device answers in the network than the one meant")
    except BrokenOffError as err:
        raise CarrierAwayError("a device in the network broke off") from err
    try:
        link.send(me.signer.public, me.signer.sign(Tag.LAN_CLIENT, bound), SECONDS)
        welcome = bytes(link.read(len(WELCOME), SECONDS))
    except BrokenOffError as err:
        raise CarrierRefusedError("a device in the network does not let this one in") from err
    if welcome != WELCOME:
        raise CarrierAwayError("a device in the network answers in no form that is known")


def _proved(link: Link, tag: Tag, bound: bytes) -> PublicKey:
    """Return the key that signed this connection.

    Raises:
        BrokenOffError: none did.
    """
    told = bytes(link.read(PUBLIC_BYTES + SIGNATURE_BYTES, SECONDS))
    public = PublicKey(told[:PUBLIC_BYTES])
    try:
        # THREAT T508: bound to certificate and nonces, so what was said elsewhere or before is none
        verify(public, tag, bound, told[PUBLIC_BYTES:])
    except BadSignatureError as err:
        raise BrokenOffError from err
    return public
