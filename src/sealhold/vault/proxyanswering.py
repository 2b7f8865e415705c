"""Answers to other proxies, as the vault takes part in them: the permit, the charge, the receipt.

- `permit` is durable before a statement runs: its nonce is used up, and the log tells of it.
- `charge` is durable before the rows that it counts leave. A kill at any moment leaves rows charged
  that did not leave, and never the other way round.
- Refusals that are equal have one entry in a minute. The asker is told by a code.

Source: docs/spec/67-proxy-to-proxy.md sections 4 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, DeniedError, ExhaustedError, TooFastError
from sealhold.model.ids import DecisionId, Id16
from sealhold.model.quantities import DAY, MINUTE, Instant
from sealhold.protect.peers.receipt import Ask, Receipt, sign_receipt
from sealhold.stores.spec import Expect
from sealhold.vault.core import Core
from sealhold.vault.proxycounts import Counts
from sealhold.vault.proxygrants import KeptGrant, QueryGrants
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

SKEW: Final = 5 * MINUTE  # that two clocks may differ, in milliseconds
KEPT: Final = 2 * SKEW  # for which a nonce is remembered
MOST: Final = 600  # statements under one grant in that time


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A statement that may run."""

    ask: Ask
    kept: KeptGrant
    decision: DecisionId


class Answering:
    """The vault's part in answering other proxies; several threads may call at once."""

    def __init__(self, core: Core, head: Callable[[], bytes]) -> None:
        """Take `head`: the newest checkpoint of the log, as it lies outside the database."""
        self._core, self._head = core, head
        self._rows = ProxyRows(core)
        self._grants = QueryGrants(core)
        self._key = ProxyKeys(core).peer()
        self._teller = Teller(core.keys)
        self._counts = Counts(core)
        self._turn = Lock()  # one use of a grant is written at a time

    def permit(self, ask: Ask, who: bytes) -> Permit:
        """Return leave to run a statement once; it is in the log then.

        Raises:
            DeniedError: no such grant of theirs, over, out of time, or said before.
            ExhaustedError: the rows of the day are used up.
            TooFastError: too many statements in a few minutes.
            ConflictError: the grant was changed in this very moment.
            AuditUnavailableError: the log cannot be written.
        """
        kept, now = self._grants.find(ask.grant), self._core.clock()
        # THREAT T755: who holds the grant of another is told what one is told who made one up
        if kept is None or kept.grant.requester != who:
            raise DeniedError("no such grant")
        # THREAT T760: read anew for each statement, and guarded in the commit
        if kept.is_over(now):
            raise DeniedError("the grant is over")
        if abs(now - ask.at) > SKEW:
            raise DeniedError("the clocks of the two proxies differ by more than five minutes")
        with self._turn:
            use, version = self._use(ask.grant, now)
            # THREAT T761: a statement that is said again is none
            if any(ask.nonce == nonce for _, nonce in use["nonces"]):
                raise DeniedError("a statement that was said before")
            if use["rows"] >= kept.grant.terms.rows_per_day:
                raise ExhaustedError("the rows of this day are used up")
            if len(use["nonces"]) >= MOST:
                raise TooFastError("too many statements in ten minutes")
            use["nonces"].append([now, ask.nonce])
            decision = DecisionId(Id16(self._core.entropy(16)))
            event = self._event(EventKind.QUERY_PERMIT, ask.grant, decision)
            event.update(digest=ask.statement, reason=kept.grant.terms.purpose)
            self._write(kept, use, version, Event(**event))
        return Permit(ask=ask, kept=kept, decision=decision)

    def charge(self, permit: Permit, rows: int) -> None:
        """Count rows that are about to leave; durable once this returns.

        Raises:
            ExhaustedError: the day has not so many left.
            ConflictError: the grant was revoked meanwhile.
            AuditUnavailableError: it cannot be written.
        """
        with self._turn:
            now = self._core.clock()
            use, version = self._use(permit.ask.grant, now)
            # THREAT T762: charged before they leave, so no kill gives rows for nothing
            if use["rows"] + rows > permit.kept.grant.terms.rows_per_day:
                raise ExhaustedError("the rows of this day are used up")
            use["rows"] += rows
            event = self._event(EventKind.QUERY_ANSWER, permit.ask.grant, permit.decision)
            self._write(permit.kept, use, version, Event(**event, rows_out=rows))

    def receipt(self, permit: Permit, rows: int, answer: bytes) -> bytes:
        """Return the receipt of an answer that left, once the log tells of it.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        ask = permit.ask
        envelope = sign_receipt(
            Receipt(
                grant=ask.grant,
                nonce=ask.nonce,
                statement=ask.statement,
                rows=rows,
                answer=answer,
                at=Instant(self._core.clock()),
                head=sha256(self._head()),
            ),
            self._key,
        )
        event = self._event(EventKind.QUERY_ANSWER, ask.grant, permit.decision)
        event.update(digest=sha256(envelope))
        work = Work((), (self._teller.entry(Event(**event)),), releases=True)
        self._core.writer.commit(work)
        return envelope

    def refused(self, grant: bytes | None, code: str) -> None:
        """Have a refusal recorded, alone or with others of its minute."""
        known = grant is not None and self._grants.find(grant) is not None
        self._counts.tell(
            Event(
                kind=EventKind.QUERY_PERMIT,
                actor=Actor.CLIENT,
                outcome=Outcome.DENIED,
                subject=self._teller.subject,
                records=self._grants.tag(grant) if known and grant is not None else b"",
                reason=code,
            )
        )

    def end(self) -> None:
        """Tell of all that was counted."""
        self._counts.tell_rest()

    def _use(self, grant: bytes, now: int) -> tuple[dict[str, Plain], int | Expect]:
        kept = self._rows.get(Thing.QUERY_USE, grant.hex())
        today = now // DAY
        if kept is None:
            return {"day": today, "rows": 0, "nonces": []}, Expect.ABSENT
        use = kept.paper
        if use["day"] < today:
            use |= {"day": today, "rows": 0}
        use["nonces"] = [each for each in use["nonces"] if now - each[0] <= KEPT]
        return use, kept.found.v

    def _write(
        self, kept: KeptGrant, use: dict[str, Plain], version: int | Expect, event: Event
    ) -> None:
        op = self._rows.put(Thing.QUERY_USE, kept.grant.id.hex(), use, expect=version)
        work = Work((op,), (self._teller.entry(event),), releases=True, on=(kept.guard,))
        try:
            self._core.writer.commit(work)
        except ConflictError as err:
            raise DeniedError("the grant is over") from err

    def _event(self, kind: EventKind, grant: bytes, decision: DecisionId) -> dict[str, Plain]:
        return {
            "kind": kind,
            "actor": Actor.CLIENT,
            "subject": self._teller.subject,
            "records": self._grants.tag(grant),
            "decision": decision,
        }


def hash_of(frame: bytes) -> bytes:
    """Return the hash of one frame of an answer."""
    return sha256(frame)
