"""Commands of the proxy's owner: what they say, what they refuse, what they never show."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from tests.scenarios.vaults import PASSPHRASE
from tests.transcripts.cli import Cli, Ended, furnish

POLICY = "examples/proxy/clinic.policy.toml"
PASSWORD = "swordfish and chips"
SAID = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a new vault."""
    made = Cli(furnish(tmp_path_factory.mktemp("fresh") / "here"))
    assert made.line("init --headless").code == 0
    return made.folder


@pytest.fixture
def cli(fresh: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(fresh, tmp_path / "here")))


def given(cli: Cli, line: str, password: str = PASSWORD) -> Ended:
    """Run a command that asks for a password."""
    return cli(*shlex.split(line), env={**SAID, "SEALHOLD_PROXY_PASSWORD": password})


def test_a_policy_is_put_in_force_only_if_this_vault_signed_it(cli: Cli) -> None:
    unsigned = cli.line(f"proxy activate {POLICY}")
    cli.line(f"proxy sign {POLICY}")

    signed, again = (cli.line(f"proxy activate {POLICY} --json") for _ in range(2))

    assert unsigned.code != 0
    assert (json.loads(signed.out)["is_new"], json.loads(again.out)["is_new"]) == (True, False)


def test_a_policy_that_was_changed_after_it_was_signed_is_refused(cli: Cli) -> None:
    cli.line(f"proxy sign {POLICY}")
    path = cli.folder / POLICY
    path.write_text(path.read_text() + "\n")

    assert cli.line(f"proxy activate {POLICY}").code != 0
    assert json.loads(cli.line("proxy status --json").out)["policies"] == []


def test_status_tells_what_is_missing(cli: Cli) -> None:
    cli.line(f"proxy sign {POLICY}")
    cli.line(f"proxy activate {POLICY}")

    before = cli.line("proxy status")
    given(cli, "proxy secret set clinic")
    after = json.loads(cli.line("proxy status --json").out)

    assert "Secret `clinic` is missing" in before.out
    assert (after["secrets"], after["missing"]) == (["clinic"], [])


def test_a_password_is_said_once_if_it_was_made_and_never_if_it_was_given(cli: Cli) -> None:
    made = json.loads(cli.line("proxy user add anna --generate --json").out)
    typed = given(cli, "proxy user add berta --may read --table public.patient --json")

    shown = cli.line("proxy user list").out + cli.line("proxy status --json").out
    assert len(made["password"]) == 32
    assert "password" not in json.loads(typed.out)
    assert made["password"] not in shown
    assert PASSWORD not in typed.out + shown
    assert "SCRAM" not in shown


@pytest.mark.parametrize(
    "line",
    ["proxy user add anna --may fly", "proxy user remove nobody", "proxy secret remove nothing"],
)
def test_what_cannot_be_is_refused(cli: Cli, line: str) -> None:
    assert given(cli, line).code != 0


def test_a_short_password_is_refused(cli: Cli) -> None:
    assert given(cli, "proxy user add anna", "short").code != 0


def test_a_dataset_is_destroyed_only_if_that_is_meant(cli: Cli) -> None:
    cli.line(f"proxy sign {POLICY}")
    cli.line(f"proxy activate {POLICY}")

    unsure = cli.line("proxy destroy clinic")
    sure = cli.line("proxy destroy clinic --yes")

    assert (unsure.code, sure.code) == (2, 0)
    assert json.loads(cli.line("proxy status --json").out)["datasets"] == [
        {"name": "clinic", "has_key": False}
    ]
    assert cli.line("proxy destroy clinic --yes").code != 0


def test_a_proxy_without_what_it_needs_is_not_served(cli: Cli) -> None:
    assert "no policy" in cli.line("proxy serve").err
    cli.line(f"proxy sign {POLICY}")
    cli.line(f"proxy activate {POLICY}")

    assert "proxy secret set clinic" in cli.line("proxy serve").err
