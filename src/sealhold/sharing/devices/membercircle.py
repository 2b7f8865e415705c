"""The members of one collection as this device knows them: log, secrets, who signs with what.

- What travels about members are objects, each named by its hash: entries of the membership log,
  sets of wrapped secrets, prekeys. They are taken in in any order; what nobody known signed is not
  kept, and looked at again once the log says something new.
- A secret is learned from a set that an admin signed; the epoch to write under is the log's winner,
  the bag's key the one that the log names, if it went to those alone who hold keys.

Source: docs/spec/12-membership.md; docs/spec/11-exchange-and-op-log.md section 5.
"""

from collections.abc import Iterable
from enum import IntEnum

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.rootid import RootId
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    BadSignatureError,
    ExhaustedError,
    InvalidEncodingError,
    NoEpochError,
    TamperedError,
)
from sealhold.model.ids import CollectionId, DeviceId, EpochId, Id16
from sealhold.sharing.devices import memberbags
from sealhold.sharing.devices.circle import NOT_SAID
from sealhold.sharing.devices.epochs import Keyring, is_announced, new_epoch
from sealhold.sharing.devices.identity import (
    DeviceKeys,
    Prekey,
    device_of,
    newest,
    read_prekey,
)
from sealhold.sharing.devices.keybag import BagKey
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.memberentries import Body, EntryId, EntryKind, Setting
from sealhold.sharing.devices.membership import MembershipLog, parents_first
from sealhold.sharing.devices.memberstate import Membership
from sealhold.sharing.devices.oplog import LogId
from sealhold.sharing.devices.ops import Operation
from sealhold.sharing.devices.saying import may_say
from sealhold.sharing.devices.wraps import (
    Purpose,
    Recipient,
    WrapSet,
    issuer_of,
    read_wrap_set,
    secret_id,
    wrap_set,
)

BAG = memberbags.BAG  # the rule that names the bag's key
MAX_LEFT = 100_000  # hashes of objects that were left out
MAX_OBJECT = 1_300_000  # bytes; the largest set of copies is for 1,024 devices


class Thing(IntEnum):
    """What an object about members is; the first byte of it."""

    ENTRY = 1
    WRAPS = 2
    PREKEY = 3


class Members:
    """The members of one collection. For one thread."""

    def __init__(self, collection: CollectionId, root: RootId, keys: DeviceKeys) -> None:
        self.collection = collection
        self.keys = keys
        self.log = MembershipLog(collection, root)
        self.objects: dict[bytes, bytes] = {}  # by hash, as they travel
        self.prekeys: dict[DeviceId, Prekey] = {}
        self.cuts: dict[bytes, dict[bytes, int]] = {}  # of removed devices: incarnation, number
        self._counted: tuple[frozenset[EntryId], frozenset[bytes]] = (frozenset(), frozenset())
        self._epochs = Keyring(collection, Purpose.EPOCH)
        self._bags = Keyring(collection, Purpose.KEY_BAG)
        self._sets: list[tuple[bytes, WrapSet]] = []  # as they travel, and read
        self._left: set[bytes] = set()  # hashes of what was left out since the log last changed

    @property
    def state(self) -> Membership:
        """What the log comes to."""
        return self.log.state()

    def remember(self, kind: str, secret: Secret) -> None:
        """Take in a secret that was kept: of kind `epoch` or `bag`."""
        if kind == "epoch":
            self._epochs = self._epochs.having(secret)
        else:
            self._bags = self._bags.having(secret)

    def known(self) -> list[tuple[str, bytes, Secret]]:
        """Return the secrets that this device has: kind, id, secret."""
        epochs = [("epoch", bytes(name), one) for name, one in self._epochs.secrets.items()]
        return epochs + [("bag", bytes(name), one) for name, one in self._bags.secrets.items()]

    def has(self, name: bytes) -> bool:
        """Return whether an object is here, or was left out and nothing speaks for it since."""
        return name in self.objects or name in self._left

    def take(self, objects: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        """Take in objects; return those that stand since and did not before, each with its hash.

        What is not as it must be, or by nobody known, is left out.
        """
        fresh = {fingerprint(data): data for data in objects if 1 < len(data) <= MAX_OBJECT}
        fresh = {name: data for name, data in fresh.items() if name not in self.objects}
        came = self._take_entries(data for data in fresh.values() if data[0] == Thing.ENTRY)
        if came:
            self._left.clear()
        signers = {
            device: member.certificate.signing for device, member in self.state.members.items()
        }
        signers[self.keys.id] = self.keys.signer.public
        for name, data in fresh.items():
            device = _signer(data)
            if device in signers and self._signed(data, device, signers[device]):
                came[name] = data
        self.objects |= came
        # THREAT T501: what no member signed is neither kept nor given on, and looked at once
        if len(self._left) > MAX_LEFT:
            self._left.clear()
        self._left |= fresh.keys() - came.keys()
        if came:
            self._settle()
        return list(came.items())

    # --- what a replica asks ---

    def signer(self, device: bytes) -> PublicKey | None:
        """Return the key by which a device signs; None if it never was a member."""
        found = self.state.members.get(DeviceId(Id16(device)))
        if device == self.keys.id:  # what took it in may count no more
            return self.keys.signer.public
        return None if found is None else found.certificate.signing

    def may(self, device: bytes, op: Operation) -> bool:
        """Return whether a member's role lets it say something."""
        found = self.state.members.get(DeviceId(Id16(device)))
        is_own = device == self.keys.id
        return is_own if found is None else may_say(found.certificate.role, device, op)

    def cut(self, log: LogId) -> int | None:
        """Return after which number nothing of a log counts; None if its device is a member."""
        if self.state.certificate(DeviceId(Id16(log.device))) is not None:
            return None
        cuts = self.cuts.get(log.device)
        return NOT_SAID if cuts is None else cuts.get(log.incarnation, 0)

    def epoch(self, epoch: bytes, *, kept: bool = False) -> Secret | None:
        """Return the secret of an epoch that counts, or did; None if it is not here."""
        # THREAT T495: who was removed has no epoch of its own under which it could still write
        return self._epochs.secret(epoch) if kept or epoch in self._announced() else None

    def current(self) -> tuple[bytes, Secret]:
        """Return the epoch to write under, with its secret.

        Raises:
            NoEpochError: there is none that every member has, or it is not here.
        """
        epoch = self.state.epoch
        secret = None if epoch is None else self._epochs.secret(epoch.id)
        if epoch is None or secret is None:
            raise NoEpochError("no epoch that every member has")
        return epoch.id, secret

    def door(self) -> tuple[bytes, Secret]:
        """Return the epoch that a mailbox's key follows from: the first that no former member has.

        It changes when a device is removed, not when one comes in.

        Raises:
            NoEpochError: there is none that every member has, or it is not here.
        """
        epochs = {each.id: each for each in self.state.epochs.values()}
        holders = self.state.holders().keys()
        before: dict[EpochId, set[EpochId]] = {}
        for name in epochs:
            found, waiting = set[EpochId](), [name]
            while waiting:
                one = waiting.pop()
                waiting += [e for e in epochs[one].earlier if e in epochs and e not in found]
                found |= epochs[one].earlier
            before[name] = found
        # THREAT T502: an epoch that a removed device has, by itself or by a later one, opens none
        lost = set[EpochId]()
        for name, each in epochs.items():
            if each.recipients - holders:
                lost |= {name, *before[name]}
        left = sorted((len(before[name]), name) for name in epochs.keys() - lost)
        secret = self._epochs.secret(left[0][1]) if left else None
        if secret is None:
            raise NoEpochError("no epoch that every member has")
        return left[0][1], secret

    def bag(self, bag: bytes) -> BagKey | None:
        """Return a key of the key bag; None if this device does not have it, or no more."""
        secret = self._bags.secret(bag)
        return None if secret is None else BagKey(bag, secret)

    def current_bag(self) -> BagKey:
        """Return the key of the bag to write under.

        Raises:
            NoEpochError: there is none that every member has, or it is not here.
        """
        named = self.state.policies.get(BAG)
        found = None if named is None else self.bag(named)
        sets = (each for _, each in self._sets)
        if named is None or found is None or not memberbags.is_shared(sets, self.state, named):
            raise NoEpochError("no key of the bag that every member has")
        return found

    def has_bag(self) -> bool:
        """Return whether there is a key of the bag to write under."""
        try:
            self.current_bag()
        except NoEpochError:
            return False
        return True

    def are_apart(self) -> bool:
        """Return whether admins made epochs without hearing of each other, and someone lacks one.

        Such an epoch is followed by none, and a device that holds keys was not given it: what was
        written under it stays closed there until a later epoch carries it.
        """
        state = self.state
        if state.epoch is None:
            return True
        followed = {name for each in state.epochs.values() for name in each.earlier}
        holders = state.holders().keys()
        return any(
            not holders <= each.recipients
            for each in state.epochs.values()
            if each.id not in followed and self._epochs.secret(each.id) is not None
        )

    def lacking(self) -> list[BagKey]:
        """Return the keys of the bag that are here and that a device that holds keys lacks."""
        sets, state = [found for _, found in self._sets], self.state
        return [
            BagKey(bytes(name), secret)
            for name, secret in self._bags.secrets.items()
            if memberbags.lacks(sets, state, self.prekeys, name)
        ]

    def shared(self, bag: BagKey) -> list[bytes]:
        """Take in copies of a key of the bag for all who hold keys; return their object.

        Raises:
            NoEpochError: the prekey of one of them is not known yet.
        """
        objects = [self._copies(bag.secret)]
        self.take(objects)
        return objects

    def forget_bags(self) -> list[bytes]:
        """Drop the bag keys that are not in force; return their ids."""
        now = self.current_bag().id
        gone = [name for name in self._bags.secrets if name != now]
        self._bags = self._bags.without(gone)
        return [bytes(name) for name in gone]

    # --- what an admin writes ---

    def write(self, kind: EntryKind, body: Body, time: LogicalTime) -> bytes:
        """Return an entry of the membership log as an object; it is not taken in yet.

        Raises:
            DeniedError: this device is no admin in good standing.
        """
        return bytes([Thing.ENTRY]) + self.log.write(self.keys, kind, body, time)

    def renewed(
        self, time: LogicalTime, entropy: Entropy, *, reads_back: bool = True
    ) -> list[bytes]:
        """Take in a fresh epoch for all who hold keys; return its objects.

        Raises:
            DeniedError: this device is no admin in good standing.
        """
        recipients = [Recipient.certified(each) for each in self.state.holders().values()]
        earlier = list(self._epochs.secrets.values())[-_LINKS:] if reads_back else []
        fresh = new_epoch(self.collection, recipients, self.keys.signer, entropy, earlier)
        entry = self.write(EntryKind.EPOCH, fresh.announced, time)
        objects = [bytes([Thing.WRAPS]) + fresh.wraps, entry]
        self.take(objects)
        return objects

    def bagged(self, secret: Secret, time: LogicalTime) -> list[bytes]:
        """Take in a key of the bag, for the prekeys of all who hold keys; return its objects.

        Raises:
            DeniedError: this device is no admin in good standing.
            NoEpochError: the prekey of one of them is not known yet.
        """
        name = secret_id(secret, Purpose.KEY_BAG, self.collection)
        objects = [self._copies(secret)]
        if self.state.policies.get(BAG) != name:
            objects.append(self.write(EntryKind.POLICY, Setting(BAG, name), time))
        self.take(objects)
        return objects

    def _copies(self, secret: Secret) -> bytes:
        """Return copies of a key of the bag, as an object.

        Raises:
            NoEpochError: the prekey of a member is not known yet.
        """
        holders = self.state.holders()
        if missing := holders.keys() - self.prekeys.keys():
            raise NoEpochError(f"{len(missing)} devices have not published a prekey")
        recipients = [Recipient.prekey(self.prekeys[device]) for device in holders]
        wraps = wrap_set(secret, Purpose.KEY_BAG, self.collection, recipients, self.keys.signer)
        return bytes([Thing.WRAPS]) + wraps

    # --- taking in ---

    def _take_entries(self, objects: Iterable[bytes]) -> dict[bytes, bytes]:
        """Take in entries of the log; return those that stand in it since, as objects by hash."""
        came: dict[bytes, bytes] = {}
        # THREAT T455: a log that is there as a whole is taken in as a whole, however long
        for data in parents_first(each[1:] for each in objects):
            try:
                stand = [self.log.entry(each) for each in self.log.add(data)]
            except (InvalidEncodingError, TamperedError, ExhaustedError):
                continue
            told = [bytes([Thing.ENTRY]) + each.told + each.signature for each in stand]
            came |= {fingerprint(each): each for each in told}
        return came

    def _settle(self) -> None:
        """Learn what secrets there are to be learned."""
        # THREAT T456: a set counts that an admin announced, or that an admin signed
        announced = list(self.state.epochs.values())
        epochs = [
            found
            for data, found in self._sets
            if any(is_announced(epoch, data, found) for epoch in announced)
        ]
        self._epochs = self._epochs.learned(epochs, self.keys)
        bags = memberbags.by_admins((found for _, found in self._sets), self.state)
        self._bags = self._bags.learned(bags, self.keys)

    def _signed(self, data: bytes, device: DeviceId, key: PublicKey) -> bool:
        """Take in a set or a prekey, if that device signed it."""
        try:
            if data[0] == Thing.WRAPS:
                self._sets.append((data[1:], read_wrap_set(data[1:], key)))
                return True
            prekey = read_prekey(data[1:], device, key)
        except (BadSignatureError, InvalidEncodingError):
            return False
        known = [self.prekeys[device]] if device in self.prekeys else []
        self.prekeys |= newest([*known, prekey])
        return True

    def _announced(self) -> frozenset[bytes]:
        """Return the ids of the epochs that the log announces, and of those before them."""
        state = self.state
        if self._counted[0] != state.heads:
            epochs = state.epochs.values()
            ids = {bytes(name) for each in epochs for name in (each.id, *each.earlier)}
            self._counted = state.heads, frozenset(ids)
        return self._counted[1]


_LINKS = 32  # earlier secrets that an epoch carries; those carry the ones before


def prekey_object(keys: DeviceKeys) -> bytes:
    """Return the prekey in force of a device, as an object."""
    return bytes([Thing.PREKEY]) + keys.published()


def _signer(data: bytes) -> DeviceId | None:
    """Return the device that a set or a prekey says signed it; what is none names nobody."""
    if data[0] == Thing.WRAPS:
        return issuer_of(data[1:])
    return device_of(data[1:]) if data[0] == Thing.PREKEY else None
