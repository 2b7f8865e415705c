"""Laws of the statement of a month, on histories made by chance."""

import time
from collections import Counter
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.statement import page_of
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import fields_of, open_statement, sign_statement
from sealhold.model.quantities import Instant, MicroBits, utc
from tests.unit.month_log import APPS, OCTOBER, PEOPLE, MonthLog, by_chance, used

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
    pinned = [log.issuer.public], [log.signer.public]
    assert verify_statement(log.paper(), log.export(), *pinned).exit_code == 0


@pytest.mark.parametrize("entries", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_busy_month_is_told_and_checked(entries: int) -> None:
    log = MonthLog()
    span = (OCTOBER.end - OCTOBER.begin) // entries
    for number in range(0, entries, 50):
        batch = [
            used(APPS[n % 14], cost=MicroBits(n % 7), rows_read=n, fields=("a", "b"))
            for n in range(number, number + 50)
        ]
        log.write(Instant(OCTOBER.begin + number * span), *batch, subject=PEOPLE[number // 50 % 3])
    paper, pinned = log.paper(), ([log.issuer.public], [log.signer.public])

    began = time.process_time()
    drawn = log.statement().drawn
    whole = verify_statement(paper, log.export(), *pinned)
    took = time.process_time() - began
    first = open_statement(paper)[0].drawn.lines[0]
    less = replace(drawn, lines=drawn.lines[1:])
    page = page_of(less.lines, less.standings, len(less.odd))
    lie = sign_statement(replace(log.statement(), drawn=replace(less, page=page)), log.issuer)
    log.erase(PEOPLE[0])

    assert drawn.page.total.cost == sum(n % 7 for n in range(entries))
    assert sum(line.sums["rows_read"] for line in drawn.lines) == sum(range(entries))
    assert whole.exit_code == 0
    assert took < 20  # seconds, for all of it: some 3 where nothing else runs
    assert verify_statement(lie, log.export(), *pinned).exit_code == 6
    after = verify_statement(paper, log.export(), *pinned)
    assert after.exit_code == 0
    assert any("read erased" in check.detail for check in after.checks)
    assert first.sums["entries"] > entries // 20


@pytest.mark.parametrize("seed", range(50, 53))
def test_a_statement_reads_back_as_it_was_signed(seed: int) -> None:
    log = by_chance(seed)

    statement, issuer = open_statement(log.paper())

    assert statement == log.statement()
    assert fields_of(statement) == fields_of(log.statement())
    assert issuer == log.issuer.public


@pytest.mark.parametrize("seed", range(60, 66))
def test_a_statement_still_holds_when_somebody_is_erased(seed: int) -> None:
    log = by_chance(seed)
    paper = log.paper()
    for person in PEOPLE:
        log.erase(person)

    verdict = verify_statement(paper, log.export(), [log.issuer.public], [log.signer.public])

    assert verdict.exit_code == 0, verdict
    assert any("erased" in check.detail for check in verdict.checks)


@pytest.mark.parametrize("seed", range(75, 78))
def test_a_statement_made_after_an_erasure_holds_too(seed: int) -> None:
    log = by_chance(seed)
    log.erase(PEOPLE[seed % 3])

    verdict = verify_statement(log.paper(), log.export(), [log.issuer.public], [log.signer.public])

    assert verdict.exit_code == 0, verdict
