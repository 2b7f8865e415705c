"""Commands about alarms: what they list, what they let go of, what they refuse."""

import json
import shutil
from pathlib import Path

import pytest

from sealhold.node.proxyalarming import AlarmWork
from sealhold.protect.tolerance import Alarm, Held, Kind
from sealhold.vault.proxyalarms import ProxyAlarms
from tests.scenarios.test_proxy_commands import POLICY, given
from tests.scenarios.vaults import Hands, opened
from tests.transcripts.cli import Cli, furnish

TABLE = Held(Kind.TABLE, "public.patient", "tampered", 1_000)
DUE = Held(Kind.ROTATION, "public.patient", "tampered", 1_000)
USER = Held(Kind.USER, "anna", "distinct", 2_000)
ALARMS = (
    Alarm(at=1_000, cause="tampered", table="public.patient", held=(TABLE, DUE)),
    Alarm(at=2_000, cause="distinct", table="public.visit", principal="anna", held=(USER,)),
    Alarm(at=3_000, cause="decoy-login", principal="backup"),
)


@pytest.fixture
def cli(ready: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(ready, tmp_path / "here")))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault whose proxy found something."""
    made = Cli(furnish(tmp_path_factory.mktemp("ready") / "here"))
    made.line("init --headless")
    made.line(f"proxy sign {POLICY}")
    made.line(f"proxy activate {POLICY}")
    given(made, "proxy user add anna")
    given(made, "proxy user add backup --decoy")
    with opened(made.home, Hands(made.now)) as node:
        alarms = ProxyAlarms(node.parts.core, AlarmWork(node).proxy)
        for each in ALARMS:
            alarms.tell(each)
        alarms.provider("b", "it does not answer")
    return made.folder


def test_alarms_are_listed_with_what_followed_and_what_undoes_it(cli: Cli) -> None:
    shown, told = cli.line("proxy alarms"), json.loads(cli.line("proxy alarms --json").out)

    assert [(each["cause"], each["place"], each["user"]) for each in told["alarms"]] == [
        ("it does not answer", "b", ""),
        ("decoy-login", "", "backup"),
        ("distinct", "public.visit", "anna"),
        ("tampered", "public.patient", ""),
    ]
    assert told["alarms"][3]["held"] == ["table", "rotation"]
    undo = [each["undo"] for each in told["held"]]
    assert undo == [
        "sealhold proxy release clinic --rotation public.patient",
        "sealhold proxy release clinic --table public.patient",
        "sealhold proxy release clinic --user anna",
    ]
    assert "decoy-login" in shown.out
    assert "--user anna" in " ".join(shown.out.split())
    assert len(json.loads(cli.line("proxy alarms --limit 1 --json").out)["alarms"]) == 1


def test_status_shows_alarms_what_is_held_and_decoys(cli: Cli) -> None:
    shown, told = cli.line("proxy status").out, json.loads(cli.line("proxy status --json").out)

    assert {(each["kind"], each["name"]) for each in told["held"]} == {
        ("table", "public.patient"), ("rotation", "public.patient"), ("user", "anna"),
    }  # fmt: skip
    assert told["alarms"][0]["cause"] == "it does not answer"
    assert [each["is_decoy"] for each in told["users"]] == [False, True]
    assert "nothing: a decoy" in shown


def test_what_is_held_is_let_go_of_once_and_alone(cli: Cli) -> None:
    let_go = [
        cli.line("proxy release --table patient --json"),
        cli.line("proxy release --user anna"),
    ]
    again = cli.line("proxy release clinic --user anna")
    left = json.loads(cli.line("proxy alarms --json").out)["held"]
    log = cli.line("audit show").out

    assert [each.code for each in let_go] == [0, 0]
    assert json.loads(let_go[0].out)["released"]["name"] == "public.patient"
    assert again.code != 0
    assert [each["kind"] for each in left] == ["rotation"]
    assert "let go" in log
    assert "anna" not in log


@pytest.mark.parametrize(
    "line", ["proxy release", "proxy release --user anna --table patient", "proxy alarms nowhere"]
)
def test_what_cannot_be_meant_is_refused(cli: Cli, line: str) -> None:
    assert cli.line(line).code != 0
    assert len(json.loads(cli.line("proxy alarms --json").out)["held"]) == 3
