"""The owner looks at processings from the command line, lets them be run, and ends them."""

import json
from pathlib import Path

import pytest

from tests.scenarios.people_site import MARKETING, people_site
from tests.transcripts.cli import Cli, Ended


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Return the program in a folder with a vault in which an app registered two processings."""
    made = Cli(tmp_path)
    terms = {
        "name": "Newsletter",
        "code": "ab" * 32,
        "purpose": MARKETING,
        "basis": "eu-gdpr:A6-1-a",
        "fields": ["name"],
        "retention_days": 30,
    }
    with people_site(tmp_path) as site:
        for changed in ({}, {"name": "Scores", "risk": "high", "automated": True}):
            sent = site.call("POST", "/v1/processings", site.apps[0][1], {**terms, **changed})
            assert sent.status == 201, sent.body
    return made


def well(ended: Ended) -> str:
    assert ended.code == 0, ended.err
    return ended.out


def test_a_processing_is_listed_shown_activated_and_retired(cli: Cli) -> None:
    listed = json.loads(well(cli.line("processing list --json")))
    ids = {each["terms"]["name"]: each["processing"] for each in listed}
    table = well(cli.line("processing list"))
    one, other = (f"p-{ids[name][-12:]}" for name in ("Newsletter", "Scores"))

    assert one in table
    assert other in table
    shown = well(cli.line(f"processing show {one}"))
    assert "waiting, version 1, edition 1" in shown
    assert "ab" * 32 in shown
    assert "jurisdiction" in shown
    assert "whoever permits it" in well(cli.line(f"processing activate {one}"))
    assert "active" in well(cli.line(f"processing show {ids['Newsletter']}"))
    refused = cli.line(f"processing activate {other}")
    assert refused.code == 9
    assert "assessment" in refused.err
    assert "retired" in well(cli.line(f"processing retire {one}"))
    assert cli.line(f"processing activate {one}").code == 9
    assert cli.line("processing show p-000000000000").code == 4
