"""How a device joins, and how one is removed.

- A newcomer is certified by an admin whose words were compared, and is a member of each collection
  that its certificate covers before it hears of it.
- Who is removed has no part in what is written by who has seen that: each collection it was in gets
  a new epoch and a new key of the bag.

Source: docs/spec/11-exchange-and-op-log.md section 8; docs/spec/12-membership.md sections 6, 8.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NoEpochError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId
from sealhold.sharing.devices.certs import (
    Certificate,
    KeyUse,
    Role,
    check_chain,
    issue,
    read_certificate,
)
from sealhold.sharing.devices.cutting import endless, say_ends
from sealhold.sharing.devices.devices import Devices, Open, step_of
from sealhold.sharing.devices.identity import DeviceKeys, device_id, read_prekey
from sealhold.sharing.devices.joinpapers import (
    Given,
    Holds,
    Way,
    carrier_id,
    checked_name,
    read_given,
    read_keys,
    read_request,
)
from sealhold.sharing.devices.keeping import TOKEN, KeptSecret, Step
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.me import Me
from sealhold.sharing.devices.membercircle import BAG, Members, Thing
from sealhold.sharing.devices.memberentries import Certified, EntryKind, Removal
from sealhold.sharing.devices.memberstate import Standing
from sealhold.sharing.devices.rewrapping import wrap_again

Mint = Callable[[Open, Way], str]


def introduction(devices: Devices) -> bytes:
    """Return what this device shows a newcomer: its chain of certificates."""
    return pack(list(devices.me.chain))


def certify(  # reason: what a newcomer asked, and what its owner chose
    devices: Devices,
    keys: bytes,
    asked: bytes,
    role: Role,
    ways: Sequence[Way],
    only: frozenset[CollectionId] | None = None,
    mint: Mint = lambda _opened, _way: "",
) -> bytes:
    """Take a newcomer in, durably; return what it is given.

    Args:
        devices: those of the person.
        keys: the newcomer's signing and box key, 1,248 bytes, as the pairing showed them.
        asked: what it asks with.
        role: what it may do.
        ways: the carriers through which it syncs first.
        only: the collections of a limited device.
        mint: gives a token for a collection at a carrier; empty where none is needed.

    Raises:
        DeniedError: this device is no admin.
        InvalidEncodingError: the request is none.
    """
    me, (signing, box) = devices.me, read_keys(keys)
    device = device_id(signing)
    name, prekey = read_request(asked)
    read_prekey(prekey, device, signing)
    if me.certificate.role is not Role.ADMIN:
        raise DeniedError("a device that may take nobody in")
    members = devices.members().values()
    certificate = Certificate(
        root=me.root,
        device=device,
        signing=signing,
        box=box,
        role=role,
        seq=max(member.certificate.seq for member in members) + 1,
        keys=KeyUse.NONE if role is Role.BLIND else KeyUse.HELD,
        collections=only,
        issuer=me.id,
    )
    data = issue(certificate, me.keys.signer)
    certified = Certified(read_certificate(data), data)
    given = _covered(devices, certificate)
    for opened in given:
        add(devices, opened, certified, bytes([Thing.PREKEY]) + prekey)
    devices.call(device, name)
    tokens = [
        (each.about.id, number, token)
        for each in given
        for number, way in enumerate(ways)
        if (token := mint(each, way))
    ]
    return Given(
        root=me.root,
        chain=(*me.chain, data),
        collections=tuple(each.about for each in given),
        ways=tuple(ways),
        tokens=tuple(tokens),
    ).encoded()


def _covered(devices: Devices, certificate: Certificate) -> list[Open]:
    """Return the own collections that a newcomer is given."""
    given = [
        each
        for each in devices.collections()
        if certificate.covers(each.about.id) and not each.is_foreign
    ]
    if any(each.about.holds is Holds.RECORDS for each in given):
        # THREAT T524: from before there is a second device, this one charges from slices alone
        devices.share_budgets()
    return given


def accept(  # reason: both sides of what the words confirmed
    devices: Devices, keys: DeviceKeys, name: str, theirs: bytes, payload: bytes, entropy: Entropy
) -> tuple[Way, ...]:
    """Become the device that an admin certified; return the carriers that it was told.

    Args:
        devices: of this vault, which has none yet.
        keys: of this device, which the pairing showed.
        name: of this device.
        theirs: the introduction of the admin, which the words confirmed.
        payload: what the admin gave.
        entropy: what the incarnation is drawn from.

    Raises:
        ConflictError: this vault is a device already.
        TamperedError: the payload is not for this device, or not by that admin.
    """
    if devices.is_begun:
        raise ConflictError("this vault is a device already")
    given = read_given(payload)
    certificate = check_chain(given.chain, given.root)
    # THREAT T496: what certifies this device is the device whose words were compared
    if certificate.device != keys.id or list(given.chain[:-1]) != unpack(theirs):
        raise TamperedError("a certificate of another device, or by another one")
    for about in given.collections:
        step = Step()
        for collection, number, token in given.tokens:
            if collection == about.id:
                carrier = carrier_id(given.ways[number], devices.base)
                step.secrets.append(KeptSecret(TOKEN, carrier, token))
        devices.keeping.put_collection(about.id, about.told(), step, "joined")
    devices.keep_me(
        Me(
            name=checked_name(name),
            keys=keys,
            incarnation=entropy(ID_BYTES),
            root=given.root,
            chain=given.chain,
        ),
        "joined",
        shares=any(each.holds is Holds.RECORDS for each in given.collections),
    )
    return given.ways


def remove(devices: Devices, device: DeviceId) -> list[Open]:
    """Remove a device everywhere, durably; return the collections that it was a member of.

    Raises:
        NotFoundError: there is no such device.
        DeniedError: this device is no admin.
        InvalidError: it is this very device.
    """
    if device == devices.me.id:
        raise InvalidError("a device does not remove itself: ask another one")
    left = [each for each in devices.collections() if has(each, device) and not each.is_foreign]
    if not left:
        raise NotFoundError("no such device")
    for opened in left:
        remove_from(devices, opened, [device])
    return left


def remove_from(devices: Devices, opened: Open, gone: Sequence[DeviceId]) -> None:
    """Remove devices from one collection, durably.

    Raises:
        DeniedError: this device is no admin.
        NoEpochError: the prekey of somebody who stays is not known yet; nothing changed.
    """
    members, before = opened.members, set(opened.members.objects)
    _require_prekeys(members, gone)
    time = devices.time_of(opened)
    for device in gone:
        members.take([members.write(EntryKind.REMOVE, Removal(device), time)])
        time = _next(time)
    # THREAT T495: what is written from here on opens with no key that the device ever had
    members.renewed(time, devices.entropy)
    bag = devices.turn_bag(members, _next(time))
    _keep(devices, opened, before)
    wrap_again(opened.replica, bag)  # who comes in later gets this key alone
    say_ends(devices, opened)


def bring_together(devices: Devices, opened: Open) -> None:
    """Give each member what it lacks since admins acted without hearing of each other, durably.

    Only an admin in good standing does; two that do so at once cost an epoch, and nothing else.

    Raises:
        NoEpochError: the prekey of a member is not known yet.
    """
    members = opened.members
    if members.state.admin_grant(devices.me.id) is None:
        return
    # THREAT T600: a removal that was cut off, or whose author is gone, gets its end all the same
    with suppress(NoEpochError):
        say_ends(devices, opened)
    if gone := endless(opened):
        remove_from(devices, opened, gone)
    before, time = set(members.objects), devices.time_of(opened)
    if members.are_apart():
        members.renewed(time, devices.entropy)
    try:
        for bag in members.lacking():
            members.shared(bag)
        if not members.has_bag():
            devices.turn_bag(members, _next(time))
    finally:
        _keep(devices, opened, before)


def has(opened: Open, device: DeviceId) -> bool:
    """Return whether a device is a member, in good standing or suspended."""
    found = opened.members.state.members.get(device)
    return found is not None and found.standing is not Standing.REMOVED


def add(devices: Devices, opened: Open, certified: Certified, prekey: bytes) -> None:
    """Take a certified device into a collection, durably; `prekey` is that object of it.

    Raises:
        DeniedError: this device is no admin.
        NoEpochError: the key of the bag, or the prekey of a member, is not here; nothing changed.
        InvalidEncodingError: that object is no prekey of the device; nothing changed.
        BadSignatureError: the device did not sign it; nothing changed.
    """
    members, before = opened.members, set(opened.members.objects)
    time = devices.time_of(opened)
    bag = members.bag(members.state.policies.get(BAG, b""))
    if bag is None:
        raise NoEpochError("the key of the bag is not here")
    theirs = certified.signed.certificate
    # THREAT T594: nothing is taken in before all that follows from it is sure to be made
    read_prekey(prekey[1:], theirs.device, theirs.signing)
    _require_prekeys(members, ())
    members.take([members.write(EntryKind.ADD, certified, time), prekey])
    members.renewed(_next(time), devices.entropy)
    members.bagged(bag.secret, _next(_next(time)))
    for earlier in members.lacking():
        members.shared(earlier)  # what was written before a removal is under an earlier key
    _keep(devices, opened, before)


def _require_prekeys(members: Members, gone: Sequence[DeviceId]) -> None:
    """Return if a key of the bag can be sealed to all who hold keys, without those who go.

    Raises:
        NoEpochError: the prekey of one of them is not known yet.
    """
    if missing := members.state.holders().keys() - members.prekeys.keys() - set(gone):
        raise NoEpochError(f"{len(missing)} devices have not published a prekey")


def _keep(devices: Devices, opened: Open, before: set[bytes]) -> None:
    objects = opened.members.objects
    came = [(name, data) for name, data in objects.items() if name not in before]
    devices.keeping.save(opened.about.id, step_of(opened.members, came))


def _next(time: LogicalTime) -> LogicalTime:
    return time._replace(step=time.step + 1)
