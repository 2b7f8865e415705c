"""The card of this vault's person: made by a device that may administer, renewed as things change.

- The box key, which letters are sealed to, is a secret of all full devices: a note of the
  collection about all others. Once a device was removed another one is drawn, under an epoch that
  the removed device does not have.
- Keys of before stay for letters that are under way.

Source: docs/spec/51-contacts.md section 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.rootid import RootPublic
from sealhold.crypto.seal import KEY_BYTES, new_key
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain, unpack
from sealhold.model.errors import (
    BadCertificateError,
    BadSignatureError,
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.model.quantities import DAY
from sealhold.sharing.devices.certs import MAX_CHAIN, Role, check_chain, read_certificate
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import SIGNATURE_BYTES, BoxId, box_id, read_prekey
from sealhold.sharing.devices.membercircle import Thing
from sealhold.sharing.devices.memberentries import Certified
from sealhold.sharing.devices.memberstate import Standing
from sealhold.sharing.peers.card import (
    MAX_DEVICES,
    MAX_DOORS,
    MAX_GONE,
    Card,
    Door,
    Told,
    fits,
    is_name,
    read_card,
    write_card,
)
from sealhold.sharing.peers.inbox import Spot, mailbox_of, opened

NAME_KIND, BOX_KIND, DOOR_KIND, CARD_KIND = "own-name", "own-box", "own-door", "own-card"
HERE = bytes(ID_BYTES)  # the key of notes of which there is one
KEPT = 4  # box keys that letters are still opened with
REFUSALS = (CarrierAwayError, CarrierFullError, CarrierRefusedError)


@dataclass(frozen=True, slots=True)
class OwnBox:
    """A key that letters to this person are sealed to."""

    number: int  # the highest is in force
    key: BoxKey
    gone: frozenset[bytes]  # devices that were removed when it was drawn

    @property
    def id(self) -> BoxId:
        """What it is called."""
        return box_id(self.key.public)


class OwnCard:
    """This person's card. For one thread."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self.troubles: list[str] = []  # places where no inbox could be opened
        self._boxes: dict[bytes, BoxKey] = {}

    @property
    def name(self) -> str:
        """What others are to call this person; empty if nobody said."""
        note = self._devices.home.replica.state.note(NAME_KIND, HERE)
        return note.told if note is not None and isinstance(note.told, str) else ""

    def call(self, name: str) -> None:
        """Say what others are to call this person; the card tells it once it is renewed.

        Raises:
            InvalidError: a name that could mislead, or of no such length.
        """
        if not is_name(name):
            raise InvalidError("a name has 1 to 64 characters that can be shown")
        if name != self.name:
            self._note(NAME_KIND, HERE, name)

    @property
    def card(self) -> Card | None:
        """The newest card; None before the first."""
        note = self._devices.home.replica.state.note(CARD_KIND, HERE)
        data = None if note is None else note.told
        return fits(read_card, data) if isinstance(data, bytes) else None

    def boxes(self) -> list[OwnBox]:
        """Return the keys that letters are opened with, the one in force first."""
        found: list[OwnBox] = []
        for key, note in self._devices.home.replica.state.notes(BOX_KIND):
            match note.told:
                case [int(number), bytes(secret), list(gone)] if len(secret) == KEY_BYTES:
                    if key not in self._boxes:
                        self._boxes[key] = BoxKey(Secret(secret, "box key"))
                    removed = frozenset(each for each in gone if isinstance(each, bytes))
                    found.append(OwnBox(number, self._boxes[key], removed))
                case _:
                    continue
        return sorted(found, key=lambda each: (each.number, each.id), reverse=True)[:KEPT]

    def doors(self) -> list[tuple[BoxId, Door]]:
        """Return the inboxes that stand open, and the box key of each."""
        found: list[tuple[BoxId, Door]] = []
        for _, note in self._devices.home.replica.state.notes(DOOR_KIND):
            match note.told:
                case [bytes(box), str(kind), str(address), bytes(mailbox), str(token)]:
                    found.append((BoxId(box), Door(kind, address, mailbox, token)))
                case _:
                    continue
        return found

    def renew(self, spots: Sequence[Spot]) -> bool:
        """Bring the card up to date, if this device may and there is a name; tell if it is new.

        Raises:
            NoEpochError: there is no epoch that every member has.
            BadCertificateError: this device's own chain does not hold.
        """
        self.troubles = []
        home, me = self._devices.home, self._devices.me
        if not self.name or home.members.state.admin_grant(me.id) is None:
            return False
        box = self._box()
        doors = self._doors(box, spots)
        devices = self._listed()
        gone = sorted(self._gone())[-MAX_GONE:]
        known = self.card
        if known is not None and self._is_same(known, box, doors, devices, gone):
            return False
        number = self._devices.now()
        told = Told(
            root=RootPublic(read_certificate(me.chain[0]).root_public),
            box=box.key.public,
            name=self.name,
            number=number if known is None else max(number, known.number + 1),
            devices=devices,
            gone=[DeviceId(Id16(each)) for each in gone],
            doors=doors,
        )
        at = next(number for number, each in enumerate(devices) if each[0] == me.chain)
        self._note(CARD_KIND, HERE, write_card(told, me.keys.signer, at).data)
        return True

    # --- within ---

    def _is_same(
        self,
        known: Card,
        box: OwnBox,
        doors: Sequence[Door],
        devices: Sequence[tuple[tuple[bytes, ...], bytes]],
        gone: Sequence[bytes],
    ) -> bool:
        is_same = (
            known.box == box.key.public
            and known.name == self.name
            and set(known.doors) == set(doors)
            and {each.chain for each in known.devices} == {chain for chain, _ in devices}
            and sorted(known.gone) == list(gone)
        )
        prekeys = {each.prekey for each in known.devices} == {prekey for _, prekey in devices}
        # each erasure turns prekeys: a card a day is enough for that
        return is_same and (prekeys or self._devices.now() < known.number + DAY)

    def _gone(self) -> frozenset[bytes]:
        members = self._devices.home.members.state.members
        return frozenset(
            bytes(device)
            for device, member in members.items()
            if member.standing is Standing.REMOVED
        )

    def _box(self) -> OwnBox:
        """Return the box key in force; another one is drawn if a device went since."""
        known, gone = self.boxes(), self._gone()
        # THREAT T541: a key that a removed device has is in no card that is made from then on
        if known and gone <= known[0].gone:
            return known[0]
        number = known[0].number + 1 if known else 1
        fresh = BoxKey(new_key(self._devices.entropy, "box key"))
        found = OwnBox(number, fresh, gone)
        self._note(BOX_KIND, found.id, [number, fresh.secret.reveal(), sorted(gone)])
        return found

    def _doors(self, box: OwnBox, spots: Sequence[Spot]) -> list[Door]:
        """Return the inboxes of a box key; those that are missing are opened."""
        found = {door.mailbox: door for of, door in self.doors() if of == box.id}
        for spot in spots:
            mailbox = mailbox_of(box.key, *spot.door).id
            if mailbox in found and spot.store is None:
                continue
            try:
                door = opened(spot, box.key, self._devices.now)
            except REFUSALS as err:
                self.troubles.append(f"{spot.way.address}: no inbox there yet: {err}")
                continue
            if mailbox not in found:
                told: list[Plain] = [box.id, door.kind, door.address, door.mailbox, door.token]
                self._note(DOOR_KIND, door.mailbox, told)
                found[mailbox] = door
        return sorted(found.values(), key=lambda door: (door.kind, door.address))[:MAX_DOORS]

    def _listed(self) -> list[tuple[tuple[bytes, ...], bytes]]:
        """Return chain and prekey of each device that holds all keys, this one first."""
        home, me = self._devices.home, self._devices.me
        prekeys = self._prekeys()
        found: list[tuple[tuple[bytes, ...], bytes]] = []
        for device, certificate in home.members.state.holders().items():
            if certificate.role not in {Role.ADMIN, Role.FULL} or device not in prekeys:
                continue
            chain = me.chain if device == me.id else self._chain(device)
            if chain:
                found.append((chain, prekeys[device]))
        return sorted(found, key=lambda each: (each[0] != me.chain, each[0]))[:MAX_DEVICES]

    def _chain(self, device: DeviceId) -> tuple[bytes, ...]:
        """Return the certificates that lead to a device; nothing if they do not any more."""
        members, log = self._devices.home.members.state.members, self._devices.home.members.log
        chain: list[bytes] = []
        at: DeviceId | None = device
        while at is not None and len(chain) < MAX_CHAIN:
            member = members.get(at)
            body = None if member is None else log.entry(member.grant).draft.body
            if not isinstance(body, Certified):
                return ()
            chain.insert(0, body.data)
            at = body.signed.certificate.issuer
        try:
            check_chain(chain, self._devices.me.root)
        except (BadCertificateError, InvalidEncodingError):
            return ()
        return tuple(chain)

    def _prekeys(self) -> dict[DeviceId, bytes]:
        """Return the newest prekey of each device as it published it."""
        members = self._devices.home.members
        found: dict[DeviceId, bytes] = {}
        for data in members.objects.values():
            if data[0] != Thing.PREKEY:
                continue
            named = DeviceId(Id16(_device_in(data[1:])))
            known, member = members.prekeys.get(named), members.state.members.get(named)
            if known is None or member is None:
                continue
            try:
                if read_prekey(data[1:], named, member.certificate.signing) == known:
                    found[named] = data[1:]
            except (BadSignatureError, InvalidEncodingError):
                continue
        return found

    def _note(self, kind: str, key: bytes, told: Plain) -> None:
        draft = Draft(self._devices.home.replica)
        draft.note(kind, key, told)
        draft.commit()


def _device_in(prekey: bytes) -> bytes:
    """Return the id of the device that a prekey says it is of; nothing if it says none."""
    try:
        told = unpack(prekey[:-SIGNATURE_BYTES])
    except InvalidEncodingError:
        return b""
    match told:
        case [_, bytes(device), *_]:
            return device
        case _:
            return b""
