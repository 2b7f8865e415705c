"""The drill of a bad day: what held and what did not, signed by the log's key."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto import dsse
from sealhold.model.sqlsteps import Ask
from sealhold.node import Places, backing
from sealhold.vault.drill import MEDIA
from tests.conformance.pgserver import schema_of
from tests.scenarios.backed import Backed, backed
from tests.scenarios.server_role import at, owner, work_under_it
from tests.scenarios.test_backups import Bend, cut, flip
from tests.scenarios.vaults import PASSPHRASE, opened
from tests.transcripts.cli import Cli


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Backed:
    return backed(tmp_path_factory.mktemp("drilled"))


def drilled(made: Backed) -> dict[str, str]:
    """Return the outcomes, as they were signed."""
    with opened(made.home, made.clock) as node:
        view = backing.drill(node)
        public = node.parts.vault.appender.key.public
        assert node.audit.verify().whole
    told: Any = json.loads(dsse.open(view.envelope.encode(), MEDIA, [public]).payload)
    assert [each["name"] for each in told["tried"]] == [each.name for each in view.tried]
    return {each["name"]: each["outcome"] for each in told["tried"]}


def test_all_holds_and_nothing_of_it_is_left(made: Backed) -> None:
    with opened(made.home, made.clock) as node:
        before = node.keys.list().keys

    assert set(drilled(made).values()) == {"held"}

    with opened(made.home, made.clock) as node:
        assert node.keys.list().keys == before


@pytest.mark.threat("T287")
@pytest.mark.parametrize("bend", [flip, cut, Path.unlink], ids=["flipped", "cut", "gone"])
def test_a_backup_that_went_bad_is_told(tmp_path: Path, bend: Bend) -> None:
    made = backed(tmp_path)
    bend(next(Path(made.place).glob("rows+/packs+/*/*")))

    assert drilled(made)["restore_the_newest_backup"] == "failed"


def test_a_vault_that_went_on_after_its_backup_still_reads_it(tmp_path: Path) -> None:
    made = backed(tmp_path)
    with opened(made.home, made.clock) as node:
        node.keys.close(PASSPHRASE)

    assert drilled(made)["restore_the_newest_backup"] == "held"


def test_a_vault_that_was_never_backed_up_is_told_so(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.line("init --headless")

    ended = cli.line("status --self-test --json")

    assert ended.code == 0
    outcomes = [each["outcome"] for each in json.loads(ended.out)["drill"]["tried"]]
    assert outcomes == ["held", "held", "missing"]


@pytest.mark.threat("T287")
def test_rows_of_a_server_are_restored_into_a_schema_that_goes_again(tmp_path: Path) -> None:
    made = backed(tmp_path, Places(records=f"{at('sealhold')}?schema={schema_of(tmp_path)}"))
    asked = Ask("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'sealhold_drill%'")

    assert drilled(made)["restore_the_newest_backup"] == "held"

    with owner() as client, client.reading() as session:
        assert session.run([asked]) == [[(0,)]]
    work_under_it(Cli(tmp_path))
    assert drilled(made)["restore_the_newest_backup"] == "missing"
    flip(next(Path(made.place).glob("*/data+/*")))
    assert drilled(made)["restore_the_newest_backup"] == "failed"
