"""A planner of one grant over the tables of `tests/planned.py`, without a database."""

from collections.abc import Sequence

from sealhold.protect.peers.paper import GrantedStatement, GrantedTable, Grid, Terms
from sealhold.protect.peers.planning import GrantPlanner, normal
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.plan import Plan
from tests.planned import planner

TABLE = GrantedTable(
    schema="public",
    name="patient",
    columns=("id", "name", "email", "city", "age"),
    where="city = 'Bern' AND age > 18",
)
ROWS = Terms(dataset="clinic", purpose="care", rows_per_day=100, tables=(TABLE,))
SUMS = Terms(
    dataset="clinic",
    purpose="care",
    rows_per_day=100,
    grid=Grid(
        table=GrantedTable(schema="public", name="patient", columns=("city", "age")),
        by=("city",),
        measures=("age",),
        least=5,
    ),
)
TEXTS = Terms(
    dataset="clinic",
    purpose="care",
    rows_per_day=100,
    statements=(
        GrantedStatement(
            sql=normal("SELECT city FROM patient WHERE id = $1"),
            types=("int4",),
            values=(("1",), ("2",)),
        ),
    ),
)


class Known:
    """The planner of the tests, as a session asks it; it remembers what it was handed."""

    version = 1
    loading: Sequence[str] = ()

    def __init__(self) -> None:
        self.planner, self.seen = planner()
        self.texts: list[str] = []

    def names(self, answers: object) -> Names:
        del answers
        return self.seen

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        self.texts.append(text)
        return self.planner.plan(text, oids, names)


def planned(terms: Terms, text: str) -> tuple[Plan, str]:
    """Return the plan of a text under a grant, and what the planner was handed for it."""
    known = Known()
    (plan,) = GrantPlanner(known, terms).plan(text, (), known.seen)
    return plan, known.texts[-1] if known.texts else ""
