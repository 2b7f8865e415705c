"""Recoveries of the owner's own secret: what their devices hear of, and the veto of one of them.

- Each holder who opens a recovery tells the owner by a letter; all devices of the owner show it.
- A device that may administer says no once, after its user was verified anew; the letter goes to
  every holder of the set. It delays a recovery by one window and decides nothing.
- Where the set names an heir, holders hear of uses: a device tells of them when its user was there.

Source: docs/spec/54-recovery-by-people.md sections 4 and 6.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sealhold.audit.event import EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.ids import ContactId
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.recovery import (
    FRESH_MS,
    Course,
    Facts,
    NewPolicy,
    Notice,
    ShownShare,
    Standing,
    Veto,
    judged,
)
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.letter import Kind, Letter
from sealhold.sharing.peers.letters import Handler, Letters
from sealhold.sharing.peers.recoveryheld import KEY, fact_key, use_key, uses
from sealhold.sharing.peers.recoverypapers import (
    HolderNotice,
    SaidVeto,
    read_notice,
    write_use,
    write_veto,
)
from sealhold.sharing.peers.recoveryshares import OwnSet, own_set, own_sets

TOLD_KIND, VETOED_KIND = "recovery-notice", "recovery-veto"  # of notes
ALIVE_KIND = "recovery-use"  # by day
MAX_OF_A_HOLDER = 64  # recoveries that one holder tells of, of one set
_NOBODY = bytes(KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecovery:
    """A recovery of the owner's own secret."""

    id: bytes  # 16: what it is called
    of: OwnSet
    by_heir: bool
    notices: tuple[tuple[HolderNotice, Instant], ...]  # each with when it was heard here
    vetoed_by: bytes  # the device; empty: none
    verified: int  # milliseconds, of that veto
    vetoed: Instant | None

    @property
    def heard(self) -> Instant:
        """When it was heard of first."""
        return min(heard for _, heard in self.notices)


def own_recoveries(devices: Devices) -> list[OwnRecovery]:
    """Return the recoveries that holders told of, the newest first."""
    by_id: dict[bytes, tuple[OwnSet, list[tuple[HolderNotice, Instant]]]] = {}
    for one, heard, notice in _told(devices):
        by_id.setdefault(notice.recovery, (one, []))[1].append((notice, heard))
    found = list[OwnRecovery]()
    for id_, (one, notices) in by_id.items():
        by, verified, at = _veto_of(devices, id_)
        found.append(
            OwnRecovery(
                id=id_,
                of=one,
                by_heir=notices[0][0].by_heir,
                notices=tuple(sorted(notices, key=lambda each: each[0].place)),
                vetoed_by=by,
                verified=verified,
                vetoed=at,
            )
        )
    return sorted(found, key=lambda each: (-each.heard, each.id))


def own_standing(devices: Devices, one: OwnRecovery) -> Standing:
    """Return how a recovery stands by what was heard here; holders judge for themselves."""
    vetoes: tuple[Veto, ...] = ()
    if one.vetoed is not None:
        vetoes = (
            Veto(recovery=one.id, device=one.vetoed_by, verified=one.verified, heard=one.vetoed),
        )
    known = Facts(
        admins=frozenset({one.vetoed_by}),
        vetoes=vetoes,
        shares=tuple(
            ShownShare(recovery=one.id, place=notice.place, heard=heard)
            for notice, heard in one.notices
        ),
        policies=tuple(
            NewPolicy(generation=each.policy.generation, heard=each.at)
            for each in own_sets(devices)
        ),
        uses=tuple(each for each in uses(devices, ALIVE_KIND, _NOBODY) if each.heard >= one.heard),
    )
    notice = Notice(recovery=one.id, heard=one.heard, by_heir=one.by_heir)
    return judged(one.of.policy.rules, notice, known, devices.now())


def veto(  # reason: whose, how, and against what
    devices: Devices, contacts: Contacts, letters: Letters, one: OwnRecovery, verified: int
) -> int | None:
    """Say no to a recovery, durably, with letters to its holders; None if a device did already.

    Args:
        devices: of the owner.
        contacts: of the owner.
        letters: of the owner.
        one: what is vetoed.
        verified: milliseconds since the user of this device was verified.

    Returns:
        How many holders get a letter: those who are contacts still, and not paused.

    Raises:
        DeniedError: this device may not administer, or its user was not verified just now.
        InvalidError: the owner has no card yet, by which holders would know them.
        ExhaustedError: too many letters wait.
        AuditUnavailableError: the log cannot tell of it.
    """
    # THREAT T579: a device that may administer, with its user there; once, whoever asks again
    if devices.me.certificate.role is not Role.ADMIN:
        raise DeniedError("only a device that may take others in says no to a recovery")
    if not 0 <= verified <= FRESH_MS:
        raise DeniedError("the user of this device was not verified just now")
    if one.vetoed is not None:
        return None
    me = devices.me
    name = devices.names().get(me.id, me.name)
    papers = tuple(notice.data for notice, _ in one.notices)
    body = write_veto(SaidVeto(notices=papers, name=name, verified=verified))
    people = _reached(contacts, one.of)
    _, ops = letters.kept([(known, Kind.VETO, body) for known in people])
    devices.keeping.recovery_told(EventKind.VETO, "given")
    draft = Draft(devices.home.replica)
    told: Plain = [me.id, verified, devices.now()]
    draft.note(VETOED_KIND, one.id, told)
    draft.commit(Step(beside=ops))
    return len(people)


def tell_of_use(devices: Devices, contacts: Contacts, letters: Letters, verified: int) -> bool:
    """Have holders hear that a user was verified here; return False if the set has no heir.

    Raises:
        InvalidError: the owner has no card yet, by which holders would know them.
        ExhaustedError: too many letters wait.
        AuditUnavailableError: nothing can be written.
    """
    one = own_set(devices)
    if one is None or one.policy.heir == 0:
        return False
    now = devices.now()
    body = write_use(verified)
    _, ops = letters.kept([(known, Kind.ALIVE, body) for known in _reached(contacts, one)])
    devices.keeping.recovery_told(EventKind.RECOVERY, "use-told")
    draft = Draft(devices.home.replica)
    draft.note(ALIVE_KIND, use_key(_NOBODY, now), [devices.me.id, verified, now])
    draft.commit(Step(beside=ops))
    return True


def is_use_due(devices: Devices) -> bool:
    """Return whether holders should hear of a use: an heir opened, or they heard of none lately."""
    one = own_set(devices)
    if one is None or one.policy.heir == 0:
        return False
    last = max((each.heard for each in uses(devices, ALIVE_KIND, _NOBODY)), default=one.at)
    by_heir = [each for each in own_recoveries(devices) if each.by_heir and each.heard > last]
    if any(own_standing(devices, each).course is Course.HELD for each in by_heir):
        return True
    return last + max(DAY, min(7 * DAY, one.policy.waiting_ms // 8)) <= devices.now()


def kinds_of_notices(devices: Devices) -> Mapping[str, Handler]:
    """Return who takes letters in which holders tell of recoveries."""

    def came(_known: Known, letter: Letter) -> None:
        _came(devices, letter)

    return {Kind.NOTICE: came}


# --- inside ---


def _came(devices: Devices, letter: Letter) -> None:
    sets = sorted(own_sets(devices), key=lambda each: -each.policy.generation)
    for one in sets:
        try:
            notice = read_notice(letter.body, one.policy)
        except (DeniedError, NotFoundError):  # of another set
            continue
        # THREAT T581: a holder tells of what they opened themselves
        if notice.holder != letter.sender:
            raise DeniedError("a notice of somebody else")
        key = fact_key(notice.recovery, bytes([notice.place]))
        of_them = [
            each
            for of, _, each in _told(devices)
            if of.policy.generation == one.policy.generation and each.holder == notice.holder
        ]
        is_known = devices.home.replica.state.note(TOLD_KIND, key) is not None
        if not is_known and len(of_them) < MAX_OF_A_HOLDER:
            devices.keeping.recovery_told(EventKind.RECOVERY, "heard")
            draft = Draft(devices.home.replica)
            told: Plain = [one.policy.generation, letter.body, devices.now()]
            draft.note(TOLD_KIND, key, told)
            draft.commit()
        return
    raise NotFoundError("a notice about a set of shares that is not known here")


def _told(devices: Devices) -> Iterator[tuple[OwnSet, Instant, HolderNotice]]:
    """Yield the notices that came, each with its set and when it was heard."""
    notes = list(devices.home.replica.state.notes(TOLD_KIND))
    if not notes:  # a round asks each time
        return
    sets = {each.policy.generation: each for each in own_sets(devices)}
    for _, note in notes:
        match note.told:
            case [int(generation), bytes(data), int(heard)] if generation in sets:
                one = sets[generation]
                yield one, Instant(heard), read_notice(data, one.policy)
            case _:
                continue


def _veto_of(devices: Devices, recovery: bytes) -> tuple[bytes, int, Instant | None]:
    note = devices.home.replica.state.note(VETOED_KIND, recovery)
    match None if note is None else note.told:
        case [bytes(device), int(verified), int(at)]:
            return device, verified, Instant(at)
        case _:
            return b"", 0, None


def _reached(contacts: Contacts, one: OwnSet) -> list[Known]:
    """Return the holders of a set to whom letters can go."""
    found = [contacts.by_root(ContactId(each)) for each in one.holders]
    return [each for each in found if each is not None and not each.contact.is_paused]
