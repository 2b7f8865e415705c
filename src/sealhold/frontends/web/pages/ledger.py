"""The ledger: what others learned, with a running balance, and the proof that nothing was changed.

- One line for each use; the same page shows every entry of the log for those who want them all.
- The server verifies by reading the whole log; with script, the browser also recomputes the root
  from the leaf hashes and compares it with the root on the page.
"""

from sealhold.frontends.web.pages.slips import Slip, slip
from sealhold.frontends.web.uses import Use, lately
from sealhold.frontends.web.visit import Outcome, Page, Paper, Visit
from sealhold.model.errors import InvalidError, NotFoundError
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import LedgerLine

PAGE_LINES = 40
MAX_DIGITS = 15  # of an entry's number


def show(visit: Visit) -> Outcome:
    """Return the newest entries, or those before one."""
    return _page(visit, just_verified=False)


def verify(visit: Visit) -> Outcome:
    """Verify the whole log, then show it."""
    visit.vault.audit.verify()
    return _page(visit, just_verified=True)


def tamper(visit: Visit) -> Outcome:
    """In a demo, bend a copy of the vault and show what opening it finds.

    Raises:
        NotFoundError: this is no demo.
    """
    if visit.stage is None:
        raise NotFoundError("nothing lives at this address")
    return _page(visit, just_verified=False, bent=visit.stage.tamper())


def leaves(visit: Visit) -> Outcome:
    """Return the leaf hash of each entry, one a line, for the browser's own computation."""
    text = "".join(f"{leaf}\n" for leaf in visit.vault.audit.leaf_hashes())
    return Paper(name="leaves.txt", media="text/plain", data=text.encode(), download=False)


def proof(visit: Visit) -> Outcome:
    """Return the audit bundle of one entry."""
    seq = _number(visit.names["seq"])
    data = visit.vault.audit.proof(seq)
    return Paper(name=f"entry-{seq}.proof.json", media="application/json", data=data)


def _page(visit: Visit, *, just_verified: bool, bent: tuple[str, ...] | None = None) -> Page:
    opened = _number(visit.query.one("open")) if "open" in visit.query else None
    before = _number(visit.query.one("before")) if "before" in visit.query else None
    state, meters = visit.vault.audit.state(), visit.vault.budgets.meters()
    shows_all = "all" in visit.query
    if opened is not None and before is None and state.size - opened > PAGE_LINES:
        before = opened + PAGE_LINES // 2  # the opened entry in the middle of its page
    rows, earlier = _rows(visit, before, shows_all=shows_all)
    return Page(
        template="ledger.html",
        values={
            "rows": rows,
            "shows_all": shows_all,
            "opened": opened,
            "slip": _slip(visit, opened),
            "facts": _facts(visit, opened),
            "state": state,
            "cap": meters[0].cap if meters else None,
            "answers": sum(row.value is not None for row in rows if isinstance(row, Use)),
            "told": MicroBits(sum(row.cost for row in rows)),
            "earlier": earlier,
            "is_newest": before is None,
            "just_verified": just_verified,
            "bent": bent,
        },
    )


def _rows(
    visit: Visit, before: int | None, *, shows_all: bool
) -> tuple[tuple[Use, ...] | tuple[LedgerLine, ...], int | None]:
    """Return the rows of one page, and below which entry the next one begins."""
    if not shows_all:
        return lately(visit, before, PAGE_LINES)
    lines = visit.vault.audit.ledger(before, PAGE_LINES)
    return lines, lines[-1].seq if lines and lines[-1].seq > 0 else None


def _slip(visit: Visit, opened: int | None) -> Slip | None:
    """Return the receipt of the opened entry, if it released or charged an answer."""
    line = _facts(visit, opened)
    if line is None:
        return None
    answers = visit.vault.runs.answers()
    mine = (one for one in answers if one.seq == line.seq or one.receipt == line.receipt)
    return next((slip(visit, one) for one in mine), None)


def _facts(visit: Visit, opened: int | None) -> LedgerLine | None:
    """Return the opened entry itself."""
    lines = () if opened is None else visit.vault.audit.ledger(opened + 1, 1)
    return next((line for line in lines if line.seq == opened), None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidError("not the number of an entry")
    return int(text)
