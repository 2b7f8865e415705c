"""The devices of a person, seen from one of them: who there is, what is synced, who joins and goes.

- One collection, the first, is about the others: in it stand the names of devices and what other
  collections there are. Who is a full member has it; a limited device has the ones it is named for.
- Whatever changes members is durable here before anybody is told.

Source: docs/spec/11-exchange-and-op-log.md section 8; docs/spec/12-membership.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidEncodingError,
    NotADeviceError,
    NotFoundError,
)
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices import me as own
from sealhold.sharing.devices.beginning import another, entering, others
from sealhold.sharing.devices.bodies import Bodies
from sealhold.sharing.devices.certs import OF_OTHERS, Role
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import About, Holds, checked_name, read_about
from sealhold.sharing.devices.keeping import BAG, EPOCH, Keeping, KeptSecret, Step
from sealhold.sharing.devices.keybag import BagKey
from sealhold.sharing.devices.logends import removals
from sealhold.sharing.devices.logicaltime import LogicalTime, following
from sealhold.sharing.devices.me import Me
from sealhold.sharing.devices.membercircle import Members, prekey_object
from sealhold.sharing.devices.memberentries import EntryKind
from sealhold.sharing.devices.memberstate import Member
from sealhold.sharing.devices.replica import Replica
from sealhold.stores.spec import ObjectStore
from sealhold.vault.core import Core
from sealhold.vault.shares import following as spending

NAME_KIND, COLLECTION_KIND = "name", "collection"  # of notes


@dataclass(frozen=True, slots=True)
class Open:
    """A collection that is loaded."""

    about: About
    members: Members
    replica: Replica
    bodies: Bodies

    @property
    def is_foreign(self) -> bool:
        """Whether it is another person's, who says who its members are."""
        return self.about.root is not None

    def is_left(self, device: DeviceId) -> bool:
        """Return whether it is another person's, who let this device go."""
        members = self.members.state
        return self.is_foreign and device in members.members and not members.certificate(device)


class Devices:
    """This device and the collections that it is a member of. For one thread."""

    def __init__(self, core: Core, staging: ObjectStore, token: bytes = b"") -> None:
        """Begin from what is durable.

        Args:
            core: of the vault.
            staging: where packs wait for carriers.
            token: what lies on this machine outside the vault's folder; a copy of the folder that
                is started elsewhere, or later, meets another one.
        """
        self._core = core
        self._staging = staging
        self.keeping = Keeping(core)
        self._base = core.keys.chunks
        kept = self.keeping.me()
        self._me = None if kept is None else own.read(kept, self._base)
        self._open: dict[bytes, Open] = {}
        self._token = token
        # THREAT T497: who begins from a copy writes nothing under numbers that are taken
        if self._me is not None and self.keeping.token() != token:
            self.go_on_anew()

    @property
    def me(self) -> Me:
        """This device.

        Raises:
            NotADeviceError: this vault is no device of anybody yet.
        """
        if self._me is None:
            raise NotADeviceError("this vault is no device yet")
        return self._me

    @property
    def entropy(self) -> Entropy:
        """What is drawn from."""
        return self._core.entropy

    @property
    def base(self) -> Secret:
        """A secret of this vault, from which names follow that it alone uses."""
        return self._base

    @property
    def is_begun(self) -> bool:
        """Whether this vault is a device."""
        return self._me is not None

    def begin(self, name: str, recovery: bytes | None) -> Me:
        """Become the first device of its owner.

        Raises:
            ConflictError: it is a device already.
        """
        if self._me is not None:
            raise ConflictError("this vault is a device already")
        found = own.first(checked_name(name), recovery, self._core.clock(), self._core.entropy)
        self.keep_me(found, "began")
        self.create(Holds.HOME, "home")
        self.call(found.id, found.name)
        return found

    def create(self, holds: Holds, name: str) -> Open:
        """Begin a collection that this device is the first member of.

        Raises:
            DeniedError: this device may not.
        """
        core, me = self._core, self.me
        if me.certificate.role is not Role.ADMIN:
            raise DeniedError("a device that may not begin collections")
        about = About(
            id=CollectionId(Id16(core.entropy(ID_BYTES))),
            holds=holds,
            name=name,
            secret=new_key(core.entropy, "collection secret"),
        )
        members = Members(about.id, me.root, me.keys)
        time = LogicalTime(core.clock(), 0)
        later = following(time, core.clock())
        members.take([entering(me, members, time)])
        for device in others(me, self.home.members, members) if self._open else ():
            members.take([members.write(EntryKind.ADD, device, later)])
        members.take([prekey_object(me.keys)])
        members.renewed(later, core.entropy)
        self.turn_bag(members, later)
        step = step_of(members, members.objects.items())
        self.keeping.put_collection(about.id, about.told(), step, "collection")
        opened = self._load(about, members)
        if holds is not Holds.HOME:
            draft = Draft(self.home.replica)
            draft.note(COLLECTION_KIND, about.id, about.told())
            draft.commit()
        return opened

    @property
    def home(self) -> Open:
        """The collection about all others.

        Raises:
            NotADeviceError: this vault is no device yet.
            NotFoundError: a limited device does not have it.
        """
        _ = self.me
        for each in self.collections():
            if each.about.holds is Holds.HOME:
                return each
        raise NotFoundError("this device does not have the collection about all others")

    def collections(self) -> list[Open]:
        """Return the collections of this device, loaded."""
        kept_here = self.keeping.collections()
        for collection, kept in sorted(kept_here.items(), key=lambda each: not _is_home(each[1])):
            if collection not in self._open:
                about = read_about(kept)
                members = self._members(about)
                for secret in self.keeping.secrets(about.id):
                    if secret.kind in {EPOCH, BAG}:
                        members.remember(secret.kind, Secret(secret.told, "kept secret"))
                members.take(self.keeping.members(about.id))
                self._load(about, members)
        return list(self._open.values())

    def collection(self, name: str) -> Open:
        """Return a collection by its name.

        Raises:
            NotFoundError: there is none, or this device does not have it.
        """
        for each in self.collections():
            if each.about.name == name:
                return each
        raise NotFoundError("no such collection on this device")

    def names(self) -> dict[DeviceId, str]:
        """Return what devices are called, by their ids."""
        try:
            notes = self.home.replica.state.notes(NAME_KIND)
        except NotFoundError:
            return {self.me.id: self.me.name}
        return {DeviceId(Id16(key)): str(note.told) for key, note in notes}

    def members(self) -> dict[DeviceId, Member]:
        """Return the owner's devices, each as the first collection that it is in knows it.

        A limited device is never in the one about all others; shares hold other people's devices.
        """
        found: dict[DeviceId, Member] = {}
        for each in (one for one in self.collections() if not one.is_foreign):
            for device, member in each.members.state.members.items():
                if member.certificate.role not in OF_OTHERS:
                    found.setdefault(device, member)
        return found

    def rename(self, device: DeviceId, name: str) -> None:
        """Call a device otherwise; the others hear of it.

        Raises:
            NotFoundError: there is no such device.
            InvalidError: a name of no such length.
        """
        if device not in self.members():
            raise NotFoundError("no such device")
        self.call(device, checked_name(name))
        if device == self.me.id:
            self.keep_me(replace(self.me, name=name), "renamed")

    def go_on_anew(self) -> None:
        """Go on in a new incarnation, durably: what was written before stays, in its own log.

        A slice or lease of the incarnation before is nobody's from now on.
        """
        self._keep(self.me.anew(self._core.entropy), "anew")
        for each in self._open.values():
            each.replica.own = self.me.own
            each.replica.load()

    def share_budgets(self) -> None:
        """Charge from slices from now on: there is a second device; durable on return."""
        self._keep(self.me, "budgets", begins=True)

    def renew_token(self, token: bytes) -> None:
        """Keep what lies outside the vault's folder from now on; durable on return."""
        self._token = token
        self._keep(self.me, "token")

    def adopt(self) -> list[Open]:
        """Take on the collections that other devices began; return those.

        What is told of one and is not as it must be is taken on by nobody, and noted as refused.
        """
        known = {bytes(each.about.id) for each in self.collections()}
        state, found = self.home.replica.state, list[Open]()
        for key, note in list(state.notes(COLLECTION_KIND)):
            if key in known:
                continue
            try:
                about = another(key, note.told)
            except InvalidEncodingError as err:
                refused = f"a collection by {note.device.hex()[:8]}: {err}"
                state.refused += [refused] if refused not in state.refused else []
                continue
            self.keeping.put_collection(about.id, about.told(), Step(), "collection")
            found.append(self._load(about, self._members(about)))
        return found

    def take_on(self, about: About) -> Open:
        """Take on a collection of another person, durably; the other own devices hear of it.

        One that is known gets its new places.
        """
        self.keeping.put_collection(about.id, about.told(), Step(), "collection")
        draft = Draft(self.home.replica)
        draft.note(COLLECTION_KIND, about.id, about.told())
        draft.commit()
        self._open.pop(about.id, None)
        return next(each for each in self.collections() if each.about.id == about.id)

    def save(self, opened: Open, objects: Iterable[bytes]) -> int:
        """Take in objects about members, durably; return how many were new."""
        came = opened.members.take(objects)
        if came:
            self.keeping.save(opened.about.id, step_of(opened.members, came))
            opened.replica.load()
            if opened.replica.is_outside:
                self.go_on_anew()
        return len(came)

    # --- inside ---

    def learn_cuts(self, opened: Open) -> None:
        """Take in what was said of where the logs of removed devices end."""
        cuts = opened.replica.ends.counting(removals(opened.members.log))
        if cuts != opened.members.cuts:
            opened.members.cuts = cuts
            opened.replica.load()
            opened.replica.drop_erased()

    def turn_bag(self, members: Members, time: LogicalTime) -> BagKey:
        """Take in a fresh key of the bag, and return it.

        Raises:
            DeniedError: this device is no admin.
            NoEpochError: the prekey of a member is not known yet.
        """
        members.bagged(new_key(self._core.entropy, "bag key"), time)
        return members.current_bag()

    def call(self, device: DeviceId, name: str) -> None:
        """Write down what a device is called."""
        draft = Draft(self.home.replica)
        draft.note(NAME_KIND, device, name)
        draft.commit()

    def time_of(self, opened: Open) -> LogicalTime:
        """Return a time after all that is known in a collection."""
        return following(opened.replica.state.last, self._core.clock())

    def _members(self, about: About) -> Members:
        return Members(about.id, about.root or self.me.root, self.me.keys)

    def _load(self, about: About, members: Members) -> Open:
        replica = Replica(
            about.id,
            about.secret,
            own=self.me.own,
            circle=members,
            keeping=self.keeping,
            clock=self._core.clock,
            entropy=self._core.entropy,
        )
        replica.load()
        if about.holds is not Holds.HOME:
            for each in self._open.values():
                if each.about.holds is Holds.HOME:
                    members.prekeys = {**each.members.prekeys, **members.prekeys}
        opened = Open(about, members, replica, Bodies(replica, self._staging))
        self._open[about.id] = opened
        self.learn_cuts(opened)
        if replica.is_outside:
            self.go_on_anew()
        return opened

    def keep_keys(self, keys: DeviceKeys) -> None:
        """Keep this device's keys once its prekeys changed; durable on return."""
        self._keep(replace(self.me, keys=keys), "prekeys")
        for each in self._open.values():
            each.members.keys = keys

    def now(self) -> Instant:
        """Return the time."""
        return self._core.clock()

    def keep_me(self, found: Me, reason: str, *, shares: bool = False) -> None:
        """Keep who this device is, and whether it shares budgets from now on; durable on return."""
        self._keep(found, reason, begins=shares)
        self._open.clear()

    def _keep(self, found: Me, reason: str, *, begins: bool = False) -> None:
        told = own.told(found, self._base, self._core.entropy)
        # THREAT T525: a new incarnation and what it may spend are one commit
        spends = spending(self._core.deciding, found.incarnation, begins=begins)
        self.keeping.put_me(told, self._token, reason, spends)
        self._me = found


def step_of(members: Members, came: Iterable[tuple[bytes, bytes]]) -> Step:
    """Return the step that keeps new objects, and all secrets that are known since."""
    secrets = [KeptSecret(kind, name, secret.reveal()) for kind, name, secret in members.known()]
    return Step(members=list(came), secrets=secrets)


def _is_home(kept: Plain) -> bool:
    return read_about(kept).holds is Holds.HOME
