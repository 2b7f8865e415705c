"""The example of boreholes: boxes, levels and their sums through the proxy as by the database."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.proxying.cluster import OWNER, Cluster, cluster
from tests.proxying.starting import SECRET, prepared, serve
from tests.proxying.talking import Talk

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "proxy" / "boreholes"
URL: Final = "postgresql://db.example.org:5432/boreholes"
COUNT: Final = 60


def statements(name: str) -> list[str]:
    """Return the statements of a file, without comments."""
    lines = (EXAMPLE / name).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return [each.strip() for each in text.split(";") if each.strip()]


def rows() -> Iterator[str]:
    """Yield made-up boreholes and a level of each month."""
    random = Random(3)
    for nth in range(COUNT):
        x, y = random.randrange(82_500_000, 85_000_000), random.randrange(593_500_000, 595_500_000)
        aquifer, depth = random.choice(("gravel", "chalk", "sand")), random.randrange(1_000, 30_000)
        yield (
            "INSERT INTO borehole (id, code, x, y, aquifer, depth) VALUES"
            f" ({nth}, 'B-{nth:04}', {x}, {y}, '{aquifer}', {depth / 100})"
        )
        for month in range(1, 5):
            metres = random.randrange(0, 1_500) / 100
            yield (
                "INSERT INTO level (id, borehole, measured, metres) VALUES"
                f" ({nth * 10 + month}, {nth}, '2025-0{month}-15', {metres})"
            )


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.mark.soak
def test_a_survey_is_answered_through_the_proxy_as_by_the_database(
    rented: Cluster, tmp_path: Path
) -> None:
    end = f"postgresql://{OWNER}@127.0.0.1:{rented.port}/rented?sslmode=disable"
    text = (EXAMPLE / "boreholes.policy.toml").read_text().replace(URL, end)
    prepared(tmp_path / "vault", text.replace("vault:rented", f"vault:{SECRET}"))
    asked = statements("asked.sql")

    with (
        serve(tmp_path / "vault", tmp_path) as started,
        Talk(started.address) as through,
        Talk(rented.address("plain")) as plainly,
    ):
        for each in (*statements("tables.sql"), *rows()):
            through.rows(each)
            plainly.rows(each)
        found = [(through.rows(each), plainly.rows(each)) for each in asked]

    assert len(found) == 10
    for each, (ours, theirs) in zip(asked, found, strict=True):
        assert ours == theirs, each
    assert sum(bool(theirs) for _, theirs in found) >= 9
