"""The planner of one grant: what another proxy asks, narrowed, and then planned like all else.

- What the grant does not cover is refused before the planner sees it. What is left goes the way of
  every statement: the policy, the gate, the refusals of what cannot be protected.

Source: docs/spec/67-proxy-to-proxy.md section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.protect.peers.allowed import BeyondGrantError, parsed
from sealhold.protect.peers.gridding import gridded
from sealhold.protect.peers.narrowing import narrowed
from sealhold.protect.peers.paper import GrantedStatement, Terms
from sealhold.protect.sql import tree
from sealhold.protect.sql.names import Cells, Names
from sealhold.protect.sql.plan import Plan, Query, Refused, Relay
from sealhold.protect.sql.planning import Planner
from sealhold.protect.sql.refusing import PlanError


@dataclass(frozen=True, slots=True)
class GrantPlanner:
    """Plans statements under one grant; a `Planner` of sessions."""

    under: Planner
    terms: Terms

    @property
    def version(self) -> int:
        """Which policy it follows."""
        return self.under.version

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names."""
        return self.under.loading

    def names(self, answers: Sequence[Sequence[Cells]]) -> Names:
        """Return the names that the answers tell of."""
        found: Names = self.under.names(answers)
        return found

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for a text of one statement."""
        try:
            plans = self.under.plan(self._narrowed(text, names), oids, names)
        except PlanError as err:
            return (err.refused,)
        # THREAT T757: a SELECT is all that others have, whatever it was made of
        if len(plans) != 1 or not isinstance(plans[0], Query | Relay | Refused):
            return (BeyondGrantError("one SELECT is answered, and nothing else").refused,)
        return plans

    def _narrowed(self, text: str, names: Names) -> str:
        if self.terms.statements:
            return statement_of(self.terms, text).sql
        node = parsed(text)
        if self.terms.grid is not None:
            return tree.deparsed(gridded(node, self.terms.grid))
        return tree.deparsed(narrowed(node, self.terms.tables, names))


def normal(text: str) -> str:
    """Return the normal form of a SELECT: what its tree says, without comments and layout.

    Raises:
        PlanError: it is none that others may have.
    """
    return tree.deparsed(parsed(text))


def statement_of(terms: Terms, text: str) -> GrantedStatement:
    """Return which statement of a grant a text is.

    Raises:
        BeyondGrantError: none.
        WrongError: the text does not parse.
    """
    wanted = normal(text)
    found = next((each for each in terms.statements if each.sql == wanted), None)
    if found is None:
        raise BeyondGrantError("a statement that the grant does not have")
    return found
