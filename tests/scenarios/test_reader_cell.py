"""The jailed reader as an import uses it: whole files through the real process."""

import io
import os
import resource
import time
from pathlib import Path

import pytest

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors.inprocess import UnjailedReader
from sealhold.connectors.runner import Counts, FileFacts, JobStart, JobState, Outcome, run
from sealhold.connectors.samples import SAMPLES
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.spec import Batch, Item, Source
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import Id16, JobId
from tests.calm import Calm

ROWS = 100_000
SECONDS = 2.5  # for 100,000 rows on two idle cores
MEMORY = 60 * 1024  # KiB that the importer may grow by; the rows are 26 MB as msgpack


class Counting:
    """A sink that counts and keeps nothing."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._names: dict[JobId, str] = {}

    def begin(self, facts: FileFacts) -> JobStart:
        job = JobId(Id16(len(self._names).to_bytes(16, "big")))
        self._names[job] = facts.path.name
        return JobStart(job=job)

    def commit(self, job: JobId, batch: Batch) -> Counts:
        assert job in self._names
        return Counts(new=len(batch.items))

    def finish(self, job: JobId, outcome: Outcome) -> None:
        self.outcomes[self._names[job]] = outcome


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_format_is_told_and_read_in_the_cell(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name](7)
    path = tmp_path / sample.file_name
    path.write_bytes(sample.content)

    with ReaderCell() as cell:
        known = cell.detect(path)
        portions = list(cell.read(path, known.source, None))

    assert known.source == name
    assert sum(len(portion.batch.items) for portion in portions) == sum(sample.items.values())
    assert portions[-1].bytes_read > 0


def test_a_folder_is_imported_file_by_file_and_a_broken_one_costs_itself(tmp_path: Path) -> None:
    for name, make in SAMPLES.items():
        (tmp_path / f"{name}.x").write_bytes(make(3).content)
    (tmp_path / "broken.gpx").write_bytes(SAMPLES["gpx"](3).content[:-40])
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    (tmp_path / "empty").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    sink = Counting()

    with ReaderCell() as cell:
        results = {result.path.name: result.outcome for result in run([tmp_path], cell, sink)}

    failed = {name: o.error for name, o in results.items() if o.state is JobState.FAILED}
    assert failed.keys() == {"broken.gpx", "photo.csv", "empty", "pipe"}
    assert "JPEG" in (failed["photo.csv"] or "")
    assert "empty" in (failed["empty"] or "")
    assert sum(o.counts.new for name, o in results.items() if name not in failed) == 3 * 8 + 1
    assert results["broken.gpx"].counts.new > 0


def test_reading_goes_on_from_a_cursor_in_another_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SAMPLES["csv"](9_000).content)
    with ReaderCell() as cell:
        first = next(cell.read(path, "csv", None))
    with ReaderCell() as cell:
        rest = list(cell.read(path, "csv", first.batch.cursor))

    got = [*first.batch.items, *(item for portion in rest for item in portion.batch.items)]
    assert got == in_process(path)


def in_process(path: Path) -> list[Item]:
    batches = Csv().read(io.BytesIO(path.read_bytes()), path.name, None)
    return [item for batch in batches for item in batch.items]


def test_the_cell_gives_what_the_same_sources_give_without_it(shared: Path) -> None:
    sources: list[Source] = [Gpx(), Ofx(), ICalendar()]
    plain = UnjailedReader(sources, unjailed_because="the files are public samples")
    folder = shared / "samples" / "ofx"

    with ReaderCell() as cell:
        jailed = {result.path: result for result in run([folder], cell, Counting())}
    unjailed = {result.path: result for result in run([folder], plain, Counting())}

    assert {path: one.outcome for path, one in jailed.items()} == {
        path: one.outcome for path, one in unjailed.items()
    }
    assert {path: one.items for path, one in jailed.items()} == {
        path: one.items for path, one in unjailed.items()
    }


def test_reading_may_be_given_up_and_another_file_read(tmp_path: Path) -> None:
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_bytes(SAMPLES["csv"](50_000).content)
    other.write_bytes(SAMPLES["csv"](5).content)

    with ReaderCell() as cell:
        reading = cell.read(one, "csv", None)
        next(reading)
        reading.close()  # type: ignore[attr-defined]  # a generator
        portions = list(cell.read(other, "csv", None))

    assert len(portions[0].batch.items) == 5


def test_a_file_is_read_through_the_one_descriptor_that_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SAMPLES["csv"](5).content)

    with ReaderCell() as cell:
        known = cell.detect(path)
        path.unlink()
        path.write_bytes(SAMPLES["csv"](50).content)
        portions = list(cell.read(path, known.source, None))

    assert sum(len(portion.batch.items) for portion in portions) == 5


@pytest.mark.parametrize("name", ["folder", "absent"])
def test_what_is_no_file_is_refused_without_starting_anything(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with ReaderCell() as cell, pytest.raises(UnreadableSourceError):
        cell.detect(tmp_path / name)


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")

    with ReaderCell() as cell, pytest.raises(UnreadableSourceError, match="no source"):
        list(cell.read(path, "unheard-of", None))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SAMPLES["csv"](5_000).content)
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors, not files

    with ReaderCell() as cell:
        cell.detect(path)
        list(cell.read(path, "csv", None))

    # what tests before this one left open may go meanwhile
    assert set(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208
    assert list(tmp_path.iterdir()) == [path]


def test_a_hundred_thousand_rows_cross_in_time_and_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(SAMPLES["csv"](ROWS).content)
    rows = 0

    with ReaderCell() as cell:
        cell.detect(path)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, worked = Calm(), time.process_time()
        for portion in cell.read(path, "csv", None):
            rows += len(portion.batch.items)
        in_time, worked = began.within(SECONDS), time.process_time() - worked
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown

    assert rows == ROWS
    assert grown < MEMORY
    assert worked < SECONDS
    assert in_time
