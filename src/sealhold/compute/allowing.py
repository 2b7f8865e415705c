"""What a decision of the owner writes: grant, consent event, charges, receipt, log entry.

- Each is made here from the request's papers and the terms: whoever decides puts them into one
  commit. Alone that a task was asked too often is written here, since nothing else tells of it.

Source: docs/spec/07-grants.md sections 4 and 5; docs/spec/06-receipts.md section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.audit.receipt import Receipt, issue, receipt_digest
from sealhold.audit.receiptbody import Confirmed, ConsentBody, Decided
from sealhold.compute.asked import Asked, leaks_of, outlook
from sealhold.compute.cards import shown_digest
from sealhold.compute.office import Office
from sealhold.crypto.digest import sha256
from sealhold.model.errors import BudgetAwayError, LeakExhaustedError, QuestionsExhaustedError
from sealhold.model.ids import FieldName, GrantId, Id16, ReceiptId, random_id
from sealhold.model.quantities import Instant, MicroBits, year_of
from sealhold.model.shown import Terms
from sealhold.policy.consent import By, ConsentEvent, ConsentState
from sealhold.policy.grant import Grant, GrantKind
from sealhold.stores.spec import Op
from sealhold.vault.questions import Questions
from sealhold.vault.shares import wanting
from sealhold.vault.writer import Work

FIRST_EPOCH = 1  # raised by a revocation, which ends every grant of a lower one
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRule:
    """What a standing rule says in the owner's place, and what is written with it."""

    terms: Terms | None  # None: no
    ops: tuple[Op, ...]
    entries: Sequence[Entry]


def whole_grant(office: Office, asked: Asked, now: Instant) -> Grant:
    """Return the grant that gives all that was asked; the owner's terms narrow it."""
    wish, task = asked.wish, asked.signed.task
    entropy = office.core.entropy
    return Grant(
        id=GrantId(random_id(entropy)),
        kind=GrantKind.COMPONENT,
        issuer=sha256(office.grants.issuer),
        audience=sha256(asked.app.public),
        app=asked.app.id,
        purpose=wish.purpose,
        collection=task.collection,
        fields=task.fields,
        filter="all",
        precision=(),
        task=task.digest,
        param=wish.param,
        selection=wish.selection,
        mode=wish.mode,
        budget=wish.budget,
        coarsen=1,
        not_before=now,
        not_after=wish.until,
        epoch=FIRST_EPOCH,
        nonce=entropy(NONCE_BYTES),
    )


def leak_ops(
    office: Office, asked: Asked, fields: frozenset[FieldName], now: Instant
) -> tuple[Op, ...]:
    """Return the operations that charge every object for what the program may tell of it.

    Raises:
        LeakExhaustedError: an object would tell more than it ever may.
        BudgetAwayError: another device counts that, and lent too little of it; the log tells so.
    """
    proposed = asked.proposed(fields, now)
    ahead = outlook(office.budget, asked, proposed)
    name, leaks = asked.dataset.name, leaks_of(proposed)
    try:
        return office.budget.leak_ops(name, leaks, ahead.after, ahead.before)
    except BudgetAwayError as err:
        told_wanting(office, asked, err)
        raise
    except LeakExhaustedError as err:
        raise LeakExhaustedError(_for_function(f"{err}", asked, fields)) from err


def charge_ops(
    office: Office, asked: Asked, fields: frozenset[FieldName], cost: MicroBits, now: Instant
) -> tuple[Op, ...]:
    """Return the operations that charge one new answer to the budgets, and count the question.

    Raises:
        LeakExhaustedError: a budget does not cover it, and which.
        BudgetAwayError: another device counts one, and lent too little of it; the log tells so.
        QuestionsExhaustedError: the task was asked as often as it may be; the log tells so.
    """
    if short := shortage(office, asked, fields, cost, now):
        raise LeakExhaustedError(short)
    charges = query_ops(office, asked, cost, now)
    task = asked.signed.task
    try:
        counted = Questions(office.core.deciding).ops(task.digest, task.limits.queries)
    except QuestionsExhaustedError:
        refused = event_of(office, asked, EventKind.DECISION, Actor.VAULT)
        event = structs.replace(refused, outcome=Outcome.DENIED, reason="questions")
        office.core.writer.commit(Work((), (office.teller.entry(event),)))
        raise
    return (*charges, *counted)


def query_ops(office: Office, asked: Asked, cost: MicroBits, now: Instant) -> tuple[Op, ...]:
    """Return the operations that charge one new answer to the budgets.

    Raises:
        LeakExhaustedError: a budget does not cover it, and which.
        BudgetAwayError: another device counts one, and lent too little of it; the log tells so.
    """
    app, purpose = asked.app.id, asked.wish.purpose
    try:
        return office.budget.query_ops(cost, app, purpose, year_of(now))
    except BudgetAwayError as err:
        told_wanting(office, asked, err)
        raise


def told_wanting(office: Office, asked: Asked, away: BudgetAwayError) -> None:
    """Have the log tell that a budget is away, and the next exchange ask for a part of it."""
    core = office.core
    refused = event_of(office, asked, EventKind.DECISION, Actor.VAULT)
    event = structs.replace(refused, outcome=Outcome.DENIED, reason="budget_away")
    ops = wanting(core.papers, core.keys.budgets, away)
    core.writer.commit(Work(ops, (office.teller.entry(event),)))


def shortage(
    office: Office, asked: Asked, fields: frozenset[FieldName], cost: MicroBits, now: Instant
) -> str:
    """Return which budget does not cover an answer, of which function; empty if all do."""
    app, purpose = asked.app.id, asked.wish.purpose
    short = office.budget.shortage(cost, app, purpose, year_of(now))
    return _for_function(short, asked, fields) if short else ""


def _for_function(short: str, asked: Asked, fields: frozenset[FieldName]) -> str:
    return f"{short} for function `{asked.function(fields).hex()[:12]}`"


def consent_op(
    office: Office, asked: Asked, state: ConsentState, now: Instant, ends: Instant | None = None
) -> Op:
    """Return the operation that keeps what the owner said, or that time decided."""
    return office.consents.event(
        ConsentEvent(
            consent=Id16(asked.row.id),
            state=state,
            at=now,
            by=By.VAULT if state is ConsentState.EXPIRED else By.SUBJECT,
            notice=shown_digest(asked).hex(),
            starts=Instant(0) if ends is None else now,
            ends=ends or Instant(0),
        )
    )


def consent_receipt(
    office: Office,
    asked: Asked,
    decided: Decided,
    now: Instant,
    terms: Terms | None,
    how: Confirmed | None = None,
) -> tuple[ReceiptId, bytes]:
    """Return the signed receipt of a decision, and its id."""
    receipt = Receipt(
        id=ReceiptId(random_id(office.core.entropy)),
        at=now,
        about=Id16(asked.row.id),
        audit=None,
        body=ConsentBody(
            app=asked.app.id,
            decided=decided,
            task=asked.signed.task.digest,
            purpose=asked.wish.purpose,
            shown=shown_digest(asked),
            confirmed=how or confirmed(office),
            until=terms.until if terms else None,
            budget=terms.budget if terms else None,
        ),
    )
    return receipt.id, issue(receipt, office.proof_key)


def confirmed(office: Office) -> Confirmed:
    """Return how it was made sure that the owner decided."""
    return Confirmed.HEADLESS if office.core.headless else Confirmed.PASSPHRASE


def event_of(office: Office, asked: Asked, kind: EventKind, actor: Actor = Actor.OWNER) -> Event:
    """Return the event that tells of something about this request."""
    return Event(
        kind=kind,
        actor=actor,
        subject=office.teller.subject,
        app=asked.app.id,
        purpose=asked.wish.purpose,
        collection=asked.dataset.name,
        request=asked.row.id,
        grant=asked.row.grant,
        task=asked.signed.task.digest,
    )


def with_receipt(event: Event, receipt: ReceiptId, paper: bytes) -> Event:
    """Return `event`, bound to the paper that was handed out with it."""
    return structs.replace(event, receipt=receipt, digest=receipt_digest(paper))


def with_cost(event: Event, cost: MicroBits, left: MicroBits) -> Event:
    """Return `event` with what it cost, and what all askers together have left this year."""
    return structs.replace(event, cost=cost, left=left)
