"""A round of syncing: every collection at every carrier that answers, members before entries.

- Of several carriers each is asked; what one holds back another may have.
- Taking goes before giving, and the collection about all others first: what it tells of is synced
  in the same round.
- A carrier that does not answer costs its own part of the round, and is told.

Source: docs/spec/11-exchange-and-op-log.md sections 5, 6 and 8.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    NoEpochError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.erasing import settle, state_of
from sealhold.sharing.devices.exchange import Exchange, Report
from sealhold.sharing.devices.joining import bring_together
from sealhold.sharing.devices.joinpapers import Holds, Way, mailbox
from sealhold.sharing.devices.keeping import MAX_STEP
from sealhold.sharing.devices.names import Mailbox

ENOUGH = 2  # carriers that have a pack before the device that wrote it lets it go
FAILED = (NoEpochError, ObjectNotFoundError, TamperedError)
MAX_MEMBER_OBJECTS = 20_000  # of a collection, at a carrier, in a round
MAX_USELESS = 32 << 20  # bytes of those that are no use


@dataclass(frozen=True, slots=True)
class Reached:
    """A carrier that is at hand."""

    id: bytes  # 16
    way: Way
    at: Callable[[Open, Mailbox], Carrier]  # for a collection, under its mailbox
    only: bytes | None = None  # another person's collection; None: all own ones

    def serves(self, opened: Open) -> bool:
        """Return whether a collection is exchanged there."""
        return self.only == (opened.about.id if opened.is_foreign else None)


@dataclass(slots=True)
class Round:
    """What came of a round."""

    taken: int = 0  # entries
    given: int = 0
    taken_bytes: int = 0
    given_bytes: int = 0  # packs, keys and members, too
    content_bytes: int = 0  # of those, packs
    troubles: list[str] = field(default_factory=list)  # each a sentence, with the carrier
    away: list[str] = field(default_factory=list)  # carriers that did not answer

    def add(self, report: Report, where: str) -> None:
        """Count what an exchange came to."""
        self.taken += report.taken
        self.given += report.given
        self.taken_bytes += report.taken_bytes
        self.given_bytes += report.given_bytes
        self.troubles += [f"{where}: {each}" for each in report.troubles]

    def add_round(self, other: "Round") -> None:
        """Count what another round came to, too."""
        self.taken += other.taken
        self.given += other.given
        self.taken_bytes += other.taken_bytes
        self.given_bytes += other.given_bytes
        self.content_bytes += other.content_bytes
        self.troubles += [each for each in other.troubles if each not in self.troubles]
        self.away += [each for each in other.away if each not in self.away]


Watch = Callable[[str, Round], None]  # the collection that is next, and what there was so far


class Syncing:
    """The exchanges of this device. For one thread."""

    def __init__(self, devices: Devices, carriers: Sequence[Reached]) -> None:
        self._devices = devices
        self._carriers = carriers
        self._sources: Sequence[Reached] = ()
        self._exchanges: dict[tuple[bytes, bytes], Exchange] = {}
        self._at: dict[tuple[bytes, bytes], Carrier] = {}
        self._looked: set[Exchange] = set()  # that were looked through just now

    def reach(self, carriers: Sequence[Reached], sources: Sequence[Reached] = ()) -> None:
        """Go on with other carriers; those that stay must be the very same.

        Args:
            carriers: at hand from now on, the nearest first.
            sources: from which contents are read, beside those; nothing is given there.
        """
        stay = {id(each) for each in carriers} | {id(each) for each in sources}
        gone = {each.id for each in (*self._carriers, *self._sources) if id(each) not in stay}
        for key in [key for key in self._at.keys() | self._exchanges.keys() if key[1] in gone]:
            self._exchanges.pop(key, None)
            self._at.pop(key, None)
        self._carriers, self._sources = carriers, sources

    def round(self, watch: Watch = lambda _name, _round: None) -> Round:
        """Take and give everything, once.

        Raises:
            AuditUnavailableError: nothing can be written here.
        """
        done = Round()
        for each in self._devices.collections():
            if each.about.holds is Holds.HOME:
                self._sync(each, done)
                self._devices.adopt()
        for each in self._devices.collections():
            watch(each.about.name, done)
            if each.about.holds is not Holds.HOME:
                self._sync(each, done)
        for each in settle(self._devices):
            self.give(each, done)
        if done.taken or done.given:
            self._devices.keeping.told(done.taken, done.given)
        return done

    def give_all(self) -> Round:
        """Give what is here, and take nothing."""
        done = Round()
        for each in self._devices.collections():
            self.give(each, done)
        return done

    def waits(self) -> list[Callable[[float], bool]]:
        """Return what waits for something new, for each collection at each place that tells.

        Each may be called by a thread of its own, while rounds go on.
        """
        return [exchange.wait for exchange in self._exchanges.values() if exchange.pushes]

    def take(self, opened: Open, done: Round) -> None:
        """Take what there is of one collection."""
        for reached in self._serving(opened):
            with self._told(done, opened, reached):
                exchange = self._exchange(opened, reached)
                report = self._take_members(opened, reached, exchange.look())
                self._looked.add(exchange)
                done.add(report, reached.way.address)
                if opened.is_left(self._devices.me.id):
                    return
                self._own(opened, exchange)
                done.add(exchange.take(), reached.way.address)
        self._devices.learn_cuts(opened)
        with self._told(done, opened, None):
            self._settle(opened)

    def give(self, opened: Open, done: Round) -> None:
        """Give what is here of one collection."""
        if opened.is_left(self._devices.me.id):
            return
        everywhere = True
        opened.bodies.reach(self.near(opened, done))
        for reached in self._serving(opened):
            has_all = False
            with self._told(done, opened, reached):
                exchange = self._exchange(opened, reached)
                carrier, box = self._carrier(opened, reached), self._box(opened, reached)
                report = Report()
                try:
                    there = exchange.members if exchange in self._looked else exchange.look()
                    self._give_members(opened, reached, there, report)
                    packs = opened.bodies.give(
                        carrier, box, report.troubles, every=not exchange.gave_all
                    )
                    done.content_bytes += packs
                    report.given_bytes += packs
                    exchange.gave_all = True
                finally:
                    done.add(report, reached.way.address)
                done.add(exchange.give(), reached.way.address)
                self._delete(opened, reached, box)
                has_all = True
            everywhere = everywhere and has_all
        if everywhere and self._serving(opened):
            if len(self._serving(opened)) >= ENOUGH:
                opened.bodies.release()
            opened.replica.gone.clear()

    def go_ahead(self, opened: Open, done: Round) -> None:
        """Have packs of a collection go to its carriers while it is written into, until `give`."""
        if opened.is_left(self._devices.me.id):
            return
        found = list[tuple[Carrier, Mailbox]]()
        for each in self._serving(opened):
            if each.way.kind == "relay":  # elsewhere nothing is gained by not waiting
                with self._told(done, opened, each):
                    found.append((self._carrier(opened, each), self._box(opened, each)))
        opened.bodies.go_ahead(found)

    def near(self, opened: Open, done: Round) -> list[tuple[Carrier, Mailbox]]:
        """Return the carriers that are at hand, and a collection's place there."""
        found = list[tuple[Carrier, Mailbox]]()
        sources = [each for each in self._sources if each.serves(opened)]
        for each in (*self._serving(opened), *sources):
            with self._told(done, opened, each):
                found.append((self._carrier(opened, each), self._box(opened, each)))
        return found

    def _serving(self, opened: Open) -> list[Reached]:
        return [each for each in self._carriers if each.serves(opened)]

    def _own(self, opened: Open, exchange: Exchange) -> None:
        """Look whether a carrier has entries of this device that it does not know of."""
        replica = opened.replica
        for log in [log for log in replica.book.logs() if log.device == self._devices.me.id]:
            if (since := exchange.differs(log)) is None:
                continue
            # THREAT T497: a state that was resumed has no start: each exchange looks for it
            if log == replica.own.log:
                self._devices.go_on_anew()
            if since <= replica.book.head(log).seq:
                replica.tell_again(log, since)

    def _settle(self, opened: Open) -> None:
        """Do what follows from what others tell of this device, and of logs that were forked."""
        replica = opened.replica
        log = replica.own.log
        if replica.book.is_older_copy(log):
            given = [
                each.seq for each in replica.keeping.sent(replica.collection) if each.log == log
            ]
            since = max([replica.book.agreed(log), *given]) + 1
            self._devices.go_on_anew()
            if since <= replica.book.head(log).seq:
                replica.tell_again(log, since)
        replica.tell_forks()
        replica.tell_frozen()
        bring_together(self._devices, opened)

    def _sync(self, opened: Open, done: Round) -> None:
        try:
            self.take(opened, done)
            self.give(opened, done)
        finally:
            self._looked.clear()

    def _take_members(self, opened: Open, reached: Reached, there: Sequence[ObjectName]) -> Report:
        carrier, came = self._carrier(opened, reached), list[bytes]()
        report, odd, size, useless, seen = Report(), 0, 0, 0, 0
        digests = [(name, _hash_in(name)) for name in there]
        fresh = [(n, d) for n, d in digests if d is None or not opened.members.has(d)]
        for name, digest in fresh[:MAX_MEMBER_OBJECTS]:
            try:
                data = b"" if digest is None else carrier.get(name)
            except (ObjectNotFoundError, TamperedError):
                data = b""
            seen += 1
            # THREAT T489: an object that was changed no longer has its name
            if fingerprint(data) == digest:
                came.append(data)
                size += len(data)
            else:
                odd += 1
                useless += len(data)
            if size >= MAX_STEP:
                useless += self._keep(opened, came)
                came, size = [], 0
            # THREAT T501: what is of no use costs a bounded number of bytes in a round
            if useless >= MAX_USELESS:
                break
        self._keep(opened, came)
        if odd or seen < len(fresh):
            odd += len(fresh) - seen
            report.troubles.append(f"refused: {odd} objects about members")
        return report

    def _keep(self, opened: Open, came: list[bytes]) -> int:
        """Take in objects about members; return how many bytes of them are of no use yet."""
        if came:
            self._devices.save(opened, came)
        here = opened.members.objects
        return sum(len(data) for data in came if fingerprint(data) not in here)

    def _give_members(
        self, opened: Open, reached: Reached, there: Sequence[ObjectName], report: Report
    ) -> None:
        box, known = self._box(opened, reached), set(there)
        for digest, data in opened.members.objects.items():
            if (name := box.member(digest)) not in known:
                put = self._carrier(opened, reached).put_new(name, data)
                if put is Putting.CREATED:
                    report.given_bytes += len(data)
                elif put is Putting.TAKEN:
                    report.troubles.append("other bytes stand there for an object about members")

    def _delete(self, opened: Open, reached: Reached, box: Mailbox) -> None:
        carrier = self._carrier(opened, reached)
        if carrier.abilities.deletes:
            # THREAT T491: also what another device replaced, and what came back since
            gone = {box.segment(segment) for segment in opened.replica.gone}
            if opened.replica.state.erased and state_of(self._devices, opened).is_done:
                gone |= set(self._exchange(opened, reached).stale())
            for name in sorted(gone):
                carrier.delete(name)

    @contextmanager
    def _told(self, done: Round, opened: Open, reached: Reached | None) -> Iterator[None]:
        """Have a carrier's failure told, and the round go on."""
        where = "here" if reached is None else reached.way.address
        try:
            yield
        except CarrierAwayError:
            if where not in done.away:
                done.away.append(where)
        except (CarrierFullError, CarrierRefusedError, *FAILED) as err:
            done.troubles.append(f"{where}: {err}")
            if reached is not None and isinstance(
                err, CarrierRefusedError
            ):  # its token ended, perhaps: begin anew
                self._forget(opened, reached)

    def _forget(self, opened: Open, reached: Reached) -> None:
        key = (bytes(opened.about.id), reached.id)
        self._exchanges.pop(key, None)
        self._at.pop(key, None)

    def _exchange(self, opened: Open, reached: Reached) -> Exchange:
        key = (bytes(opened.about.id), reached.id)
        if (old := self._exchanges.get(key)) is not None and not old.is_of(opened.replica):
            self._forget(opened, reached)
        if key not in self._exchanges:
            box, carrier = self._box(opened, reached), self._carrier(opened, reached)
            self._exchanges[key] = Exchange(opened.replica, carrier, reached.id, box)
        return self._exchanges[key]

    def _carrier(self, opened: Open, reached: Reached) -> Carrier:
        key = (bytes(opened.about.id), reached.id)
        if key not in self._at:
            self._at[key] = reached.at(opened, self._box(opened, reached))
        return self._at[key]

    def _box(self, opened: Open, reached: Reached) -> Mailbox:
        return mailbox(opened.about.secret, reached.way)


def _hash_in(name: ObjectName) -> bytes | None:
    try:
        return bytes.fromhex(name.rpartition("/")[2])
    except ValueError:
        return None
