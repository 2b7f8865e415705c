"""An application of Django runs through the proxy as on plain PostgreSQL: the same suite, twice."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import OWNER, Cluster, cluster
from tests.proxying.starting import SECRET, Started, prepared, serve
from tests.proxying.talking import Talk

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "proxy" / "ehealth"
URL: Final = "postgresql://db.example.org:5432/ehealth"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def started(rented: Cluster, tmp_path: Path) -> Iterator[Started]:
    for each in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
        rented.run(each, "rented")
    folder = tmp_path
    end = f"{OWNER}@127.0.0.1:{rented.port}/rented?sslmode=disable"
    text = (EXAMPLE / "ehealth.policy.toml").read_text()
    text = text.replace(URL, f"postgresql://{end}").replace("vault:rented", f"vault:{SECRET}")
    prepared(folder / "vault", text)
    with serve(folder / "vault", folder) as found:
        yield found


def manage(address: Address, *words: str) -> str:
    """Run a command of the application, and return what it says."""
    ended = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(address.port),
            "PGUSER": address.user,
            "PGPASSWORD": address.password,
            "PGDATABASE": address.database,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4_000:]
    return ended.stdout + ended.stderr


def told(said: str) -> list[str]:
    """Return what became of each test, without how long it took."""
    return sorted(re.findall(r"^test_\w+ \(.*\).*$", said, re.MULTILINE))


@pytest.mark.soak
def test_the_suite_of_an_application_gives_the_same_through_the_proxy(
    rented: Cluster, started: Started
) -> None:
    plainly, through = (
        manage(address, "test", "-v", "2") for address in (rented.address("plain"), started.address)
    )

    assert told(plainly) == told(through)
    assert len(told(through)) == 23
    manage(started.address, "seed", "5")
    with Talk(started.address) as link:
        names = [row[0] for row in link.rows("SELECT name FROM records_patient ORDER BY id")]
        stays = link.rows("SELECT count(*) FROM records_episode")[0][0]
    kept = str(rented.run("SELECT t::text FROM records_patient t", "rented"))
    assert len(names) == 5
    assert not any(name is None or name in kept for name in names)
    assert rented.run("SELECT count(*)::text FROM records_episode", "rented") == [(stays,)]


@pytest.mark.soak
def test_the_tables_are_made_without_django_too(started: Started) -> None:
    texts = (EXAMPLE / "tables.sql").read_text().split(";\n")
    with Talk(started.address) as link:
        for text in filter(None, map(str.strip, texts)):
            link.rows(text)
        link.rows(
            "INSERT INTO records_patient (name, email, insurance_no, born, city, registered)"
            " VALUES ('Alma', 'alma@example.org', '1', '1990-01-01', 'Bern', '2025-01-01')"
        )
        found = link.rows("SELECT name FROM records_patient WHERE email = 'alma@example.org'")

    assert found == [("Alma",)]
