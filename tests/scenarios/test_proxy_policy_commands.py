"""Protection policies from the command line: judged, brought over, explained, signed."""

import json
from pathlib import Path

import pytest

from tests.transcripts.cli import Cli, furnish
from tests.unit.clinic_policy import CLINIC, bent, line_of

POLICY = "examples/proxy/clinic.policy.toml"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path / "here"))


def test_a_good_policy_exits_with_0_and_a_faulty_one_with_5_and_its_line(cli: Cli) -> None:
    text = bent('protect = ["order"]', 'protect = ["ordr"]')
    (cli.folder / "bad.toml").write_text(text)

    good, bad = cli.line(f"proxy check {POLICY}"), cli.line("proxy check bad.toml")

    assert (good.code, bad.code) == (0, 5)
    line = line_of(text, '["ordr"]')
    assert f"bad.toml:{line}: table.column.protect: error" in bad.out


def test_findings_are_told_to_programs(cli: Cli) -> None:
    (cli.folder / "bad.toml").write_text(bent("k = 10", "k = 1"))

    ended = cli.line("proxy check bad.toml --json")

    [found] = json.loads(ended.out)["findings"]
    assert (found["code"], found["severity"], found["key"]) == ("bad-value", "error", "anonymise.k")


def test_what_shows_more_than_before_is_meant_or_refused(cli: Cli) -> None:
    (cli.folder / "one.toml").write_text(CLINIC)
    digest = json.loads(cli.line("proxy check one.toml --json").out)["digest"]
    after = bent("version = 1", f'version = 2\nprevious = "{digest}"')
    weaker = 'class = "quasi_identifier"\nprotect = '
    (cli.folder / "two.toml").write_text(bent(f'{weaker}["sealed"]', f'{weaker}"clear"', after))

    line = "proxy check two.toml --previous one.toml"

    assert cli.line(line).code == 5
    assert cli.line(f"{line} --accept-weaker").code == 0


def test_a_policy_of_clarus_is_brought_over_and_checked(cli: Cli) -> None:
    line = "proxy check --from-clarus examples/proxy/clinic-clarus.xml --out made.toml --name ward"

    ended = cli.line(line)

    assert ended.code == 0
    assert "id_key" in ended.out
    assert cli.line("proxy check made.toml").code == 0
    assert cli.line(line).code == 9  # nothing is written over


def test_a_protection_of_clarus_that_is_lost_exits_with_5(cli: Cli) -> None:
    sample = (cli.folder / "examples/proxy/clinic-clarus.xml").read_text()
    (cli.folder / "odd.xml").write_text(sample.replace('protection="searchable"', 'protection="x"'))

    ended = cli.line("proxy check --from-clarus odd.xml --out made.toml")

    assert ended.code == 5
    assert "not brought over: `x`" in ended.out


@pytest.mark.parametrize(
    "line", ["proxy check", f"proxy check {POLICY} --out x", "proxy check --from-clarus x.xml"]
)
def test_one_file_is_looked_at(cli: Cli, line: str) -> None:
    assert cli.line(line).code == 2


def test_a_policy_is_explained_column_by_column(cli: Cli) -> None:
    told = cli.line(f"proxy explain {POLICY}")
    tables = json.loads(cli.line(f"proxy explain {POLICY} --json").out)["tables"]

    assert told.code == 0
    assert "email_m bytea" in told.out
    names = [each["name"] for column in tables[0]["columns"] for each in column["physical"]]
    assert names == ["id", "name", "email", "email_m", "insurance_no", "insurance_no_m"]
    assert tables[0]["added"] == [{"name": "_sh_rid", "type": "bigint"}]


def test_a_policy_is_signed_once_and_never_with_a_fault(cli: Cli) -> None:
    (cli.folder / "bad.toml").write_text(bent("k = 10", "k = 1"))
    assert cli.line("init --headless").code == 0

    signed = cli.line(f"proxy sign {POLICY}")

    assert signed.code == 0
    assert (cli.folder / f"{POLICY}.dsse").stat().st_mode & 0o777 == 0o600
    assert cli.line(f"proxy sign {POLICY}").code == 9
    assert cli.line("proxy sign bad.toml").code == 5
    assert not (cli.folder / "bad.toml.dsse").exists()
