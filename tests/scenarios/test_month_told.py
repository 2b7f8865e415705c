"""A month from the first command to the check on another machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.audit.statementcheck import verify_statement
from sealhold.node import Node, World
from sealhold.vault.writer import Work
from tests.scenarios.test_verify_elsewhere import OFFLINE
from tests.transcripts.cli import NOW, PASSPHRASE, QUICK, Cli, furnish

MONTH = "2026-11"
FILES = ("page.html", "page.pdf", "statement.json", "log.txt")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Return a vault with an answer that left, and the papers of its month."""
    cli = Cli(furnish(tmp_path_factory.mktemp("vault")))
    for line in ("init --headless", "import tracks", "app register GreenCorp --make-keys corp"):
        assert cli.line(line).code == 0, line
    added = cli.line("request add examples/green-bonus --keys corp --selection 2026-10 --json")
    allowed = cli.line(f"request approve {json.loads(added.out)['request']} --json")
    assert cli.line(f"run {json.loads(allowed.out)['id']} --out answer").code == 0
    written = " ".join(
        f"--{word} {name}" for word, name in zip(("html", "pdf", "out", "log"), FILES, strict=True)
    )
    told = cli.line(f"audit statement --month {MONTH} {written}")
    assert told.code == 0, told
    return cli


def test_the_page_says_who_used_what_for_what(cli: Cli) -> None:
    page = cli.line(f"audit statement --month {MONTH}").out

    assert "1 asker got 1 answer; 5 bits were told." in page
    assert "GreenCorp  Personnel payment        1        –     5" in page
    assert "1 new and 1 ended" in page  # it was for one answer


def test_a_month_without_an_entry_is_quiet_and_shown_to_be_empty(cli: Cli) -> None:
    quiet = cli.line("audit statement --month 2026-10 --level json")

    assert "quiet" in cli.line("audit statement --month 2026-10").out
    assert json.loads(quiet.out)["payloadType"].endswith("statement+json")
    assert (
        verify_statement(quiet.out.encode(), (cli.folder / "log.txt").read_bytes()).exit_code == 3
    )


def test_the_detail_names_columns_entries_and_what_stands(cli: Cli) -> None:
    detail = cli.line(f"audit statement --month {MONTH} --level detail").out

    assert "columns" in detail
    assert "What stands at the end" in detail
    assert "spent, new, ended" in " ".join(detail.split())


def test_a_statement_is_checked_on_another_machine_without_the_vault(
    cli: Cli, tmp_path: Path
) -> None:
    assert verified(tmp_path, cli, "statement.json") == 0

    log = (cli.folder / "log.txt").read_bytes().splitlines(keepends=True)
    (cli.folder / "cut.txt").write_bytes(b"".join([*log[:9], *log[10:]]))
    cut = cli.line("verify statement.json --log cut.txt")
    assert (cut.code, "entry 9 stands at place 8" in " ".join(cut.out.split())) == (6, True)


def test_the_papers_are_one_page_and_need_no_other_file(cli: Cli) -> None:
    html = (cli.folder / "page.html").read_text()
    pdf = (cli.folder / "page.pdf").read_bytes()

    assert "GreenCorp" in html
    assert not any(word in html for word in ("<script", "src=", "@import", "url(", "<link"))
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") == 1


def test_nothing_odd_is_told_and_three_refusals_in_a_row_are(cli: Cli) -> None:
    before = cli.line("audit alerts").out
    app = json.loads(cli.line("app list --json").out)[0]
    refuse(cli, 3)

    alerts, status = cli.line("audit alerts").out, cli.line("status").out

    assert "Nothing odd" in before
    assert "was refused 3 times in a row" in alerts
    assert f"sealhold app suspend {app['id']}" in alerts or "sealhold app suspend a-" in alerts
    assert "1 use of your data is worth a look" in status


def refuse(cli: Cli, times: int) -> None:
    """Have an app refused, as the log tells of it."""
    with Node(cli.home, World(clock=lambda: NOW, stretch=QUICK)) as node:
        node.unlock(PASSPHRASE)
        app = node.apps.list()[0].id
        no = Event(kind=EventKind.DECISION, actor=Actor.APP, app=app, outcome=Outcome.DENIED)
        for _ in range(times):
            node.parts.core.writer.commit(Work((), (Entry(event=no),)))


def verified(folder: Path, cli: Cli, paper: str) -> int:
    """Return how `sealhold verify` ends in a process of its own, with the papers alone."""
    for name in ("statement.json", "log.txt"):
        (folder / name).write_bytes((cli.folder / name).read_bytes())
    ended = subprocess.run(  # reason: our own interpreter
        [sys.executable, "-I", "-c", OFFLINE, "verify", paper, "--log", "log.txt"],
        cwd=folder,
        check=False,
        capture_output=True,
        env={},
    )
    return ended.returncode
