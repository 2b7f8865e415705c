"""Two devices that pair over a wire of the test: it sees each message, and may change it."""

from collections.abc import Callable

from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.secret import Secret
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import Code, Way, invite, read_code, read_invitation
from sealhold.sharing.devices.pairingside import (
    Asked,
    Certified,
    Compare,
    Event,
    Failed,
    State,
    Turn,
)
from sealhold.sharing.devices.pairingwire import Posted

NOW = Instant(1_700_000_000_000)
INTRODUCTION = b"certificate chain" * 300  # two frames
KEYS = (b"s" * 32, BoxKey.from_secret(Secret(b"b" * 32, "box key")))
REQUEST = b"phone, limited"
PAYLOAD = b"certificate, carriers" * 300
MINUTE = 60_000

Bend = Callable[[int, Posted], list[Posted]]


def ways_by_qr(seed: bytes = b"qr") -> tuple[Way, Way]:
    """Return what both sides know of one invitation."""
    invitation = invite(INTRODUCTION, "https://relay.example", NOW, seeded(seed))
    return invitation, read_invitation(invitation.text(), NOW)


def ways_by_code(shown: str = "417203-982114", typed: str = "417203-982114") -> tuple[Code, Code]:
    """Return what both sides know of a code."""
    return read_code(shown, NOW), read_code(typed, NOW)


class Two:
    """Both sides, and all messages between them in the order in which they were posted."""

    def __init__(
        self,
        ways: tuple[Way, Way],
        bend: Bend = lambda _nth, posted: [posted],
        seed: bytes = b"two",
    ) -> None:
        self.member = Member(ways[0], INTRODUCTION, NOW, seeded(seed + b" member"))
        self.newcomer = Newcomer(ways[1], KEYS, REQUEST, NOW, seeded(seed + b" newcomer"))
        self.told: dict[str, list[Event]] = {"member": [], "newcomer": []}
        self.wire: list[Posted] = []
        self._bend = bend
        self._now = NOW

    def go(self, *, confirming: bool = True) -> "Two":
        """Start, and carry messages until nobody says anything more."""
        self.carry("newcomer", self.newcomer.start(self._now), confirming=confirming)
        return self

    def carry(self, by: str, turn: Turn, *, confirming: bool = True) -> None:
        """Follow a turn of one side to its end."""
        waiting = [(by, turn)]
        while waiting:
            side, now = waiting.pop(0)
            if now.event is not None:
                self.told[side].append(now.event)
                waiting.append((side, self._follow(side, now.event, confirming=confirming)))
            other = "newcomer" if side == "member" else "member"
            for posted in now.posts:
                self.wire.append(posted)
                arrived = self._bend(len(self.wire) - 1, posted)
                heard = self.side(other).step
                waiting.extend((other, heard(each, self._now)) for each in arrived)

    def _follow(self, side: str, event: Event, *, confirming: bool) -> Turn:
        match event:
            case Compare() if confirming:
                return self.side(side).confirm(self._now)
            case Asked():
                return self.member.answer(PAYLOAD, self._now)
            case _:
                return Turn()

    def side(self, name: str) -> Member | Newcomer:
        """Return a side by its name."""
        return self.member if name == "member" else self.newcomer

    @property
    def states(self) -> tuple[State, State]:
        """Where the member and the newcomer are."""
        return self.member.state, self.newcomer.state

    def words(self, side: str) -> tuple[str, ...]:
        """Return the words that a side showed."""
        return next(each.words for each in self.told[side] if isinstance(each, Compare))

    def ended(self, side: str) -> Certified | Failed | None:
        """Return how it ended for a side."""
        ends = [each for each in self.told[side] if isinstance(each, Certified | Failed)]
        return ends[-1] if ends else None
