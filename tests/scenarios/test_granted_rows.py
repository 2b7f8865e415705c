"""A yes that shows some rows only, and coarser: kept and left in place alike, and what it costs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sealhold.model.errors import InvalidError, InvalidFilterError
from sealhold.model.quantities import MICRO
from sealhold.model.shown import Terms
from sealhold.node import Node
from sealhold.vault.firewall import Firewall
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    card_of,
    named,
    new_home,
    opened,
    preview,
)

ZONE = ZoneInfo("Europe/Paris")
STEP = timedelta(minutes=5)
MORNING = "local_time(at, 'Europe/Paris') in [08:00, 10:00) and sample(at, 15m, 5m)"
TOKYO = b"def evaluate(obj, res):\n    return 1 if obj['lat'] == 48.9 else 0\n"
JOB = Job(code=TOKYO, fields=("lat",), most=600)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, list[datetime]]]:
    """A track over the night of a change of the clock, kept and left in place."""
    folder, clock = tmp_path_factory.mktemp("rows"), Hands()
    first = datetime(2026, 10, 24, tzinfo=UTC)
    moments = [first + each * STEP for each in range(2 * 288)]
    for name in ("kept", "left"):
        with closing(sqlite3.connect(folder / f"{name}.db")) as file:
            file.execute(f"CREATE TABLE {name} (at INTEGER, lat REAL)")
            rows = [(int(each.timestamp()), 48.8512) for each in moments]
            file.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)  # reason: our own word
            file.commit()
    with opened(new_home(folder / "home", clock), clock) as node:
        for name, mode in (("kept", "archive"), ("left", "federate")):
            settings = {
                "dataset": name,
                "place": str(folder / f"{name}.db"),
                "query": f"SELECT at, lat FROM {name}",  # reason: our own word
                "columns": "at:instant,lat",
                "key": "at",
                "unit": "s",
                "time": "at",
            }
            node.standing.add(name, "sqlite", settings, mode=mode)
        node.standing.pull(node.standing.find("kept"))
        yield node, moments


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What programs are shown."""
    found: list[object] = []
    given = Firewall.objects_for_task

    def watched(self: Firewall, *args: object) -> Iterator[object]:
        for each in given(self, *args):  # type: ignore[arg-type]  # reason: passed on
            found.append(each[2])
            yield each

    monkeypatch.setattr(Firewall, "objects_for_task", watched)
    return found


def terms(node: Node, request: str, rows: str = "all", *precision: str) -> Terms:
    return replace(card_of(node, request).asked_terms, rows=rows, precision=precision)


@pytest.mark.parametrize("name", ["kept", "left"])
def test_a_program_sees_the_granted_rows_alone_and_none_finer_than_granted(
    vault: tuple[Node, list[datetime]], shown: list[object], name: str
) -> None:
    node, moments = vault
    request = Asker(node).ask(node, replace(JOB, collection=name))
    narrow = terms(node, request, MORNING, "round(lat, 0.1)")
    local = [each.astimezone(ZONE) for each in moments]
    wanted = [each for each in local if 8 <= each.hour < 10 and each.minute % 15 == 0]

    grant = allow(node, request, narrow)

    assert (grant.terms.rows, grant.terms.precision) == (MORNING, ("round(lat, 0.1)",))
    assert node.runs.run(named(grant)).value == min(31, len(wanted))
    assert shown == [{"lat": 48.9}] * len(wanted)
    assert len(wanted) == 2 * 8


def test_seen_otherwise_it_is_another_function_and_being_among_the_rows_is_paid_for(
    vault: tuple[Node, list[datetime]],
) -> None:
    node, _ = vault
    request = Asker(node).ask(node, replace(JOB, collection="left", name="price"))
    whole = node.requests.show(request)
    rows = node.requests.show_with(request, terms(node, request, "sample(at, 1h, 5m)"))
    coarse = node.requests.show_with(request, terms(node, request, "all", "round(lat, 0.5)"))

    assert rows.cost_per_object - whole.cost_per_object == MICRO  # in or out
    assert coarse.cost_per_object == whole.cost_per_object  # no bits but those of its answer


def test_a_look_before_the_decision_sees_what_the_grant_would_let_be_seen(
    vault: tuple[Node, list[datetime]], shown: list[object]
) -> None:
    node, _ = vault
    request = Asker(node).ask(node, replace(JOB, collection="kept", name="look"))
    card = card_of(node, request)
    narrow = terms(node, request, "sample(at, 1d, 10m)", "round(lat, 1)")

    told = node.requests.preview(request, narrow, card.digest, PASSPHRASE, card.points.keys())

    assert (told, shown) == (b"0", [{"lat": 49.0}] * 4)
    assert preview(node, request) == b"0"  # of all rows, none of which is at 48.9 as it is
    assert len(shown) == 4 + 2 * 288


def test_what_no_budget_could_count_is_refused_in_words_and_changes_nothing(
    vault: tuple[Node, list[datetime]],
) -> None:
    node, _ = vault
    request = Asker(node).ask(node, replace(JOB, collection="kept", name="refused"))
    for rows, precision in (
        ("sample_every(at, 15m)", ()),
        ("all", ("sample_every(at, 15m)",)),
        ("all", ("aggregate(avg(lat) per hour(at, 'UTC'))",)),
        ("age(at) < 7d", ()),
        ("nothing = 1", ()),
    ):
        with pytest.raises(InvalidFilterError):
            allow(node, request, terms(node, request, rows, *precision))
    with pytest.raises(InvalidError):
        allow(node, request, replace(terms(node, request), coarsen=3))
    assert card_of(node, request).state.value == "waiting"
