"""Recoveries of other people's secrets, as who holds a share of them knows and judges them.

- Each fact is a note of its own, by the time at which it was heard here: that a recovery was
  opened, that its owner was told, a notice of a holder, a veto, a use, a newer policy.
- What becomes of a recovery follows from them by the rules of the window, and by nothing else.

Source: docs/spec/54-recovery-by-people.md sections 4 and 5; docs/spec/13-pairing.md section 11.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.audit.event import EventKind
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import HeldBackError
from sealhold.model.ids import ID_BYTES, ContactId
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.recovery import (
    FRESH_MS,
    NEVER,
    Course,
    DeviceUse,
    Facts,
    NewPolicy,
    Notice,
    RecoveryPolicy,
    ShownShare,
    Standing,
    Veto,
    judged,
)
from sealhold.sharing.peers.recoveryshares import ENDED_KIND, OPENED_KIND, Held

HEARD_KIND = "held-heard"  # from when on the window runs, by what the recovery is called
NOTICE_KIND, VETO_KIND = "held-notice", "held-veto"  # by recovery and share, and device
USE_KIND = "held-use"  # of an owner's device, by owner and day
SLOTS = 128  # days that are told apart: a window is over long before
KEY = 8  # bytes of a root id that begin the key of a use


@dataclass(frozen=True, slots=True)
class HeardNotice:
    """A holder's notice, as it was heard here."""

    place: int  # of the share, from 1
    heard: Instant
    data: bytes


@dataclass(frozen=True, slots=True)
class HeardVeto:
    """A veto, as it was heard here."""

    device: bytes  # 16
    name: str
    verified: int  # milliseconds
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecovery:
    """A recovery of somebody, of whose set a share is or was held here."""

    id: bytes  # 16: what it is called
    drawn: bytes  # 16, by whoever opened it
    owner: ContactId
    rules: RecoveryPolicy
    by_heir: bool
    admins: frozenset[bytes]  # the owner's, as of the notice
    given: Instant  # when the share was given
    opened: Instant | None  # when the holder said yes here; None: it was only heard of
    opener: bytes  # the holder's device that did; empty: none
    heard: Instant | None  # from when on the window runs; None: the owner was not told yet
    notices: tuple[HeardNotice, ...]  # one of each share
    vetoes: tuple[HeardVeto, ...]
    ended: Instant | None  # when a newer policy came


def recoveries(devices: Devices, owner: bytes | None = None) -> list[HeldRecovery]:
    """Return the recoveries that are known here, of one person or all, in the order of ids."""
    found = list[HeldRecovery]()
    for key, note in devices.home.replica.state.notes(OPENED_KIND):
        match note.told:
            case [bytes(whose), *rest] if owner is None or whose == owner:
                if (one := _read(devices, key, ContactId(whose), rest)) is not None:
                    found.append(one)
            case _:
                continue
    return found


def kept(one: HeldRecovery) -> Plain:
    """Return what the note of a recovery says."""
    rules = [one.rules.generation, one.rules.needed, one.rules.window_ms, one.rules.waiting_ms]
    opened = 0 if one.opened is None else one.opened
    admins = sorted(one.admins)
    return [one.owner, rules, one.by_heir, admins, one.given, opened, one.opener, one.drawn]


def fact_key(recovery: bytes, which: bytes) -> bytes:
    """Return the key of a note about a recovery: 16 bytes."""
    return tagged(Tag.RECOVERY_NOTICE, recovery, which)[:ID_BYTES]


def use_key(owner: bytes, heard: Instant) -> bytes:
    """Return the key of a note of a use: 16 bytes, the same again after 128 days."""
    return owner[:KEY] + (heard // DAY % SLOTS).to_bytes(KEY, "big")


def uses(devices: Devices, kind: str, owner: bytes) -> tuple[DeviceUse, ...]:
    """Return the uses of somebody's devices that are known here."""
    return tuple(_uses(devices, kind, owner[:KEY]))


def facts(devices: Devices, one: HeldRecovery) -> Facts:
    """Return all that was heard here and bears upon a recovery."""
    # INVARIANT: a contact counts the moment at which it was given its share as a use
    given = DeviceUse(device=b"", verified=0, heard=one.given)
    newer = one.rules.generation + 1
    return Facts(
        admins=one.admins,
        vetoes=tuple(
            Veto(recovery=one.id, device=each.device, verified=each.verified, heard=each.heard)
            for each in one.vetoes
        ),
        shares=tuple(
            ShownShare(recovery=one.id, place=each.place, heard=each.heard) for each in one.notices
        ),
        policies=() if one.ended is None else (NewPolicy(generation=newer, heard=one.ended),),
        uses=(given, *uses(devices, USE_KIND, one.owner)),
    )


def standing(devices: Devices, one: HeldRecovery) -> Standing:
    """Return how a recovery stands now, for who holds a share here."""
    known = facts(devices, one)
    if one.heard is None:
        # THREAT T578: until the notice was left for the owner, no window runs
        course = Course.HELD if one.ended is None else Course.ENDED
        return Standing(course=course, holds_until=NEVER, named=None)
    notice = Notice(recovery=one.id, heard=one.heard, by_heir=one.by_heir)
    return judged(one.rules, notice, known, devices.now())


def release(devices: Devices, one: HeldRecovery) -> Standing:
    """Return how a recovery stands for the share that is held here.

    A share waits for one window at least since its own holder opened the recovery, so one that lies
    open for long is completed by nobody before the owner heard of who opened it last.
    """
    found = standing(devices, one)
    if one.opened is None or found.course not in {Course.HELD, Course.PREVAILS}:
        return found
    # THREAT T578: what was opened, and vetoed, long ago hands out no share of a holder who opens
    # it today
    own = Instant(one.opened + one.rules.window_ms)
    until = NEVER if found.holds_until == NEVER else max(found.holds_until, own)
    course = Course.PREVAILS if until <= devices.now() else Course.HELD
    return Standing(course=course, holds_until=until, named=found.named)


def heir_may(devices: Devices, share: Held) -> Instant:
    """Return from when on an heir may open a recovery of whose share is held here."""
    known = uses(devices, USE_KIND, share.owner)
    fresh = [each.heard for each in known if 0 <= (each.verified or 0) <= FRESH_MS]
    return Instant(max([share.at, *fresh]) + share.policy.waiting_ms)


def check_released(devices: Devices, share: Held) -> None:
    """Refuse unless a share may be handed out now.

    Raises:
        HeldBackError: nobody opened a recovery here, or its window is not over.
    """
    if share.policy.window_ms == 0:
        return
    mine = [
        each
        for each in recoveries(devices, share.owner)
        if each.opened is not None and each.rules.generation == share.policy.generation
    ]
    found = [release(devices, each) for each in mine]
    # THREAT T578: no share leaves before the rules say so, whoever asks
    if any(each.course is Course.PREVAILS for each in found):
        return
    until = min((each.holds_until for each in found), default=NEVER)
    raise HeldBackError("the share is held back", None if until == NEVER else until)


def hand_out(devices: Devices, share: Held) -> str:
    """Return the words of a share that may be handed out now; the log tells of it first.

    Raises:
        HeldBackError: nobody opened a recovery here, or its window is not over.
        AuditUnavailableError: the log cannot tell of it.
    """
    check_released(devices, share)
    devices.keeping.recovery_told(EventKind.RECOVERY, "handed-out")
    return share.words


# --- inside ---


def _read(devices: Devices, key: bytes, owner: ContactId, told: list[Plain]) -> HeldRecovery | None:
    match told:
        case [
            [int(generation), int(needed), int(window), int(waiting)],
            bool(by_heir),
            list(admins),
            int(given),
            int(opened),
            bytes(opener),
            bytes(drawn),
        ]:
            pass
        case _:
            return None
    rules = RecoveryPolicy(
        generation=generation, needed=needed, window_ms=window, waiting_ms=waiting
    )
    return HeldRecovery(
        id=key,
        drawn=drawn,
        owner=owner,
        rules=rules,
        by_heir=by_heir,
        admins=frozenset(each for each in admins if isinstance(each, bytes)),
        given=Instant(given),
        opened=Instant(opened) if opened else None,
        opener=opener,
        heard=_time(devices, HEARD_KIND, key),
        notices=tuple(sorted(_notices(devices, key), key=lambda each: each.place)),
        vetoes=tuple(_vetoes(devices, key)),
        ended=_time(devices, ENDED_KIND, key),
    )


def _time(devices: Devices, kind: str, key: bytes) -> Instant | None:
    note = devices.home.replica.state.note(kind, key)
    return Instant(note.told) if note is not None and isinstance(note.told, int) else None


def _notices(devices: Devices, recovery: bytes) -> Iterator[HeardNotice]:
    for _, note in devices.home.replica.state.notes(NOTICE_KIND):
        match note.told:
            case [bytes(of), int(place), int(heard), bytes(data)] if of == recovery:
                yield HeardNotice(place, Instant(heard), data)
            case _:
                continue


def _vetoes(devices: Devices, recovery: bytes) -> Iterator[HeardVeto]:
    for _, note in devices.home.replica.state.notes(VETO_KIND):
        match note.told:
            case [bytes(of), bytes(device), str(name), int(verified), int(heard)] if of == recovery:
                yield HeardVeto(device, name, verified, Instant(heard))
            case _:
                continue


def _uses(devices: Devices, kind: str, begins: bytes) -> Iterator[DeviceUse]:
    for key, note in devices.home.replica.state.notes(kind):
        match note.told:
            case [bytes(device), int(verified), int(heard)] if key[:KEY] == begins:
                yield DeviceUse(device=device, verified=verified, heard=Instant(heard))
            case _:
                continue
