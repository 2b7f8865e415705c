"""Each example of a command about the proxy works as it stands, where it makes sense."""

import shlex
import shutil
from pathlib import Path

import pytest

from sealhold.node.proxywork import RIGHTS, ProxyWork
from tests.scenarios.test_cli_examples import ALL
from tests.scenarios.vaults import PASSPHRASE, Hands, opened
from tests.transcripts.cli import Cli, furnish

NEEDS = {
    "proxy activate": "signed",
    "proxy status": "in force",
    "proxy destroy": "in force",
    "proxy user list": "known",
    "proxy user remove": "known",
    "proxy secret remove": "known",
}
# one does not end by itself: test_proxy_served.py; the others need a server
ELSEWHERE = {"proxy serve", "proxy init", "proxy migrate", "proxy audit"}
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
    with opened(cli.home, Hands(cli.now)) as node:
        ProxyWork(node).add_user("anna", "swordfish and chips", RIGHTS, ())
        ProxyWork(node).set_secret("clinic", "the landlord's")
    keep("known")
    return kept


@pytest.mark.parametrize("words", EXAMPLES)
def test_an_example_works_as_it_stands(words: str, stages: dict[str, Path], tmp_path: Path) -> None:
    cli = Cli(Path(shutil.copytree(stages[NEEDS.get(words, "empty")], tmp_path / "here")))

    ended = cli(*shlex.split(EXAMPLES[words]), env=SAID)

    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out
