"""The ledger: every entry of the log, a running balance, and the proof that nothing was changed.

- The server verifies by reading the whole log; with script, the browser also recomputes the root
  from the leaf hashes and compares it with the root on the page.
"""

from sealhold.frontends.web.pages.slips import Slip, slip
from sealhold.frontends.web.visit import Outcome, Page, Paper, Visit
from sealhold.model.errors import InvalidError
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


def leaves(visit: Visit) -> Outcome:
    """Return the leaf hash of each entry, one a line, for the browser's own computation."""
    text = "".join(f"{leaf}\n" for leaf in visit.vault.audit.leaf_hashes())
    return Paper(name="leaves.txt", media="text/plain", data=text.encode(), download=False)


def proof(visit: Visit) -> Outcome:
    """Return the audit bundle of one entry."""
    seq = _number(visit.names["seq"])
    data = visit.vault.audit.proof(seq)
    return Paper(name=f"entry-{seq}.proof.json", media="application/json", data=data)


def _page(visit: Visit, *, just_verified: bool) -> Page:
    opened = _number(visit.query.one("open")) if "open" in visit.query else None
    before = _number(visit.query.one("before")) if "before" in visit.query else None
    if opened is not None and before is None and opened >= 0:
        newest = visit.vault.audit.state().size
        before = None if newest - opened <= PAGE_LINES else opened + PAGE_LINES // 2
    lines = visit.vault.audit.ledger(before, PAGE_LINES)
    meters = visit.vault.budgets.meters()
    return Page(
        template="ledger.html",
        values={
            "lines": lines,
            "opened": opened,
            "slip": _slip(visit, lines, opened),
            "state": visit.vault.audit.state(),
            "cap": meters[0].cap if meters else None,
            "answers": sum(line.receipt is not None for line in lines),
            "told": MicroBits(sum(line.cost for line in lines)),
            "earlier": lines[-1].seq if lines and lines[-1].seq > 0 else None,
            "is_newest": before is None,
            "just_verified": just_verified,
        },
    )


def _slip(visit: Visit, lines: tuple[LedgerLine, ...], opened: int | None) -> Slip | None:
    """Return the receipt of the opened entry, if it has one."""
    line = next((one for one in lines if one.seq == opened), None)
    if line is None or line.receipt is None:
        return None
    answers = visit.vault.runs.answers()
    return next((slip(visit, one) for one in answers if one.receipt == line.receipt), None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidError("not the number of an entry")
    return int(text)
