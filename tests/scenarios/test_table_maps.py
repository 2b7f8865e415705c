"""A bank's table becomes bookings once its owner said what its columns are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import ConflictError, InvalidError, NotFoundError, UnreadableSourceError
from sealhold.node import Node
from tests.transcripts.cli import Cli, furnish

from .vaults import Hands, new_home, opened

SAID = {"date": "Day", "amount": "Amount", "payee": "Who", "currency": "EUR"}
HEAD = "Day;Amount;Who\n"
JANUARY = f"{HEAD}30.01.2026;-1,50;Shop\n31.01.2026;-1,50;Shop\n31.01.2026;-1,50;Shop\n"
FEBRUARY = f"{HEAD}31.01.2026;-1,50;Shop\n31.01.2026;-1,50;Shop\n01.02.2026;2,00;Ann\n"
NAME = "bookings by day-amount-who"


@pytest.fixture(scope="module")
def clock() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, clock: Hands) -> Iterator[Node]:
    with opened(new_home(tmp_path_factory.mktemp("home") / "vault", clock), clock) as node:
        yield node


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def brought(node: Node, path: Path) -> tuple[dict[str, int], int]:
    report = node.sources.import_paths([path])
    return {str(name): new for name, new in report.by_collection.items()}, report.same


def test_tables_of_a_header_are_bookings_from_the_mapping_on_until_it_is_forgotten(
    node: Node, tmp_path: Path, clock: Hands
) -> None:
    january = file(tmp_path, "january.csv", JANUARY)
    assert brought(node, january) == ({"rows": 3}, 0)
    before = node.sources.jobs()

    preview = node.sources.map_preview(january, SAID)
    assert [fields["amount"] for fields in preview.bookings] == ["-1.50"] * 3
    assert node.sources.jobs() == before
    node.sources.maps.keep(preview)

    assert brought(node, january) == ({"bookings": 3}, 0)
    assert brought(node, january) == ({}, 3)
    assert brought(node, file(tmp_path, "february.csv", FEBRUARY)) == ({"bookings": 1}, 2)
    assert brought(node, file(tmp_path, "other.csv", "a;b\n1;2\n3;4\n")) == ({"rows": 2}, 0)
    with pytest.raises(ConflictError, match="forget it first"):
        node.sources.maps.keep(preview)

    node.sources.maps.forget(NAME)
    clock.move(1_000)
    assert brought(node, file(tmp_path, "march.csv", FEBRUARY)) == ({"rows": 3}, 0)
    assert brought(node, january) == ({}, 3)
    with pytest.raises(NotFoundError, match="no mapping"):
        node.sources.maps.forget(NAME)


def test_a_mapping_that_does_not_fit_and_a_file_that_is_no_table_keep_nothing(
    node: Node, tmp_path: Path
) -> None:
    before = node.sources.list()
    table = file(tmp_path, "t.csv", JANUARY)

    with pytest.raises(InvalidError, match="no column `When`"):
        node.sources.map_preview(table, {**SAID, "date": "When"})
    with pytest.raises(UnreadableSourceError, match="is no table"):
        node.sources.map_preview(file(tmp_path, "a.jsonl", '{"a": 1}\n'), SAID)

    assert node.sources.list() == before


def test_the_command_shows_the_first_rows_as_they_would_be_before_anything_is_kept(
    tmp_path: Path,
) -> None:
    cli = Cli(furnish(tmp_path))
    assert cli.line("init --headless").code == 0
    file(tmp_path, "january.csv", JANUARY)
    words = "import january.csv --map date=Day --map amount=Amount --map payee=Who --map"

    shown = cli.line(f"{words} currency=EUR --dry-run")
    assert shown.code == 0, shown.err
    assert "2026-01-30   -1.50  EUR       Shop" in shown.out
    assert "Looked at 3 rows." in shown.out
    assert cli.line("source list --json").out == "[]\n"

    taken = cli.line(f"{words} currency=EUR --json")
    assert json.loads(taken.out)["by_collection"] == {"bookings": 3}
    assert cli.line("import january.csv --json").code == 0

    for wrong, why in (
        ("currency", "ROLE=COLUMN"),
        ("date=Who", "each role once"),
        ("colour=Who", "say what is"),
        ("currency=EUR", "forget it first"),
    ):
        assert why in cli.line(f"{words} {wrong}").err
    assert "name one table" in cli.line(f"{words} currency=EUR tracks").err

    assert "a preview" in cli.line(f"import --forget-map '{NAME}' --dry-run").out
    assert "rows again" in cli.line(f"import --forget-map '{NAME}'").out
    assert "no mapping" in cli.line(f"import --forget-map '{NAME}'").err
