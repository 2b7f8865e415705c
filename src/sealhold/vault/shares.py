"""Budgets that several devices of the owner spend from: what this one may, of what it was lent.

- A vault of a single device charges as it always did. As soon as there is a second one, a charge
  also takes its amount from slices that the device which counts the budget lent to this one.
- A slice is bound to an incarnation of a device: a restored copy has another one, and spends none
  of them.
- What a charge lacked is kept, so that the next exchange asks for it.

Source: docs/spec/50-vault-in-sync.md section 6; docs/spec/12-membership.md section 8.
"""

from enum import StrEnum
from typing import NamedTuple

from sealhold.crypto.digest import Keyed
from sealhold.model.encoding import Plain
from sealhold.model.errors import BudgetAwayError
from sealhold.model.ids import Collection, Purpose
from sealhold.model.quantities import Year
from sealhold.stores.spec import Bump, Expect, Guard, Op, Put
from sealhold.vault.deciding import Deciding
from sealhold.vault.papers import Papers
from sealhold.vault.syncrows import HELD, SHARING, WANTED

ONE = 0  # the row that says that budgets are shared


class Kind(StrEnum):
    """What a shared budget is one of."""

    ALL = "all"  # of all askers, in a year: micro-bits
    PURPOSE = "purpose"  # of a purpose, in a year: micro-bits
    OBJECT = "object"  # of each object of a collection, for life: micro-bits
    NOISE = "noise"  # of a collection, in a year: micro-rho


class Name(NamedTuple):
    """Which budget."""

    kind: Kind
    text: str  # the purpose or collection
    year: int  # 0: for life


def all_askers(year: Year) -> Name:
    """Return the budget that every answer touches."""
    return Name(Kind.ALL, "", year)


def of_purpose(purpose: Purpose, year: Year) -> Name:
    """Return the budget of a purpose."""
    return Name(Kind.PURPOSE, purpose, year)


def of_objects(collection: Collection) -> Name:
    """Return the budget of each object of a collection."""
    return Name(Kind.OBJECT, collection, 0)


def of_noise(collection: Collection, year: Year) -> Name:
    """Return the budget of noise of a collection."""
    return Name(Kind.NOISE, collection, year)


def tag_of(names: Keyed, budget: Name) -> bytes:
    """Return the 16 bytes by which rows call a budget; `names` is the subject's own."""
    return names.mac16(
        b"shared", budget.kind.encode(), budget.text.encode(), budget.year.to_bytes(8, "big")
    )


class Shares:
    """What one device may spend."""

    def __init__(self, deciding: Deciding, names: Keyed) -> None:
        self._deciding = deciding
        self._names = names

    def ops(self, *charges: tuple[Name, int]) -> tuple[Op, ...]:
        """Return the operations that take charges from what was lent; few if nobody shares.

        Raises:
            BudgetAwayError: what was lent to this device does not cover one of them.
        """
        shared = self._deciding.get(SHARING.name, ONE)
        if shared is None:
            # THREAT T524: a charge that was begun alone fails if another device comes meanwhile
            return (Guard(SHARING.name, (ONE,), Expect.ABSENT),)
        ops: list[Op] = [Guard(SHARING.name, (ONE,), shared.v)]
        short: list[tuple[str, str, int, int]] = []
        for budget, cost in charges:
            parts = self._parts(budget, cost, shared.row[1])
            if parts is None:
                short.append((budget.kind.value, budget.text, budget.year, cost))
            else:
                ops += parts
        if short:
            raise BudgetAwayError(
                "this device was not lent enough of a budget that several devices share",
                budgets=tuple(short),
            )
        return tuple(ops)

    def _parts(self, budget: Name, cost: int, own: bytes) -> list[Op] | None:
        """Return what takes a charge from the slices of one budget; None if they are too small."""
        tag, left = tag_of(self._names, budget), cost
        ops: list[Op] = []
        for found in sorted(self._deciding.all(HELD.name), key=lambda each: each.row[1]):
            of, number, incarnation, amount, spent = found.row
            # THREAT T525: what was lent to another incarnation is spent already
            if of == tag and incarnation == own and left > 0:
                part = min(left, amount - spent)
                left -= part
                if part:
                    ops.append(Bump(HELD.name, (of, number), "spent", part, amount))
        return None if left > 0 else ops


def wanting(papers: Papers, names: Keyed, away: BudgetAwayError) -> tuple[Op, ...]:
    """Return what keeps that a charge lacked a slice."""
    ops: list[Op] = []
    for kind, text, year, need in away.budgets:
        tag = tag_of(names, Name(Kind(kind), text, year))
        told: Plain = [kind, text, year, need]
        ops.append(Put(WANTED.name, (tag, papers.seal(WANTED.name, (tag,), told))))
    return tuple(ops)


def following(deciding: Deciding, incarnation: bytes, *, begins: bool = False) -> tuple[Op, ...]:
    """Return what keeps which incarnation spends, if budgets are shared or begin to be."""
    if not begins and deciding.get(SHARING.name, ONE) is None:
        return ()
    return (Put(SHARING.name, (ONE, incarnation)),)
