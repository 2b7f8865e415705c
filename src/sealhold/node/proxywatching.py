"""Looking after the providers of a proxy that is served: whether they answer, and decoy tables.

- Each provider has a thread that asks it something small all the time; how long that takes says
  whether it answers. Each minute the decoy tables are read, as anybody might read them.
- Another thread writes alarms into the vault and tells whoever serves.
- Where a session is connected to: the provider, or its replica while it is suspected or shut out.

Source: docs/spec/66-alarms-and-reactions.md sections 3 and 5.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import QuarantinedError, SealholdError
from sealhold.net.dial import Server
from sealhold.net.pgclient import PATIENCE
from sealhold.node.proxyasking import Provider
from sealhold.node.proxyplaces import account_of, postgres_of, replicas_of, server_of
from sealhold.protect.baiting import Bait, digest_of
from sealhold.protect.columns import Column
from sealhold.protect.detecting import Answers
from sealhold.protect.gate import Rids
from sealhold.protect.migrating.asking import RefusedStatementError
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.policy import Policy
from sealhold.protect.sql.session import Spot
from sealhold.protect.sql.upstream import Account
from sealhold.protect.tolerance import Alarm, Tolerance
from sealhold.vault.core import Core
from sealhold.vault.proxyalarms import ProxyAlarms
from sealhold.vault.proxysecrets import ProxySecrets

EACH: Final = 2.0  # seconds between two questions to a provider
CANARY: Final = 60.0  # seconds between two looks at decoy tables
LOOKING: Final = 0.5  # seconds
ENDING: Final = 2.0  # seconds that a thread gets to end
PING: Final = "SELECT 1 WHERE false"
AWAY, BACK = "it does not answer", "it answers again"

Tell = Callable[[str, str], None]  # cause and place, for whoever watches


@dataclass(slots=True, kw_only=True)
class Watched:
    """One provider."""

    spot: Spot
    server: Server
    account: Account
    answers: Answers = field(default_factory=Answers)
    was_away: bool = False
    link: Provider | None = None


@dataclass(slots=True, kw_only=True)
class Watching:
    """All providers of one proxy, the one with the rows first."""

    providers: Sequence[Watched]
    tolerance: Tolerance
    alarms: ProxyAlarms
    baits: Sequence[Bait] = ()
    clock: Clock
    entropy: Entropy
    queue: "SimpleQueue[Alarm]"

    # --- for the door ---

    def spots(self) -> Sequence[tuple[Spot, Server]]:
        """Return where a new session may be connected to, the best first.

        Raises:
            QuarantinedError: nowhere.
        """
        out, suspected = self.tolerance.out, self.suspected()
        found = [each for each in self.providers if f"provider:{each.spot.id}" not in out]
        if not found:
            raise QuarantinedError("the provider is quarantined, and has no replica")
        found.sort(key=lambda each: each.spot.id in suspected)
        return [(each.spot, each.server) for each in found]

    def suspected(self) -> frozenset[str]:
        """Return the providers that are suspected to answer no more."""
        now = self._now()
        return frozenset(each.spot.id for each in self.providers if each.answers.is_suspected(now))

    # --- while it is served ---

    @contextmanager
    def going_on(self, tell: Tell) -> Iterator[None]:
        """Look after all of it while a block runs; `tell` is called on another thread."""
        ending = Event()
        threads = [
            Thread(target=self._probe, args=(each, ending), name="provider", daemon=True)
            for each in self.providers
        ]
        writer = Thread(target=self._write, args=(ending, tell), name="alarms", daemon=True)
        for thread in (*threads, writer):
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for each in self.providers:
                if each.link is not None:
                    each.link.close()  # whoever waits for it wakes up
            for thread in threads:
                thread.join(ENDING)
            writer.join()

    def _now(self) -> float:
        return self.clock() / 1_000

    def _probe(self, each: Watched, ending: Event) -> None:
        looked = -CANARY
        while not ending.is_set():
            try:
                link = self._answered(each)
            except SealholdError:
                if ending.is_set():
                    return  # it was hung up on from here
                each.answers.failed()
                if each.link is not None:
                    each.link.close()
                    each.link = None
            else:
                if self._now() - looked >= CANARY and not (each.spot.reads_only or ending.is_set()):
                    looked = self._now()
                    with suppress(SealholdError):  # what it says of the provider, the next one says
                        self._look(link, each.spot.id)
            ending.wait(EACH)

    def _answered(self, each: Watched) -> Provider:
        """Ask a provider something small, over a connection that is kept.

        Raises:
            SealholdError: it does not answer, or lets us in no more.
        """
        if each.link is None:
            each.answers.asked(self._now())
            each.link = Provider(each.server, each.account, self.entropy, PATIENCE)
            each.answers.answered(self._now())
        each.answers.asked(self._now())
        each.link.ask(PING, keeps=True)
        each.answers.answered(self._now())
        return each.link

    def _look(self, link: Provider, provider: str) -> None:
        """Read the decoy tables.

        Raises:
            SealholdError: the provider, or the vault's disk, does not answer.
        """
        for bait in self.baits:
            laid = self.alarms.decoy(bait.name)
            try:
                found = digest_of(link.ask(bait.look)) if laid else self._lay(link, bait)
            except (RefusedStatementError, PgValueError):
                found = b""  # it is gone, or cannot be
            if laid is None and not found:
                self.tolerance.decoy_missing(bait.name)
            # THREAT T748: whoever changes rows at the provider does not know which are made up
            elif laid is not None and found != laid:
                self.tolerance.decoy_changed(bait.name, provider)

    def _lay(self, link: Provider, bait: Bait) -> bytes:
        """Make a decoy table, unless it is there, and remember what is in it.

        Raises:
            RefusedStatementError: it cannot be made there.
            PgValueError: nothing can be made up for one of its columns.
            SealholdError: the provider or the disk does not answer; nothing was kept.
        """
        link.ask("BEGIN")
        try:
            link.ask(bait.create)
            rows = link.ask(bait.look)
            if not rows:
                for row in bait.rows(self.entropy, bait.rids.draw(bait.table.bait)):
                    link.ask(bait.insert, bait.oids, row, keeps=True)
                rows = link.ask(bait.look)
        except (SealholdError, PgValueError):
            with suppress(SealholdError):
                link.ask("ROLLBACK")
            raise
        link.ask("COMMIT")
        digest = digest_of(rows)
        self.alarms.laid(bait.name, digest)
        return digest

    def _write(self, ending: Event, tell: Tell) -> None:
        """Write what is found into the vault, in its order, and tell of it."""
        while True:
            self._states(tell)
            try:
                alarm = self.queue.get(timeout=LOOKING)
            except Empty:
                if ending.is_set():
                    self._states(tell)
                    return
                continue
            tell(alarm.cause, alarm.table or alarm.provider)
            # THREAT T747: on a disk that is full for a while nothing is forgotten: it holds already
            while not self._written(alarm):
                if ending.wait(LOOKING):
                    self._written(alarm)
                    break

    def _written(self, alarm: Alarm) -> bool:
        try:
            self.alarms.tell(alarm)
        except SealholdError:
            return False
        return True

    def _states(self, tell: Tell) -> None:
        suspected = self.suspected()
        for each in self.providers:
            is_away = each.spot.id in suspected
            if is_away != each.was_away:
                each.was_away = is_away
                said = AWAY if is_away else BACK
                tell(said, each.spot.id)
                with suppress(SealholdError):  # a full disk: it is told to whoever serves
                    self.alarms.provider(each.spot.id, said)


def watching_of(core: Core, name: str, policy: Policy, environment: Mapping[str, str]) -> Watching:
    """Return what looks after the providers of a policy, with what is held by now.

    Raises:
        InvalidPolicyError: an address of a provider cannot be.
        NotFoundError: a secret is not there.
    """
    first = postgres_of(policy)
    secrets = ProxySecrets(core)
    alarms, queue = ProxyAlarms(core, name), SimpleQueue[Alarm]()
    found = []
    for each in (first, *replicas_of(policy, first)):
        account = account_of(each, secrets, environment)
        spot = Spot(each.id, account, reads_only=each is not first)
        found.append(Watched(spot=spot, server=server_of(each), account=account))
    return Watching(
        providers=found,
        tolerance=Tolerance(policy, core.clock, queue.put, alarms.held()),
        alarms=alarms,
        clock=core.clock,
        entropy=core.entropy,
        queue=queue,
    )


def baits_of(
    policy: Policy, columns: Mapping[tuple[str, str], Mapping[str, Column]], rids: Rids
) -> tuple[Bait, ...]:
    """Return the decoy tables of a policy."""
    return tuple(
        Bait(each, columns[each.schema, each.name], rids) for each in policy.tables if each.bait
    )
