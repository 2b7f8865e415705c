"""Receipts: what left, as a slip with its papers.

- The pattern and digest of a slip are those of its entry's leaf in the log, so that the slip, the
  ledger and a verification show the same face.
"""

from dataclasses import dataclass

from sealhold.frontends.web.visit import Outcome, Page, Paper, Visit
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Kind
from sealhold.model.ids import show as short
from sealhold.model.shown import AnswerView, GrantView


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One answer that left, with its place in the log and the grant behind it."""

    view: AnswerView
    leaf: str
    grant: GrantView | None


def slip(visit: Visit, answer: AnswerView) -> Slip:
    """Return `answer` as a slip.

    Raises:
        NotFoundError: the log holds no entry of its number.
    """
    lines = visit.vault.audit.ledger(answer.seq + 1, 1)
    if not lines or lines[0].seq != answer.seq:
        raise NotFoundError(f"no entry {answer.seq} in the log")
    grant = next((one for one in visit.vault.grants.list() if one.id == answer.grant), None)
    return Slip(view=answer, leaf=lines[0].leaf, grant=grant)


def show(visit: Visit) -> Outcome:
    """Return one receipt as a page of its own, made to be printed."""
    answer = visit.vault.runs.answer(visit.names["id"])
    return Page(template="receipt.html", values={"slip": slip(visit, answer)})


def proof(visit: Visit) -> Outcome:
    """Return the proof that the asker got."""
    answer = visit.vault.runs.answer(visit.names["id"])
    return Paper(name=f"{_name(answer)}.proof.json", media="application/json", data=answer.proof)


def owner(visit: Visit) -> Outcome:
    """Return the owner's signed receipt."""
    answer = visit.vault.runs.answer(visit.names["id"])
    return Paper(
        name=f"{_name(answer)}.receipt.json", media="application/json", data=answer.owner_receipt
    )


def _name(answer: AnswerView) -> str:
    return short(Kind.RECEIPT, answer.receipt)
