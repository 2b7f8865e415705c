"""What a vault keeps of its proxies' alarms: entries in the log, and rows of what is held.

- An alarm is an entry. What follows from it and lasts is a row too, written in the same commit: so
  it is there after a kill, and no older copy of the database comes without it unnoticed.
- The owner alone lets go of it.

Source: docs/spec/66-alarms-and-reactions.md sections 4 and 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind, Logged, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import Sealer
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Collection, FieldName, Id16
from sealhold.model.quantities import Instant
from sealhold.protect.tolerance import Alarm, Held, Kind
from sealhold.stores.spec import Expect
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.proxyusers import Users
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

LOOKED_AT: Final = 20_000  # entries of the log, the newest
_SAID: Final = {
    Kind.TABLE: "a table is not written",
    Kind.USER: "a user is shut out",
    Kind.PROVIDER: "a provider is not asked",
    Kind.ROTATION: "the keys of a table are to be rotated",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One alarm, or what was heard of a provider, as the log has it."""

    at: Instant
    cause: str
    place: str  # table or provider
    user: str  # empty: none, or one who was removed
    held: tuple[str, ...]  # kinds of what follows


class ProxyAlarms:
    """Keeps the alarms of one proxy."""

    def __init__(self, core: Core, proxy: str) -> None:
        """Keep those of the proxy of this name: its policy's."""
        self._core, self._proxy = core, proxy
        self._rows, self._users = ProxyRows(core), Users(core)
        self._teller = Teller(core.keys)

    def held(self) -> tuple[Held, ...]:
        """Return what is held, the oldest first.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        found = [
            Held(Kind(paper["kind"]), str(paper["name"]), str(paper["cause"]), int(paper["at"]))
            for paper in (each.paper for each in self._rows.all(Thing.HELD))
            if paper["proxy"] == self._proxy
        ]
        return tuple(sorted(found, key=lambda each: (each.at, each.mark)))

    def tell(self, alarm: Alarm) -> None:
        """Write an alarm, and what follows from it.

        Raises:
            AuditUnavailableError: the log cannot be written.
            StoreUnavailableError: the disk refuses.
        """
        entries = [self._event(EventKind.ALARM, alarm, alarm.cause, alarm.held)]
        entries += [
            self._event(EventKind.REACTION, alarm, _SAID[each.kind], (each,)) for each in alarm.held
        ]
        ops = tuple(
            self._rows.put(
                Thing.HELD,
                self._name(each),
                {
                    "proxy": self._proxy,
                    "kind": each.kind.value,
                    "name": each.name,
                    "cause": each.cause,
                    "at": each.at,
                },
                expect=Expect.ANY,
            )
            for each in alarm.held
        )
        # THREAT T747: the row and the entry are there together, before anything forgets them
        self._core.writer.commit(Work(ops, tuple(map(self._teller.entry, entries)), releases=True))

    def provider(self, provider: str, said: str) -> None:
        """Write how a provider does.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        event = Event(
            kind=EventKind.PROVIDER_STATE,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            collection=Collection(provider),
            template=self._proxy,
            reason=said,
        )
        self._core.writer.commit(Work((), (self._teller.entry(event),), releases=True))

    def release(self, kind: Kind, name: str) -> Held:
        """Let go of what is held, and return it.

        Raises:
            NotFoundError: it is not held.
            AuditUnavailableError: the log cannot be written.
        """
        named = {name, f"public.{name}"} if kind in {Kind.TABLE, Kind.ROTATION} else {name}
        for each in self.held():
            if each.kind is kind and each.name in named:
                break
        else:
            raise NotFoundError(f"no {kind.value} `{name}` is held by the proxy `{self._proxy}`")
        kept = self._rows.get(Thing.HELD, self._name(each))
        if kept is None:
            raise NotFoundError(f"no {kind.value} `{name}` is held by the proxy `{self._proxy}`")
        event = Event(
            kind=EventKind.RELEASE_HELD,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            template=self._proxy,
            collection=None if kind is Kind.USER else Collection(each.name),
            records=self._users.tag(each.name) if kind is Kind.USER else b"",
            reason=kind.value,
        )
        op = self._rows.drop(kept)
        self._core.writer.commit(Work((op,), (self._teller.entry(event),), releases=True))
        return each

    def recent(self, limit: int) -> tuple[Told, ...]:
        """Return alarms and what was heard of providers, the newest first.

        Raises:
            TamperedError: the log is not what was written.
        """
        names = {self._users.tag(each.name): each.name for each in self._users.list()}
        found = (
            Told(
                logged.at,
                logged.event.reason or "",
                logged.event.collection or "",
                names.get(logged.event.records, ""),
                tuple(map(str, logged.event.fields)),
            )
            for logged in self._logged()
            if logged.event.kind in {EventKind.ALARM, EventKind.PROVIDER_STATE}
            and logged.event.template == self._proxy
        )
        return tuple(islice(found, limit))

    def decoy(self, table: str) -> bytes | None:
        """Return what was written into a decoy table, as its digest; None if nothing was.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        kept = self._rows.get(Thing.DECOY, f"{self._proxy}/{table}")
        return None if kept is None else bytes(kept.paper["digest"])

    def laid(self, table: str, digest: bytes) -> None:
        """Remember what was written into a decoy table.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        op = self._rows.put(
            Thing.DECOY, f"{self._proxy}/{table}", {"digest": digest}, expect=Expect.ANY
        )
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            collection=Collection(table),
            reason="a decoy table was laid",
        )
        self._core.writer.commit(Work((op,), (self._teller.entry(event),), releases=True))

    def _name(self, held: Held) -> str:
        return f"{self._proxy}/{held.mark}"

    def _event(self, kind: EventKind, alarm: Alarm, reason: str, held: tuple[Held, ...]) -> Event:
        place = alarm.table or alarm.provider
        return Event(
            kind=kind,
            actor=Actor.CLIENT if alarm.principal else Actor.OUTSIDER,
            outcome=Outcome.FAILED if kind is EventKind.ALARM else Outcome.DONE,
            subject=self._teller.subject,
            collection=Collection(place) if place else None,
            records=self._users.tag(alarm.principal) if alarm.principal else b"",
            template=self._proxy,
            fields=tuple(FieldName(each.kind.value) for each in held),
            reason=reason,
        )

    def _logged(self) -> Iterator[Logged]:
        core = self._core

        def opener(subject: Id16) -> Sealer | None:
            return core.keys.events if subject == core.owner else Sealer(core.keyring.named("log"))

        for line in islice(read_entries(core.store, opener), LOOKED_AT):
            if line.logged is not None:
                yield line.logged
