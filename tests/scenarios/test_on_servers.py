"""A vault whose rows lie on a PostgreSQL server, and whose packs lie in a bucket.

The same story as in a folder; nothing readable on the servers; and what a server's owner may do to
rows and packs is found and told.
"""

import re
from pathlib import Path

import pytest

from sealhold.model.sqlsteps import Ask, Do
from sealhold.node import Places
from tests.conformance import pgserver, s3server
from tests.transcripts.cli import Cli, Ended, furnish

MARK = "quokka on a unicycle"
LARGE = 300_000  # characters of a note: too large for a row


def rows_at(folder: Path) -> str:
    return f"{pgserver.address()}?schema={pgserver.schema_of(folder)}"


def packs_at(folder: Path) -> str:
    below = pgserver.schema_of(folder)
    return f"s3://{s3server.BUCKET}/{below}?endpoint={s3server.address()}"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the program in a folder with a vault on two servers, and a note and trips in it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3server.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3server.SECRET)
    made = Cli(furnish(tmp_path))
    places = f"--records '{rows_at(tmp_path)}' --objects '{packs_at(tmp_path)}'"
    well(made.line(f"init --headless {places}"))
    event = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//x//y//EN",
            "BEGIN:VEVENT",
            "UID:one",
            "DTSTAMP:20260101T000000Z",
            "DTSTART:20260101T100000Z",
            f"SUMMARY:{MARK}",
            f"DESCRIPTION:{'kiwi ' * (LARGE // 5)}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    (tmp_path / "one.ics").write_text(event)
    return made


def well(ended: Ended) -> Ended:
    assert ended.code == 0, ended.err
    return ended


def owner_does(*steps: Ask | Do) -> list[list[tuple[object, ...]]]:
    """Do something as the server's owner."""
    client = pgserver.client()
    try:
        with client.writing() as session:
            return session.run(steps)
    finally:
        client.close()


def test_the_whole_story_is_told_as_in_a_folder(cli: Cli) -> None:
    well(cli.line("import tracks one.ics"))
    assert MARK in well(cli.line("search quokka")).out
    assert "1 row" in well(cli.line("query 'SELECT count(*) FROM trips'")).out
    well(cli.line("app register Green --make-keys green"))
    well(cli.line("request add examples/green-bonus --keys green --selection all"))
    request = re.findall(r"q-[0-9a-f]{12}", cli.line("request list").out)[0]
    well(cli.line(f"request approve {request}"))
    grant = re.findall(r"g-[0-9a-f]{12}", cli.line("grant list").out)[0]

    answer = well(cli.line(f"run {grant} --out answer"))

    assert answer.out.splitlines()[0].isdigit()
    well(cli.line("verify answer/proof.json"))
    well(cli.line("audit verify"))
    told = well(cli.line("status --self-test")).out
    assert rows_at(cli.folder).split("?")[1] in told
    assert not (cli.home / "vault.db").exists()
    assert list((cli.home / "objects").iterdir()) == []


@pytest.mark.threat("T217")
def test_nothing_on_the_servers_can_be_read(cli: Cli) -> None:
    well(cli.line("import one.ics"))
    schema = pgserver.schema_of(cli.folder)
    tables = owner_does(Ask("SELECT tablename FROM pg_tables WHERE schemaname = $1", (schema,)))[0]
    texts = [
        str(row)
        for (table,) in tables
        for row in owner_does(Ask(f"SELECT t::text FROM {schema}.{table} AS t"))[0]  # fixed names
    ]
    bucket = s3server.bucket_of_name(schema)
    packs = [bucket.read(name, 0, bucket.size(name)) for name in bucket.names("")]

    assert len(texts) > 10
    assert len(packs) >= 1
    for mark in ("quokka", "kiwi"):
        assert not any(mark in text or mark.encode().hex() in text for text in texts)
        assert not any(mark.encode() in pack for pack in packs)


@pytest.mark.threat("T217")
@pytest.mark.parametrize(
    ("bend", "table"),
    [
        ("UPDATE {0}.t_rec SET c_flags = c_flags + 2", "rec"),
        ("UPDATE {0}.t_rec SET c_ct = set_byte(c_ct, 20, get_byte(c_ct, 20) # 1)", "rec"),
        ("DELETE FROM {0}.t_leaf WHERE c_seq = 1", "leaf"),
    ],
    ids=["a clear column", "a sealed column", "an entry of the log"],
)
def test_what_the_owner_of_the_server_changes_is_found(cli: Cli, bend: str, table: str) -> None:
    well(cli.line("import one.ics"))
    schema = pgserver.schema_of(cli.folder)

    [[(count,)]] = owner_does(Do(bend.format(schema)))

    assert count, table
    found = cli.line("audit verify")
    assert found.code == 6, found.out
    assert "Traceback" not in found.err


@pytest.mark.threat("T217")
def test_an_older_state_of_the_server_is_told(cli: Cli) -> None:
    schema = pgserver.schema_of(cli.folder)
    tables = [
        str(row[0])
        for row in owner_does(
            Ask("SELECT tablename FROM pg_tables WHERE schemaname = $1", (schema,))
        )[0]
    ]
    keep = [Do(f"CREATE TABLE {schema}_old.{t} AS TABLE {schema}.{t}") for t in tables]
    owner_does(Do(f"CREATE SCHEMA {schema}_old"), *keep)
    well(cli.line("import one.ics"))

    put_back = [
        step
        for t in tables
        for step in (
            Do(f"DELETE FROM {schema}.{t}"),  # fixed names
            Do(f"INSERT INTO {schema}.{t} TABLE {schema}_old.{t}"),  # fixed names
        )
    ]
    owner_does(*put_back)

    found = cli.line("search quokka")
    assert found.code == 6
    assert "older" in found.err


def test_a_pack_that_the_bucket_lost_is_told(cli: Cli) -> None:
    well(cli.line("import one.ics"))
    bucket = s3server.bucket_of_name(pgserver.schema_of(cli.folder))
    for name in bucket.names(""):
        bucket.delete(name)

    assert cli.line("audit verify").code == 6


def test_a_server_that_is_away_is_told_and_nothing_is_lost(cli: Cli) -> None:
    well(cli.line("import one.ics"))
    stores = cli.home / "stores.toml"
    true = stores.read_text()
    stores.write_text(re.sub(r":\d+/postgres", ":1/postgres", true))

    away = cli.line("search quokka")

    assert away.code == 7, away.err
    assert "try:" in away.err
    stores.write_text(true)
    assert MARK in well(cli.line("search quokka")).out


def test_a_schema_that_is_taken_is_refused_and_the_folder_is_free_again(
    cli: Cli, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    second.mkdir()

    refused = Cli(second).line(f"init --headless --records '{rows_at(tmp_path)}'")

    assert refused.code == 5
    assert "not empty" in refused.err
    assert not list((second / "home").iterdir())
    well(cli.line("status"))


BAD = (
    ("--records", "mysql://u@h/d"),
    ("--records", "postgresql:///d"),
    ("--records", "postgresql://u:secret@127.0.0.1/d"),
    ("--records", "postgresql://u@127.0.0.1/d?password=secret"),
    ("--records", "postgresql://u@db.example.org/d"),
    ("--records", "postgresql://u@db.example.org/d?sslmode=require"),
    ("--objects", "s3://b/f"),
    ("--objects", "s3://b/f?endpoint=http://s3.example.org"),
    ("--objects", "s3://b/f?endpoint=https://u:secret@s3.example.org"),
    ("--objects", "s3://b/f?endpoint=https://s3.example.org&secret_key=secret"),
    ("--objects", "https://b/f"),
)


@pytest.mark.threat("T215")
@pytest.mark.threat("T216")
@pytest.mark.parametrize(("option", "url"), BAD)
def test_an_address_that_would_tell_or_be_listened_to_is_refused(
    tmp_path: Path, option: str, url: str
) -> None:
    refused = Cli(tmp_path).line(f"init --headless {option} '{url}'")

    assert refused.code in {2, 5}, refused.err
    assert "secret" not in refused.err.replace("secret_key", "")
    assert not (tmp_path / "home").exists()


def test_an_address_off_this_machine_is_taken_with_a_certificate_that_is_checked() -> None:
    far = "postgresql://u@db.example.org/d?sslmode=verify-full&schema=me"

    assert Places(records=far).told() == {"records": far}
