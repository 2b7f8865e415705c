"""The vault's side of components: laid with a grant, looked at before a run, ended with it.

- With a yes each source of the dataset gets a capability of its own. What is left in place holds
  one for a day at most, and gets the next with a run.
- A revocation is one commit: the grant ends, and every component waits for its source. Then each
  source that is there is told, and its ack kept; the others are told when they are back.
- Until a source said so, or what it holds has run out, its component stands as pending.

Source: docs/spec/39-dataware.md sections 4 and 5.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.compute.liveruns import LiveRun, LiveRuns
from sealhold.compute.sourcehost import SourceHost
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.kdf import derive
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import DeniedError, SealholdError, TamperedError
from sealhold.model.ids import AppId, GrantId, SourceId
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown.dataware import AckState, ComponentView
from sealhold.policy.capability import (
    ACK,
    CAPABILITY,
    ORDER,
    Capability,
    Order,
    capability_document,
    order_document,
    parse_ack,
)
from sealhold.policy.grant import Grant
from sealhold.stores.spec import Op
from sealhold.vault.catalogue import FEDERATE, Catalogue, SourceRow
from sealhold.vault.components import ComponentRow, Components
from sealhold.vault.core import Core
from sealhold.vault.grants import GrantRow, is_paused
from sealhold.vault.sourcestates import AWAY
from sealhold.vault.telling import Teller
from sealhold.vault.whence import sources_of
from sealhold.vault.writer import Work

AWAY_FOR = DAY  # the most that a capability lives at a source that is left in place
NONCE_BYTES = 16

LastRun = Callable[[GrantId], Instant | None]


@dataclass(frozen=True, slots=True)
class _Here:
    """What a source of this vault remembers: the rows of its components."""

    components: Components
    source: SourceId
    last: LastRun

    def held(self, grant: GrantId) -> bytes | None:
        row = self.components.at(grant, self.source)
        is_laid = row is not None and row.state is AckState.LAID
        return row.capability if row is not None and is_laid else None

    def epoch(self, grant: GrantId) -> int:
        row = self.components.at(grant, self.source)
        return 0 if row is None else row.epoch

    def end(self, grant: GrantId, epoch: int) -> None:
        """See that it was ended; the ack is kept in the next commit.

        Raises:
            TamperedError: it was not.
        """
        row = self.components.at(grant, self.source)
        if row is None or row.epoch < epoch or row.state is AckState.LAID:
            raise TamperedError("an order for a component that was not ended")

    def last_run(self, grant: GrantId) -> Instant | None:
        return self.last(grant)


class Dispatch:
    """The components of one vault; several threads may call."""

    def __init__(self, core: Core, live: LiveRuns, last: LastRun) -> None:
        self._core = core
        self._live = live
        self._last = last
        self._signer = core.keyring.signer("grant-sign")
        self._components = Components(core.deciding, core.papers)
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)
        self._hosts: dict[SourceId, SourceHost] = {}

    def host(self, source: SourceId) -> SourceHost:
        """Return the side of a source of this vault."""
        if source not in self._hosts:
            kept = _Here(self._components, source, self._last)
            self._hosts[source] = SourceHost(
                source,
                self._key(source),
                self._signer.public,
                kept,
                self._live,
                clock=self._core.clock,
                entropy=self._core.entropy,
                refused=lambda grant, app, why: self._refused(source, grant, app, why),
            )
        return self._hosts[source]

    def laying(self, grant: Grant, code: bytes) -> tuple[Op, ...]:
        """Return the operations that lay a new grant at each source of its dataset."""
        sources = sources_of(self._catalogue, grant.collection)
        return tuple(self._components.put(self._laid(grant, code, each)) for each in sources)

    @contextmanager
    def running(self, row: GrantRow, code: bytes) -> Iterator[LiveRun]:
        """Let a program run under a grant while the block lasts, at each source of its dataset.

        Raises:
            DeniedError: a source does not let it, or the grant was ended or paused meanwhile.
        """
        self._renew(row, code)
        self._look(row, code)  # so that a refusal stands in the log
        # THREAT T414: told of before it is looked at, so an order finds the run or the run finds it
        with self._live.run(row.grant.id) as run:
            self._look(row, code)
            # THREAT T429: paused between the charge and here, it does not begin
            if is_paused(self._core.deciding, row.grant.id):
                raise DeniedError("the grant is paused")
            yield run

    def pause(self, grant: GrantId) -> int:
        """End what runs under a grant that was paused, and return how many runs there were."""
        return self._live.pause(grant)

    def check(self, row: GrantRow, code: bytes) -> None:
        """Return if each source of a grant that stands lets a program run.

        Of one that has ended nothing is said: it is the decision that refuses it.

        Raises:
            DeniedError: a source does not let it.
        """
        self._renew(row, code)
        if row.ended_at is None and row.grant.covers(self._core.clock()):
            self._look(row, code)

    def ending(self, grant: GrantId) -> tuple[Op, ...]:
        """Return the operations by which every component of a grant waits for its source."""
        rows = self._components.of(grant)
        return tuple(
            self._components.put(self._components.ended(each))
            for each in rows
            if each.state is AckState.LAID
        )

    def deliver(self) -> None:
        """Tell each source that is there of what has ended, and keep what it answers.

        Raises:
            AuditUnavailableError: the log cannot be written; all is told once more another time.
        """
        waiting = self._components.pending()
        states = {each.id: each.state for each in self._catalogue.sources()} if waiting else {}
        ops: list[Op] = []
        entries: list[Entry] = []
        for each in waiting:
            if states.get(each.source) in AWAY:
                continue
            with suppress(SealholdError):  # it stays pending, and is told once more
                acked = self._told(each)
                ops.append(self._components.put(acked))
                entries.append(self._entry(acked))
        if ops:
            self._core.writer.commit(Work(tuple(ops), tuple(entries)))

    def views(self, grant: GrantId) -> tuple[ComponentView, ...]:
        """Return how each source stands to a grant."""
        names = {each.id: each.name for each in self._catalogue.sources()}
        now = self._core.clock()
        return tuple(
            ComponentView(
                source=each.source,
                name=names.get(each.source, ""),
                state=AckState.LAPSED
                if each.ends <= now and each.state is not AckState.ACKED
                else each.state,
                epoch=each.epoch,
                ends_at=each.ends,
                acked_at=each.acked,
                killed=each.killed,
                last_run=each.last_run,
            )
            for each in self._components.of(grant)
        )

    def _look(self, row: GrantRow, code: bytes) -> None:
        for each in self._components.of(row.grant.id):
            self.host(each.source).check(row.grant.id, code, row.spent)

    def _renew(self, row: GrantRow, code: bytes) -> None:
        """Lay what is missing or has run out of a grant that stands; a source may be newer."""
        grant, now = row.grant, self._core.clock()
        if row.ended_at is not None or not grant.covers(now):
            return
        kept = {each.source: each for each in self._components.of(grant.id)}
        ops = []
        for source in sources_of(self._catalogue, grant.collection):
            old = kept.get(source.id)
            if old is None or (old.state is AckState.LAID and old.ends <= now):
                fresh = self._laid(grant, code, source)
                ops.append(self._components.put(replace(fresh, v=old.v if old else 0)))
        if ops:
            event = self._event(grant.id, grant.app)
            laid = structs.replace(event, reason="laid", more=len(ops) - 1)
            self._core.writer.commit(Work(tuple(ops), (self._teller.entry(laid),)))

    def _laid(self, grant: Grant, code: bytes, source: SourceRow) -> ComponentRow:
        now = self._core.clock()
        # THREAT T416: a source that is lost can use what it holds for a day and no longer
        ends = (
            min(grant.not_after, Instant(now + AWAY_FOR))
            if source.mode == FEDERATE
            else grant.not_after
        )
        capability = Capability(
            grant=grant.id,
            source=source.id,
            host=sha256(self.host(source.id).public),
            audience=grant.audience,
            app=grant.app,
            purpose=grant.purpose,
            collection=grant.collection,
            fields=grant.fields,
            task=grant.task,
            code=sha256(code),
            budget=grant.budget,
            epoch=grant.epoch,
            not_before=now,
            not_after=ends,
            nonce=self._core.entropy(NONCE_BYTES),
        )
        signed = dsse.sign(CAPABILITY, to_json(capability_document(capability)), [self._signer])
        return ComponentRow(
            grant=grant.id,
            source=source.id,
            state=AckState.LAID,
            epoch=grant.epoch,
            ends=ends,
            capability=signed,
        )

    def _told(self, row: ComponentRow) -> ComponentRow:
        """Return a component that its source ended, after checking what it answers.

        Raises:
            TamperedError: it answers for something else.
        """
        order = Order(grant=row.grant, source=row.source, epoch=row.epoch, at=self._core.clock())
        signed = dsse.sign(ORDER, to_json(order_document(order)), [self._signer])
        host = self.host(row.source)
        envelope = host.revoke(signed)
        # THREAT T416: only the source's own key says that it ended what it had
        ack = parse_ack(from_json(dsse.open(envelope, ACK, [host.public]).payload))
        if (ack.grant, ack.source, ack.epoch) != (row.grant, row.source, row.epoch):
            raise TamperedError("an ack of something else")
        return replace(
            row,
            state=AckState.ACKED,
            acked=ack.at,
            killed=ack.killed,
            last_run=ack.last_run,
            capability=b"",
            ack=envelope,
        )

    def _key(self, source: SourceId) -> SigningKey:
        grants = self._core.keyring.named("grant-sign")
        return SigningKey(derive(grants, Tag.SOURCE_HOST, source))

    def _event(self, grant: GrantId | None, app: AppId | None) -> Event:
        return Event(
            kind=EventKind.COMPONENT,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            grant=grant,
            app=app,
        )

    def _entry(self, row: ComponentRow) -> Entry:
        event = structs.replace(
            self._event(row.grant, None),
            source=row.source,
            reason="killed" if row.killed else "acked",
            digest=sha256(row.ack),
        )
        return self._teller.entry(event)

    def _refused(
        self, source: SourceId, grant: GrantId | None, app: AppId | None, why: str
    ) -> None:
        event = structs.replace(
            self._event(grant, app), source=source, outcome=Outcome.DENIED, reason=why
        )
        self._core.writer.commit(Work((), (self._teller.entry(event),)))
