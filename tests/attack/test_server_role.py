"""The role that a vault works under on a server, in the hands of somebody else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import InvalidError, StoreUnavailableError
from sealhold.model.sqlsteps import Ask
from sealhold.net.pg import PgClient
from sealhold.stores.pgroles import grants
from tests.conformance import pgserver
from tests.scenarios.server_role import ROLE, at, does, owner, work_under_it
from tests.transcripts.cli import Cli, Ended

pytestmark = pytest.mark.xdist_group("server role")  # the vault is made once

OTHERS = f"another_schema_{os.getpid()}"


def well(ended: Ended) -> Ended:
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Return the program in a vault on a server that works under the role."""
    folder = tmp_path_factory.mktemp("role")
    schema = pgserver.schema_of(folder)
    with owner() as client:
        does(client, f"CREATE SCHEMA {OTHERS}", f"CREATE TABLE {OTHERS}.t_rec (c_id bytea)")
    made = Cli(folder)
    (folder / "notes.jsonl").write_text('{"word": "quokka"}\n')
    well(made.line(f"init --headless --records '{pgserver.address()}?schema={schema}'"))
    work_under_it(made)
    yield made
    with owner() as client:
        does(client, f"DROP SCHEMA {schema} CASCADE", f"DROP SCHEMA {OTHERS} CASCADE")


@pytest.fixture
def role() -> Iterator[PgClient]:
    """Return a way to the server for who got hold of the role."""
    found = PgClient(at(ROLE), places=2)
    yield found
    found.close()


def test_a_vault_does_all_of_its_work_under_that_role(cli: Cli) -> None:
    well(cli.line("import notes.jsonl"))
    assert "quokka" in well(cli.line("search quokka")).out
    well(cli.line("key rotate subjects"))
    well(cli.line("key close-epoch"))
    told = well(cli.line("status")).out

    assert "quokka" in well(cli.line("search quokka")).out
    well(cli.line("audit verify"))
    assert ROLE in told


TRIES = (
    "CREATE TABLE {0}.t_mine (x int)",
    "CREATE SCHEMA mine",
    "DROP TABLE {0}.t_rec",
    "ALTER TABLE {0}.t_rec ADD COLUMN x int",
    "ALTER TABLE {0}.t_leaf DISABLE TRIGGER ALL",
    "TRUNCATE {0}.t_rec",
    "DELETE FROM {0}.t_leaf",
    "UPDATE {0}.t_leaf SET c_seq = c_seq + 1",
    "DELETE FROM {0}.t_node",
    "UPDATE {0}.t_checkpoint SET c_size = 0",
    "DELETE FROM {0}.t_checkpoint",
    "UPDATE {0}.s_meta SET value = ''",
    "DELETE FROM {0}.s_meta",
    "SELECT * FROM {1}.t_rec",
    "SET ROLE sealhold",
    "COPY {0}.t_rec TO PROGRAM 'true'",
)


@pytest.mark.threat("T323")
@pytest.mark.parametrize("tried", TRIES)
def test_who_gets_hold_of_the_role_changes_no_table_and_no_entry_of_the_log(
    cli: Cli, role: PgClient, tried: str
) -> None:
    schema = pgserver.schema_of(cli.folder)

    with pytest.raises(StoreUnavailableError, match="42501"):
        does(role, tried.format(schema, OTHERS))


@pytest.mark.threat("T323")
def test_what_the_role_may_do_to_rows_is_found(cli: Cli, role: PgClient) -> None:
    schema = pgserver.schema_of(cli.folder)
    well(cli.line("import notes.jsonl"))
    with role.writing() as session:
        (kept,) = session.run([Ask(f"SELECT c_flags FROM {schema}.t_rec")])  # fixed names
    does(role, f"UPDATE {schema}.t_rec SET c_flags = c_flags + 2")

    found = cli.line("audit verify")

    does(role, f"UPDATE {schema}.t_rec SET c_flags = c_flags - 2")
    assert (len(kept) > 0, found.code) == (True, 6)
    well(cli.line("audit verify"))


@pytest.mark.threat("T323")
@pytest.mark.parametrize("name", ["", "a b", "x; DROP SCHEMA y", 'x"y', "x\ny", "X", "1x", "ä"])
def test_what_cannot_name_a_role_is_not_printed(cli: Cli, name: str) -> None:
    with pytest.raises(InvalidError):
        grants("schema", name, ("leaf",))
    assert cli("service", "print-grants", name).code in {2, 5}


def test_a_vault_in_a_folder_has_no_role(tmp_path: Path) -> None:
    alone = Cli(tmp_path)
    well(alone.line("init --headless"))

    refused = alone.line(f"service print-grants {ROLE}")

    assert refused.code == 5
    assert "in its folder" in refused.err


@pytest.mark.usefixtures("cli")
def test_a_role_that_may_change_no_table_makes_no_vault(tmp_path: Path) -> None:
    refused = Cli(tmp_path).line(f"init --headless --records '{at(ROLE)}?schema=not_its'")

    assert refused.code == 7
    assert "may not do that" in refused.err
