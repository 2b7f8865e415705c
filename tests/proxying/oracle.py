"""The oracle: each case is asked of the proxy and of the database alone, and the two compared.

- The proxy is asked first; what it refuses the database is not asked, so both stay equal.
- Each case starts outside of a transaction and with the same rows on both sides.
- `report` counts by feature. `python -m tests.proxying.oracle` shows one for a proxy that runs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from tests.proxying.addresses import Address
from tests.proxying.cases import Case
from tests.proxying.comparing import Outcome, compared, is_ordered
from tests.proxying.tables import Table
from tests.proxying.talking import Answer, Step, Talk, Way
from tests.proxying.worlds import SEED, VIEWS

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case went, asked in one way."""

    case: Case
    way: Way
    outcome: Outcome
    why: str = ""
    statements: int = 0  # that were compared

    def __str__(self) -> str:
        return f"[{self.case.feature}, {self.way.value}] {self.case}\n      {self.why}"


@dataclass(slots=True)
class Report:
    """What came of many cases."""

    verdicts: list[Verdict] = field(default_factory=list)
    less: list[str] = field(default_factory=list)  # of tables, that was refused when made

    @property
    def statements(self) -> int:
        return sum(verdict.statements for verdict in self.verdicts)

    @property
    def wrong(self) -> list[Verdict]:
        return [each for each in self.verdicts if each.outcome is Outcome.WRONG]

    @property
    def answered(self) -> float:
        """Return which part of what is promised was answered."""
        promised = [each for each in self.verdicts if each.case.is_promised]
        right = sum(each.outcome is Outcome.IDENTICAL for each in promised)
        return right / max(1, len(promised))

    def __str__(self) -> str:
        counts: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
        for each in self.verdicts:
            counts[each.case.feature][each.outcome] += 1
        head = f"{'feature':<24}" + "".join(f"{outcome.value:>12}" for outcome in Outcome)
        lines = [
            f"{feature:<24}" + "".join(f"{found[outcome]:>12}" for outcome in Outcome)
            + f"{found[Outcome.IDENTICAL] / found.total():>8.0%}"
            for feature, found in counts.items()
        ]  # fmt: skip
        total = f"{self.statements} statements; of what is promised {self.answered:.1%} answered"
        wrong = [*self._told()]
        return "\n".join([*self.less, head, *lines, total, f"{len(self.wrong)} wrong", *wrong])

    def _told(self) -> Iterator[str]:
        """Yield each case that went wrong once, with the ways and what differed first."""
        by_case: defaultdict[str, list[Verdict]] = defaultdict(list)
        for each in self.wrong:
            by_case[f"[{each.case.feature}] {each.case}"].append(each)
        for said, verdicts in [*by_case.items()][:SHOWN]:
            ways = ", ".join(each.way.value for each in verdicts)
            yield f"  {said}\n      {ways}: {verdicts[0].why}"


class Oracle:
    """Two connections of one client: to the proxy, and to the database alone."""

    def __init__(self, ours: Address, theirs: Address) -> None:
        self._addresses = (ours, theirs)
        self._links = (Talk(ours), Talk(theirs))
        self.report = Report()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links:
            link.link.finish()

    def fill(self, tables: Iterable[Table], seed: int = SEED) -> None:
        """Make the tables and their rows through both; all of it must go through.

        Where the proxy refuses a DEFAULT, the table has none on either side.
        """
        for table in tables:
            (made,) = self._links[0].say(table.create)
            create = table.create_plainly if made.is_refused else table.create
            self.report.less += [f"{table.name}: {made.message}"] * made.is_refused
            for link in self._links[not made.is_refused :]:
                self._done(link, create)
            for sql in table.inserts(seed):
                for link in self._links:
                    self._done(link, sql)

    @staticmethod
    def _done(link: Talk, sql: str) -> None:
        (answer,) = link.say(sql)
        assert answer.kind == "done", (sql[:300], answer)

    def views(self) -> list[str]:
        """Make views; return those that the proxy refused, made on the database alone."""
        refused = []
        for sql in VIEWS:
            (ours,) = self._links[0].say(sql)
            (theirs,) = self._links[1].say(sql)
            assert theirs.kind == "done", (sql, theirs)
            if ours.kind != "done":
                assert ours.is_refused, (sql, ours)
                refused.append(sql)
        return refused

    def ask(self, case: Case, way: Way) -> Verdict:
        """Ask both, and note the verdict."""
        wrapped = case.writes and not case.is_own
        steps = [Step("BEGIN")] if wrapped else []
        steps += case.steps
        if wrapped or case.is_own:
            steps += [Step(f"SELECT * FROM {name}") for name in case.written if _is_kept(name)]
        verdict = self._asked(case, steps, way)
        self._settle()
        self.report.verdicts.append(verdict)
        return verdict

    def _asked(self, case: Case, steps: list[Step], way: Way) -> Verdict:
        asked = 0
        for step in steps:
            how = Way.SIMPLE if step.sql == "BEGIN" else way
            ours = self._links[0].say(step, how)
            if any(answer.is_refused for answer in ours):
                return Verdict(case, way, Outcome.REFUSED, _said(ours), asked + 1)
            theirs = self._links[1].say(step, how)
            outcome, why = compared(ours, theirs, ordered=is_ordered(step.sql))
            asked += 1
            if outcome is not Outcome.WRONG and not self._alike():
                states = [link.state for link in self._links]
                outcome, why = Outcome.WRONG, f"state {states[0]} for {states[1]}"
            if outcome is Outcome.WRONG:
                told = "" if len(steps) == 1 else f"at `{step.sql}`: "
                self._again()
                return Verdict(case, way, outcome, told + why, asked)
        return Verdict(case, way, Outcome.IDENTICAL, statements=asked)

    def _alike(self) -> bool:
        return self._links[0].state == self._links[1].state

    def _settle(self) -> None:
        """Let both be outside of a transaction, without what a case left in the session."""
        for link in self._links:
            if link.state != "IDLE":
                link.say("ROLLBACK")

    def _again(self) -> None:
        """Connect anew: what went wrong in one session must not spoil the next case."""
        for link in self._links:
            link.link.finish()
        ours, theirs = self._addresses
        self._links = (Talk(ours), Talk(theirs))

    def contents(self, tables: Iterable[Table]) -> list[str]:
        """Return the tables that do not hold the same through both, with the first difference."""
        found = []
        for table in tables:
            sql = Step(f"SELECT * FROM {table.name} ORDER BY {table.key[0]}")
            both = [link.say(sql) for link in self._links]
            outcome, why = compared(*both, ordered=True)
            found += [f"{table.name}: {why}"] if outcome is not Outcome.IDENTICAL else []
        return found


def _is_kept(name: str) -> bool:
    """Tell whether a name is a table that stays; others come and go in a case."""
    return name not in {"taken", "loose", "scratch", "patient_city", "other"}


def _said(answers: list[Answer]) -> str:
    return next(f"{each.sqlstate} {each.message}" for each in answers if each.is_refused)


def ask_all(oracle: Oracle, cases: Iterable[Case], ways: Iterable[Way]) -> Iterator[Verdict]:
    """Ask each case in each way."""
    kept = tuple(ways)
    for case in cases:
        for way in kept:
            if way is Way.SIMPLE or _is_one(case):
                yield oracle.ask(case, way)


def _is_one(case: Case) -> bool:
    """Tell whether no step holds several statements: only a text of its own may."""
    return not any(re_several(step.sql) for step in case.steps)


def re_several(sql: str) -> bool:
    """Tell whether a text holds several statements, and none that quotes a semicolon."""
    return ";" in sql.rstrip(" ;") or sql.strip() in {";", "; ; SELECT 1 ;"}
