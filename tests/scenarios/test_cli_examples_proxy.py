"""Each example of a command about the proxy works as it stands, where it makes sense."""

import shlex
import shutil
from pathlib import Path

import pytest

from sealhold.node.proxywork import RIGHTS, ProxyWork
from sealhold.protect.tolerance import Alarm, Held, Kind
from sealhold.vault.proxyalarms import ProxyAlarms
from tests.scenarios.test_cli_examples import ALL
from tests.scenarios.vaults import PASSPHRASE, Hands, opened
from tests.transcripts.cli import Cli, furnish

NEEDS = {
    "proxy activate": "signed",
    "proxy status": "in force",
    "proxy destroy": "in force",
    "proxy alarms": "known",
    "proxy release": "known",
    "proxy user list": "known",
    "proxy user remove": "known",
    "proxy secret remove": "known",
    "proxy grant make": "in force",
    "proxy grant show": "granted",
}
# two do not end by themselves: test_proxy_served.py, test_proxy_sum_commands.py; the others need a
# server
ELSEWHERE = {
    "proxy serve", "proxy init", "proxy migrate", "proxy fold", "proxy agent", "proxy rotate",
    "proxy ask", "proxy grant revoke", "proxy audit",
}  # fmt: skip
EXAMPLES = {
    words: example
    for words, example in ALL.items()
    if words.startswith("proxy ") and words not in ELSEWHERE
}
SAID = {"SEALHOLD_PASSPHRASE": PASSPHRASE, "SEALHOLD_PROXY_PASSWORD": "swordfish and chips"}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one folder per stage of a story."""
    place = tmp_path_factory.mktemp("stages")
    cli = Cli(furnish(place / "now"))
    kept = {}

    def keep(stage: str) -> None:
        kept[stage] = Path(shutil.copytree(cli.folder, place / stage))

    assert cli.line("init --headless").code == 0
    keep("empty")
    assert cli.line(EXAMPLES["proxy sign"]).code == 0
    keep("signed")
    assert cli.line(EXAMPLES["proxy activate"]).code == 0
    keep("in force")
    assert cli.line(EXAMPLES["proxy grant make"]).code == 0
    keep("granted")
    with opened(cli.home, Hands(cli.now)) as node:
        ProxyWork(node).add_user("anna", "swordfish and chips", RIGHTS, ())
        ProxyWork(node).set_secret("clinic", "the landlord's")
        held = Held(Kind.TABLE, "public.patient", "tampered")
        found = Alarm(at=0, cause="tampered", table="public.patient", held=(held,))
        ProxyAlarms(node.parts.core, "clinic").tell(found)
    keep("known")
    return kept


@pytest.mark.parametrize("words", EXAMPLES)
def test_an_example_works_as_it_stands(words: str, stages: dict[str, Path], tmp_path: Path) -> None:
    cli = Cli(Path(shutil.copytree(stages[NEEDS.get(words, "empty")], tmp_path / "here")))

    ended = cli(*shlex.split(EXAMPLES[words]), env=SAID)

    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out
