"""The gate of a proxy: decides by user and policy, and has each lease in the log before its use.

- What the log is told is a *block*: so many statements of one kind, opening so many cells, for some
  seconds. Sessions get parts of it, from memory. Together they never get more than the block.
- Once a block is over and all its parts are given back, the log is told what was used of it. Until
  then, and after a kill, all of it counts as used: the log never says less than what was opened.
- A column of which the policy wants each use in the log has blocks of one statement.
- If the log cannot be written there is no lease, and nothing is sent.

Source: docs/spec/59-proxy-in-a-vault.md sections 4 and 5.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.model.errors import DeniedError, SealholdError, TooFastError
from sealhold.model.ids import Collection, DecisionId, FieldName, Id16
from sealhold.protect.gate import LOGIN, Lease, Use
from sealhold.protect.policy import Policy
from sealhold.protect.tolerance import Tolerance
from sealhold.vault.core import Core
from sealhold.vault.proxycounts import Counts
from sealhold.vault.proxygrants import GrantUsers
from sealhold.vault.proxyrates import Rates
from sealhold.vault.proxyrights import refusal
from sealhold.vault.proxyusers import User, Users
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

STATEMENTS: Final = 10_000  # of a block: some seconds of one busy kind of statement
CLEAR: Final = 1_000_000  # of a block for tables of which nothing is protected
CELLS: Final = 100_000
SECONDS: Final = 10.0
LEAST: Final = 32  # statements that a session gets at once, as long as there are so many
LEAST_CELLS: Final = 256  # likewise: else what is left of a block is given out cell by cell
SHARE: Final = 16  # a session gets this part of what is left, so that a hundred have some
MOST_TEXT: Final = 4_096  # characters of the tables, or columns, of one entry


@dataclass(slots=True)
class _Block:
    """What the log knows of one lease."""

    id: DecisionId
    statements: int  # that are left to give
    cells: int
    until: float
    at: float
    rows: Mapping[str, int]  # taken ahead of the rate of each table
    given: int = 0  # parts that are out
    used_statements: int = 0
    used_cells: int = 0
    is_replaced: bool = False
    is_told: bool = False


@dataclass(slots=True)
class _Kind:
    """One kind of statement of one user."""

    turn: Lock = field(default_factory=Lock)  # one block at a time is written
    block: _Block | None = None


class ProxyGate:
    """Decides and records for one proxy; several threads may call at once."""

    def __init__(
        self,
        core: Core,
        users: Users | GrantUsers,
        policy: Policy,
        seconds: Callable[[], float],
        tolerance: Tolerance | None = None,
    ) -> None:
        self._tolerance = tolerance
        self._core, self._users, self._seconds = core, users, seconds
        self._teller = Teller(core.keys)
        self._counts = Counts(core)
        self._rates = Rates(policy)
        self._each = _told_each(policy)
        self._policy = policy
        self._protected = {f"{t.schema}.{t.name}" for t in policy.tables if t.is_protected}
        self._turn = Lock()  # of what follows
        self._kinds: dict[Use, _Kind] = {}
        self._given: dict[int, tuple[Lease, Use, _Block]] = {}  # by the id of the lease
        self._swept = seconds()

    def admit(self, use: Use) -> Lease:
        """Return a lease that is in the log already.

        Raises:
            DeniedError: the user may not do this.
            QuarantinedError: the user is shut out.
            TooFastError: the user got as many rows of a table as they may in a minute.
            ConflictError: the user was changed in this very moment.
            AuditUnavailableError: the log cannot be written.
        """
        user = self._allowed(use)
        if self._tolerance is not None:
            self._tolerance.used(use)
        if self._is_clear(use):
            use = replace(use, tables=())  # one kind for all of them, or the log would be of these
        self.sweep()
        with self._turn:
            kind = self._kinds.setdefault(use, _Kind())
        with kind.turn:
            block, now = kind.block, self._seconds()
            if block is None or now >= block.until or not _has_part(block, use):
                self._end(kind, use)
                block = kind.block = self._begin(use, user, now)
            return self._part(block, use)

    def settle(self, use: Use, lease: Lease) -> None:
        """Take a lease back, with what was used of it; a second time nothing happens."""
        del use
        with self._turn:
            found = self._given.pop(id(lease), None)
            if found is None:
                return
            block = found[2]
            block.used_statements += lease.used_statements
            block.used_cells += lease.used_cells
            block.given -= 1
            if not block.is_replaced and self._seconds() < block.until:
                block.statements += max(0, lease.statements - lease.used_statements)
                block.cells += max(0, lease.cells - lease.used_cells)
            is_over = block.is_replaced and not block.given
        if is_over:
            self._told(found[1], block)

    def refused(self, use: Use, code: str) -> None:
        """Record that a statement or login was refused, alone or with others of its minute."""
        known = self._users.find(use.principal) is not None
        self._counts.tell(
            Event(
                kind=EventKind.PROXY_LOGIN if use.verb == LOGIN else EventKind.PROXY_LEASE,
                actor=Actor.CLIENT,
                outcome=Outcome.DENIED,
                subject=self._teller.subject,
                # THREAT T684: names that nobody has are one name here
                records=self._users.tag(use.principal) if known else b"",
                reason=code,
            )
        )

    def found(self, kind: str, table: str, detail: str) -> None:
        """Record that something is wrong at the provider, alone or with others of its minute.

        `detail` is for the one who asked: it may name a row, so it is not written.
        """
        del detail
        if self._tolerance is not None:
            self._tolerance.recorded(kind, table)
        self._counts.tell(
            Event(
                kind=EventKind.PROVIDER,
                actor=Actor.OUTSIDER,
                outcome=Outcome.FAILED,
                subject=self._teller.subject,
                collection=Collection(table) if table else None,
                reason=kind,
            )
        )

    def sweep(self) -> None:
        """Tell the log of what is over and came back, if the last look was some seconds ago."""
        now = self._seconds()
        with self._turn:
            if now - self._swept < SECONDS:
                return
            self._swept = now
            over = [
                (use, kind.block)
                for use, kind in self._kinds.items()
                if kind.block is not None and now >= kind.block.until and not kind.block.given
            ]
            for use, _ in over:
                del self._kinds[use]
        for use, block in over:
            self._told(use, block)

    def close(self) -> None:
        """Tell the log what was used of all that was given, and what was counted."""
        with self._turn:
            over = [(use, kind.block) for use, kind in self._kinds.items() if kind.block]
            for lease, use, block in self._given.values():
                block.used_statements += lease.used_statements
                block.used_cells += lease.used_cells
                over.append((use, block))
            self._given.clear()
            self._kinds.clear()
        for use, block in over:
            self._told(use, block)
        self._counts.tell_rest()

    def _is_clear(self, use: Use) -> bool:
        """Whether nothing that a statement names is protected."""
        return not (use.opens or use.writes or self._protected.intersection(use.tables))

    def _allowed(self, use: Use) -> User:
        user = self._users.find(use.principal)
        role = self._policy.role_of(use.principal)
        why = "there is no such user" if user is None else refusal(user, use, self._policy, role)
        if user is None or why:
            self.refused(use, "SH007")
            raise DeniedError(why)
        return user

    def _rows(self, use: Use, now: float) -> dict[str, int]:
        """Take rows of each table whose rate is limited.

        Raises:
            TooFastError: none is left in this minute.
        """
        try:
            return self._rates.take(use, now, CELLS // max(1, len(use.opens)))
        except TooFastError:
            if self._tolerance is not None:
                self._tolerance.too_fast(use)
            raise

    def _begin(self, use: Use, user: User, now: float) -> _Block:
        """Write a block into the log, and return it once it is durable.

        Raises:
            SealholdError: as `admit` says; no row was taken.
        """
        most = 1 if self._each(use) else CLEAR if self._is_clear(use) else STATEMENTS
        rows = self._rows(use, now)
        cells = min((CELLS, *(count * len(use.opens) for count in rows.values())))
        block = _Block(
            id=DecisionId(Id16(self._core.entropy(16))),
            statements=most,
            cells=cells,
            until=now + SECONDS,
            at=now,
            rows=rows,
        )
        work = Work(
            ops=(),
            entries=(self._teller.entry(self._event(EventKind.PROXY_LEASE, use, block)),),
            releases=True,
            # THREAT T683: a user who was taken away in this moment gets no lease
            on=(user.guard,),
        )
        try:
            # THREAT T682: nothing is sent that the log does not tell of
            self._core.writer.commit(work)
        except SealholdError:
            self._rates.give_back(use, now, rows)
            raise
        return block

    def _part(self, block: _Block, use: Use) -> Lease:
        """Give a part of a block; the parts that are out never come to more than the block."""
        with self._turn:
            statements = max(min(LEAST, block.statements), block.statements // SHARE)
            cells = max(min(LEAST_CELLS, block.cells), block.cells // SHARE) if use.opens else 0
            block.statements -= statements
            block.cells -= cells
            block.given += 1
            lease = Lease(statements=statements, cells=cells, until=block.until)
            self._given[id(lease)] = (lease, use, block)
        return lease

    def _end(self, kind: _Kind, use: Use) -> None:
        with self._turn:
            block, kind.block = kind.block, None
            if block is None:
                return
            block.is_replaced = True
            is_over = not block.given
        if is_over:
            self._told(use, block)

    def _told(self, use: Use, block: _Block) -> None:
        """Write what was used of a block; nobody waits for it, since the lease says as much."""
        with self._turn:
            if block.is_told:
                return
            block.is_told = True
        used = {table: block.used_cells // max(1, len(use.opens)) for table in block.rows}
        left = {table: max(0, rows - used[table]) for table, rows in block.rows.items()}
        self._rates.give_back(use, block.at, left)
        event = self._event(EventKind.PROXY_USE, use, block)
        with suppress(SealholdError):  # then the block stands in the log as used up
            self._core.writer.submit([Work((), (self._teller.entry(event),))])

    def _event(self, kind: EventKind, use: Use, block: _Block) -> Event:
        is_lease = kind is EventKind.PROXY_LEASE
        return Event(
            kind=kind,
            actor=Actor.CLIENT,
            subject=self._teller.subject,
            records=self._users.tag(use.principal),
            decision=block.id,
            collection=Collection(_short(", ".join(use.tables))) if use.tables else None,
            fields=tuple(FieldName(each) for each in use.opens) if is_lease else (),
            template=_short(", ".join(use.writes)) or None if is_lease else None,
            rows_read=block.statements if is_lease else block.used_statements,
            rows_out=(block.cells if use.opens else 0) if is_lease else block.used_cells,
            reason=use.verb,
        )


def _has_part(block: _Block, use: Use) -> bool:
    return block.statements > 0 and (block.cells > 0 or not use.opens)


def _told_each(policy: Policy) -> Callable[[Use], bool]:
    """Return what tells whether the log is told of each single use."""
    read, written = set[str](), set[str]()
    for table in policy.tables:
        for column in table.columns:
            names = {f"{table.name}.{column.name}", f"{table.schema}.{table.name}.{column.name}"}
            if column.audit == "all":
                read |= names
            if column.audit in {"all", "write"}:
                written |= names
    return lambda use: not (read.isdisjoint(use.opens) and written.isdisjoint(use.writes))


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
