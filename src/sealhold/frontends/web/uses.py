"""The log as a bank statement: what others learned, one line for each thing learned or refused.

- The log holds an entry for each step: decided, charged, read, run, released. A person reads one
  line for them all, with the asker, the answer, its price and what was left after it.
- Nothing is left out of sums: a charge without an answer, as a look or a failed run, is a line of
  its own.

Source: docs/spec/20-faces.md section 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sealhold.frontends.web.visit import Visit
from sealhold.model.ids import GrantId, ReceiptId
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import AnswerView, LedgerLine

BATCH = 500  # entries looked through at a time
FARTHEST = 10_000  # entries looked through for one page


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One line of the statement."""

    seq: int  # of the entry that it opens
    at: Instant
    who: str
    what: str
    reason: str  # why it was refused
    refused: bool
    value: int | None  # what left; None if nothing did
    receipt: ReceiptId | None
    cost: MicroBits
    left: MicroBits | None
    leaf: str


def lately(visit: Visit, before: int | None, wanted: int) -> tuple[tuple[Use, ...], int | None]:
    """Return the newest uses below entry `before`, and below which entry to look further."""
    found: list[Use] = []
    answers = visit.vault.runs.answers()
    names = {grant.id: (grant.app_name, grant.label) for grant in visit.vault.grants.list()}
    start = before
    for _ in range(FARTHEST // BATCH):
        lines = visit.vault.audit.ledger(start, BATCH)
        if not lines:
            return tuple(found), None
        found += _joined(lines, answers, names)
        start = lines[-1].seq
        if len(found) > wanted:
            return tuple(found[:wanted]), found[wanted - 1].seq
    return tuple(found), start


def of_lines(visit: Visit, lines: Iterable[LedgerLine]) -> tuple[Use, ...]:
    """Return the uses among `lines`, in their order."""
    names = {grant.id: (grant.app_name, grant.label) for grant in visit.vault.grants.list()}
    return tuple(_joined(tuple(lines), visit.vault.runs.answers(), names))


def _joined(
    lines: tuple[LedgerLine, ...],
    answers: tuple[AnswerView, ...],
    names: dict[GrantId, tuple[str, str]],
) -> list[Use]:
    by_receipt = {answer.receipt: answer for answer in answers}
    charged = {answer.seq for answer in answers}
    left = {line.seq: line.left for line in lines}
    found = []
    for line in lines:
        answer = by_receipt.get(line.receipt) if line.receipt is not None else None
        if answer is not None:
            who, what = names.get(answer.grant, (line.actor, answer.label))
            found.append(_use(line, who, what, answer, left.get(answer.seq) or line.left))
        elif line.outcome == "denied" or (line.cost and line.seq not in charged):
            found.append(_use(line, line.actor, line.what, None, line.left))
    return _carried(found)


def _use(
    line: LedgerLine, who: str, what: str, answer: AnswerView | None, left: MicroBits | None
) -> Use:
    return Use(
        seq=line.seq,
        at=line.at,
        who=who,
        what=what,
        reason=line.reason,
        refused=line.outcome == "denied",
        value=None if answer is None else answer.value,
        receipt=line.receipt if answer is not None else None,
        cost=line.cost if answer is None else answer.cost,
        left=left,
        leaf=line.leaf,
    )


def _carried(uses: list[Use]) -> list[Use]:
    """Return `uses`, newest first, with the balance carried over what cost nothing."""
    balance: MicroBits | None = None
    carried = []
    for use in reversed(uses):
        balance = use.left if use.left is not None else balance
        carried.append(replace(use, left=balance))
    return carried[::-1]
