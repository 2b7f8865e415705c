"""This device: its keys, its certificate and how it came to be one.

- All of it is one paper of the vault's owner. Keys leave it in no form.
- The first device draws the root. Its secret is sealed to the recovery secret and kept so; without
  a recovery secret it stays in this vault's papers, and that is said.

Source: docs/spec/12-membership.md sections 1 and 3; docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sealhold.crypto.hybrid import BoxKey, seal_to
from sealhold.crypto.kdf import derive
from sealhold.crypto.rootid import RootId, RootIdentity, root_id
from sealhold.crypto.roots.recovery import parse
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NotFoundError, TamperedError
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import (
    Certificate,
    Role,
    check_chain,
    issue_by_root,
)
from sealhold.sharing.devices.circle import Own
from sealhold.sharing.devices.identity import DeviceKeys, open_keys
from sealhold.sharing.devices.oplog import LogId

FORM = 1
MAX_NAME = 64  # characters of a device's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who this device is."""

    name: str
    keys: DeviceKeys
    incarnation: bytes  # 16
    root: RootId
    chain: tuple[bytes, ...]  # certificates, the one by the root first
    root_sealed: bytes = b""  # the root's secret, to the recovery secret; on the first device alone
    root_here: Secret | None = None  # the same in clear, where there is no recovery secret

    @property
    def id(self) -> DeviceId:
        """What the device is called."""
        return self.keys.id

    @property
    def own(self) -> Own:
        """Who writes here."""
        return Own(log=LogId(self.id, self.incarnation), signer=self.keys.signer)

    @property
    def certificate(self) -> Certificate:
        """What is certified of this device."""
        return check_chain(self.chain, self.root)

    def anew(self, entropy: Entropy) -> "Me":
        """Return this device in a new incarnation."""
        return replace(self, incarnation=entropy(ID_BYTES))


def first(name: str, recovery: bytes | None, now: Instant, entropy: Entropy) -> Me:
    """Return the first device of a person: an admin, certified by a root that is drawn now.

    Args:
        name: what the owner calls it.
        recovery: public half of the recovery secret, 1216 bytes, if there is one.
        now: the time.
        entropy: what keys are drawn from.
    """
    secret = new_key(entropy, "root secret")
    root = RootIdentity(secret)
    keys = DeviceKeys.generate(now, entropy)
    named = root_id(root.public)
    certificate = Certificate.of(keys, root=named, role=Role.ADMIN, seq=1, issuer=None)
    sealed = b"" if recovery is None else bytes(seal_to(recovery, secret.reveal(), _place(named)))
    return Me(
        name=name,
        keys=keys,
        incarnation=entropy(ID_BYTES),
        root=named,
        chain=(issue_by_root(certificate, root),),
        root_sealed=sealed,
        root_here=secret if recovery is None else None,
    )


def root_of(me: Me, text: str) -> RootIdentity:
    """Return the root, opened by the recovery secret as it stands on paper.

    Raises:
        NotFoundError: this is not the first device, or it began without a recovery secret.
        InvalidError: this is no recovery secret.
        SealBrokenError: it is another one.
    """
    secret = parse(text)
    if secret is None:
        raise InvalidError("this is no recovery secret")
    if not me.root_sealed:
        raise NotFoundError("the root of your devices is not here under a recovery secret")
    opened = BoxKey(secret).open(me.root_sealed, _place(me.root))
    return RootIdentity(Secret(opened, "root secret"))


def told(me: Me, base: Secret, entropy: Entropy) -> Plain:
    """Return what is kept of this device; `base` is the secret under which its keys are sealed."""
    here = b"" if me.root_here is None else me.root_here.reveal()
    keys = me.keys.sealed(derive(base, Tag.DEVICE_KEYS), entropy)
    return [
        FORM,
        me.id,
        me.name,
        keys,
        me.incarnation,
        me.root,
        list(me.chain),
        me.root_sealed,
        here,
    ]


def read(kept: Plain, base: Secret) -> Me:
    """Return this device from what was kept.

    Raises:
        TamperedError: it is not what was kept.
    """
    match kept:
        case [
            1,
            bytes(device),
            str(name),
            bytes(keys),
            bytes(incarnation),
            bytes(root),
            list(chain),
            bytes(sealed),
            bytes(here),
        ]:
            own = open_keys(keys, DeviceId(Id16(device)), derive(base, Tag.DEVICE_KEYS))
            return Me(
                name=name,
                keys=own,
                incarnation=incarnation,
                root=RootId(root),
                chain=_chain(chain),
                root_sealed=sealed,
                root_here=Secret(here, "root secret") if here else None,
            )
        case _:
            raise TamperedError("what was kept of this device is not what was written")


def _chain(told: Sequence[Plain]) -> tuple[bytes, ...]:
    if any(type(each) is not bytes for each in told):
        raise TamperedError("a chain of certificates is not what was written")
    return tuple(told)


def _place(root: RootId) -> bytes:
    return b"root secret of " + root
