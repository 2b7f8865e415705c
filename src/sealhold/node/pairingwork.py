"""Taking a new device in, as a face asks for it: an offer, two screens, and what follows.

- The member's side certifies once both people said that the words are the same, and takes it back
  if the pairing fails after that: a device that nobody confirmed stays no member.
- The newcomer's side becomes the device and does its first round before the pairing is done.

Source: docs/spec/13-pairing.md; docs/spec/11-exchange-and-op-log.md section 8.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sealhold.model.errors import ConflictError, InvalidError, NoPlaceError, SealholdError
from sealhold.node.deviceplaces import way_of
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices import joining, joinpapers
from sealhold.sharing.devices.conversation import Conversation
from sealhold.sharing.devices.identity import DeviceKeys, device_id
from sealhold.sharing.devices.joinpapers import Way, read_keys, read_way
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import (
    Code,
    Digits,
    Invitation,
    as_terminal,
    draw_code,
    invite,
    is_hint,
    read_code,
    read_invitation,
    six_digits,
)
from sealhold.sharing.devices.pairingside import Certified

PAUSE = 0.2  # seconds between two looks
UNHINTED = "ask"  # the place of an invitation whose address does not fit into it


class Screen(Protocol):
    """Who sits before this device."""

    def wrong(self, left: int) -> str | None:
        """Tell that a code was wrong; return the one that is typed now, if this side types it."""
        ...

    def words(self, words: tuple[str, ...]) -> bool | str:
        """Show six words; return whether the other screen has them, or what it shows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the member's screen shows."""

    text: str  # to be scanned, pasted or typed
    picture: str  # the same as a QR code in lines of a terminal; empty for a code
    place: str  # where the two meet


class Inviting:
    """The member's side."""

    def __init__(
        self, work: DeviceWork, *, by_code: bool, role: str, only: tuple[str, ...]
    ) -> None:
        """Prepare an offer at the first place that this device syncs through.

        Raises:
            NoPlaceError: it syncs through none.
        """
        kept = [read_way(told) for told in work.devices.keeping.carriers().values()]
        if not kept:
            raise NoPlaceError("there is no place yet where two devices meet")
        self._work, self._role, self._only = work, role, only
        self._way = next((way for way in kept if way.kind == "relay"), kept[0])
        core = work.core
        introduction = work.introduction()
        self._shown: Invitation | Code
        if by_code:
            self._shown = draw_code(core.clock(), core.entropy)
        else:
            hint = self._way.address if is_hint(self._way.address) else UNHINTED
            self._shown = invite(introduction, hint, core.clock(), core.entropy)
        self._side = Member(self._shown, introduction, core.clock(), core.entropy)
        self._newcomer: bytes | None = None

    @property
    def offer(self) -> Offer:
        """What is shown."""
        text = self._shown.text()
        picture = as_terminal(text) if isinstance(self._shown, Invitation) else ""
        return Offer(text=text, picture=picture, place=self._way.address)

    def run(self, screen: Screen) -> str:
        """Carry it out; return the id of the device that joined.

        Raises:
            PairingFailedError: it ended before it was done; nobody joined.
        """
        work = self._work
        talk = Conversation(self._side, work.places.meetings(self._way), work.core.clock)
        try:
            done = talk.run(_Member(work, screen, self._role, self._only), _pause)
        except BaseException:
            self._take_back()
            raise
        signing, _ = read_keys(done.keys)
        return device_id(signing).hex()

    def _take_back(self) -> None:
        """Remove a device that was certified and then not confirmed."""
        # THREAT T465: a pairing that fails late leaves no member behind
        if not self._side.has_answered:
            return
        newest = max(
            self._work.devices.members().values(), key=lambda member: member.certificate.seq
        )
        with suppress(SealholdError):
            joining.remove(self._work.devices, newest.certificate.device)


class Joining:
    """The newcomer's side."""

    def __init__(self, work: DeviceWork, *, text: str, name: str, place: str) -> None:
        """Prepare to answer an offer.

        Args:
            work: this vault, which is no device yet.
            text: what the other screen shows.
            name: what this device is to be called.
            place: where the two meet; empty: where the invitation says.

        Raises:
            ConflictError: this vault is a device already.
            InvalidError: the text is no offer, or says no place.
        """
        if work.devices.is_begun:
            raise ConflictError("this vault is a device already")
        core, now = work.core, work.core.clock()
        digits = sum(each.isdigit() for each in text)
        is_code = digits == len(text.replace("-", "").replace(" ", ""))
        self._shown = read_code(text, now) if is_code else read_invitation(text, now)
        hint = self._shown.carrier if isinstance(self._shown, Invitation) else ""
        where = place or ("" if hint == UNHINTED else hint)
        if not where:
            raise InvalidError("say where the two devices meet")
        self._way, self._work, self._name = way_of(where), work, name
        self._keys = DeviceKeys.generate(now, core.entropy)
        asked = joinpapers.request(name, self._keys.published())
        own = (self._keys.signer.public, self._keys.box)
        self._side = Newcomer(self._shown, own, asked, now, core.entropy)

    @property
    def place(self) -> str:
        """Where the two meet: to be shown before anything is connected to."""
        return self._way.address

    def run(self, screen: Screen) -> None:
        """Carry it out; afterwards this vault is a device, and has synced once.

        Raises:
            PairingFailedError: it ended before it was done; this vault is no device.
        """
        work = self._work
        talk = Conversation(self._side, work.places.meetings(self._way), work.core.clock)
        person = _Newcomer(work, screen, self._keys, self._name, self._way)
        talk.run(person, _pause)


class _Member:
    def __init__(self, work: DeviceWork, screen: Screen, role: str, only: tuple[str, ...]) -> None:
        self._work, self._screen, self._role, self._only = work, screen, role, only

    def wrong(self, left: int) -> Digits | None:
        """Tell that a try was wrong."""
        self._screen.wrong(left)
        return None

    def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
        """Ask whether the words are the same."""
        del theirs
        return self._screen.words(words)

    def certify(self, keys: bytes, request: bytes) -> bytes:
        """Take the newcomer in."""
        return self._work.certify(keys, request, self._role, self._only)

    def sync(self, done: Certified) -> None:
        """Nothing: it was done before the answer left."""


class _Newcomer:
    def __init__(
        self, work: DeviceWork, screen: Screen, keys: DeviceKeys, name: str, way: Way
    ) -> None:
        self._work, self._screen, self._keys, self._name, self._way = work, screen, keys, name, way
        self._theirs = b""

    def wrong(self, left: int) -> Digits | None:
        """Ask for the code again."""
        typed = self._screen.wrong(left)
        return None if typed is None else six_digits(typed.strip()[-6:])

    def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
        """Ask whether the words are the same."""
        self._theirs = theirs
        return self._screen.words(words)

    def certify(self, keys: bytes, request: bytes) -> bytes:
        """Nobody asks a newcomer.

        Raises:
            InvalidError: always.
        """
        del keys, request
        raise InvalidError("a newcomer certifies nobody")

    def sync(self, done: Certified) -> None:
        """Become the device, and do a first round."""
        work = self._work
        ways = joining.accept(
            work.devices, self._keys, self._name, self._theirs, done.payload, work.core.entropy
        )
        for way in ways:
            # a folder lies elsewhere on each device: the one where they met is this device's
            if way.kind != "folder":
                work.keep_carrier(way)
        if self._way.kind == "folder":
            work.keep_carrier(self._way)
        with Rounds(work) as rounds:
            rounds.run()


def joined(member: DeviceWork, newcomer: DeviceWork, name: str, place: str = "") -> None:
    """Take one vault of this process in as a device of another: no screen, no words.

    For benches and demonstrations, where both are opened by one person at once. `place` is where
    the newcomer reaches the folder that both meet at.
    """
    keys = DeviceKeys.generate(newcomer.core.clock(), newcomer.core.entropy)
    public = keys.signer.public + keys.box.public
    payload = member.certify(public, joinpapers.request(name, keys.published()), "full", ())
    ways = joining.accept(
        newcomer.devices, keys, name, member.introduction(), payload, newcomer.core.entropy
    )
    for way in ways:
        newcomer.keep_carrier(way_of(place) if way.kind == "folder" and place else way)
    with Rounds(newcomer) as rounds:
        rounds.run()


def _pause() -> None:
    time.sleep(PAUSE)
