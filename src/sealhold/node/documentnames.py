"""Documents by their names: in which collections they stand, and how one is loaded.

Source: docs/spec/48-documents.md section 12.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sealhold.model.errors import (
    CarrierAwayError,
    InvalidError,
    NotADeviceError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.ids import DeviceId, Id16
from sealhold.model.shown.documents import WriterView
from sealhold.node.openspaces import is_open
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.joinpapers import Holds, mailbox
from sealhold.sharing.devices.syncing import Reached
from sealhold.sharing.peers.admitting import guests
from sealhold.sharing.peers.contacts import Contacts

_NOBODY: Mapping[bytes, str] = {}
LEAST = 6  # hex digits by which an id is known


class Reaching(Protocol):
    """Places that a device syncs through."""

    def reached(self) -> Sequence[Reached]:
        """Return all places."""
        ...


class Work(Protocol):
    """What is needed here of `DeviceWork`."""

    @property
    def devices(self) -> Devices:
        """This device and its collections."""
        ...

    @property
    def places(self) -> Reaching:
        """Where it syncs through."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and where it stands."""

    opened: Open
    work: Documents
    thing: bytes
    name: str


class DocumentNames:
    """What documents a device has. For one thread."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._of: dict[bytes, tuple[Open, Documents]] = {}

    def collections(self) -> list[Open]:
        """Return the collections of documents; of one name, all devices take the same one first.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        devices = self._work.devices
        if not devices.is_begun:
            raise NotADeviceError("this vault is no device yet")
        held = [each for each in devices.collections() if has_documents(devices, each)]
        return sorted(held, key=lambda each: (each.about.name, each.about.id))

    def documents(self, opened: Open) -> Documents:
        """Return the documents of a collection."""
        known = self._of.get(opened.about.id)
        if known is None or known[0] is not opened:
            known = self._of[opened.about.id] = (opened, Documents(self._work.devices, opened))
        return known[1]

    def names(self, opened: Open) -> dict[bytes, str]:
        """Return what the documents of a collection are called, by their ids of 16 bytes."""
        state = opened.replica.state
        shown = state.tree.shown(state.versions.edited_over_deletes())
        return {thing: "/".join(shown[thing].path) for thing in self.documents(opened).things()}

    def find(self, name: str) -> Found:
        """Return the document that a name or the beginning of an id says, loaded.

        Raises:
            NotFoundError: none.
            InvalidError: several.
            CarrierAwayError: what it begins with is at a place that does not answer.
        """
        every = [
            Found(opened, self.documents(opened), thing, called)
            for opened in self.collections()
            for thing, called in self.names(opened).items()
        ]
        hits = [each for each in every if name in {each.name, _whole(each)}]
        if not hits and len(name) >= LEAST:
            hits = [each for each in every if each.thing.hex().startswith(name)]
        if not hits:
            raise NotFoundError("no document is called so")
        if len(hits) > 1:
            ids = ", ".join(f"{_whole(each)} ({each.thing.hex()[:12]})" for each in hits)
            raise InvalidError(f"several documents are called so: {ids}")
        self.load(hits[0])
        return hits[0]

    def load(self, here: Found) -> None:
        """Load a document.

        Raises:
            CarrierAwayError: what it begins with is at a place that does not answer.
            TamperedError: it is at none, or not as it was written.
        """
        try:
            here.work.document(here.thing)
        except (CarrierAwayError, TamperedError):  # a pack that is not here is told as gone
            answered = self._reach(here.opened)
            try:
                here.work.document(here.thing)
            except TamperedError as err:
                if answered:
                    raise
                raise CarrierAwayError("no place has what the document begins with") from err

    def _reach(self, opened: Open) -> bool:
        """Have contents read from the places that answer; return whether there is one."""
        near = []
        for reached in self._work.places.reached():
            box = mailbox(opened.about.secret, reached.way)
            with suppress(CarrierAwayError):
                near.append((reached.at(opened, box), box))
        opened.bodies.reach(near)
        return bool(near)


def people_of(devices: Devices) -> dict[bytes, str]:
    """Return what people are called, by their root ids; this vault's owner is `you`."""
    found = {bytes(each.id): each.name for each in Contacts(devices).every()}
    return {**found, bytes(devices.me.root): "you"}


def has_documents(devices: Devices, opened: Open) -> bool:
    """Return whether a collection is one of documents, of this person or open to them."""
    if opened.about.holds is Holds.DOCUMENTS:
        return True
    return opened.about.holds is Holds.SHARE and is_open(devices, opened)


def writer_in(
    opened: Open,
    names: Mapping[DeviceId, str],
    device: bytes,
    people: Mapping[bytes, str] = _NOBODY,
) -> WriterView:
    """Return who wrote, as the collection and the notes of names know it.

    Args:
        opened: where it was written.
        names: what the own devices are called.
        device: that wrote, 16 bytes; or nothing.
        people: what others are called, by their root ids.
    """
    if not device:
        return WriterView(device="", name="", role="")
    known = DeviceId(Id16(device))
    member = opened.members.state.members.get(known)
    return WriterView(
        device=known.hex(),
        name=names.get(known, ""),
        role="" if member is None else member.certificate.role.value,
        person=_person(opened, known, people) if opened.about.holds is Holds.SHARE else "",
    )


def _person(opened: Open, device: DeviceId, people: Mapping[bytes, str]) -> str:
    """Return whose a device in a share space is, as this vault's owner calls them."""
    whose = guests(opened).get(device, opened.members.log.root)
    return people.get(whose, whose.hex()[:12])


def _whole(here: Found) -> str:
    return f"{here.opened.about.name}/{here.name}"
