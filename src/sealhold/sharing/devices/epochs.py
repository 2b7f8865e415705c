"""Epochs of a collection: the secret that its members write under, and the ones before.

- A new epoch has a fresh secret for each device that holds keys, and carries the secrets before it,
  unless it begins for somebody who is not to read back.
- A device keeps each secret that it was ever given: writers use the one that wins in the
  membership log, readers any.

Source: docs/spec/12-membership.md section 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import CollectionId, EpochId, Id16
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.memberentries import Epoch
from sealhold.sharing.devices.wraps import (
    Purpose,
    Recipient,
    WrapSet,
    digest,
    open_link,
    open_wrap,
    secret_id,
    wrap_set,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEpoch:
    """An epoch as its maker has it."""

    id: EpochId
    secret: Secret
    wraps: bytes  # the signed set, for every carrier
    announced: Epoch  # what the membership log says of it


def new_epoch(
    collection: CollectionId,
    recipients: Sequence[Recipient],
    signer: SigningKey,
    entropy: Entropy,
    earlier: Iterable[Secret] = (),
) -> NewEpoch:
    """Return a fresh epoch for `recipients`.

    Args:
        collection: whose epoch it is.
        recipients: all devices that hold keys, by their certified keys.
        signer: the key of the admin who makes it.
        entropy: what the secret is drawn from.
        earlier: the secrets that it follows; empty if somebody new is not to read back.

    Raises:
        InvalidError: too many recipients, one twice, or a key that is none.
    """
    secret = new_key(entropy, "epoch secret")
    before = list(earlier)
    wraps = wrap_set(secret, Purpose.EPOCH, collection, recipients, signer, before)
    name = secret_id(secret, Purpose.EPOCH, collection)
    announced = Epoch(
        name,
        digest(wraps),
        frozenset(secret_id(each, Purpose.EPOCH, collection) for each in before),
        frozenset(each.device for each in recipients),
    )
    return NewEpoch(id=name, secret=secret, wraps=wraps, announced=announced)


def is_announced(epoch: Epoch, wraps: bytes, found: WrapSet) -> bool:
    """Return whether a set of copies is the one that an entry of the log announced.

    Args:
        epoch: what the entry says.
        wraps: the set as it came.
        found: the same, read under the key of the entry's author.
    """
    return (
        digest(wraps) == epoch.wraps
        and (found.purpose, found.secret) == (Purpose.EPOCH, epoch.id)
        and found.links.keys() == epoch.earlier
        and {device for device, _ in found.recipients} == epoch.recipients
    )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets of one purpose that a device has for a collection."""

    collection: CollectionId
    purpose: Purpose = Purpose.EPOCH
    secrets: Mapping[EpochId, Secret] = field(default_factory=dict)

    def secret(self, name: bytes) -> Secret | None:
        """Return the secret of that name, None if the device was never given it."""
        return self.secrets.get(EpochId(Id16(name)))

    def having(self, *secrets: Secret) -> "Keyring":
        """Return this ring with more secrets."""
        more = {secret_id(each, self.purpose, self.collection): each for each in secrets}
        return Keyring(self.collection, self.purpose, {**self.secrets, **more})

    def without(self, names: Iterable[EpochId]) -> "Keyring":
        """Return this ring without some secrets, which then open nothing any more here."""
        gone = frozenset(names)
        kept = {name: secret for name, secret in self.secrets.items() if name not in gone}
        return Keyring(self.collection, self.purpose, kept)

    def learned(self, sets: Iterable[WrapSet], keys: DeviceKeys) -> "Keyring":
        """Return this ring with all secrets that the device can open in `sets`, and behind them.

        What does not open is left out: who issued it is known by its signature, and another admin
        makes another epoch.
        """
        known = dict(self.secrets)
        by_name: dict[EpochId, list[WrapSet]] = {}
        for each in sets:
            if each.collection == self.collection and each.purpose is self.purpose:
                by_name.setdefault(each.secret, []).append(each)
                if each.secret not in known and (secret := _opened(each, keys)):
                    known[each.secret] = secret
        waiting = [name for name in by_name if name in known]
        while waiting:
            name = waiting.pop()
            for each in by_name.get(name, ()):
                for earlier in each.links.keys() - known.keys():
                    if found := _linked(each, known[name], earlier):
                        known[earlier] = found
                        waiting.append(earlier)
        return Keyring(self.collection, self.purpose, known)


def _opened(found: WrapSet, keys: DeviceKeys) -> Secret | None:
    try:
        return open_wrap(found, keys)
    except SealBrokenError:
        return None


def _linked(found: WrapSet, secret: Secret, earlier: EpochId) -> Secret | None:
    try:
        return open_link(found, secret, earlier)
    except SealBrokenError:
        return None
