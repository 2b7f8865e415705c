"""Tables are read where they lie: SQLite, PostgreSQL, Parquet, CSV and JSON, in both modes."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from sealhold.compute.engine import sqlitefile
from sealhold.compute.engine.orders import Field, Lines, Rows
from sealhold.model.errors import (
    InvalidError,
    InvalidQueryError,
    SourceAwayError,
    SourceChangedError,
)
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import Millis
from sealhold.model.records import ColumnType
from sealhold.node import Node
from sealhold.policy.coarsen import coarsen
from sealhold.policy.precision_ast import SampleEvery
from sealhold.policy.rowfilter import matches, parse_filter
from sealhold.vault.firewall import Firewall
from tests.scenarios.tables import VISIT, fill
from tests.scenarios.vaults import Asker, Hands, Job, new_home, opened, sum_of


@pytest.fixture(scope="module")
def vault() -> Iterator[tuple[Node, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Hands()
        with opened(new_home(folder / "home", clock), clock) as node:
            yield node, folder


def added(node: Node, kind: str, name: str, mode: str = "federate", **settings: str) -> None:
    """Add a place whose dataset has its name."""
    node.standing.add(name, kind, {"dataset": name, **settings}, mode=mode)


def test_what_a_database_gains_is_seen_and_a_log_beside_it_is_read_with_it(
    vault: tuple[Node, Path],
) -> None:
    node, folder = vault
    path = folder / "notes.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, said TEXT)")
        file.execute("INSERT INTO notes VALUES (1, 'first')")
        added(node, "sqlite", "notes", place=str(path), table="notes")
        file.execute("INSERT INTO notes VALUES (2, 'in the log')")
        wanted = [("first",), ("in the log",)]
        assert (folder / "notes.db-wal").stat().st_size
        assert [*node.records.query("SELECT said FROM notes ORDER BY id_").rows] == wanted
        every = node.records.query("SELECT * EXCLUDE (id) FROM notes ORDER BY id_").rows
        assert [row[1:] for row in every] == [(1, "first"), (2, "in the log")]
    assert not (folder / "notes.db-wal").exists()  # at rest, it is one file
    assert [*node.records.query("SELECT said FROM notes ORDER BY id_").rows] == wanted
    with closing(sqlite3.connect(path)) as file:
        file.execute("INSERT INTO notes VALUES (3, 'later')")
        file.commit()
    assert node.records.query("SELECT count(*) FROM notes").rows == ((3,),)


def test_a_growing_table_is_taken_in_from_where_the_last_pull_ended(
    vault: tuple[Node, Path],
) -> None:
    node, folder = vault
    path = fill(folder / "steps.db", 30)
    added(
        node, "sqlite", "steps", "archive", place=str(path), table="visits", cursor="id", time="at"
    )
    taken = node.standing.pull(node.standing.find("steps"))
    assert (taken.new, taken.rejected) == (30, 0)
    with closing(sqlite3.connect(path)) as file:
        row = (30, "2026-04-01T00:00:00Z", "Rome", 1, 1.0, 1, 1, None, None, None)
        file.execute(VISIT, row)
        file.commit()
    taken = node.standing.pull(node.standing.find("steps"))
    assert (taken.new, taken.same, taken.gone) == (1, 1, 0)  # the last one is read again


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE odd (name TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID",
        "CREATE TABLE odd (name TEXT PRIMARY KEY, rowid TEXT, oid TEXT, n INTEGER)",
        "CREATE TABLE odd (name TEXT PRIMARY KEY, rowid, oid, _rowid_, n INTEGER)",
    ],
)
def test_a_table_without_a_plain_number_of_its_rows_is_read_whole(
    vault: tuple[Node, Path], made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlitefile, "PAGE", 2)
    path = vault[1] / f"odd{len(made)}.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute(made)
        file.executemany(
            "INSERT INTO odd (name, n) VALUES (?, ?)", [(f"r{n}", n) for n in range(5)]
        )
        file.commit()
    wanted = Rows(
        what="odd", path=str(path), fields=(Field(name="n", of="n", type="INTEGER"),), is_paged=True
    )
    lines = b"".join(each.text for each in sqlitefile.do(wanted) if isinstance(each, Lines))
    assert sorted(lines.split()) == [b'{"n":%d}' % n for n in range(5)]


def test_values_survive_exactly_from_each_kind_of_file(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    duckdb.sql(
        """CREATE OR REPLACE TABLE sample AS SELECT * FROM (VALUES
        (1, 12345678901234.5678::DECIMAL(18,4), 0.1::DOUBLE, TIMESTAMP '2026-03-29 01:30:00.123',
         'Köln "x", {y}'::VARCHAR, true, DATE '1969-12-31'),
        (2, NULL, NULL, NULL, NULL, NULL, NULL)) t(no, cost, weight, seen, said, paid, born)"""
    )
    wanted = duckdb.sql("SELECT cost, weight, seen, said, paid FROM sample ORDER BY no").fetchall()
    types = "no,cost:decimal,weight,seen,said,paid,born"
    for kind in ("parquet", "csv", "json"):
        path, name = folder / f"sample.{kind}", f"sample_{kind}"
        duckdb.sql(f"COPY sample TO '{path}'")
        added(node, "table", name, place=str(path), key="no", columns=types, time="seen")
        ask = f"SELECT cost, weight, seen, said, paid FROM {name} ORDER BY no"
        if kind == "json":  # whose numbers are floats to whoever reads it
            ask = f"SELECT cost, weight, seen, said, paid FROM {name} WHERE no = 2"
        found = node.records.query(ask)
        assert [*found.rows] == (wanted if kind != "json" else wanted[1:])
    born = node.records.query("SELECT epoch_ms(born) FROM sample_parquet WHERE no = 1").rows
    assert born == ((-86_400_000,),)
    columns = node.parts.core.datasets[Collection("sample_parquet")].columns
    assert columns[1].type is ColumnType.DECIMAL


def test_what_nests_stays_whole(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    path = folder / "nested.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS no, {{'a': {{'b': [1, 2]}}}} AS doc, ['x'] AS tags) TO '{path}'")
    added(node, "table", "nested", place=str(path))
    ask = (
        "SELECT json_extract_string(doc, '$.a.b[1]'), json_extract_string(tags, '$[0]') FROM nested"
    )
    assert node.records.query(ask).rows == (("2", "x"),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE visits DROP COLUMN weight", "`weight` is gone"),
        ("DROP TABLE visits", "gone"),
        ("ALTER TABLE visits RENAME TO other", "gone"),
    ],
)
def test_a_table_of_another_shape_is_told_and_nothing_is_read(
    vault: tuple[Node, Path], change: str, words: str
) -> None:
    node, folder = vault
    name = f"changed_{abs(hash(change)) % 10_000}"
    path = fill(folder / f"{name}.db", 3)
    added(node, "sqlite", name, place=str(path), table="visits")
    with closing(sqlite3.connect(path)) as file:
        file.execute(change)
        file.commit()
    with pytest.raises(SourceChangedError, match=words):
        node.records.query(f"SELECT count(weight) FROM {name}")
    with pytest.raises(SourceChangedError, match=words):
        node.standing.pull(node.standing.find(name))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("columns", "nothing"),
        ("columns", "n:number"),
        ("key", "nothing"),
        ("time", "place"),
        ("unit", "h"),
        ("sensitivity", "9"),
        ("dataset", "Not a name"),
        ("query", "SELECT 1"),
    ],
)
def test_an_option_that_does_not_fit_is_named(
    vault: tuple[Node, Path], option: str, value: str
) -> None:
    node, folder = vault
    path = folder / "options.db"
    if not path.exists():
        fill(path, 3)
    settings = {"place": str(path), "table": "visits", "dataset": "options", option: value}
    with pytest.raises(InvalidError, match=option):
        node.standing.check("sqlite", settings)


def test_a_database_that_went_is_away_and_never_empty(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    path = fill(folder / "went.db", 3)
    added(node, "sqlite", "went", place=str(path), table="visits")
    assert node.records.query("SELECT count(*) FROM went").rows == ((3,),)
    path.rename(folder / "elsewhere.db")
    with pytest.raises(SourceAwayError):
        node.records.query("SELECT count(*) FROM went")
    (folder / "elsewhere.db").rename(path)
    assert node.records.query("SELECT count(*) FROM went").rows == ((3,),)


# --- acceptance 5 ---

ZONE = ZoneInfo("Europe/Paris")
WORKDAYS = "weekday(at, 'Europe/Paris') in (mon, tue, wed, thu, fri)"
COMMUTE = (
    f"{WORKDAYS} and (local_time(at, 'Europe/Paris') in [08:00, 10:00)"
    " or local_time(at, 'Europe/Paris') in [16:00, 18:00))"
)
SAMPLED = "SELECT min(at) AS at, lat FROM gps GROUP BY at / 900"
LOOKED = b"def evaluate(obj, res):\n    return 1\n"


def test_a_study_of_energy_reads_the_commute_alone_over_both_changes_of_the_clock(
    vault: tuple[Node, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, folder = vault
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        path, minutes = folder / "gps.db", []
        for day in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
            minutes += [day + timedelta(minutes=each) for each in range(0, 3 * 1440, 5)]
        with closing(sqlite3.connect(path)) as file:
            file.execute("CREATE TABLE gps (at INTEGER, lat REAL)")
            rows = [(int(each.timestamp()), 48.85) for each in minutes]
            file.executemany("INSERT INTO gps VALUES (?, ?)", rows)
            file.commit()
        settings = {"query": SAMPLED, "columns": "at:instant,lat", "key": "at", "unit": "s"}
        added(node, "sqlite", "gps", place=str(path), time="at", **settings)
        shown = watching(monkeypatch)
        job = Job(
            code=LOOKED,
            collection="gps",
            fields=("at", "lat"),
            selections={"commute": (COMMUTE, ["at"])},
            aggregate=sum_of(0, 100),
            milliseconds=10,
        )
        grant = Asker(node, "study").granted(node, job)
        wanted = {int(each.timestamp()) * 1000 for each in minutes if is_commute(each)}
        node.runs.run(grant)  # its sum depends on what a busy machine gets done in 10 ms
        assert shown == wanted
        assert len(wanted) == 2 * 16
        told = [{"at": int(each.timestamp()) * 1000} for each in minutes]
        sampled = coarsen([SampleEvery(time=FieldName("at"), every=Millis(900_000))], told)
        asked = parse_filter(COMMUTE, node.parts.core.datasets[Collection("gps")].columns)
        assert {each["at"] for each in sampled if matches(asked, each)} == wanted
    finally:
        monkeypatch.undo()
        time.tzset()


def watching(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return a set that gets the time of each row that a program is shown."""
    shown: set[int] = set()
    given = Firewall.objects_for_task

    def watched(self: Firewall, *args: object) -> Iterator[object]:
        for record, version, fields in given(self, *args):  # type: ignore[arg-type]  # reason: passed on
            assert fields is not None
            shown.add(int(str(fields["at"])))
            yield record, version, fields

    monkeypatch.setattr(Firewall, "objects_for_task", watched)
    return shown


def is_commute(moment: datetime) -> bool:
    """Return whether a moment is the first of its quarter of an hour, in the hours of a commute."""
    there = moment.astimezone(ZONE)
    hours = (8, 9, 16, 17)
    return moment.minute % 15 == 0 and there.weekday() < 5 and there.hour in hours


# --- acceptance 16 ---


@pytest.mark.threat("T407")
def test_a_sort_over_the_memory_limit_ends_in_an_error_and_leaves_no_file(
    vault: tuple[Node, Path],
) -> None:
    node, folder = vault
    path, marker = folder / "large.db", "hedgehog-5f2c9d"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE large (id INTEGER PRIMARY KEY, said TEXT)")
        file.execute("INSERT INTO large VALUES (1, ?)", (marker,))
        file.commit()
    added(node, "sqlite", "large", place=str(path), table="large")
    before = files()
    long = "md5((said || i)::VARCHAR) || repeat(said, 60)"
    ask = f"SELECT {long} x FROM large, range(2000000) r(i) ORDER BY x"
    with pytest.raises(InvalidQueryError, match="memory"):
        node.records.query(ask)
    new = [each for each in files() - before if folder not in each.parents]
    assert [each for each in new if marker.encode() in held(each)] == []
    assert node.records.query("SELECT said FROM large").rows == ((marker,),)


def files() -> set[Path]:
    """Return the files where an engine could have spilled to."""
    rooms = (Path.cwd(), Path(tempfile.gettempdir()), Path("/var/tmp"), Path.home())
    names = (room.glob(form) for room in rooms for form in ("*.tmp*", ".tmp/*", "duckdb*", ".tmp"))
    return {each for some in names for each in some}


def held(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
