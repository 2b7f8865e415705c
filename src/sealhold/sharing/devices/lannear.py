"""The home network as rounds use it: what this device serves, who is found, who went.

- While somebody watches, this device serves and is announced; in a single round it only looks.
- A device that goes, or hangs, costs a round some seconds once. It is left alone for a while, and
  called again as soon as it is announced at another place.
- Where it is off, what was kept for the others stays, and is read from.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from sealhold.model.clock import Clock
from sealhold.model.errors import (
    CarrierAwayError,
    ExtraMissingError,
    NotFoundError,
    UsageError,
)
from sealhold.model.ids import DeviceId
from sealhold.net.mdns import Seen
from sealhold.net.relay.calling import Call, Caller, Reply
from sealhold.net.transports.lan import NOWHERE, LanPeer, connected
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.lan import LanServer, expected, kept_here, reached_at
from sealhold.sharing.devices.lanchoice import LanChoice
from sealhold.sharing.devices.lanlooking import LISTEN_SECONDS, Found, Looking
from sealhold.sharing.devices.lanshelf import BoundedObjects
from sealhold.sharing.devices.syncing import Reached
from sealhold.stores.spec import ObjectStore

PATIENCE: Final = 10.0  # seconds for an answer of a device in the same network
LEFT_ALONE: Final = 30.0  # seconds for which one that went is not called where it was

At = tuple[DeviceId, tuple[str, ...], int]  # a device, and where it was announced


class NearCaller(Caller):
    """Calls a device until it goes once; then every call fails at once."""

    def __init__(self, peer: LanPeer, gone: Callable[[], None]) -> None:
        """Take a device, and who is told, by any thread, when it goes."""
        super().__init__(NOWHERE, patience=PATIENCE, connect=lambda _a, _p: connected(peer))
        self._gone = gone
        self.is_away = False

    def call(self, call: Call) -> Reply:
        """Return the answer to a call, whatever its status.

        Raises:
            CarrierAwayError: it went, now or before.
        """
        try:
            return super().call(call)
        except CarrierAwayError:
            # THREAT T532: one that hangs costs one wait, not one for each question of a round
            if not self.is_away:
                self.is_away = True
                self.close()
                self._gone()
            raise


@dataclass(frozen=True, slots=True)
class _Peer:
    reached: Reached
    caller: NearCaller
    at: At


class Near:
    """The devices of a home network. For one thread, the one that syncs."""

    def __init__(
        self,
        devices: Devices,
        objects: ObjectStore,
        choice: LanChoice,
        clock: Clock,
        stir: Callable[[], None] | None = None,
        seconds: float = LISTEN_SECONDS,
    ) -> None:
        """Begin; nothing is listened at or looked for before the first `carriers`.

        Args:
            devices: of this person.
            objects: where what is kept for the others lies.
            choice: of the owner.
            clock: which hour it is.
            stir: told by other threads that a round is worth while; None: nobody watches, so
                nothing is served.
            seconds: how long a look takes at most.
        """
        self._devices, self._objects = devices, objects
        self._choice, self._clock, self._stir = choice, clock, stir
        self._seconds = seconds
        self._looking: Looking | None = None
        self._serving = ExitStack()
        self._server: LanServer | None = None
        self._announced: LanServer | None = None
        self._at: tuple[str, ...] = ()  # where it is served
        self._own: Reached | None = None
        self._peers: dict[DeviceId, _Peer] = {}
        self._left: dict[At, float] = {}  # until when somebody who went is left alone
        self._names: dict[str, DeviceId] = {}
        self._guard = Lock()  # while a server begins, ends or is announced

    @property
    def is_on(self) -> bool:
        """Whether this device takes part: it was chosen, and it has what all full members have."""
        try:
            return self._choice.is_on and self._devices.home is not None
        except NotFoundError:
            return False

    @property
    def trouble(self) -> str:
        """Why nobody can be found; empty: they can."""
        return "" if self._looking is None else self._looking.found.trouble

    def carriers(self) -> list[Reached]:
        """Return what this device keeps for others, and the devices at hand, the nearest first.

        The first time it looks for them, and waits for what that finds if nobody watches.
        """
        if not self.is_on:
            return []
        self._names = expected(self._devices, self._clock())
        if self._looking is None:
            self._begin()
        found = self._look()
        if self._stir is not None and found.addresses != self._at:
            self._serve(found.addresses)
        if self._own is None:
            bounded = BoundedObjects(self._objects, self._choice.room)
            self._own = kept_here(self._devices, bounded)
        self._meet(found)
        return [self._own, *(each.reached for each in self._peers.values())]

    def sources(self) -> list[Reached]:
        """Return what is read from though nothing is given there: what was kept while it was on."""
        if self.is_on or not self._devices.is_begun:
            return []
        if self._own is None and next(iter(self._objects.names()), None) is not None:
            self._own = kept_here(self._devices, self._objects)
        return [] if self._own is None else [self._own]

    def done(self) -> list[DeviceId]:
        """End a round: let in who is a member now; return the devices that are still at hand."""
        if self._server is not None:
            self._server.renew()
        self._drop()
        return list(self._peers)

    def close(self) -> None:
        """Be announced no more, serve nobody, and let go of all."""
        if self._looking is not None:
            self._looking.stop()
        self._serving.close()
        for each in self._peers.values():
            each.caller.close()
        self._peers.clear()

    # --- the thread that syncs ---

    def _begin(self) -> None:
        self._looking = Looking(
            self._choice.at_hand, self._looked, self._seconds, announce=self._announce
        )
        self._looking.want(frozenset(self._names), len(set(self._names.values())))
        if self._stir is not None:
            with suppress(ExtraMissingError):  # which the first look tells
                self._serve(tuple(self._choice.at_hand()))
        self._looking.start()

    def _look(self) -> Found:
        looking = self._looking
        if looking is None:
            return Found((), ())
        looking.want(frozenset(self._names), len(set(self._names.values())))
        if self._stir is None:
            looking.wait(self._seconds + PATIENCE)
            return looking.found
        return looking.found if looking.has_looked else Found(self._at, ())

    def _serve(self, addresses: tuple[str, ...]) -> None:
        """Serve at these addresses, and no longer at others."""
        with self._guard:
            self._serving.close()
            self._server, self._own, self._at = None, None, addresses
            if not addresses:
                return
            try:
                server = LanServer(
                    self._devices,
                    self._objects,
                    hosts=addresses,
                    room=self._choice.room,
                    heard=self._heard,
                )
            except UsageError:  # an address went in the moment since; the next look tells
                self._at = ()
                return
            self._server = self._serving.enter_context(server)
            self._own = server.own()

    def _meet(self, found: Found) -> None:
        """Call who is announced, unless that one is called there, or just went from there."""
        self._drop()
        for seen in found.seen:
            at = self._place(seen)
            if at is None or not self._is_new(at):
                continue
            if (old := self._peers.pop(at[0], None)) is not None:
                old.caller.close()
            callers: list[NearCaller] = []

            def calling(peer: LanPeer, callers: list[NearCaller] = callers) -> Caller:
                callers.append(NearCaller(peer, self._gone))
                return callers[-1]

            reached = reached_at(self._devices, at[0], seen, calling)
            self._peers[at[0]] = _Peer(reached, callers[0], at)

    def _drop(self) -> None:
        """Let go of who went, and look whether it is elsewhere."""
        for device, each in list(self._peers.items()):
            if each.caller.is_away:
                self._left[each.at] = monotonic() + LEFT_ALONE
                del self._peers[device]
                if self._looking is not None:
                    self._looking.poke()

    # --- any thread ---

    def _place(self, seen: Seen) -> At | None:
        device = self._names.get(seen.name)
        return None if device is None else (device, seen.addresses, seen.port)

    def _is_new(self, at: At) -> bool:
        known = self._peers.get(at[0])
        if known is not None and known.at == at and not known.caller.is_away:
            return False
        return monotonic() >= self._left.get(at, 0.0)

    def _looked(self) -> None:
        """Have a round, if a look told anything that follows from."""
        if self._stir is None or self._looking is None:
            return
        found = self._looking.found
        places = [self._place(each) for each in found.seen]
        is_moved = found.addresses != self._at
        if is_moved or any(each is not None and self._is_new(each) for each in places):
            self._stir()

    def _heard(self) -> None:
        """Have a round: another device put something here."""
        if self._stir is not None:
            self._stir()

    def _gone(self) -> None:
        if self._stir is not None:
            self._stir()

    def _announce(self) -> None:
        """Have what is served announced, unless it is.

        Raises:
            CarrierAwayError: the network takes no announcement now.
        """
        with self._guard:
            server = self._server
            if server is not None and server is not self._announced:
                server.announce(self._at, self._clock)
                self._announced = server
