"""What every source must do. A plug-in joins by the two entry point groups below.

`sealhold.sources` names the class; its argument is how many rows a batch may have.
`sealhold.sources.conformance` names, under the same name, what makes a `Sample` of n items.
"""

import io
import random
from collections import Counter
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

from sealhold.connectors.detect import SURE_ENOUGH, detect
from sealhold.connectors.frames import Portion, decode, encode
from sealhold.connectors.samples import SAMPLES, Sample
from sealhold.connectors.spec import BATCH_BYTES, BATCH_ROWS, SNIFF_BYTES, Batch, Item, Source
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import ColumnType

Make = Callable[..., Source]
SOURCES: dict[str, Make] = {
    point.name: point.load() for point in entry_points(group="sealhold.sources")
}
MAKERS: dict[str, Callable[[int], Sample]] = {
    **SAMPLES,
    **{point.name: point.load() for point in entry_points(group="sealhold.sources.conformance")},
}
FEW = 3  # rows per batch: many edges
TYPES: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.TEXT: (str,),
    ColumnType.INTEGER: (int,),
    ColumnType.FLOAT: (float,),
    ColumnType.DECIMAL: (str,),
    ColumnType.BOOL: (bool,),
    ColumnType.INSTANT: (int,),
    ColumnType.LIST: (list, dict),
}


@pytest.fixture(params=sorted(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(name: str) -> Make:
    return SOURCES[name]


@pytest.fixture
def sample(name: str) -> Sample:
    return MAKERS[name](25)


def read(source: Source, content: bytes, cursor: str | None = None) -> list[Batch]:
    return list(source.read(io.BytesIO(content), "file", cursor))


def read_some(
    source: Source, content: bytes, cursor: str | None = None
) -> tuple[list[Batch], str | None]:
    """Return what a file gave before it broke, and the error, if it broke."""
    batches: list[Batch] = []
    try:
        for batch in source.read(io.BytesIO(content), "file", cursor):
            batches.append(batch)  # noqa: PERF402 - what came before the error stays
    except UnreadableSourceError as err:
        return batches, str(err)
    return batches, None


def items_of(batches: list[Batch]) -> list[Item]:
    return [item for batch in batches for item in batch.items]


def test_each_source_has_a_sample_and_bears_its_entry_points_name() -> None:
    assert SOURCES.keys() == MAKERS.keys()
    assert all(SOURCES[name]().name == name for name in SOURCES)


def test_a_source_knows_its_own_files_best(name: str, sample: Sample) -> None:
    every = [make() for make in SOURCES.values()]

    found = detect(sample.content[:SNIFF_BYTES], sample.file_name, every)

    assert found.source.name == name
    assert found.guess.what


def test_content_decides_and_not_the_name(name: str, sample: Sample) -> None:
    every = [make() for make in SOURCES.values()]

    assert detect(sample.content[:SNIFF_BYTES], "photo.jpg", every).source.name == name


def test_a_source_is_not_sure_of_other_formats(make: Make, name: str) -> None:
    others = [MAKERS[other](25) for other in MAKERS if other != name]
    own = make().sniff(MAKERS[name](25).content[:SNIFF_BYTES], "")

    assert all(make().sniff(other.content[:SNIFF_BYTES], "").sure < own.sure for other in others)


@pytest.mark.parametrize("junk", [b"", b"\x00" * 100, b"\xff\xd8\xff\xe0" + b"\x01" * 60, b"Hi.\n"])
def test_a_source_does_not_claim_what_is_nothing(make: Make, junk: bytes) -> None:
    assert make().sniff(junk, "x").sure < SURE_ENOUGH


def test_all_that_is_in_a_file_is_read_and_nothing_rejected(make: Make, sample: Sample) -> None:
    batches = read(make(), sample.content)

    assert Counter(item.dataset for item in items_of(batches)) == sample.items
    assert not [reject for batch in batches for reject in batch.rejects]


def test_the_same_bytes_give_the_same_batches(make: Make, sample: Sample) -> None:
    assert read(make(), sample.content) == read(make(), sample.content)


def test_reading_goes_on_after_every_batch_without_gap_or_double(
    make: Make, sample: Sample
) -> None:
    source = make(FEW)
    whole = read(source, sample.content)

    for number, batch in enumerate(whole):
        left = read(source, sample.content, batch.cursor)
        assert items_of(left) == items_of(whole[number + 1 :])


def test_rejects_too_are_neither_lost_nor_doubled_by_going_on(make: Make, sample: Sample) -> None:
    broken = sample.content[: len(sample.content) * 2 // 3]
    whole, _error = read_some(make(FEW), broken)

    for number, batch in enumerate(whole):
        rest = [*whole[: number + 1], *read_some(make(FEW), broken, batch.cursor)[0]]
        assert [one for b in rest for one in b.rejects] == [one for b in whole for one in b.rejects]


def test_the_batch_size_does_not_change_what_is_read(make: Make, sample: Sample) -> None:
    assert items_of(read(make(1), sample.content)) == items_of(read(make(), sample.content))


def test_batches_keep_their_limits(make: Make, name: str) -> None:
    large = MAKERS[name](BATCH_ROWS + 50)

    batches = read(make(), large.content)

    assert all(0 < len(batch.items) + len(batch.rejects) <= BATCH_ROWS for batch in batches)
    assert all(len(encode(Portion(batch, 0))) < BATCH_BYTES * 2 for batch in batches)
    assert len(batches) > 1 or sum(large.items.values()) == 1  # a picture is a file of its own


def test_positions_are_unique(make: Make, sample: Sample) -> None:
    positions = [item.position for item in items_of(read(make(), sample.content))]

    assert len(set(positions)) == len(positions)


def test_own_names_are_unique(make: Make, sample: Sample) -> None:
    doubled = items_of(read_some(make(), sample.content + sample.content)[0])
    names = [(item.dataset, item.original_id) for item in doubled if item.original_id is not None]

    assert len(set(names)) == len(names)


def test_fields_are_the_columns_of_a_declared_dataset(make: Make, sample: Sample) -> None:
    datasets = {str(dataset.name): dataset for dataset in make().datasets}

    for item in items_of(read(make(), sample.content)):
        columns = {str(column.name): column for column in datasets[item.dataset].columns}
        assert item.fields.keys() <= columns.keys()
        for field, value in item.fields.items():
            assert value is None or type(value) in TYPES[columns[field].type], field


def test_time_column_and_natural_key_are_columns(make: Make) -> None:
    for dataset in make().datasets:
        columns = {column.name for column in dataset.columns}
        assert dataset.time_column is None or dataset.time_column in columns
        assert set(dataset.natural_key) <= columns
        assert ", because " in dataset.granularity


def test_what_is_read_crosses_the_process_boundary_unchanged(make: Make, sample: Sample) -> None:
    for batch in read(make(FEW), sample.content):
        frame = Portion(batch, 7)
        assert decode(encode(frame)[4:]) == frame


def test_a_cut_file_gives_its_beginning_and_says_what_it_lost(make: Make, sample: Sample) -> None:
    whole = items_of(read(make(), sample.content))
    dice = random.Random(7)

    for _ in range(40):
        end = dice.randrange(len(sample.content))
        batches, error = read_some(make(), sample.content[:end])
        found = items_of(batches)
        rejects = [reject for batch in batches for reject in batch.rejects]
        is_told = error is not None or bool(rejects)
        assert is_told or found == whole[: len(found)] or not sample.has_end
        assert is_told or len(found) == len(whole) or not sample.has_end


def test_damage_gives_rejects_or_a_broken_file_and_never_another_error(
    make: Make, sample: Sample
) -> None:
    dice = random.Random(11)

    for _ in range(60):
        damaged = bytearray(sample.content)
        for _ in range(dice.randrange(1, 20)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        batches, _error = read_some(make(), bytes(damaged))
        for batch in batches:
            decode(encode(Portion(batch, 0))[4:])
            assert all(one.position and one.detail and one.why for one in batch.rejects)


def test_what_is_rejected_is_told_without_quoting_it(make: Make, sample: Sample) -> None:
    cut = sample.content[: len(sample.content) // 2] + b"\x00secret\xff"
    batches, error = read_some(make(), cut)

    told = [reject.detail for batch in batches for reject in batch.rejects] + [error or ""]

    assert not any("secret" in text for text in told)


@pytest.mark.parametrize("cursor", ["", "x", "1:", "1:x", "2:0", "1:-1", "1:0:0:0", "1:٣"])
def test_a_cursor_that_is_not_its_own_is_refused(make: Make, sample: Sample, cursor: str) -> None:
    with pytest.raises(UnreadableSourceError):
        read(make(), sample.content, cursor)


def test_a_cursor_at_the_end_gives_nothing_more(make: Make, sample: Sample) -> None:
    last = read(make(), sample.content)[-1].cursor

    assert read(make(), sample.content, last) == []
