"""What a collection begins with: its first members, and what other devices are told of it.

Source: docs/spec/11-exchange-and-op-log.md section 8; docs/spec/12-membership.md.
"""

from dataclasses import replace

from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, InvalidEncodingError
from sealhold.sharing.devices.certs import issue, read_certificate
from sealhold.sharing.devices.joinpapers import About, Holds, read_about
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.me import Me
from sealhold.sharing.devices.membercircle import Members, Thing
from sealhold.sharing.devices.memberentries import Certified


def entering(me: Me, members: Members, time: LogicalTime) -> bytes:
    """Return the entry by which a device is the first member of a collection.

    Raises:
        DeniedError: the root did not certify it.
    """
    data = [Certified(read_certificate(each), each) for each in me.chain]
    if len(data) > 1:
        raise DeniedError("only a device that the root certified begins a collection")
    return bytes([Thing.ENTRY]) + members.log.enter(me.keys, data[0], time)


def others(me: Me, home: Members, members: Members) -> list[Certified]:
    """Return certificates by a device for the other full members, for a new collection."""
    found: list[Certified] = []
    for device, member in home.state.members.items():
        known = member.certificate
        if device == me.id or home.state.certificate(device) is None:
            continue
        if known.covers(members.collection):
            # a certificate stands on its issuer, who here is this device
            again = replace(known, issuer=me.id, seq=known.seq + me.certificate.seq)
            data = issue(again, me.keys.signer)
            found.append(Certified(read_certificate(data), data))
    members.prekeys.update(home.prekeys)
    return found


def another(key: bytes, told: Plain) -> About:
    """Return what a note tells of a collection, one besides the one about all others.

    Raises:
        InvalidEncodingError: not as it is told.
    """
    about = read_about(told)
    # THREAT T601: a note begins the collection that it is about, and none in place of another
    if about.id != key or about.holds is Holds.HOME:
        raise InvalidEncodingError("a note on a collection that is about another one")
    return about
