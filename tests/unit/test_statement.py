"""What a month comes to, by hand: lines, what stands, what is odd, and what a sheet says."""

from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.oddities import oddities
from sealhold.audit.statement import Month, read_month
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import sign_statement
from sealhold.audit.sums import read_runs, write_runs
from sealhold.frontends.web.sheetlines import tables_of
from sealhold.frontends.web.sheetpdf import pdf_of
from sealhold.frontends.web.sheets import month_beside, odd_words, sheet_of
from sealhold.model.errors import ExtraMissingError, InvalidEncodingError, InvalidError
from sealhold.model.ids import GrantId, Id16, Purpose, RequestId
from sealhold.model.quantities import DAY, HOUR, Instant, MicroBits
from sealhold.model.shown.statement import Odd, Standing
from tests.unit.month_log import APPS, OCTOBER, SOURCES, MonthLog, used

GRANT, REQUEST = GrantId(Id16(b"g" * 16)), RequestId(Id16(b"q" * 16))
NOON = Instant(OCTOBER.begin + 14 * DAY + 12 * HOUR)


def of(kind: EventKind, **more: object) -> Event:
    told: dict[str, object] = {"actor": Actor.OWNER, **more}
    return Event(kind=kind, **told)  # type: ignore[arg-type]  # reason: fields by name


def allowed(log: MonthLog, at: Instant) -> None:
    asked = {"app": APPS[0], "purpose": Purpose("p"), "request": REQUEST}
    log.write(at, of(EventKind.REQUEST, actor=Actor.APP, reason="waiting", **asked))
    log.write(at, of(EventKind.APPROVE, grant=GRANT, **asked))


def standing(log: MonthLog, what: str) -> list[Standing]:
    return [each for each in log.statement().drawn.standings if each.what == what]


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "202610", "26-10", "2026-1", "1969-12", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        read_month(text)


def test_a_month_lies_between_its_neighbours() -> None:
    assert (Month(2026, 1).before, Month(2026, 12).after) == (Month(2025, 12), Month(2027, 1))
    assert Month(2024, 2).end - Month(2024, 2).begin == 29 * DAY
    assert (month_beside("2026-01", -1), month_beside("2026-12", 1)) == ("2025-12", "2027-01")


@pytest.mark.parametrize("text", ["4-", "5,4", "4,5", "4-4", "04", "1,1", "-1", "4-9"])
def test_a_list_of_entries_has_one_form(text: str) -> None:
    assert read_runs(write_runs([1, 2, 3, 7]), 8) == [1, 2, 3, 7]
    with pytest.raises(InvalidEncodingError):
        read_runs(text, 8)


def test_a_quiet_month_says_so_and_is_shown_to_be_empty() -> None:
    log = MonthLog()
    log.write(Instant(OCTOBER.begin - 1), used(APPS[0]))
    log.write(Instant(OCTOBER.end), used(APPS[0]))

    statement = log.statement()
    verdict = verify_statement(log.paper(), log.export(), [log.issuer.public], [log.signer.public])

    assert (statement.drawn.first, statement.drawn.last) == (1, 1)
    assert statement.drawn.page.is_quiet
    assert "quiet" in sheet_of(statement).lead
    assert verdict.exit_code == 0


def test_entries_at_the_very_edges_count_to_the_right_month() -> None:
    log = MonthLog()
    for at in (OCTOBER.begin - 1, OCTOBER.begin, OCTOBER.end - 1, OCTOBER.end):
        log.write(Instant(at), used(APPS[0]))

    drawn = log.statement().drawn

    assert [line.runs for line in drawn.lines] == ["1-2"]


def test_more_than_ten_askers_are_ten_rows_and_a_rest() -> None:
    log = MonthLog()
    for number, app in enumerate(APPS):
        event = used(app, EventKind.RELEASE, cost=MicroBits(1_000_000), more=number)
        log.write(NOON, event)

    page = log.statement().drawn.page

    assert (len(page.rows), page.others) == (10, 4)
    assert [row.answers for row in page.rows] == list(range(14, 4, -1))
    assert page.rest is not None
    assert page.rest.answers == 4 + 3 + 2 + 1
    assert page.total.answers == sum(range(1, 15))


def test_a_grant_is_new_then_unused_then_ended() -> None:
    log = MonthLog()
    allowed(log, NOON)
    (new,) = standing(log, "grant")
    log = MonthLog()
    allowed(log, Instant(OCTOBER.begin - DAY))
    (unused,) = standing(log, "grant")
    log.write(NOON, of(EventKind.REVOKE, app=APPS[0], grant=GRANT, request=REQUEST))
    (ended,) = standing(log, "grant")

    assert (new.state, new.marks, new.indices) == ("in_force", ("new",), (1,))
    assert unused.marks == ("unused",)
    assert (ended.state, ended.marks, ended.indices) == ("revoked", ("ended",), (1, 2))


@pytest.mark.parametrize("reason", ["spent", "expired"])
def test_a_grant_ends_with_its_last_answer_or_its_time(reason: str) -> None:
    log = MonthLog()
    allowed(log, NOON)
    kind = EventKind.RELEASE if reason == "spent" else EventKind.REQUEST
    log.write(NOON, used(APPS[0], kind, grant=GRANT, request=REQUEST, reason=reason))

    (grant,) = standing(log, "grant")

    assert (grant.state, grant.marks) == (reason, ("new", "ended"))


def test_a_request_waits_until_it_is_decided_on() -> None:
    log = MonthLog()
    log.write(NOON, used(APPS[0], EventKind.REQUEST, request=REQUEST, reason="waiting"))
    waiting = standing(log, "request")
    log.write(NOON, of(EventKind.REFUSE, app=APPS[0], request=REQUEST))

    assert [each.state for each in waiting] == ["waiting"]
    assert standing(log, "request") == []
    assert log.statement().drawn.page.total.refused == 1


def test_a_source_is_broken_until_it_is_reached_and_stale_after_30_days() -> None:
    log = MonthLog()
    log.write(Instant(OCTOBER.begin - DAY), of(EventKind.SOURCE, source=SOURCES[0], reason="added"))
    (stale,) = standing(log, "source")
    log.write(NOON, of(EventKind.JOB, source=SOURCES[0], reason="failed"))
    (broken,) = standing(log, "source")
    log.write(NOON, of(EventKind.SOURCE, source=SOURCES[0], reason="reached"))
    (well,) = standing(log, "source")

    assert stale.marks == ("stale",)
    assert broken.marks == ("broken", "stale")
    assert (well.marks, well.state) == ((), "reached")


def test_a_month_that_is_not_over_is_told_so_far_and_can_be_added_up() -> None:
    log = MonthLog()
    allowed(log, Instant(OCTOBER.begin + DAY))
    made = Instant(OCTOBER.begin + 8 * DAY)
    told = log.statement(made=made)
    paper = sign_statement(told, log.issuer)
    log.write(Instant(made + 1), used(APPS[0]))  # what comes after it is no fault of it

    verdict = verify_statement(paper, log.export(), [log.issuer.public], [log.signer.public])
    lie = sign_statement(replace(told, over=True), log.issuer)

    assert (verdict.exit_code, told.over) == (0, False)
    assert "So far" in sheet_of(told).span
    assert [each.marks for each in told.drawn.standings] == [("new",)]
    assert verify_statement(lie, log.export()).exit_code == 6


def rules(log: MonthLog) -> list[str]:
    return [odd.rule for odd in oddities(log.noted())]


def test_the_first_use_of_a_column_is_odd_and_an_apps_first_use_is_not() -> None:
    log = MonthLog()
    for fields in (("mode",), ("mode",), ("mode", "speed"), ("speed",)):
        log.write(NOON, used(APPS[0], fields=fields))

    (odd,) = oddities(log.noted())

    assert (odd.rule, odd.about, odd.indices) == ("new_field", "speed", (2,))
    assert "speed for the first time" in odd_words(odd, "GreenCorp")


def test_a_use_at_a_new_hour_is_odd_after_ten_uses() -> None:
    log = MonthLog()
    for _ in range(10):
        log.write(NOON, used(APPS[0]))
    log.write(Instant(NOON + HOUR), used(APPS[1]))  # another app: it has no hours yet
    log.write(Instant(NOON + 2 * HOUR), used(APPS[0]))
    log.write(Instant(NOON + 2 * HOUR), used(APPS[0]))

    assert [(odd.rule, odd.about) for odd in oddities(log.noted())] == [("new_hour", "14")]


@pytest.mark.parametrize(("uses", "odd"), [(30, []), (31, ["rate"]), (40, ["rate"])])
def test_more_than_three_times_the_median_is_odd_and_told_once(uses: int, odd: list[str]) -> None:
    log = MonthLog()
    for month in ("2026-07", "2026-08", "2026-09"):
        for _ in range(10):
            log.write(Instant(read_month(month).begin + 12 * HOUR), used(APPS[0]))
    for _ in range(uses):
        log.write(NOON, used(APPS[0]))

    assert rules(log) == odd


def test_three_refusals_in_a_row_are_odd_and_a_use_between_starts_anew() -> None:
    log = MonthLog()
    no = used(APPS[0], EventKind.DECISION, outcome=Outcome.DENIED, reason="grant_budget")
    for event in (no, no, used(APPS[0]), no, no, no, no):
        log.write(NOON, event)

    (odd,) = oddities(log.noted())

    assert (odd.rule, odd.indices) == ("refused", (3, 4, 5))


def test_a_budget_that_is_about_to_end_is_told_once() -> None:
    log = MonthLog()
    for left in (90, 50, 10, 5):
        log.write(NOON, used(APPS[0], cost=MicroBits(10), left=MicroBits(left)))

    (odd,) = oddities(log.noted())

    assert (odd.rule, odd.indices) == ("budget", (2,))
    assert "budget fell to" in odd_words(odd, "")


def test_a_sheet_says_what_is_to_decide_and_what_changed() -> None:
    log = MonthLog()
    log.write(Instant(OCTOBER.begin - 1), used(APPS[0], EventKind.RELEASE))
    allowed(log, NOON)
    log.write(NOON, used(APPS[0], EventKind.RELEASE, destination=b"d" * 32, bytes_out=512))
    log.write(NOON, used(APPS[0], EventKind.RELEASE, cost=MicroBits(1_000_000)))
    log.write(NOON, used(APPS[1], EventKind.REQUEST, request=GRANT, reason="waiting"))
    names = {APPS[0].hex(): "GreenCorp", APPS[1].hex(): "Clinic"}

    sheet = sheet_of(replace(log.statement(), names=names))
    notes = {note.heading: note.text for note in sheet.notes}

    assert sheet.rows[0] == ("GreenCorp", "p", "2", "–", "1")
    assert sheet.foot == ("October", "", "2", "–", "1")
    assert notes["Against the month before"] == "1 more answer and 1 bit more."
    assert notes["What left, and where to"] == "2 answers, sealed to GreenCorp; 512 bytes to apps."
    assert notes["Permissions"] == "1 new. 1 permission in force at the end."
    assert sheet.decide == ("1 request for your yes or no: Clinic.",)


def test_each_line_of_the_detail_names_its_entries() -> None:
    log = MonthLog()
    log.write(NOON, used(APPS[0], fields=("mode",)), of(EventKind.SEARCH), of(EventKind.UNLOCK))

    rows = {table.heading: table.rows for table in tables_of(log.statement())}

    assert [row[-1] for row in (*rows["Uses"], *rows["Your own use"], *rows["Upkeep"])] == [
        "0",
        "1",
        "2",
    ]
    assert "columns mode" in rows["Uses"][0][2]


def test_a_statement_without_the_extra_for_pdf_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fpdf", None)

    with pytest.raises(ExtraMissingError, match=r"sealhold\[pdf\]"):
        pdf_of(MonthLog().statement())


def test_the_same_statement_is_the_same_pdf() -> None:
    log = MonthLog()
    log.write(NOON, used(APPS[0]))

    assert pdf_of(log.statement()) == pdf_of(log.statement())


def test_every_rule_has_words() -> None:
    for rule in ("new_field", "new_hour", "rate", "refused", "budget"):
        odd = Odd(rule=rule, app="", at=NOON, about="3", indices=(0,))
        assert odd_words(odd, "An app")
