"""Laws of the statement of a month, on histories made by chance."""

from collections import Counter

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import fields_of, open_statement
from sealhold.model.quantities import utc
from tests.unit.month_log import PEOPLE, MonthLog, by_chance

ASKS = {EventKind.REQUEST, EventKind.APPROVE, EventKind.REFUSE, EventKind.REVOKE}
USES = {
    EventKind.CHARGE,
    EventKind.RUN,
    EventKind.RELEASE,
    EventKind.PREVIEW,
    EventKind.DECISION,
    EventKind.READ,
}


def told(log: MonthLog) -> tuple[Counter[tuple[str, str, str]], Counter[str]]:
    """Add October up from the raw entries, another way than the product does."""
    found: Counter[tuple[str, str, str]] = Counter()
    total: Counter[str] = Counter()
    for noted in log.noted():
        assert noted.logged is not None
        event, at = noted.logged.event, utc(noted.logged.at)
        if (at.year, at.month) != (2026, 10):
            continue
        total["entries"] += 1
        others = event.actor in {Actor.APP, Actor.PERSON}
        if not (event.kind in ASKS or others or (event.app and event.kind in USES)):
            continue
        who = (event.app.hex() if event.app else "", event.purpose or "")
        for name, number in (
            ("answers", (event.kind, event.outcome) == (EventKind.RELEASE, Outcome.DONE)),
            ("refused", event.outcome is Outcome.DENIED or event.kind is EventKind.REFUSE),
        ):
            found[*who, name] += number * (1 + event.more)
            total[name] += number * (1 + event.more)
        found[*who, "cost"] += event.cost
        total["cost"] += event.cost
    return found, total


@pytest.mark.parametrize("seed", range(50))
def test_a_statement_equals_what_the_raw_log_comes_to(seed: int) -> None:
    log = by_chance(seed)

    found, total = told(log)
    drawn = log.statement().drawn

    assert sum(line.sums["entries"] for line in drawn.lines) == total["entries"] > 10
    for row in drawn.page.rows:
        for name in ("answers", "refused", "cost"):
            assert getattr(row, name) == found[row.app, row.purpose, name]
    for name in ("answers", "refused", "cost"):
        assert getattr(drawn.page.total, name) == total[name]
    assert len(drawn.page.rows) <= 10
    assert verify_statement(log.paper(), log.export()).exit_code == 3  # whole; no key was named
    pinned = [log.issuer.public], [log.signer.public]
    assert verify_statement(log.paper(), log.export(), *pinned).exit_code == 0


@pytest.mark.parametrize("seed", range(50, 60))
def test_a_statement_reads_back_as_it_was_signed(seed: int) -> None:
    log = by_chance(seed)

    statement, issuer = open_statement(log.paper())

    assert statement == log.statement()
    assert fields_of(statement) == fields_of(log.statement())
    assert issuer == log.issuer.public


@pytest.mark.parametrize("seed", range(60, 75))
def test_a_statement_still_holds_when_somebody_is_erased(seed: int) -> None:
    log = by_chance(seed)
    paper = log.paper()
    for person in PEOPLE:
        log.erase(person)

    verdict = verify_statement(paper, log.export(), [log.issuer.public], [log.signer.public])

    assert verdict.exit_code == 0, verdict
    assert any("erased" in check.detail for check in verdict.checks)


@pytest.mark.parametrize("seed", range(75, 80))
def test_a_statement_made_after_an_erasure_holds_too(seed: int) -> None:
    log = by_chance(seed)
    log.erase(PEOPLE[seed % 3])

    verdict = verify_statement(log.paper(), log.export(), [log.issuer.public], [log.signer.public])

    assert verdict.exit_code == 0, verdict
