"""The caps: the most that may be told, what was told of each, and setting one.

- Setting takes two steps: a look at what a cap would allow, which changes nothing, and a form with
  the passphrase. One that is raised has a box of its own to tick.
- The form carries the cap as it stood on the page; if it moved, nothing is set.
"""

from decimal import Decimal, InvalidOperation

from sealhold.frontends.web.formats import bits
from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import ConflictError, InvalidError, WrongPassphraseError
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.model.shown.budgets import CapLook

RAISE = "raise"
DIGITS = 16  # of a number of micro-bits, and of what is typed for one
BYTE = 8 * MICRO


def show(visit: Visit) -> Outcome:
    """Return the caps; with `cap` and `bits`, what setting one would do."""
    if "cap" not in visit.query:
        return _page(visit)
    return _page(visit, visit.vault.budgets.look(visit.query.one("cap"), _typed(visit.query)))


def set_(visit: Visit) -> Outcome:
    """Set one cap."""
    kind, most, shown = visit.names["kind"], _micro(visit.form, "most"), _micro(visit.form, "shown")
    confirmed = RAISE in visit.form.many("confirm")
    try:
        # THREAT T63: the cap that the owner saw goes along; the vault refuses if it is another.
        visit.vault.budgets.set_cap(
            kind, most, shown, visit.form.one("passphrase"), confirmed=confirmed
        )
    except WrongPassphraseError:
        look = visit.vault.budgets.look(kind, most)
        return _page(visit, look, status=403, notice="decide.wrong")
    except ConflictError:
        look = visit.vault.budgets.look(kind, most)
        return _page(visit, look, status=409, notice="budgets.moved")
    return Go(to=f"/budgets#cap-{kind}")


def _page(
    visit: Visit, look: CapLook | None = None, *, status: int = 200, notice: str = ""
) -> Page:
    more = bits(MicroBits(max(0, look.after - look.before))) if look else ""
    return Page(
        template="budgets.html",
        status=status,
        values={
            "caps": visit.vault.budgets.caps(),
            "look": look,
            "more": more,
            "bytes": -(-look.after // BYTE) if look else 0,
            "notice": notice,
        },
    )


def _typed(fields: Fields) -> MicroBits:
    """Return the number of bits that was typed.

    Raises:
        InvalidError: no number from 0 on.
    """
    text = fields.one("bits").strip()
    try:
        found = Decimal(text) * MICRO if len(text) <= DIGITS else Decimal("NaN")
    except InvalidOperation as err:
        raise InvalidError("not a number of bits") from err
    if not found.is_finite() or found < 0 or found >= 10**DIGITS:
        raise InvalidError("not a number of bits")
    return MicroBits(int(found))


def _micro(fields: Fields, name: str) -> MicroBits:
    text = fields.one(name)
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise InvalidError(f"`{name}` is not a number of micro-bits")
    return MicroBits(int(text))
