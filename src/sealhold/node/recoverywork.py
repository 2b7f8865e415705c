"""Shares of the recovery secret that people hold, as a face asks for them.

Source: docs/spec/54-recovery-by-people.md sections 3 to 5.
"""

from collections.abc import Sequence
from contextlib import suppress

from sealhold.model.errors import DeniedError, HeldBackError, InvalidError, NotFoundError
from sealhold.model.quantities import DAY, Instant, rfc3339
from sealhold.model.shown.recovery import (
    HeldView,
    HolderView,
    OpeningView,
    RecoveryView,
    ShareSetView,
)
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.node.ownrecoveries import OwnRecoveries
from sealhold.node.rooting import make_cards
from sealhold.sharing.devices.recovery import NEVER, Course
from sealhold.sharing.peers.armour import Sort, armoured, unarmoured
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.recoveryheld import (
    HeldRecovery,
    check_released,
    hand_out,
    recoveries,
    release,
)
from sealhold.sharing.peers.recoveryopening import Opening, open_recovery, plan
from sealhold.sharing.peers.recoverypapers import MAX_CARRIED, read_carried, write_carried
from sealhold.sharing.peers.recoveryshares import Held, Terms, held, own_set, send

SHORTEST = 8  # digits of an id that say whose it is


class RecoveryWork:
    """Whom the owner gave shares, and for whom shares are held here. For one thread."""

    def __init__(self, node: Node) -> None:
        """Begin.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        self._node = node
        self._work = DeviceWork(node)
        self._people = ContactWork(self._work)

    @property
    def own(self) -> OwnRecoveries:
        """Recoveries of this vault's own secret."""
        return OwnRecoveries(self._node, self._work, self._people)

    def share(  # reason: what, to whom, and on which terms
        self,
        text: str,
        names: Sequence[str],
        needed: int,
        *,
        window: int,
        heir: str = "",
        waiting: int,
    ) -> ShareSetView:
        """Give each of some contacts a share of the recovery secret; `needed` of them give it.

        `window` and `waiting` are days: how long holders hold back, and how long `heir`, one of
        the names, waits after the last use of a device. The letters go with the next rounds.
        Whoever held a share of the set before and gets none is told to let it go.

        Raises:
            InvalidError: not this vault's secret, no such set or days, somebody twice, or an heir
                who gets no share.
            NotFoundError: no such contact, or the root is not here under the secret.
            DeniedError: a contact is not verified.
        """
        people = [self._people.contacts.named(name) for name in names]
        terms = Terms(
            window_ms=window * DAY,
            heir=self._people.contacts.named(heir).id if heir else None,
            waiting_ms=waiting * DAY,
        )
        words = make_cards(self._node, text, needed, len(people))
        before, chosen = own_set(self._work.devices), {each.id for each in people}
        earlier = () if before is None else before.holders
        known = (self._people.contacts.by_root(each) for each in earlier if each not in chosen)
        gone = [each for each in known if each is not None and not each.contact.is_paused]
        shares = list(zip(people, words, strict=True))
        send(self._work.devices, self._people.letters, text, shares, gone, terms)
        return self.shared()

    def shared(self) -> ShareSetView:
        """Return the newest set.

        Raises:
            NotFoundError: nobody was given a share.
        """
        found = own_set(self._work.devices)
        if found is None:
            raise NotFoundError("nobody was given a share")
        names = self._people.names()
        waits = {
            known.id
            for known, kind in self._people.letters.waiting_out()
            if known is not None and kind == Kind.RECOVERY
        }
        heir = found.policy.heir
        return ShareSetView(
            window=found.policy.window_ms,
            heir=names.get(bytes(found.holders[heir - 1]), "") if heir else "",
            waiting=found.policy.waiting_ms,
            needed=found.policy.needed,
            at=found.at,
            holders=tuple(
                HolderView(
                    id=each.hex(),
                    name=names.get(bytes(each), ""),
                    is_sent=each not in waits,
                )
                for each in found.holders
            ),
        )

    def held(self) -> list[HeldView]:
        """Return the shares that are held here, without their words."""
        return [self._view(each) for each in held(self._work.devices)]

    def look(self, name: str, text: str = "", *, as_heir: bool = False) -> OpeningView:
        """Return what opening a recovery of a person would do; nothing is written.

        Args:
            name: for whom a share is held here, or how their id begins.
            text: the notices of other holders, as they were brought; empty: none were.
            as_heir: who holds the share here is the heir and opens it for themselves.

        Raises:
            NotFoundError: nothing is held for such a person, or the notices are of a newer set.
            InvalidError: several are called so, or the text is none.
            DeniedError: the owner cannot be told, or papers or heir do not fit the set.
            HeldBackError: an heir who came too early.
        """
        return self._opening(self._plan(name, text, as_heir=as_heir))

    def open(self, name: str, text: str = "", *, as_heir: bool = False) -> OpeningView:
        """Open a recovery of a person, have them told, and return it with what is to be carried on.

        Raises as `look`, and:
            AuditUnavailableError: the log cannot tell of it.
        """
        opening = self._plan(name, text, as_heir=as_heir)
        one = open_recovery(self._work.devices, self._people.letters, opening)
        carried = write_carried([each.data for each in one.notices])
        view = self._opening(opening)
        return OpeningView(
            owner=view.owner,
            recovery=view.recovery,
            by_heir=view.by_heir,
            is_new=view.is_new,
            notices=len(one.notices),
            needed=view.needed,
            window=view.window,
            text=armoured(Sort.NOTICES, carried),
        )

    def show(self, name: str, text: str = "") -> tuple[HeldView, str]:
        """Return the share of a person, and its words; the log tells of it first.

        Args:
            name: for whom it is held, or how their id begins.
            text: notices of other holders that were brought; empty: none were.

        Raises:
            NotFoundError: nothing is held for such a person.
            InvalidError: several are called so.
            HeldBackError: its recovery was not opened here, or the window is not over.
        """
        share, devices = self._named(name), self._work.devices
        if text:
            self._take(share, text)
        try:
            check_released(devices, share)
        except HeldBackError as err:
            raise HeldBackError(self._why(share), err.until) from err
        if share.policy.window_ms == 0:
            with suppress(DeniedError):  # it is handed out at once, and told where it can be
                opening = plan(devices, self._people.contacts, share)
                open_recovery(devices, self._people.letters, opening)
        return self._view(share), hand_out(devices, share)

    # --- within ---

    def _named(self, name: str) -> Held:
        found = [
            each
            for each in held(self._work.devices)
            if self._view(each).name == name
            or (len(name) >= SHORTEST and each.owner.hex().startswith(name))
        ]
        if not found:
            raise NotFoundError("no share is held for such a person")
        if len(found) > 1:
            raise InvalidError("several are called so: say the id")
        return found[0]

    def _plan(self, name: str, text: str, *, as_heir: bool) -> Opening:
        papers = _papers(text) if text else ()
        contacts, share = self._people.contacts, self._named(name)
        try:
            return plan(self._work.devices, contacts, share, papers, as_heir=as_heir)
        except HeldBackError as err:
            if err.until is None:
                raise
            at = rfc3339(Instant(err.until))
            raise HeldBackError(f"{err}: it is at {at}", err.until) from err

    def _take(self, share: Held, text: str) -> None:
        """Take in notices that were brought for a recovery that was opened here.

        Raises:
            DeniedError: it was not, or they do not fit.
        """
        devices = self._work.devices
        opening = plan(devices, self._people.contacts, share, _papers(text))
        if opening.is_new:
            raise DeniedError("that recovery was not opened here: open it first")
        open_recovery(devices, self._people.letters, opening)

    def _opening(self, opening: Opening) -> OpeningView:
        share = opening.share
        known = () if opening.known is None else opening.known.notices
        places = {each.place for each in known} | {each.place for each in opening.others}
        return OpeningView(
            owner=opening.owner.name,
            recovery=opening.recovery.hex(),
            by_heir=opening.by_heir,
            is_new=opening.is_new,
            notices=len(places | {share.place}),
            needed=share.policy.needed,
            window=share.policy.window_ms,
            text="",
        )

    def _why(self, share: Held) -> str:
        """Return in words why a share is held back."""
        found = [each for each in self._view(share).recoveries if each.is_opened]
        if not found:
            return "no recovery of that person was opened here: open one first"
        one = min(found, key=lambda each: (each.until is None, each.until or 0, -each.notices))
        if one.course != Course.HELD.value:
            return "the recovery that was opened here is over: its owner is there"
        if not one.is_told:
            return "its owner was not told yet: the window begins once the letter is left"
        vetoed = f"; {one.vetoed_by} said no, and the window is doubled" if one.vetoed_by else ""
        if one.until is None:
            need = f"{one.notices} of {share.policy.needed} holders opened it"
            return f"{need}: bring the notices of the others{vetoed}"
        return f"it is held back until {rfc3339(Instant(one.until))}{vetoed}"

    def _recoveries(self, share: Held) -> tuple[RecoveryView, ...]:
        found = [
            each
            for each in recoveries(self._work.devices, share.owner)
            if each.rules.generation == share.policy.generation
        ]
        return tuple(self._recovery(each) for each in found)

    def _recovery(self, one: HeldRecovery) -> RecoveryView:
        stands = release(self._work.devices, one)
        names = {each.device: each.name for each in one.vetoes}
        return RecoveryView(
            id=one.id.hex(),
            course=stands.course.value,
            by_heir=one.by_heir,
            is_opened=one.opened is not None,
            is_told=one.heard is not None,
            notices=len(one.notices),
            until=None if stands.holds_until == NEVER else stands.holds_until,
            vetoed_by="" if stands.named is None else names.get(stands.named, ""),
        )

    def _view(self, one: Held) -> HeldView:
        known = self._people.contacts.by_root(one.owner)
        return HeldView(
            id=one.owner.hex(),
            name=one.called if known is None else known.name,
            standing="unknown" if known is None else _standing(known.contact.is_verified),
            needed=one.policy.needed,
            count=len(one.policy.shares),
            place=one.place,
            at=one.at,
            window=one.policy.window_ms,
            is_heir=one.place == one.policy.heir,
            recoveries=self._recoveries(one),
        )


def _papers(text: str) -> tuple[bytes, ...]:
    return read_carried(unarmoured(Sort.NOTICES, text, MAX_CARRIED))


def _standing(is_verified: bool) -> str:  # noqa: FBT001  # reason: it is a field
    return "verified" if is_verified else "unverified"
