"""Import jobs: states, counts, resuming, and what a broken file costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.runner import (
    REJECTS_TOLD,
    Counts,
    FileFacts,
    FileResult,
    JobStart,
    JobState,
    Outcome,
    Progress,
    run,
    run_file,
)
from sealhold.connectors.spec import Batch, Item, Reject, Why
from sealhold.model.errors import StoreFullError, UnreadableSourceError
from sealhold.model.ids import Id16, JobId

JOB = JobId(Id16(bytes(16)))
KNOWN = Known("csv", "1", "CSV, 2 columns", 60)
HERE = Path(__file__)  # a file that is there; nobody reads it


def batch(number: int, items: int, rejects: int = 0) -> Batch:
    return Batch(
        items=[
            Item(dataset="rows", fields={}, raw=None, original_id=None, position=f"{number}.{n}")
            for n in range(items)
        ],
        rejects=[
            Reject(position=f"{number}.{n}", why=Why.MALFORMED, detail="no number", raw=b"")
            for n in range(rejects)
        ],
        cursor=str(number),
    )


@dataclass
class Book:
    """A reader of made-up batches, which may break after some of them."""

    batches: list[Batch]
    breaks: str | None = None
    is_known: bool = True
    asked: list[str | None] = field(default_factory=list)

    def members(self, path: Path) -> Members:
        raise UnreadableSourceError(f"{path} is no archive")

    def detect(self, path: Path) -> Known:
        del path
        if not self.is_known:
            raise UnreadableSourceError("a JPEG picture")
        return KNOWN

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        del path
        assert source_name == "csv"
        self.asked.append(cursor)
        done = int(cursor or "-1") + 1
        for one in self.batches[done:]:
            yield Portion(one, 100)
        if self.breaks:
            raise UnreadableSourceError(self.breaks)


@dataclass
class Shelf:
    """A sink that keeps batches by their cursor, and can be full."""

    cursor: str | None = None
    is_done: bool = False
    room: int = 100
    kept: list[Batch] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def begin(self, facts: FileFacts) -> JobStart:
        assert facts.known == KNOWN
        return JobStart(job=JOB, cursor=self.cursor, already_done=self.is_done)

    def commit(self, job: JobId, batch: Batch) -> Counts:
        assert job == JOB
        if len(self.kept) == self.room:
            raise StoreFullError
        self.kept.append(batch)
        self.cursor = batch.cursor
        return Counts(new=len(batch.items))

    def finish(self, job: JobId, outcome: Outcome) -> None:
        assert job == JOB
        self.outcomes.append(outcome)


def import_one(reader: Book, sink: Shelf, watched: list[Progress] | None = None) -> FileResult:
    return run_file(HERE, reader, sink, (watched if watched is not None else []).append)


def test_a_file_that_is_read_to_its_end_is_done() -> None:
    result = import_one(Book([batch(0, 3), batch(1, 2)]), sink := Shelf())

    assert result.outcome.state is JobState.DONE
    assert result.outcome.counts == Counts(new=5)
    assert result.items == {"rows": 5}
    assert sink.outcomes == [result.outcome]


def test_rejects_are_counted_and_the_first_twenty_are_told() -> None:
    result = import_one(Book([batch(0, 1, 15), batch(1, 1, 15)]), Shelf())

    assert result.outcome.state is JobState.DONE_WITH_REJECTS
    assert result.outcome.rejected == 30
    assert len(result.outcome.rejects) == REJECTS_TOLD
    assert result.outcome.rejects[-1].position == "1.4"


def test_a_file_that_breaks_fails_and_keeps_what_came_before() -> None:
    result = import_one(Book([batch(0, 3)], breaks="cut off"), sink := Shelf())

    assert (result.outcome.state, result.outcome.error) == (JobState.FAILED, "cut off")
    assert sink.kept == [batch(0, 3)]
    assert sink.outcomes[0].state is JobState.FAILED


def test_a_file_that_no_source_reads_fails_without_a_job() -> None:
    result = import_one(Book([], is_known=False), sink := Shelf())

    assert (result.job, result.outcome.error) == (None, "a JPEG picture")
    assert not sink.outcomes


def test_a_file_that_goes_away_before_it_is_read_fails_without_a_job() -> None:
    class Gone(Shelf):
        def begin(self, facts: FileFacts) -> JobStart:
            raise FileNotFoundError(facts.path)

    result = import_one(Book([batch(0, 3)]), Gone())

    assert (result.job, result.outcome.error) == (None, "the file cannot be opened")


def test_a_job_goes_on_after_its_last_commit() -> None:
    batches = [batch(0, 3), batch(1, 2), batch(2, 1)]
    sink = Shelf(room=2)
    with pytest.raises(StoreFullError):
        import_one(Book(batches), sink)
    sink.room = 100

    result = import_one(reader := Book(batches), sink)

    assert reader.asked == ["1"]
    assert sink.kept == batches
    assert result.outcome.state is JobState.DONE


def test_an_error_of_the_sink_ends_the_run_and_leaves_the_job_open() -> None:
    sink = Shelf(room=0)

    with pytest.raises(StoreFullError):
        import_one(Book([batch(0, 1)]), sink)

    assert not sink.outcomes


def test_a_file_that_was_imported_before_is_not_read() -> None:
    result = import_one(reader := Book([batch(0, 3)]), Shelf(is_done=True))

    assert result.already_done
    assert reader.asked == []


def test_progress_is_told_from_due_to_done() -> None:
    watched: list[Progress] = []

    list(run([HERE], Book([batch(0, 3, 1)]), Shelf(), watched.append))

    assert [one.state for one in watched] == [
        JobState.DUE,
        JobState.RUNNING,
        JobState.RUNNING,
        JobState.DONE_WITH_REJECTS,
    ]
    assert (watched[-1].rows, watched[-1].bytes_read) == (4, 100)
    assert watched[-1].bytes_total == HERE.stat().st_size


def test_counts_add_up() -> None:
    assert Counts(1, 2, 3) + Counts(4, 5, 6) == Counts(5, 7, 9)


@dataclass
class Written(Book):
    """A reader whose file somebody changes while it is read."""

    change: Callable[[Path], object] = Path.touch

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        yield from super().read(path, source_name, cursor)
        self.change(path)


def replaced(path: Path) -> None:
    """Put another file of the same size in its place."""
    beside = path.with_name("beside")
    beside.write_bytes(path.read_bytes())
    beside.rename(path)


@pytest.mark.parametrize(
    "change", [lambda path: path.write_text("other words"), replaced, Path.unlink]
)
def test_a_file_that_changes_while_it_is_read_fails_and_keeps_what_was_read(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path, sink = tmp_path / "table.csv", Shelf()
    path.write_text("a,b\n1,2\n")

    result = run_file(path, Written([batch(0, 3)], change=change), sink, lambda _step: None)

    assert result.outcome.state is JobState.FAILED
    assert "changed while it was read" in (result.outcome.error or "")
    assert sink.kept == [batch(0, 3)]
    assert sink.outcomes == [result.outcome]
