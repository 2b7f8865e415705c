"""Two or more devices in one process: replicas over vaults in memory, and a carrier in memory."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.clock import Entropy
from sealhold.model.errors import CarrierAwayError, NoEpochError, ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.model.quantities import Instant
from sealhold.net.spec import Abilities, Heads, Listed, Putting
from sealhold.sharing.devices.circle import Own
from sealhold.sharing.devices.exchange import Exchange, Report
from sealhold.sharing.devices.keeping import Keeping
from sealhold.sharing.devices.keybag import BagKey
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.oplog import LogId
from sealhold.sharing.devices.ops import Operation
from sealhold.sharing.devices.replica import Replica
from tests.unit.memory_vault import NOON, memory_vault

COLLECTION = b"c" * 16
ABILITIES = Abilities(ranges=True, pushes=False, deletes=True)


@dataclass
class Shelf:
    """A carrier in memory that keeps its word."""

    kept: dict[str, bytes] = field(default_factory=dict)
    abilities: Abilities = ABILITIES
    is_away: bool = False

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        self._here()
        if name in self.kept:
            return Putting.EXISTS if self.kept[name] == data else Putting.TAKEN
        self.kept[name] = data
        return Putting.CREATED

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        self._here()
        if name not in self.kept:
            raise ObjectNotFoundError("no such object")
        data = self.kept[name]
        return data[offset:] if length is None else data[offset : offset + length]

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        self._here()
        for name in sorted(self.kept):
            if name.startswith(prefix) and name > after:
                yield Listed(ObjectName(name), len(self.kept[name]))

    def delete(self, name: ObjectName) -> None:
        self._here()
        self.kept.pop(name, None)

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        del seconds
        newest: dict[str, Listed] = {}
        for each in self.list_after(box):
            if "/pack/" not in each.name:
                log = each.name.rpartition("/")[0]
                newest[log if "/log/" in each.name else each.name] = each
        now = fingerprint("".join(each.name for each in newest.values()).encode()).hex()
        return Heads(now, () if now == cursor else tuple(newest.values()), now != cursor)

    def entries(self, log: str, first: int) -> list[bytes]:
        self._here()
        found: list[bytes] = []
        while (name := f"{log}{first + len(found):016x}") in self.kept:
            found.append(self.kept[name])
        return found

    def wait(self, prefix: str, after: str, seconds: float) -> bool:  # noqa: ARG002  # reason: of the contract
        return any(True for _ in self.list_after(prefix, after))

    def close(self) -> None:
        self.is_away = True

    def _here(self) -> None:
        if self.is_away:
            raise CarrierAwayError("away")


@dataclass
class Everybody:
    """A circle that all devices of a test share."""

    signers: dict[bytes, PublicKey] = field(default_factory=dict)
    epochs: dict[bytes, Secret] = field(default_factory=dict)
    bags: dict[bytes, BagKey] = field(default_factory=dict)
    cuts: dict[LogId, int] = field(default_factory=dict)

    def signer(self, device: bytes) -> PublicKey | None:
        return self.signers.get(device)

    def may(self, device: bytes, op: Operation) -> bool:
        return device in self.signers and op is not None

    def cut(self, log: LogId) -> int | None:
        return self.cuts.get(log)

    def epoch(self, epoch: bytes, *, kept: bool = False) -> Secret | None:
        del kept
        return self.epochs.get(epoch)

    def current(self) -> tuple[bytes, Secret]:
        if not self.epochs:
            raise NoEpochError("no epoch")
        return list(self.epochs.items())[-1]

    def bag(self, bag: bytes) -> BagKey | None:
        return self.bags.get(bag)

    def current_bag(self) -> BagKey:
        return list(self.bags.values())[-1]


@dataclass
class Device:
    """A device of a test."""

    replica: Replica
    signer: SigningKey

    def sync(self, shelf: Shelf, name: bytes = b"shelf".ljust(16)) -> tuple[Report, Report]:
        """Take and give over a carrier."""
        box = Mailbox.at(self.replica.secret, "folder", name.hex())
        exchange = Exchange(self.replica, shelf, name, box)
        exchange.look()
        return exchange.take(), exchange.give()


@contextmanager
def devices(count: int, seed: bytes = b"devices") -> Iterator[list[Device]]:
    """Return devices that are members of one collection."""
    entropy = seeded(seed)
    circle = Everybody()
    secret = new_key(entropy, "collection secret")
    circle.epochs[entropy(16)] = new_key(entropy, "epoch secret")
    bag = BagKey(entropy(16), new_key(entropy, "bag key"))
    circle.bags[bag.id] = bag
    with ExitStack() as stack:
        yield [_device(circle, secret, entropy, stack, number) for number in range(count)]


def _device(
    circle: Everybody, secret: Secret, entropy: Entropy, stack: ExitStack, number: int
) -> Device:
    vault = stack.enter_context(memory_vault())
    signer = SigningKey(new_key(entropy, "signing seed"))
    device = bytes([number + 1]) * 16
    circle.signers[device] = signer.public
    replica = Replica(
        COLLECTION,
        secret,
        own=Own(log=LogId(device, entropy(16)), signer=signer),
        circle=circle,
        keeping=Keeping(vault.core),
        clock=ticking(),
        entropy=entropy,
    )
    return Device(replica, signer)


def ticking() -> Callable[[], Instant]:
    """Return a clock that goes on by a second at each look."""
    now = [int(NOON)]

    def clock() -> Instant:
        now[0] += 1_000
        return Instant(now[0])

    return clock
