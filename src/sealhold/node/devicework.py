"""This vault as a device, as a face asks for it: carriers by their addresses, folders by paths.

- A carrier is a folder (`folder:PATH`), a bucket (`s3://...`) or a relay (`https://HOST`, with the
  token of an account there). All are opened anew for each piece of work.
- A round looks through the folders, exchanges, and puts what came there.

Source: docs/spec/11-exchange-and-op-log.md; docs/spec/20-faces.md section 8.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sealhold.audit.exposed import Exposed, Keeps
from sealhold.model.errors import InvalidError, NotFoundError, StoreUnavailableError, TakenError
from sealhold.model.ids import CollectionId, DeviceId, Id16
from sealhold.model.shown.devices import (
    CarrierView,
    CollectionView,
    ConflictView,
    DeviceView,
    ExposureView,
)
from sealhold.node.deviceplaces import Places, way_of
from sealhold.node.node import Node
from sealhold.node.starttoken import STAGING, begun
from sealhold.sharing.devices import exposure, joining
from sealhold.sharing.devices.budgets import BudgetSync
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.folderrows import FolderRows
from sealhold.sharing.devices.foldersync import bind
from sealhold.sharing.devices.joinpapers import Holds, Way, carrier_id, checked_name, read_way
from sealhold.sharing.devices.lanchoice import read_choice
from sealhold.sharing.devices.lannear import Near
from sealhold.sharing.devices.recordsync import NAME as RECORDS
from sealhold.sharing.devices.recordsync import Doors
from sealhold.sharing.devices.syncing import Syncing
from sealhold.stores.backends.localdir import LocalDir
from sealhold.vault.recordfeed import RecordFeed
from sealhold.vault.sharedrows import SharedRows
from sealhold.vault.synced import Synced

if TYPE_CHECKING:
    from sealhold.compute.granted import Grants

NO_FILES = frozenset({Holds.HOME, Holds.RECORDS})  # collections that no folder is kept equal to
LAN = "lan"  # where lies what is kept for devices of the home network


class DeviceWork:
    """This vault as a device. For one thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.core = node.parts.core
        self.shared_rows = SharedRows(self.core, node.parts.index, node.parts.firewall)
        self.answers = node.parts.answers
        staging = node.home.folder / STAGING
        staging.mkdir(mode=0o700, exist_ok=True)
        self.devices = begun(self.core, LocalDir(staging), node.world.outside())
        self.places = Places(self.devices, node.world, self.core.clock)

    @property
    def proven(self) -> int | None:
        """Milliseconds since the owner typed what opens the vault; None: nobody did."""
        at = self._node.parts.proven
        return None if at is None else self.core.clock() - at

    @property
    def grants(self) -> "Grants":
        """What was allowed on this device."""
        return self._node.grants

    # --- who and what ---

    def begin(self, name: str) -> DeviceView:
        """Become the first device of the owner.

        Raises:
            ConflictError: this vault is a device already.
        """
        self.devices.begin(name, self._node.parts.vault.sets.root.keeping.recovery or None)
        opened = self.devices.create(Holds.RECORDS, RECORDS)
        BudgetSync(self.devices, opened, self.core).appoint()
        return self.every()[0]

    def every(self) -> list[DeviceView]:
        """Return the devices of the owner, this one first.

        Raises:
            NotFoundError: this vault is no device yet.
        """
        me, names = self.devices.me, self.devices.names()
        found = [
            DeviceView(
                id=device.hex(),
                name=names.get(device, ""),
                role=member.certificate.role.value,
                standing=member.standing.value,
                reason=member.reason.value,
                is_here=device == me.id,
            )
            for device, member in self.devices.members().items()
        ]
        return sorted(found, key=lambda each: (not each.is_here, each.name, each.id))

    def named(self, text: str) -> DeviceId:
        """Return the device that a name, or the beginning of an id, says.

        Raises:
            NotFoundError: none.
            InvalidError: several.
        """
        every = self.every()
        found = [each for each in every if each.name == text] or [
            each for each in every if text and each.id.startswith(text)
        ]
        standing = [each for each in found if each.standing != "removed"] or found
        if not standing:
            raise NotFoundError("no such device")
        if len(standing) > 1:
            raise InvalidError("several devices are called so: say the id")
        return DeviceId(Id16(bytes.fromhex(standing[0].id)))

    def collections(self) -> list[CollectionView]:
        """Return what this device syncs."""
        return [self._shown(each) for each in self.devices.collections()]

    def create(self, name: str) -> CollectionView:
        """Begin a collection of files.

        Raises:
            TakenError: one is called so.
            DeniedError: this device may not.
        """
        if any(each.about.name == name for each in self.devices.collections()):
            raise TakenError("a collection is called so already")
        return self._shown(self.devices.create(Holds.FILES, checked_name(name)))

    def bind(self, name: str, path: Path) -> CollectionView:
        """Keep a collection of files equal to a folder from now on.

        Raises:
            NotFoundError: there is no such collection or folder.
            TakenError: it has a folder here, or the folder is another's.
            StoreUnavailableError: the folder cannot be written.
        """
        opened, folder = self.devices.collection(name), path.resolve()
        if opened.about.holds is not Holds.FILES:
            raise NotFoundError("that is no collection of files")
        if not folder.is_dir():
            raise NotFoundError(f"there is no folder `{path}`")
        if self.rows(opened).bound is not None:
            raise TakenError("this collection has a folder on this device")
        try:
            bind(opened, self.devices.keeping, folder, self.core.entropy)
        except FileExistsError as err:
            raise TakenError("this folder is kept for another collection, or was once") from err
        except OSError as err:
            raise StoreUnavailableError(f"`{path}` cannot be written") from err
        return self._shown(opened)

    def unbind(self, name: str) -> None:
        """Leave a folder as it is, and keep it equal no more.

        Raises:
            NotFoundError: there is no such collection, or it has no folder here.
        """
        opened = self.devices.collection(name)
        if opened.about.holds in NO_FILES:
            raise NotFoundError("no collection of files is called so")
        rows = self.rows(opened)
        if rows.bound is None:
            raise NotFoundError("this collection has no folder on this device")
        Path(rows.bound.path, ".sealhold").unlink(missing_ok=True)
        rows.unbind()

    def rename(self, device: DeviceId, name: str) -> None:
        """Call a device otherwise."""
        self.devices.rename(device, name)

    def exposure(self, device: DeviceId) -> ExposureView:
        """Return what a device has of what is synced, as far as the others can know.

        Raises:
            NotFoundError: there is no such device.
        """
        found = exposure.exposed(self.devices, device)
        if not found:
            raise NotFoundError("no such device")
        return _exposed(device, self.devices.names().get(device, ""), found)

    def remove(self, device: DeviceId) -> ExposureView:
        """Remove a device everywhere; return what it had, with the receipt.

        Done again, it ends what was cut off, and returns the receipt once more.
        """
        paper = exposure.remove(self.devices, device)
        told, issuer = exposure.read(self.devices, paper)
        view = _exposed(device, told.called, told.had)
        return replace(view, receipt=paper.decode(), issuer=issuer.hex())

    def conflicts(self) -> list[ConflictView]:
        """Return the files of which versions stand beside each other."""
        names = self.devices.names()
        found: list[ConflictView] = []
        for opened in self.devices.collections():
            state = opened.replica.state
            shown = state.tree.shown(state.versions.edited_over_deletes())
            for thing in state.versions.in_conflict():
                standing = state.versions.standing(thing)
                first = [] if standing.shown is None else [standing.shown]
                versions = tuple(
                    (each.id.hex(), names.get(DeviceId(Id16(each.device)), ""), str(each.time.ms))
                    for each in (*first, *standing.siblings)
                )
                path = "/".join(shown[thing].path) if thing in shown else thing.hex()
                found.append(
                    ConflictView(path=path, collection=opened.about.name, versions=versions)
                )
        return found

    def choose(self, version: str) -> None:
        """End a conflict in favour of one version; the others stay in the history.

        Raises:
            NotFoundError: no version of that id stands in a conflict.
        """
        for opened in self.devices.collections():
            state = opened.replica.state
            for thing in state.versions.in_conflict():
                standing = state.versions.standing(thing)
                for each in standing.heads:
                    if each.hex().startswith(version) and each in state:
                        draft = Draft(opened.replica)
                        draft.put(thing, state.content(each), standing.heads)
                        draft.commit()
                        return
        raise NotFoundError("no version of that id stands in a conflict")

    # --- carriers ---

    def carriers(self) -> list[CarrierView]:
        """Return the places that this device syncs through."""
        kept = self.devices.keeping.carriers()
        ways = [(id_, read_way(told)) for id_, told in kept.items()]
        return [CarrierView(id=id_.hex(), kind=way.kind, address=way.address) for id_, way in ways]

    def add_carrier(self, address: str, token: str = "") -> CarrierView:
        """Sync through a place from now on.

        Raises:
            InvalidError: this is no address of one.
            StoreUnavailableError: it cannot be made or does not answer.
        """
        way = way_of(address, token)
        self.places.tried(way)
        return self.keep_carrier(way)

    def keep_carrier(self, way: Way) -> CarrierView:
        """Keep a place that was told by another device, or was tried."""
        id_ = carrier_id(way, self.devices.base)
        self.devices.keeping.put_carrier(id_, way.told())
        return CarrierView(id=id_.hex(), kind=way.kind, address=way.address)

    def drop_carrier(self, text: str) -> CarrierView:
        """Sync through a place no more; what lies there stays.

        Raises:
            NotFoundError: there is none of that address or id.
        """
        for each in self.carriers():
            if text in {each.address, each.id} or (text and each.id.startswith(text)):
                self.devices.keeping.drop_carrier(bytes.fromhex(each.id))
                return each
        raise NotFoundError("this device syncs through no such place")

    # --- the home network ---

    @property
    def kept_near(self) -> LocalDir:
        """What this device keeps for the others of its home network."""
        folder = self._node.home.folder / LAN
        folder.mkdir(mode=0o700, exist_ok=True)
        return LocalDir(folder)

    def near(self, stir: Callable[[], None] | None = None) -> Near:
        """Return the home network, as it was chosen; `stir` as there."""
        choice = read_choice(self.devices.keeping.lan())
        return Near(self.devices, self.kept_near, choice, self.core.clock, stir)

    # --- joining ---

    def introduction(self) -> bytes:
        """Return what this device shows a newcomer."""
        return joining.introduction(self.devices)

    def certify(self, keys: bytes, asked: bytes, role: str, only: tuple[str, ...]) -> bytes:
        """Take a newcomer in, have the others hear of it, and return what it is given.

        Raises:
            DeniedError: this device is no admin.
            NotFoundError: one of `only` is no collection here.
        """
        some = frozenset(self.devices.collection(name).about.id for name in only)
        ways = [read_way(told) for told in self.devices.keeping.carriers().values()]
        payload = joining.certify(
            self.devices, keys, asked, Role(role), ways, _only(role, some), self.places.mint
        )
        Syncing(self.devices, self.places.reached()).round()
        return payload

    # --- inside ---

    @property
    def doors(self) -> Doors:
        """The doors of the vault that records pass."""
        parts = self._node.parts
        return Doors(
            RecordFeed(self.core),
            parts.firewall,
            Synced(self.core, parts.index, parts.objects),
            parts.erasing.follow,
        )

    def rows(self, opened: Open) -> FolderRows:
        """Return what is kept of a collection's folder on this device."""
        return FolderRows(self.devices.keeping, opened.about.id, opened.about.secret)

    def _shown(self, opened: Open) -> CollectionView:
        state = opened.replica.state
        bound = None if opened.about.holds in NO_FILES else self.rows(opened).bound
        return CollectionView(
            id=opened.about.id.hex(),
            name=opened.about.name,
            holds=opened.about.holds.value,
            objects=exposure.objects(opened),
            folder="" if bound is None else bound.path,
            conflicts=len(state.versions.in_conflict()),
            waiting=state.waiting(),
            devices=len(opened.members.state.holders()),
        )


def _exposed(device: DeviceId, name: str, had: tuple[Exposed, ...]) -> ExposureView:
    return ExposureView(
        device=device.hex(),
        name=name,
        collections=tuple(sorted(each.name for each in had)),
        entries=sum(each.entries for each in had),
        objects=sum(each.objects for each in had),
        versions=sum(each.versions for each in had),
        last=max((each.last for each in had if each.last is not None), default=None),
        partly=tuple(each.name for each in had if each.keeps is Keeps.SOME),
        still=tuple(each.name for each in had if not each.ends),
    )


def _only(role: str, some: frozenset[CollectionId]) -> frozenset[CollectionId] | None:
    return some if role == Role.LIMITED.value else None
