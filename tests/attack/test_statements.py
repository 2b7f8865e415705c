"""A statement that says other than the log, and a log from which something is missing."""

import random
from dataclasses import replace

import pytest

from sealhold.audit.checkpoint import sign_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.logexport import write_export
from sealhold.audit.reading import read_all
from sealhold.audit.statement import page_of
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import sign_statement
from sealhold.audit.sums import add_up, read_runs
from sealhold.crypto.merkle import root
from sealhold.crypto.note import Checkpoint, VerifierKey
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.frontends.web.sheetpaper import html_of
from sealhold.frontends.web.sheetpdf import pdf_of
from sealhold.model.ids import Purpose
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Verdict
from sealhold.model.shown.statement import Drawn, Line, Part, Statement
from tests.unit.month_log import APPS, OCTOBER, ORIGIN, PEOPLE, MonthLog, by_chance, used

FLIPS = 100


@pytest.fixture(scope="module")
def log() -> MonthLog:
    return by_chance(61)


def check(log: MonthLog, paper: bytes, export: bytes | None = None) -> Verdict:
    """Return what somebody says who trusts the vault's keys."""
    keys = [log.issuer.public], [log.signer.public]
    return verify_statement(paper, export or log.export(), *keys)


def lied(log: MonthLog, drawn: Drawn) -> Verdict:
    """Return what is said of a statement that the vault itself signed, though it says `drawn`."""
    page = page_of(drawn.lines, drawn.standings, len(drawn.odd))
    told = replace(log.statement(), drawn=replace(drawn, page=page))
    return check(log, sign_statement(told, log.issuer))


def a_use(drawn: Drawn) -> tuple[int, Line]:
    """Return a line of an app with more than one entry, and its place."""
    return next(
        (at, line)
        for at, line in enumerate(drawn.lines)
        if line.part is Part.USE and line.sums["entries"] > 1
    )


def with_line(drawn: Drawn, at: int, *lines: Line) -> Drawn:
    return replace(drawn, lines=(*drawn.lines[:at], *lines, *drawn.lines[at + 1 :]))


@pytest.mark.threat("T417")
def test_an_edited_byte_of_a_statement_is_found(log: MonthLog) -> None:
    paper, export, chance = log.paper(), log.export(), random.Random(1)

    for at in chance.sample(range(len(paper)), FLIPS):
        bent = bytearray(paper)
        bent[at] ^= 1 << chance.randrange(8)
        assert check(log, bytes(bent), export).exit_code == 6, at


@pytest.mark.threat("T418")
def test_an_edited_byte_of_the_log_is_found(log: MonthLog) -> None:
    paper, export, chance = log.paper(), log.export(), random.Random(2)

    for at in chance.sample(range(len(export)), FLIPS):
        bent = bytearray(export)
        bent[at] ^= 1 << chance.randrange(8)
        assert check(log, paper, bytes(bent)).exit_code == 6, at


@pytest.mark.threat("T417")
@pytest.mark.parametrize("name", ["times", "answers", "refused", "rows_read", "bytes_out", "cost"])
def test_a_vault_that_signs_another_figure_is_found(log: MonthLog, name: str) -> None:
    drawn = log.statement().drawn
    at, line = a_use(drawn)

    verdict = lied(log, with_line(drawn, at, replace(line, sums={**line.sums, name: 0xBEEF})))

    assert verdict.exit_code == 6
    assert f"line {at + 1} (use" in verdict.sentence


@pytest.mark.threat("T417")
def test_a_page_that_says_other_than_its_lines_is_found(log: MonthLog) -> None:
    told = log.statement()
    page = told.drawn.page
    fewer = replace(page.total, refused=page.total.refused + 1)

    bent = replace(told, drawn=replace(told.drawn, page=replace(page, total=fewer)))

    assert "the page" in check(log, sign_statement(bent, log.issuer)).sentence


@pytest.mark.threat("T418")
def test_a_line_that_is_left_out_is_found(log: MonthLog) -> None:
    drawn = log.statement().drawn
    for at, line in enumerate(drawn.lines):
        verdict = lied(log, with_line(drawn, at))

        assert verdict.exit_code == 6
        assert f"entry {read_runs(line.runs, drawn.last)[0]}: in no line" in verdict.sentence


@pytest.mark.threat("T418")
def test_an_entry_that_is_left_out_of_its_line_is_found(log: MonthLog) -> None:
    drawn, noted = log.statement().drawn, log.noted()
    at, line = a_use(drawn)
    named = read_runs(line.runs, drawn.last)
    (less,) = add_up(noted[seq] for seq in named[1:])

    verdict = lied(log, with_line(drawn, at, less))

    assert verdict.exit_code == 6
    assert f"line {at + 1} (use" in verdict.sentence


@pytest.mark.threat("T418")
def test_an_entry_that_is_told_in_two_lines_is_found(log: MonthLog) -> None:
    drawn = log.statement().drawn
    at, line = a_use(drawn)

    verdict = lied(log, with_line(drawn, at, line, line))

    assert verdict.exit_code == 6
    assert "in a line too many" in verdict.sentence


@pytest.mark.threat("T418")
@pytest.mark.parametrize("edge", ["first", "last"])
def test_a_month_that_begins_late_or_ends_early_is_found(log: MonthLog, edge: str) -> None:
    told, noted = log.statement(), log.noted()
    first, last = told.drawn.first, told.drawn.last
    sizes = sorted(size for size in log.notes if first <= size <= last)
    low, high = (sizes[1], last) if edge == "first" else (first, sizes[-2])
    other = log.statement()  # the marks of the narrower month, as that vault would sign them
    marks = {size: replace(told.begin, size=size, root=_root(log, size)) for size in (low, high)}
    lines = add_up(noted[low:high])
    drawn = replace(told.drawn, first=low, last=high, lines=lines)
    page = page_of(lines, drawn.standings, len(drawn.odd))
    bent = replace(
        other,
        drawn=replace(drawn, page=page),
        begin=marks[low],
        end=marks[high],
        note=log.notes[high],
    )

    verdict = check(log, sign_statement(bent, log.issuer))

    assert verdict.exit_code == 6
    assert "not where its time is" in verdict.sentence


@pytest.mark.threat("T418")
def test_a_log_that_is_cut_or_reordered_is_found(log: MonthLog) -> None:
    paper, lines = log.paper(), log.export().split(b"\n")
    cut = b"\n".join([*lines[:50], *lines[51:]])
    moved = b"\n".join([*lines[:50], lines[51], lines[50], *lines[52:]])
    younger = by_chance(61, 30).export()

    assert check(log, paper, cut).exit_code == 6
    assert check(log, paper, moved).exit_code == 6
    assert check(log, paper, younger).exit_code == 6  # whole, and ends before the month does
    assert check(log, paper, by_chance(62).export()).exit_code == 6  # of another log


@pytest.mark.threat("T417")
def test_what_stands_or_is_odd_cannot_be_left_out() -> None:
    log = MonthLog()
    denied = Event(kind=EventKind.REQUEST, actor=Actor.APP, app=APPS[0], reason="waiting",
                   request=PEOPLE[0])  # type: ignore[arg-type]  # reason: any 16 bytes  # fmt: skip
    log.write(Instant(OCTOBER.begin + 1), denied)
    drawn = log.statement().drawn

    verdict = lied(log, replace(drawn, standings=()))

    assert drawn.page.waiting == 1
    assert "what stands, item 1" in verdict.sentence


@pytest.mark.threat("T417")
def test_an_entry_that_can_be_opened_does_not_pass_as_erased(log: MonthLog) -> None:
    drawn, noted = log.statement().drawn, log.noted()
    at, line = a_use(drawn)
    named = read_runs(line.runs, drawn.last)
    (erased,) = add_up(noted[seq]._replace(logged=None) for seq in named)

    verdict = lied(log, with_line(drawn, at, erased))

    assert verdict.exit_code == 6


@pytest.mark.threat("T417")
def test_behind_an_erasure_a_line_says_no_less_than_what_is_left() -> None:
    log = MonthLog()
    log.write(Instant(OCTOBER.begin + 1), used(APPS[0], cost=MicroBits(5)))
    log.write(Instant(OCTOBER.begin + 2), used(APPS[0], cost=MicroBits(7)), subject=PEOPLE[0])
    drawn = log.statement().drawn
    log.erase(PEOPLE[0])
    (line,) = drawn.lines

    verdicts = [
        lied(log, replace(drawn, lines=(replace(line, sums={**line.sums, "cost": cost}),)))
        for cost in (12, 4)
    ]

    assert [verdict.exit_code for verdict in verdicts] == [0, 6]
    assert any("1 read erased" in check.detail for check in verdicts[0].checks)
    assert "less than what is left" in verdicts[1].sentence


@pytest.mark.threat("T417")
def test_another_vaults_statement_does_not_pass(log: MonthLog) -> None:
    other = by_chance(62)

    assert check(log, other.paper(), other.export()).exit_code == 6


@pytest.mark.threat("T418")
def test_an_export_by_a_key_that_the_log_does_not_tell_of_is_found() -> None:
    log = by_chance(61)
    statement = log.statement()
    paper, end = log.paper(), log.appender.head.at
    after = log.turn(end)
    whole = verify_statement(paper, log.export(), [log.issuer.public], [after.public])
    thief = SigningKey(Secret(bytes(32), "thief"))
    head = log.appender.head
    lines = list(read_all(log.store, log.keys.get))
    checkpoint = Checkpoint(origin=ORIGIN, size=head.size, root=head.frontier.root())
    note = sign_checkpoint(checkpoint, thief)
    forged = b"".join(write_export(lines, note, VerifierKey(ORIGIN, thief.public)))

    verdict = verify_statement(paper, forged)

    assert statement.log != str(log.appender.key)
    assert whole.exit_code == 0
    assert verdict.exit_code == 6
    assert "does not tell of" in verdict.sentence


@pytest.mark.threat("T419")
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "a\u202eb\x1b[2J"]
)
def test_a_name_that_an_app_gave_itself_is_only_text(name: str) -> None:
    log = MonthLog()
    log.write(Instant(OCTOBER.begin + 1), used(APPS[0], purpose="p"))
    told = named(log.statement(), name)

    html = html_of(told)

    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html


@pytest.mark.threat("T419")
def test_long_and_hostile_names_leave_the_paper_on_one_page() -> None:
    log = MonthLog()
    for app in APPS:
        event = used(app, purpose=Purpose("x" * 3000), bytes_out=9)
        log.write(Instant(OCTOBER.begin + 1), event)
    told = named(log.statement(), "Ω\u202e(\\) /Page " * 400)

    pdf = pdf_of(told)

    assert pdf.count(b"/Type /Page\n") == 1
    assert b"/Count 1" in pdf


def named(statement: Statement, name: str) -> Statement:
    return replace(statement, names={app.hex(): name for app in APPS})


def _root(log: MonthLog, size: int) -> str:
    return root([each.leaf for each in log.noted()[:size]]).hex()
