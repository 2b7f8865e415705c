"""What applications use, as they use it: each does the same at an end and tells what it saw.

- Two ends that hold the same rows must give the same. Each leaves the rows as it found them, or
  changed in the same way.
- psycopg prepares after some uses, pipelines, and copies; asyncpg describes first and speaks
  binary; psql describes and shows; pgbench sends its own script in three modes.
"""

import datetime as dt
import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
import psycopg

from tests.loops import in_a_loop
from tests.proxying.addresses import Address

Seen = list[Any]
FOUND: Final = "SELECT id, name, born, balance FROM patient WHERE mrn = "
NEW: Final = "INSERT INTO patient (id, mrn, name, born, balance, insured) VALUES "
PERSON: Final = (951, "M951", "Zoë\tO'Hara", dt.date(1999, 9, 9), Decimal("12.30"), True)
SCRIPT: Final = r"""
\pset null '(none)'
SELECT id, name, email, born FROM patient WHERE id < 6 ORDER BY id;
SELECT name, balance FROM patient WHERE mrn = 'MRN00037' \gdesc
SELECT count(*) AS n, min(born) FROM patient \gset
\echo :n :min
PREPARE q AS SELECT name FROM patient WHERE mrn = $1;
EXECUTE q('MRN00037');
\copy (SELECT id, name FROM patient WHERE id < 5 ORDER BY id) TO STDOUT (FORMAT csv)
BEGIN;
\copy patient (id, mrn, name) FROM STDIN
952	M952	by copy
\.
UPDATE patient SET name = name || '!' WHERE mrn = 'M952' RETURNING id, name;
ROLLBACK;
\x on
SELECT * FROM patient WHERE id = 3;
\x off
SELECT 'M' || 1, ward, count(*) FROM episode GROUP BY ward ORDER BY 3 DESC, 2;
SELECT nothing FROM patient;
INSERT INTO patient (id, mrn, name) VALUES (1, 'x', 'y');
\set FETCH_COUNT 7
SELECT id, mrn FROM patient ORDER BY id LIMIT 20;
"""
BENCHED: Final = """\\set id random(1, 150)
\\set delta random(-500, 500)
BEGIN;
UPDATE patient SET balance = balance + :delta WHERE id = :id;
SELECT name, balance FROM patient WHERE id = :id;
UPDATE patient SET visits = visits + 1 WHERE id = :id;
INSERT INTO level (id, code, metres) VALUES (:id + 90000, 'B-001', :delta) ON CONFLICT DO NOTHING;
END;
"""


def by_psycopg(address: Address) -> Seen:
    """Use it as programs do."""
    seen: Seen = []
    with psycopg.connect(address.conninfo) as link:
        for _ in range(8):  # it prepares after five
            seen.append(link.execute(FOUND + "%s", ["MRN00037"]).fetchall())
        rows = link.execute(FOUND + "%s", ["MRN00074"], binary=True)
        seen += [
            rows.fetchall(),
            [(c.name, c.type_code, c.precision) for c in rows.description or ()],
        ]
        with link.transaction(force_rollback=True), link.cursor() as cursor:
            cursor.executemany(
                NEW + "(%s, %s, %s, %s, %s, %s) RETURNING id, name",
                [PERSON, (952, "M952", "", None, Decimal(0), None)], returning=True,
            )  # fmt: skip
            seen.append([cursor.fetchall()])
            cursor.execute("SELECT * FROM patient WHERE id > 950 ORDER BY id")
            seen.append(cursor.fetchall())
        with link.transaction(force_rollback=True), link.cursor() as cursor:
            with cursor.copy("COPY patient (id, mrn, name) FROM STDIN") as copy:
                for nth in range(300):
                    copy.write_row((1_000 + nth, f"M{1_000 + nth}", f"name\t{nth}"))
            cursor.execute("SELECT count(*), min(name), max(mrn) FROM patient WHERE id >= 1000")
            seen.append(cursor.fetchall())
            with cursor.copy(
                "COPY (SELECT id, name FROM patient WHERE id > 1290) TO STDOUT"
            ) as out:
                seen.append(sorted(out.rows()))
        with link.transaction(), link.cursor("far") as cursor:
            cursor.itersize = 20
            cursor.execute("SELECT id, name FROM patient ORDER BY id")
            seen.append(cursor.fetchall())
        with link.pipeline():
            both = [link.execute(FOUND + "%s", [mrn]) for mrn in ("MRN00037", "MRN00111")]
        seen.append([each.fetchall() for each in both])
        try:
            link.execute(NEW + "(1, 'x', 'y', NULL, 0, NULL)")
        except psycopg.Error as err:
            seen.append(err.sqlstate)
    return seen


def by_asyncpg(address: Address) -> Seen:
    """Use it as programs do."""
    return in_a_loop(_by_asyncpg(address))


async def _by_asyncpg(address: Address) -> Seen:
    seen: Seen = []
    link = await asyncpg.connect(address.url())
    prepared = await link.prepare(FOUND + "$1")
    seen.append([(each.name, each.type.name) for each in prepared.get_attributes()])
    seen.append([each.name for each in prepared.get_parameters()])
    seen += [[tuple(row) for row in await prepared.fetch(f"MRN{nth:05}")] for nth in (37, 74, 1)]
    spans = (dt.date(1950, 1, 1), dt.date(1990, 1, 1))
    asked = "SELECT id, weight FROM patient WHERE born BETWEEN $1 AND $2 ORDER BY born, id"
    seen.append([tuple(row) for row in await link.fetch(asked, *spans)])
    under = link.transaction()
    await under.start()
    await link.executemany(NEW + "($1, $2, $3, $4, $5, $6)", [PERSON])
    columns = ["id", "mrn", "name", "born"]
    many = [(1_000 + n, f"M{1_000 + n}", f"n{n}", PERSON[3]) for n in range(300)]
    seen.append(await link.copy_records_to_table("patient", records=many, columns=columns))
    seen.append(tuple(await link.fetchrow("SELECT count(*), max(name), min(born) FROM patient")))
    await link.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=str)
    cursor = await link.cursor("SELECT id, meta, title FROM document ORDER BY id")
    seen += [[tuple(row) for row in await cursor.fetch(9)], await cursor.forward(3)]
    seen.append(
        await link.fetchval("UPDATE patient SET name = $1 WHERE id = 951 RETURNING name", "x")
    )
    seen.append(await link.execute("DELETE FROM patient WHERE mrn = $1", "M951"))
    await under.rollback()
    try:
        await link.execute(NEW + "(1, 'x', 'y', NULL, 0, NULL)")
    except asyncpg.PostgresError as err:
        seen.append(err.sqlstate)
    last = await link.fetch("SELECT id, name FROM patient WHERE id < 9 ORDER BY id")
    await link.close()
    return [*seen, [tuple(row) for row in last]]


def by_psql(address: Address) -> Seen:
    """Run a script, and return what it shows."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=0", "-f", "-"],
        input=SCRIPT.encode(), env={**os.environ, **address.environment}, check=False,
        capture_output=True, timeout=60,
    )  # fmt: skip
    errors = [line for line in done.stderr.splitlines() if b"ERROR" in line]
    return [done.returncode, done.stdout, len(errors)]


def by_pgbench(address: Address, folder: Path) -> Seen:
    """Run a script of its own in each mode: the same numbers are drawn each time."""
    script = folder / "benched.sql"
    script.write_text(BENCHED)
    seen: Seen = []
    for mode in ("simple", "extended", "prepared"):
        done = subprocess.run(
            ["pgbench", "-n", "-M", mode, "-f", script, "--random-seed=5", "-t", "25"],
            env={**os.environ, **address.environment}, check=False, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        seen.append((done.returncode, [n for n in done.stdout.splitlines() if "actually" in n]))
    with psycopg.connect(address.conninfo) as link:
        seen.append(link.execute("SELECT id, balance, visits FROM patient ORDER BY id").fetchall())
        seen.append(link.execute("SELECT * FROM level WHERE id > 90000 ORDER BY id").fetchall())
    return seen


CLIENTS: Final[dict[str, Callable[[Address], Seen]]] = {
    "psycopg": by_psycopg,
    "asyncpg": by_asyncpg,
    "psql": by_psql,
}
