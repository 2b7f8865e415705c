"""Calls of another device in the same network: a relay's API, behind a greeting.

- Who the other one is is proved inside TLS, by the signing key that is known of it; no authority
  of certificates is asked.
- Only addresses that are not public are connected to: what a network announces may be made up.

Source: docs/spec/14-relay.md section 9.
"""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import CarrierAwayError
from sealhold.net.fetch import is_public
from sealhold.net.lan.greeting import Known, enter
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.net.relay.link import Link

CONNECT_SECONDS = 5.0  # to a device in the same network
NOWHERE = RelayAddress(host="device", port=443, private=True)  # what a request names as its host


@dataclass(frozen=True, slots=True, kw_only=True)
class LanPeer:
    """A device in the network."""

    addresses: tuple[str, ...]  # tried in this order
    port: int
    pin: PublicKey  # its signing key
    me: Known = field(repr=False)


def lan_caller(peer: LanPeer) -> Caller:
    """Return what calls a device; nothing is connected to yet."""
    return Caller(NOWHERE, connect=lambda _address, _patience: connected(peer))


def connected(peer: LanPeer) -> socket.socket:
    """Return a connection to a device, both of whose ends are proved.

    Raises:
        CarrierAwayError: there is none, or another device answers.
        CarrierRefusedError: it does not let this device in.
    """
    for address in peer.addresses:
        # THREAT T509: a made-up announcement leads nowhere outside the network
        if is_public(address):
            continue
        try:
            plain = socket.create_connection((address, peer.port), CONNECT_SECONDS)
        except OSError:
            continue
        # THREAT T533: who answers in a device's place at one address hides it at no other
        with suppress(CarrierAwayError):
            return _secured(plain, peer)
    raise CarrierAwayError("a device in the network cannot be reached")


def _secured(plain: socket.socket, peer: LanPeer) -> socket.socket:
    sock: socket.socket = plain
    try:
        sock = secured = _context().wrap_socket(plain, suppress_ragged_eofs=False)
        shown = secured.getpeercert(binary_form=True) or b""
        enter(Link(sock), sha256(shown), peer.me, peer.pin)
    except OSError as err:
        sock.close()
        raise CarrierAwayError("a device in the network broke off") from err
    except BaseException:
        sock.close()
        raise
    return sock


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # THREAT T508: no authority vouches for the certificate; the greeting has it signed by the pin
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
