"""A policy proposed for a live server from the command line, and what the server was asked."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import ErrorKind
from tests.proxying.cluster import OWNER, PASSWORD, Cluster, cluster
from tests.scenarios.test_cli_examples import ALL
from tests.transcripts.cli import Cli, furnish

USAGE = 2
SAID = {"SEALHOLD_PROXY_PASSWORD": PASSWORD}
TABLES = """
CREATE SCHEMA desk;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE person (id bigint PRIMARY KEY, email text UNIQUE, born date, mood mood,
  age integer GENERATED ALWAYS AS (7) STORED, created_at timestamptz);
CREATE TABLE letter (id bigint PRIMARY KEY, email text REFERENCES person (email), body text);
CREATE VIEW reader AS SELECT email FROM person;
CREATE TABLE desk.note (id uuid PRIMARY KEY, text text);
CREATE TABLE "ev""il\n[[csp]]" (id int);
CREATE SCHEMA strange;
CREATE TABLE strange.mood (mood mood);
CREATE TABLE odd ("x""\u001b[2J" int, name text);
INSERT INTO person SELECT n, 'somebody' || n || '@example.org', '1980-02-03', 'good'
  FROM generate_series(1, 300) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster("all") as started:
        started.run("CREATE DATABASE clinic")
        for each in TABLES.split(";\n"):
            if each.strip():
                started.run(each, "clinic")
        yield started


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path / "here"))


def at(server: Cluster, tls: str = "sslmode=disable") -> str:
    return f"postgresql://{OWNER}@127.0.0.1:{server.port}/clinic?{tls}"


def test_the_example_writes_a_policy_that_is_in_order(server: Cluster, cli: Cli) -> None:
    example = ALL["proxy init"].replace(f"{OWNER}@db.example.org/clinic", at(server)[13:])

    ended = cli(*shlex.split(example), env=SAID)

    assert ended.code == 0, ended
    assert "No row was read." in ended.out
    assert cli.line("proxy check clinic.policy.toml").code == 0
    assert cli(*shlex.split(example), env=SAID).code == 9  # nothing is written over


def test_what_is_guessed_and_what_is_left_out_is_told(server: Cluster, cli: Cli) -> None:
    line = f"proxy init {shlex.quote(at(server))} --out p.toml --json --name ward --csp own"

    told = json.loads(cli(*shlex.split(line), env=SAID).out)

    tables = {each["name"]: {c["name"]: c for c in each["columns"]} for each in told["tables"]}
    assert told["policy"] == "ward"
    assert tables.keys() == {"public.letter", "public.odd", "public.person"}
    assert tables["public.person"]["id"]["protect"] == ["clear"]
    assert tables["public.letter"]["email"]["protect"] == ["match"]
    assert "shares its domain" in tables["public.letter"]["email"]["why"]
    assert "GENERATED" in tables["public.person"]["age"]["why"]
    assert {"person.mood", 'odd.x"\x1b[2J', 'ev"il\n[[csp]]'} <= set(told["left_out"])
    assert {"name": "public.reader", "kind": "view"} in told["not_tables"]


@pytest.mark.threat("T628")
def test_names_of_a_hostile_catalogue_reach_neither_policy_nor_terminal(
    server: Cluster, cli: Cli
) -> None:
    ended = cli("proxy", "init", at(server), "--out", "p.toml", env=SAID)

    assert ended.code == 0
    assert "\x1b[2J" not in ended.out
    assert (cli.folder / "p.toml").read_text().count("[[csp]]") == 1


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.threat("T629")
def test_no_row_is_read_and_counts_only_if_asked_for(
    server: Cluster, cli: Cli, *, look: bool
) -> None:
    before = server.log.stat().st_size

    words = ("proxy", "init", at(server), "--out", "p.toml", *(["--look"] if look else []))
    ended = cli(*words, env=SAID)

    asked = re.findall(r"statement: (.*)", server.log.read_text()[before:])
    assert ended.code == 0
    read = {each for text in asked for each in re.findall(r"(?:FROM|JOIN) ([\w.]+)", text)}
    assert all(each.startswith("pg_catalog.") for each in read)
    assert ("pg_catalog.pg_stats" in read) is look
    assert not re.search("most_common|histogram", " ".join(asked))
    assert asked[0].startswith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def test_schemas_are_chosen_and_one_without_tables_is_told(server: Cluster, cli: Cli) -> None:
    line = ("proxy", "init", at(server), "--out", "p.toml", "--json")

    found = cli(*line, "--schema", "desk", env=SAID)
    none = cli(*line[:-1], "--schema", "nowhere", env=SAID)
    unnamed = cli(*line[:3], "--out", "q.toml", "--schema", "strange", env=SAID)

    assert [each["name"] for each in json.loads(found.out)["tables"]] == ["desk.note"]
    assert none.code == ErrorKind.NOTFOUND
    assert "no table in nowhere" in none.err
    assert unnamed.code == ErrorKind.NOTFOUND
    assert not (cli.folder / "q.toml").exists()


def test_the_way_there_is_checked_as_it_is_when_serving(server: Cluster, cli: Cli) -> None:
    def ended(address: str, word: str = PASSWORD, *more: str) -> int:
        line = ("proxy", "init", address, "--out", "p.toml", *more)
        return cli(*line, env={"SEALHOLD_PROXY_PASSWORD": word}).code

    tls = f"sslmode=verify-full&sslrootcert={server.root}"
    assert (
        ended(at(server, "sslmode=verify-full")) == ErrorKind.UNAVAILABLE
    )  # a root that nobody named
    assert ended(at(server, tls), "wrong") == ErrorKind.UNAVAILABLE
    assert ended(at(server), "") == ErrorKind.NOTFOUND
    assert ended(at(server), PASSWORD, "--secret", PASSWORD) == USAGE
    assert ended(at(server, tls)) == 0
