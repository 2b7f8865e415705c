"""A statement and its log, frozen with the format: papers of that form lie with people."""

import json
from pathlib import Path

from sealhold.audit.logexport import read_export
from sealhold.audit.statement import draw_up, read_month
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import open_statement

FROZEN = json.loads((Path(__file__).parent / "40-statement" / "october.json").read_text())
PAPER = FROZEN["paper"].encode()
EXPORT = "".join(f"{line}\n" for line in FROZEN["export"]).encode()


def test_a_frozen_statement_is_added_up_again() -> None:
    keys = [bytes.fromhex(FROZEN["issuer"])], [bytes.fromhex(FROZEN["log_key"])]

    assert verify_statement(PAPER, EXPORT, *keys).exit_code == FROZEN["exit_code"]


def test_a_frozen_log_comes_to_what_it_came_to() -> None:
    statement, issuer = open_statement(PAPER)
    log = read_export(EXPORT)

    drawn = draw_up(log.entries[: statement.drawn.last], read_month("2026-10"), statement.made)

    assert issuer.hex() == FROZEN["issuer"]
    assert drawn == statement.drawn
    assert drawn.last - drawn.first == FROZEN["entries"]
    assert drawn.page.total.cost == FROZEN["cost"]
    assert [line.runs for line in drawn.lines] == FROZEN["runs"]
