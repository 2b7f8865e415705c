"""Audits of a proxy's tables: what is protected how, and whether the rows are those that it wrote.

- On a connection of its own, with each table locked against writers while it is looked at.
- Before a proxy serves, what its last run left in doubt is settled the same way; a provider that is
  away then settles nothing, and both versions are taken until a row is seen.

Source: docs/spec/63-integrity-of-rows.md section 7.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final, Self

from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    DatabaseAwayError,
    MigrationError,
    NotFoundError,
    SealholdError,
)
from sealhold.model.quantities import Instant
from sealhold.model.shown.proxies import (
    ProxyAudit,
    ProxyAuditedColumn,
    ProxyAuditedTable,
    ProxyFinding,
)
from sealhold.node.proxyasking import Provider
from sealhold.protect.auditing import Audited, Auditing
from sealhold.protect.guards import Guard, Tables, guard_among, guards_of
from sealhold.protect.policy import Policy, TablePolicy
from sealhold.protect.spec import CELL
from sealhold.protect.state import State
from sealhold.protect.versions import Versions
from sealhold.vault.core import Core
from sealhold.vault.proxypolicies import Activated
from sealhold.vault.proxystates import ProxyStates

SIZE: Final = (
    "SELECT pg_catalog.pg_total_relation_size(c.oid)::text FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1 AND c.relname = $2"
)
MINUTE: Final = 60.0  # seconds
_TEXT: Final = 25
Told = Callable[[str, int], None]  # of which table how many rows were compared


@dataclass(slots=True, kw_only=True)
class Audits:
    """What one proxy can do about the rows that it tagged."""

    policy: Policy
    since: Instant
    columns: Tables
    versions: Versions
    connect: Callable[[], Provider]
    states: ProxyStates
    state: State
    entropy: Entropy
    provider: str
    _last: int = 0  # changes of versions at the last head

    @classmethod
    def of(
        cls, core: Core, active: Activated, policy: Policy, columns: Tables,
        kept: tuple[ProxyStates, State], connect: Callable[[], Provider],
    ) -> Self:  # fmt: skip
        """Return the audits of a proxy that is put together.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        states, state = kept
        return cls(
            policy=policy,
            since=active.at,
            columns=columns,
            versions=Versions(state, guards_of(columns)),
            connect=connect,
            states=states,
            state=state,
            entropy=core.entropy,
            provider=", ".join(csp.url for csp in policy.csps),
        )

    def settle(self) -> None:
        """End what a run that was killed left in doubt, if the provider can be asked."""
        places = {place for place, _ in self.versions.doubts}
        with suppress(DatabaseAwayError, MigrationError):
            for guard in guards_of(self.columns):
                if guard.place in places:
                    with self._locked(guard) as auditing:
                        auditing.settle()

    def run(self, table: str, sample: int, told: Told) -> ProxyAudit:
        """Audit one table, or all of the policy.

        Args:
            table: as the policy names it, with its schema or of `public`; empty for all.
            sample: how many parts of each table are looked at; 0 for all.
            told: is told of progress.

        Raises:
            NotFoundError: the policy does not protect the table.
            MigrationError: the provider refuses to show it.
            DatabaseAwayError: the provider is away.
            AuditUnavailableError: the log cannot be written.
        """
        chosen = [each for each in self.policy.tables if each.is_protected and _is(each, table)]
        if not chosen:
            raise NotFoundError(f"the policy protects no table `{table}`")
        tables = tuple(self._table(each, sample, told) for each in chosen)
        self.note_head(always=True)
        return ProxyAudit(
            policy=self.policy.name,
            version=self.policy.version,
            since=self.since,
            provider=self.provider,
            head=self.versions.head().hex(),
            tables=tables,
        )

    def adopt(self, table: str) -> int:
        """Take the rows of a table as the provider shows them, if their tags are right.

        Raises:
            NotFoundError: its rows have no tags.
            MigrationError: the provider refuses to show it.
            DatabaseAwayError: the provider is away.
            AuditUnavailableError: the log cannot be written.
        """
        guard = next((each for each in guards_of(self.columns) if _same(each, table)), None)
        if guard is None:
            raise NotFoundError(f"the rows of `{table}` have no tags")
        with self._locked(guard) as auditing:
            rows = auditing.adopted()
        self.states.audited(guard.place, len(rows), 0, "rows were taken as the provider shows them")
        self.versions.adopt(guard.place, rows)
        self.note_head(always=True)
        return len(rows)

    def note_head(self, *, always: bool = False) -> None:
        """Tell the log what stands for all rows, if that is another one than before.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        now = self.versions.now
        proves = any(each.proves_all for each in guards_of(self.columns))
        if not proves or (now == self._last and not always):
            return
        self._last = now
        self.states.head(self.policy.name, self.state, self.versions.head())

    def _table(self, table: TablePolicy, sample: int, told: Told) -> ProxyAuditedTable:
        key = (table.schema, table.name)
        columns, name = self.columns[key], f"{table.schema}.{table.name}"
        guard = guard_among(columns)
        size, seen = self._size(key), Audited()
        if guard is not None:
            with self._locked(guard) as auditing:
                auditing.settle()
                self._look(auditing, guard, sample, lambda rows: told(name, rows))
                seen = auditing.seen
            self.states.audited(name, seen.rows, seen.found, seen.said)
        return ProxyAuditedTable(
            table=name,
            integrity=table.integrity.value,
            columns=tuple(
                ProxyAuditedColumn(
                    name=each.name,
                    protect=each.techniques or ("clear",),
                    key_version=0 if each.is_clear else columns[each.name].keys[CELL].version,
                )
                for each in table.columns
            ),
            bytes=size,
            rows=seen.rows,
            parts=seen.parts,
            of_parts=0 if guard is None else len(self.versions.parts(guard.place)),
            settled=seen.settled,
            found=seen.found,
            findings=tuple(
                ProxyFinding(table=name, row=row, what=what) for row, what in seen.named
            ),
        )

    def _look(
        self, auditing: Auditing, guard: Guard, sample: int, told: Callable[[int], None]
    ) -> None:
        parts = self.versions.parts(guard.place)
        if not sample or sample >= len(parts):
            auditing.whole(told)
        else:
            auditing.some(_drawn(parts, sample, self.entropy), told)

    def _size(self, key: tuple[str, str]) -> int:
        with self.connect() as provider:
            rows = provider.ask(SIZE, (_TEXT, _TEXT), [each.encode() for each in key])
        return int(rows[0][0] or b"0") if rows else 0

    @contextmanager
    def _locked(self, guard: Guard) -> Iterator[Auditing]:
        """Lend an audit of a table that nobody writes to meanwhile."""
        with self.connect() as provider:
            auditing = Auditing(provider.ask, guard, self.versions)
            provider.ask("BEGIN")
            provider.ask(auditing.lock)
            yield auditing
            provider.ask("COMMIT")


@contextmanager
def heads_noted(audits: Audits) -> Iterator[None]:
    """End doubts, and note what stands for all rows each minute, and at the end of a block."""
    audits.settle()
    ending = Event()

    def note() -> None:
        while not ending.wait(MINUTE):
            with suppress(SealholdError):  # the next minute, or the end
                audits.note_head()

    thread = Thread(target=note, name="proxy heads", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        audits.note_head()


def _is(table: TablePolicy, name: str) -> bool:
    return name in {"", f"{table.schema}.{table.name}"} or (
        table.schema == "public" and name == table.name
    )


def _same(guard: Guard, name: str) -> bool:
    return name == guard.place or (guard.schema == "public" and name == guard.table)


def _drawn(parts: Sequence[int], count: int, entropy: Entropy) -> list[int]:
    """Return so many of some numbers, each as likely as any other."""
    left = list(parts)
    found = []
    for _ in range(count):
        at = int.from_bytes(entropy(8)) % len(left)
        found.append(left.pop(at))
    return found
