"""What a holder does for a recovery: opens it, has its owner told, hears of others and of vetoes.

- Opening is a person's yes. It posts a notice to the owner, whose devices all show it; from when
  that letter was left the window runs, and until its end the share stays here.
- Where nobody takes letters any more, the window runs from one window after the opening on: an
  owner who lost every place is late, and not locked out.

Source: docs/spec/54-recovery-by-people.md sections 4 and 5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sealhold.audit.event import EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, ExhaustedError, HeldBackError, NotFoundError
from sealhold.model.ids import ID_BYTES
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.recovery import FRESH_MS, Course
from sealhold.sharing.peers.card import Card
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.letter import Kind, Letter
from sealhold.sharing.peers.letters import Handler, Letters
from sealhold.sharing.peers.recoveryheld import (
    HEARD_KIND,
    NOTICE_KIND,
    USE_KIND,
    VETO_KIND,
    HeldRecovery,
    fact_key,
    heir_may,
    kept,
    recoveries,
    standing,
    use_key,
)
from sealhold.sharing.peers.recoverypapers import (
    HolderNotice,
    called,
    read_all,
    read_use,
    read_veto,
    write_notice,
)
from sealhold.sharing.peers.recoveryshares import OPENED_KIND, Held, held

MAX_HEARD_OF = 16  # recoveries of one set that vetoes alone tell of
MAX_OPENED = 64  # of one set, by the person who holds the share
_OVER = frozenset({Course.ENDED, Course.UNOPENED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A recovery that is about to be opened, checked."""

    share: Held
    owner: Known
    recovery: bytes  # 16: what it is called
    drawn: bytes  # 16: what that follows from
    by_heir: bool
    others: tuple[HolderNotice, ...]  # that were brought
    known: HeldRecovery | None  # what is known of it already
    is_new: bool  # the holder did not say yes to it yet, or on a device that told nobody so far


def plan(
    devices: Devices,
    contacts: Contacts,
    share: Held,
    papers: Sequence[bytes] = (),
    *,
    as_heir: bool = False,
) -> Opening:
    """Return what opening a recovery would do; nothing is written.

    Args:
        devices: of the holder.
        contacts: of the holder.
        share: what is held for the owner.
        papers: notices of other holders that were brought; of one recovery.
        as_heir: the holder is the heir and opens it for themselves.

    Raises:
        DeniedError: the owner cannot be told, or papers or heir do not fit the set.
        NotFoundError: papers are of a newer set.
        HeldBackError: an heir who came too early.
        InvalidEncodingError: papers are none, or of several recoveries.
        BadCertificateError: one is by a device of nobody.
        BadSignatureError: one was changed.
    """
    owner = contacts.by_root(share.owner)
    # THREAT T578: who made the owner unreachable here first, or called somebody else by the
    # owner's name, opens nothing behind their back
    if owner is None:
        raise DeniedError("the owner is no contact here, so nobody could tell them: add their card")
    if owner.contact.is_paused:
        raise DeniedError(
            "another card came under the owner's name: first type the words of the one that holds"
        )
    others = read_all(papers, share.policy)
    is_of_heir = others[0].by_heir if others else as_heir
    heirs = {each.place for each in others} | ({share.place} if as_heir else set())
    # THREAT T582: the root said whose share is the heir's, and an heir's own device opens first
    if is_of_heir and (share.policy.heir == 0 or share.policy.heir not in heirs):
        raise DeniedError("the set names no such heir")
    may = heir_may(devices, share)
    if is_of_heir and may > devices.now():
        raise HeldBackError("the waiting time of the heir is not over", may)
    known = _known(devices, share, others, is_of_heir=is_of_heir)
    if others:
        drawn = others[0].drawn
    else:
        drawn = devices.entropy(ID_BYTES) if known is None else known.drawn
    return Opening(
        share=share,
        owner=owner,
        recovery=called(share.policy, drawn, by_heir=is_of_heir),
        drawn=drawn,
        by_heir=is_of_heir,
        others=others,
        known=known,
        is_new=known is None
        or known.opened is None
        or (known.heard is None and known.opener != devices.me.id),
    )


def open_recovery(devices: Devices, letters: Letters, opening: Opening) -> HeldRecovery:
    """Say yes to a recovery, durably, with the letter that tells its owner; return it.

    One that was opened already takes in what was brought, and nothing else.

    Raises:
        ExhaustedError: too many were opened under this set, or too many letters wait.
        AuditUnavailableError: the log cannot tell of it.
    """
    share, now = opening.share, devices.now()
    draft, step = Draft(devices.home.replica), Step()
    if opening.is_new:
        before = [
            each
            for each in recoveries(devices, share.owner)
            if each.opened is not None and each.rules.generation == share.policy.generation
        ]
        if len(before) >= MAX_OPENED:
            raise ExhaustedError("so many recoveries of one person were opened here")
        own = write_notice(
            devices.me, share.policy, opening.drawn, share.digest, heir=opening.by_heir
        )
        _, step.beside = letters.kept([(opening.owner, Kind.NOTICE, own)])
        admins = _admins(opening.owner.contact.card)
        one = opening.known or _about(
            share, opening.recovery, opening.drawn, admins, by_heir=opening.by_heir
        )
        yes = replace(one, opened=now, opener=bytes(devices.me.id))
        draft.note(OPENED_KIND, opening.recovery, kept(yes))
        _put_notice(draft, opening.recovery, share.place, now, own)
        devices.keeping.recovery_told(EventKind.RECOVERY, "opened")
    heard = set() if opening.known is None else {each.place for each in opening.known.notices}
    for each in opening.others:
        if each.place not in heard and each.place != share.place:
            _put_notice(draft, opening.recovery, each.place, now, each.data)
    draft.commit(step)
    return next(each for each in recoveries(devices, share.owner) if each.id == opening.recovery)


def settle(devices: Devices, contacts: Contacts, letters: Letters) -> None:
    """After letters were left: have the window run for recoveries whose owner was told."""
    mine = [
        (one, one.opened)
        for one in recoveries(devices)
        if one.heard is None and one.opened is not None and one.opener == devices.me.id
    ]
    if not mine:
        return
    now, draft = devices.now(), Draft(devices.home.replica)
    waits = {known.id for known, kind in letters.waiting_out() if known and kind == Kind.NOTICE}
    for one, opened in mine:
        is_left = one.owner not in waits and contacts.by_root(one.owner) is not None
        # a round was done by now, and could not leave it anywhere
        if is_left or now >= opened + one.rules.window_ms:
            draft.note(HEARD_KIND, one.id, now)
    draft.commit()


def kinds_of_holders(devices: Devices) -> Mapping[str, Handler]:
    """Return who takes letters that owners send to who holds shares of theirs."""

    def vetoed(known: Known, letter: Letter) -> None:
        _vetoed(devices, known.contact.card, letter)

    def used(_known: Known, letter: Letter) -> None:
        verified, now = read_use(letter.body), devices.now()
        if _share_of(devices, letter.sender) is not None:
            draft = Draft(devices.home.replica)
            draft.note(USE_KIND, use_key(letter.sender, now), [letter.device, verified, now])
            draft.commit()

    return {Kind.VETO: vetoed, Kind.ALIVE: used}


# --- inside ---


def _vetoed(devices: Devices, card: Card, letter: Letter) -> None:
    """Take in a veto of somebody's device, and hear of the recovery by it.

    Raises:
        NotFoundError: it is about a newer set than is held here, or no share is held.
    """
    veto, share, now = read_veto(letter.body), _share_of(devices, letter.sender), devices.now()
    if veto.verified > FRESH_MS:  # it never counts, and hides none that does
        return
    # THREAT T578: a veto that came before its set waits for it
    if share is None:
        raise NotFoundError("a veto against a recovery of a set of which no share is here")
    try:
        notices = read_all(veto.notices, share.policy)
    except DeniedError:  # about an older set, which is over
        return
    recovery = notices[0].recovery
    known = {
        each.id: each
        for each in recoveries(devices, letter.sender)
        if each.rules.generation == share.policy.generation
    }
    draft, one = Draft(devices.home.replica), known.get(recovery)
    if one is None:
        # THREAT T579: what vetoes tell of has room of its own, so they keep nobody from opening
        if sum(each.opened is None for each in known.values()) >= MAX_HEARD_OF:
            return
        drawn, by_heir = notices[0].drawn, notices[0].by_heir
        one = _about(share, recovery, drawn, _admins(card), by_heir=by_heir)
        draft.note(OPENED_KIND, recovery, kept(one))
        for each in notices:
            _put_notice(draft, recovery, each.place, now, each.data)
    if one.heard is None:
        draft.note(HEARD_KIND, recovery, now)  # its owner knows of it
    key = fact_key(recovery, letter.device)
    if devices.home.replica.state.note(VETO_KIND, key) is None:
        told: Plain = [recovery, letter.device, veto.name, veto.verified, now]
        draft.note(VETO_KIND, key, told)
        devices.keeping.recovery_told(EventKind.VETO, "heard")
    draft.commit()


def _known(
    devices: Devices, share: Held, others: Sequence[HolderNotice], *, is_of_heir: bool
) -> HeldRecovery | None:
    """Return the recovery that is meant: the one that was brought, else one that is under way."""
    found = [
        each
        for each in recoveries(devices, share.owner)
        if each.rules.generation == share.policy.generation
    ]
    if others:
        return next((each for each in found if each.id == others[0].recovery), None)
    mine = [
        each
        for each in found
        if each.opened is not None
        and each.by_heir == is_of_heir
        and standing(devices, each).course not in _OVER
    ]
    return max(mine, key=lambda each: (each.opened or 0, each.id), default=None)


def _about(
    share: Held, recovery: bytes, drawn: bytes, admins: frozenset[bytes], *, by_heir: bool
) -> HeldRecovery:
    return HeldRecovery(
        id=recovery,
        drawn=drawn,
        owner=share.owner,
        rules=share.policy.rules,
        by_heir=by_heir,
        admins=admins,
        given=share.at,
        opened=None,
        opener=b"",
        heard=None,
        notices=(),
        vetoes=(),
        ended=None,
    )


def _admins(card: Card) -> frozenset[bytes]:
    """Return the devices of a card that may administer."""
    return frozenset(
        bytes(each.certificate.device)
        for each in card.devices
        if each.certificate.role is Role.ADMIN
    )


def _put_notice(draft: Draft, recovery: bytes, place: int, heard: Instant, data: bytes) -> None:
    told: Plain = [recovery, place, heard, data]
    draft.note(NOTICE_KIND, fact_key(recovery, bytes([place])), told)


def _share_of(devices: Devices, owner: bytes) -> Held | None:
    return next((each for each in held(devices) if each.owner == owner), None)
