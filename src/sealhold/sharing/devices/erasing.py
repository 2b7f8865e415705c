"""Erasing objects on all devices, so that nothing that is left anywhere opens them.

- Who erases draws a new key of the bag; each device that hears of it publishes a new prekey, and
  says in a note which key of the bag and which prekeys it knows.
- Once every living device said so, each drops the keys of the bag before and its prekeys before,
  to which those were sealed. Until then devices are named that are outstanding.

Source: docs/spec/11-exchange-and-op-log.md section 10.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.errors import NoEpochError, NotFoundError
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId, Id16
from sealhold.sharing.devices.certs import OF_OTHERS
from sealhold.sharing.devices.devices import Devices, Open, step_of
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import Prekey, newest
from sealhold.sharing.devices.keeping import BAG, Step
from sealhold.sharing.devices.membercircle import BAG as FORCE
from sealhold.sharing.devices.membercircle import prekey_object
from sealhold.sharing.devices.oplog import Head
from sealhold.sharing.devices.rewrapping import wrap_again

KIND = "bag"  # of the notes by which devices say what they know


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is known of an erasure on one device."""

    collection: CollectionId
    objects: tuple[bytes, ...]  # ids of 16 bytes, which stay, as do times
    outstanding: tuple[DeviceId, ...]  # may still have keys; none: it is done

    @property
    def is_done(self) -> bool:
        """Whether every living device said that it has no key of before."""
        return not self.outstanding


@dataclass(frozen=True, slots=True)
class _Said:
    """What a device said that it knows."""

    bag: bytes  # id of the key that it writes under; empty: it said nothing
    prekeys: Mapping[bytes, int]  # by device, the number of the newest one
    is_clean: bool  # it has no key of the bag and no prekey of before


_NOTHING = _Said(b"", {}, is_clean=False)


def erase(devices: Devices, opened: Open, things: Iterable[bytes]) -> Erasure:
    """Erase objects of a collection here, durably; the other devices follow as they sync.

    Args:
        devices: those of the person.
        opened: the collection.
        things: ids of objects, 16 bytes each.

    Raises:
        NotFoundError: one of them is not known here.
        DeniedError: this device is no admin.
        NoEpochError: the prekey of a member is not known yet.
    """
    gone = sorted(set(things))
    known = {name.object for name in opened.replica.state.keys}
    if not gone or not known.issuperset(gone):
        raise NotFoundError("an object that is not there, or erased already")
    before = set(opened.members.objects)
    bag = devices.turn_bag(opened.members, devices.time_of(opened))
    objects = opened.members.objects.items()
    came = [(name, data) for name, data in objects if name not in before]
    devices.keeping.save(opened.about.id, step_of(opened.members, came))
    opened.replica.erase(gone, bag)
    settle(devices)
    return state_of(devices, opened)


def state_of(devices: Devices, opened: Open) -> Erasure:
    """Return how far the erasures in a collection are."""
    me, said = devices.me.id, _said(opened)
    bag = opened.members.state.policies.get(FORCE, b"")
    left = [d for d in _keepers(opened) if said(d).bag != bag or not said(d).is_clean]
    erased = tuple(sorted(opened.replica.state.erased))
    left = sorted(left, key=lambda device: (device != me, device))
    return Erasure(opened.about.id, erased, tuple(left) if erased else ())


def settle(devices: Devices) -> list[Open]:
    """Do what erasures ask of this device: new prekeys, notes, and keys that are dropped.

    Returns the collections in which something was written.
    """
    all_of = devices.collections()
    if _is_lost(devices):
        _turn(devices)
    heads = {each.about.id: each.replica.book.head(devices.me.own.log) for each in all_of}
    for opened in all_of:
        _tell_again(devices, opened)
    erased = [
        each for each in all_of if each.replica.state.erased and devices.me.id in _keepers(each)
    ]
    if not erased and not any(map(_is_asked, all_of)):
        return [each for each in all_of if _has_written(devices, each, heads)]
    if any(_is_news(devices, each) for each in erased):
        _turn(devices)
    for opened in all_of:
        if erased or _is_asked(opened):
            _say(devices, opened)
    _drop_prekeys(devices)
    for opened in all_of:
        _drop_bags(opened, devices)
        if erased or _is_asked(opened):
            _say(devices, opened)
    return [each for each in all_of if _has_written(devices, each, heads)]


def _has_written(devices: Devices, opened: Open, heads: Mapping[CollectionId, Head]) -> bool:
    return opened.replica.book.head(devices.me.own.log) != heads[opened.about.id]


def _tell_again(devices: Devices, opened: Open) -> None:
    """Wrap own segments under the bag's key in force: newcomers get no other."""
    try:
        wrap_again(opened.replica, opened.members.current_bag(), {devices.me.id})
    except NoEpochError:
        return


def _keepers(opened: Open) -> list[DeviceId]:
    """Return the devices that hold keys and that others wait for: those of whose it is.

    Who was let in has what it was given; nothing of it is awaited, and it seals to nobody.
    """
    holders = opened.members.state.holders().items()
    return [device for device, found in holders if found.role not in OF_OTHERS]


def _is_asked(opened: Open) -> bool:
    """Return whether another device said what it knows: it waits for the others."""
    return next(iter(opened.replica.state.notes(KIND)), None) is not None


def _is_news(devices: Devices, opened: Open) -> bool:
    """Return whether the bag's key in force is here and one that this device said nothing of."""
    bag = opened.members.state.policies.get(FORCE, b"")
    return opened.members.has_bag() and _said(opened)(devices.me.id).bag != bag


def _known(devices: Devices) -> Prekey | None:
    """Return the prekey of this device that others seal to."""
    me = devices.me.id
    seen = [each.members.prekeys.get(me) for each in devices.collections()]
    return newest(each for each in seen if each is not None).get(me)


def _is_lost(devices: Devices) -> bool:
    """Return whether a key of the bag in force went to a prekey that this device has no more.

    So it is with one that was put back to a copy from before erasures.
    """
    known, boxes = _known(devices), devices.me.keys.boxes()
    return (known is not None and known.id not in boxes) and any(
        devices.me.id in each.members.state.holders()
        and (named := each.members.state.policies.get(FORCE)) is not None
        and each.members.bag(named) is None
        for each in devices.collections()
    )


def _turn(devices: Devices) -> None:
    """Publish a new prekey: what was sealed to the one before can die with it."""
    known = _known(devices)
    above = 0 if known is None else known.number  # of a copy, more than it has itself
    devices.keep_keys(devices.me.keys.turned(devices.now(), devices.entropy, above))
    for opened in devices.collections():
        came = opened.members.take([prekey_object(devices.me.keys)])
        devices.keeping.save(opened.about.id, step_of(opened.members, came))


def _say(devices: Devices, opened: Open) -> None:
    """Write down what this device knows, if that is something new."""
    members, me = opened.members, devices.me
    try:
        bag = members.current_bag().id
    except NoEpochError:
        return
    holders = members.state.holders()
    known = {bytes(d): p.number for d, p in members.prekeys.items() if d in holders}
    bags = [name for kind, name, _ in members.known() if kind == BAG]
    is_clean = len(me.keys.prekeys) == 1 and bags == [bag]
    now = _Said(bag, known, is_clean)
    if _said(opened)(me.id) == now or me.id not in _keepers(opened):
        return
    draft = Draft(opened.replica)
    draft.note(KIND, me.id, [bag, [[d, known[d]] for d in sorted(known)], is_clean])
    try:
        draft.commit()
    except NoEpochError:
        return


def _drop_prekeys(devices: Devices) -> None:
    """Drop own prekeys that no living device seals to any more."""
    me, known, living = devices.me, dict[DeviceId, int](), {devices.me.id}
    for opened in devices.collections():
        if opened.is_foreign:
            continue  # its owner seals again to a prekey that is newer
        said = _said(opened)
        for device in _keepers(opened):
            living.add(device)
            number = said(device).prekeys.get(me.id, 0)
            known[device] = min(number, known.get(device, number))
    kept = me.keys.forgotten(known, living)
    if len(kept.prekeys) < len(me.keys.prekeys):
        # THREAT T491: what was sealed to it opens with nothing that this device still has
        devices.keep_keys(kept)


def _drop_bags(opened: Open, devices: Devices) -> None:
    """Drop the bag's keys of before, once nobody writes under one and nothing waits for it."""
    members, said = opened.members, _said(opened)
    try:
        bag = members.current_bag().id
    except NoEpochError:
        return
    if opened.replica.state.waiting() or any(
        said(device).bag != bag for device in _keepers(opened)
    ):
        return
    if gone := members.forget_bags():
        step = Step(gone_secrets=[(BAG, name) for name in gone])
        devices.keeping.save(opened.about.id, step)


def _said(opened: Open) -> Callable[[bytes], _Said]:
    """Return what each device said last; only what it said itself counts."""
    notes = opened.replica.state.notes(KIND)
    by_device = {key: _read(note.told) for key, note in notes if note.device == key}
    return lambda device: by_device.get(device, _NOTHING)


def _read(told: Plain) -> _Said:
    match told:
        case [bytes(bag), list(known), bool(is_clean)] if len(bag) == ID_BYTES:
            pass
        case _:
            return _NOTHING
    numbers: dict[bytes, int] = {}
    for each in known:
        match each:
            case [bytes(device), int(number)] if len(device) == ID_BYTES:
                numbers[DeviceId(Id16(device))] = number
            case _:
                return _NOTHING
    return _Said(bag, numbers, is_clean)
