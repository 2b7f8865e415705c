"""Files of maps, phones, watches, cameras and meters through the real jailed process."""

from pathlib import Path

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors import samples_pictures, samples_places
from tests.scenarios.vaults import new_home, opened

MAKERS = {
    make.__name__: make
    for make in (
        samples_places.apple_health,
        samples_places.fit,
        samples_places.geojson,
        samples_places.google_records,
        samples_places.google_semantic,
        samples_places.google_timeline,
        samples_places.greenbutton,
        samples_pictures.photos,
    )
}


def test_each_format_is_told_and_read_in_the_cell_under_any_name(tmp_path: Path) -> None:
    read: dict[str, tuple[str, int, int]] = {}
    with ReaderCell() as cell:
        for name, make in MAKERS.items():
            path = tmp_path / f"{name}.x"
            path.write_bytes(make(12).content)
            known = cell.detect(path)
            batches = [portion.batch for portion in cell.read(path, known.source, None)]
            items = sum(len(batch.items) for batch in batches)
            read[name] = (known.source, items, sum(len(batch.rejects) for batch in batches))

    assert read == {name: (name, sum(make(12).items.values()), 0) for name, make in MAKERS.items()}


def test_a_vault_keeps_all_of_them_once_and_answers_the_owners_sql(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, make in MAKERS.items():
        (folder / f"{name}.x").write_bytes(make(5).content)
    sql = (
        "select (select count(*) from visits) + (select count(*) from trips), "
        "(select sum(total) from meter where unit = 'Wh'), (select max(most) from health), "
        "(select count(*) from workouts where type = 'cycling'), (select min(lat) from photos)"
    )

    with opened(new_home(tmp_path / "home")) as node:
        first = node.sources.import_paths([folder])
        again = node.sources.import_paths([folder])
        rows = node.records.query(sql).rows

    assert [file.error for file in first.files] == [None] * len(MAKERS)
    assert first.new == sum(sum(make(5).items.values()) for make in MAKERS.values())
    assert again.new == 0
    assert [str(cell) for cell in rows[0]] == ["40", "2018.0000", "71.0", "5", "46.5"]
