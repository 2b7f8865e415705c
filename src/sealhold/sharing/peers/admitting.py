"""Other people in a collection: their devices are certified for it, and for nothing else.

- A share space is a collection of its own, begun by the owner, whose devices are all in it. Of
  another person every device is a member that the card of the person lists.
- Whoever is let in gets a paper that says where the space lies; it counts if it comes from the
  person under whose root the space stands.
- The owner says with each such device whose it is, before it is in; a device that leaves a person's
  card is removed.

Source: docs/spec/52-share-spaces.md sections 1 to 3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sealhold.crypto.rootid import RootId
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    DeniedError,
    InvalidEncodingError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.ids import DeviceId, Id16
from sealhold.sharing.devices.certs import (
    OF_OTHERS,
    ROOT_ID_BYTES,
    Certificate,
    Role,
    check_chain,
    issue,
    read_certificate,
)
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import read_prekey
from sealhold.sharing.devices.joining import add, has, remove_from
from sealhold.sharing.devices.joinpapers import About, Holds, Way, read_about
from sealhold.sharing.devices.membercircle import Thing, prekey_object
from sealhold.sharing.devices.memberentries import Certified

GUEST_KIND = "guest"  # of notes: a device of another person, and whose it is

Mint = Callable[[Open, Way], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Another person as their card tells."""

    root: RootId
    devices: tuple[tuple[tuple[bytes, ...], bytes], ...]  # chain under the root, prekey


def space(devices: Devices, name: str) -> Open:
    """Begin a share space, durably; nobody else is in it.

    Raises:
        DeniedError: this device may not begin collections.
    """
    return devices.create(Holds.SHARE, name)


def follow(devices: Devices, opened: Open, person: Person, role: Role) -> bool:
    """Have exactly the devices of a person's card in a space, durably; return whether that changed.

    Args:
        devices: of the owner.
        opened: the space.
        person: whose card was checked.
        role: `guest` or `editor`; of devices that are in it already it stays.

    Raises:
        DeniedError: this device is no admin, the role is none for others, or the person had
            another one in this space before.
        TamperedError: a chain or prekey of the card is not what it must be.
    """
    if role not in OF_OTHERS or opened.is_foreign:
        raise DeniedError("nobody else is let in so")
    listed = dict(_checked(person))
    known = guests(opened)
    # THREAT T563: what was said under a role counts by that role, so nobody comes back as another
    if role_before(opened, person.root) not in {None, role}:
        raise DeniedError("who comes back into a space has the role that they had there")
    inside = {one for one, root in known.items() if root == person.root and has(opened, one)}
    if gone := sorted(inside - listed.keys()):
        remove_from(devices, opened, gone)
    for device, (certificate, prekey) in listed.items():
        # THREAT T547: what is a member already, of this or another person, keeps who it is
        is_in = has(opened, device)
        if not is_in or (device in others(opened) and device not in known):
            # THREAT T596: who is in and is nobody's would be found by nobody who removes them
            _tell_whose(opened, device, person.root)
        if not is_in:
            _admit(devices, opened, certificate, prekey, role)
    return bool(gone) or not listed.keys() <= inside


def role_before(opened: Open, root: RootId) -> Role | None:
    """Return what a person's devices are or were in a space; None if nobody of them ever was."""
    members = opened.members.state.members
    theirs = (one for one, whose in guests(opened).items() if whose == root)
    return next((members[one].certificate.role for one in theirs), None)


def dismiss(devices: Devices, opened: Open, root: RootId) -> list[DeviceId]:
    """Remove a person from a space, durably; return their devices.

    Nothing that is written later opens with what they have.

    Raises:
        DeniedError: this device is no admin.
    """
    gone = [one for one, whose in guests(opened).items() if whose == root and has(opened, one)]
    if gone:
        remove_from(devices, opened, sorted(gone))
    return gone


def dismiss_all(devices: Devices, opened: Open) -> list[DeviceId]:
    """Remove everybody but the owner from a space, durably; return their devices.

    Raises:
        DeniedError: this device is no admin.
    """
    # THREAT T596: also who is in it without a note that says whose it is
    if gone := others(opened):
        remove_from(devices, opened, gone)
    return gone


def others(opened: Open) -> list[DeviceId]:
    """Return the devices of other people that are in a space."""
    members = opened.members.state.members.items()
    roles = {device: each.certificate.role for device, each in members}
    return sorted(one for one, role in roles.items() if role in OF_OTHERS and has(opened, one))


def guests(opened: Open) -> Mapping[DeviceId, RootId]:
    """Return the devices of other people that are or were in a space, and whose each is."""
    members = opened.members.state.members
    return {
        DeviceId(Id16(key)): RootId(note.told)
        for key, note in opened.replica.state.notes(GUEST_KIND)
        if key in members and isinstance(note.told, bytes) and len(note.told) == ROOT_ID_BYTES
    }


def invitation(opened: Open, ways: Sequence[Way], mint: Mint) -> bytes:
    """Return the paper that says where a space lies, to be sealed to a person in it.

    Args:
        opened: the space.
        ways: the carriers where it lies.
        mint: gives a token for it at a carrier; empty where none is needed.

    Raises:
        CarrierRefusedError: a carrier gives no token.
        CarrierAwayError: a carrier does not answer.
    """
    # THREAT T547: the owner's own token for a carrier goes to nobody
    told = tuple(replace(way, token=mint(opened, way)) for way in ways)
    return pack([_FORM, replace(opened.about, root=opened.members.log.root, ways=told).told()])


def accept(devices: Devices, paper: bytes, sender: RootId) -> Open:
    """Take on the space that a paper tells of, durably.

    Args:
        devices: of this vault.
        paper: as it was sent.
        sender: root id of who signed the letter.

    Raises:
        InvalidEncodingError: not such a paper.
        DeniedError: of a space of somebody else, or of this vault's owner.
    """
    about = read_invitation(paper)
    # THREAT T547: nobody is invited into a space by somebody who is not its owner
    if about.root != sender or sender == devices.me.root:
        raise DeniedError("an invitation by somebody whose space it is not")
    known = next((each for each in devices.collections() if each.about.id == about.id), None)
    if known is not None and known.about.root != sender:
        raise DeniedError("an invitation into a collection that is known otherwise")
    opened = devices.take_on(about)
    # the prekey of the card may be gone by now: what is sealed from here on is sealed to this one
    devices.save(opened, [prekey_object(devices.me.keys)])
    return opened


def read_invitation(paper: bytes) -> About:
    """Return what an invitation tells of a space.

    Raises:
        InvalidEncodingError: not an invitation.
    """
    match unpack(paper):
        case [1, list(told)]:
            about = read_about(told)
        case _:
            raise InvalidEncodingError("not an invitation")
    if about.root is None or about.holds is not Holds.SHARE:
        raise InvalidEncodingError("not an invitation into a share space")
    return about


_FORM = 1


def _checked(person: Person) -> list[tuple[DeviceId, tuple[Certificate, bytes]]]:
    """Return the devices of a card, each with what its chain certifies and its prekey.

    Raises:
        TamperedError: a chain does not lead there, or a prekey is not that device's.
    """
    found: list[tuple[DeviceId, tuple[Certificate, bytes]]] = []
    for chain, prekey in person.devices:
        certificate = check_chain(chain, person.root)
        if certificate.role not in {Role.ADMIN, Role.FULL}:
            raise TamperedError("a card lists a device that speaks for nobody")
        read_prekey(prekey, certificate.device, certificate.signing)
        found.append((certificate.device, (certificate, prekey)))
    return found


def _admit(devices: Devices, opened: Open, theirs: Certificate, prekey: bytes, role: Role) -> None:
    members = opened.members.state.members.values()
    certificate = Certificate(
        root=devices.me.root,
        device=theirs.device,
        signing=theirs.signing,
        box=theirs.box,
        role=role,
        seq=max(member.certificate.seq for member in members) + 1,
        collections=frozenset({opened.about.id}),
        issuer=devices.me.id,
    )
    data = issue(certificate, devices.me.keys.signer)
    add(devices, opened, Certified(read_certificate(data), data), bytes([Thing.PREKEY]) + prekey)


def _tell_whose(opened: Open, device: DeviceId, root: RootId) -> None:
    draft = Draft(opened.replica)
    draft.note(GUEST_KIND, device, root)
    draft.commit()


def owner_of(opened: Open) -> RootId:
    """Return whose a collection is.

    Raises:
        NotFoundError: it is no share space.
    """
    if opened.about.holds is not Holds.SHARE:
        raise NotFoundError("no share space")
    return opened.members.log.root
