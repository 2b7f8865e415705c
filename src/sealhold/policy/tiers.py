"""What holds a clause at which tier: the one table from which every text about it is made.

- `enforced` is said of a cell that is ENFORCED or LEASED here, and of nothing else, anywhere; at T0
  and T1 not even of those: what was done before sealing is said as what was done.
- The rows of design C43 stand as they are there; the rows below them, of clauses that it does not
  name, say less: never that something is enforced.

Source: docs/spec/49-sharing.md section 5.
"""

from enum import StrEnum
from typing import Final

from sealhold.policy.share import Clauses
from sealhold.policy.shareterms import Tier


class Clause(StrEnum):
    """A clause, as far as it can hold or not."""

    WHO = "who"
    WHAT = "what"
    OMIT = "omit"
    PRECISION = "precision"
    END_NEXT = "end_next"  # the end, and a revocation, for versions that come later
    END_GIVEN = "end_given"  # the same for versions that were given
    COUNT = "count"
    PURPOSE = "purpose"
    NO_RESHARE = "no_reshare"
    DELETE_AFTER = "delete_after"
    ACTIONS = "actions"
    NOTIFY = "notify"
    RECEIPT = "receipt"


class Holds(StrEnum):
    """What makes a clause hold."""

    NOTHING = "nothing"
    STATED = "stated"  # it is written, and that is all
    STATED_SHOWN = "stated_shown"  # written, and what is done leaves evidence
    THEIR_NODE = "their_node"
    THEIR_NODE_SHOWN = "their_node_shown"
    LEASED = "leased"  # enforced, within one lease, for uses that were not made yet
    ENFORCED = "enforced"
    NOT_GIVEN = "not_given"  # the data itself does not leave; said without that word


ENFORCED: Final = frozenset({Holds.ENFORCED, Holds.LEASED})

_E, _NODE, _NODE_SHOWN = Holds.ENFORCED, Holds.THEIR_NODE, Holds.THEIR_NODE_SHOWN
_SAID, _SAID_SHOWN, _NONE = Holds.STATED, Holds.STATED_SHOWN, Holds.NOTHING
_AWAY = Holds.NOT_GIVEN
_ROWS: Final[dict[Clause, tuple[Holds, Holds, Holds, Holds]]] = {
    Clause.WHO: (_E, _E, _E, _E),
    Clause.WHAT: (_E, _E, _E, _E),
    Clause.OMIT: (_E, _E, _E, _E),
    Clause.PRECISION: (_E, _E, _E, _E),
    Clause.END_NEXT: (_E, _E, _E, _E),
    Clause.END_GIVEN: (_NONE, _NODE, Holds.LEASED, _E),
    Clause.COUNT: (_NONE, _NODE_SHOWN, _E, _E),
    Clause.PURPOSE: (_SAID, _SAID_SHOWN, _SAID_SHOWN, _E),
    Clause.NO_RESHARE: (_SAID, _NODE, _SAID_SHOWN, _E),
    Clause.DELETE_AFTER: (_SAID, _NODE, _SAID_SHOWN, _E),
    Clause.ACTIONS: (_SAID, _NODE, _SAID_SHOWN, _AWAY),
    Clause.NOTIFY: (_SAID, _NODE, _SAID_SHOWN, _AWAY),
    Clause.RECEIPT: (_SAID, _NODE_SHOWN, _SAID_SHOWN, _AWAY),
}


def holds(clause: Clause, tier: Tier) -> Holds:
    """Return what makes `clause` hold at `tier`."""
    return _ROWS[clause][tier]


def is_enforced(clause: Clause, tier: Tier) -> bool:
    """Return whether `enforced` may be said of `clause` at `tier`."""
    # THREAT T480: who reads the word relies on it
    return tier >= Tier.KEY_PER_USE and holds(clause, tier) in ENFORCED


def clauses_of(clauses: Clauses) -> tuple[Clause, ...]:
    """Return what a share has clauses of, in the order in which people read them."""
    duties = clauses.duties
    said = {
        Clause.PRECISION: bool(clauses.precision),
        Clause.OMIT: bool(clauses.omit),
        Clause.COUNT: clauses.count is not None,
        Clause.NO_RESHARE: not clauses.reshare,
        Clause.DELETE_AFTER: duties.delete_after is not None,
        Clause.NOTIFY: duties.notify,
        Clause.RECEIPT: duties.receipt,
    }
    return tuple(one for one in Clause if said.get(one, True))
