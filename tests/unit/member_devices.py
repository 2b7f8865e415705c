"""Devices of one person for tests: keys and certificates, made once and from a seed."""

from functools import cache

from sealhold.crypto.entropy import seeded
from sealhold.crypto.rootid import RootIdentity, root_id
from sealhold.crypto.secret import Secret
from sealhold.model.ids import CollectionId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import Certificate, Role, issue, issue_by_root
from sealhold.sharing.devices.identity import DeviceKeys

NOW = Instant(1_763_700_000_000)
COLLECTION = CollectionId(Id16(b"c" * 16))
ROOT = RootIdentity(Secret(bytes(32), "root"))
ROOT_ID = root_id(ROOT.public)


@cache
def device(name: str) -> DeviceKeys:
    """Return the keys of the device of that name."""
    return DeviceKeys.generate(NOW, seeded(name.encode()))


@cache
def by_root(name: str, seq: int) -> bytes:
    """Return an admin's certificate by the root."""
    keys = device(name)
    told = Certificate.of(keys, root=ROOT_ID, role=Role.ADMIN, seq=seq, issuer=None)
    return issue_by_root(told, ROOT)


@cache
def by(issuer: str, name: str, seq: int, role: Role = Role.ADMIN) -> bytes:
    """Return a certificate by an admin."""
    signer = device(issuer)
    told = Certificate.of(device(name), root=ROOT_ID, role=role, seq=seq, issuer=signer.id)
    return issue(told, signer.signer)
