"""Attacks on what a grant shows of rows: versions that moved out, neighbours, and other callers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import DAY, MicroBits
from sealhold.node import Node
from sealhold.policy.decision import Decision, Obligations, Reason
from sealhold.policy.sight import EVERYTHING, Said, parse_sight
from sealhold.vault.firewall import Firewall
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
)

EVENTS = Collection("events")
DEMAND: Plain = {"seconds": 1, "mode": "demand", "max_slots": 8}
FEW = Job(slot=DEMAND, most=10, expires="2026-12-03T00:00:00Z")


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is handed to programs."""
    given: list[object] = []
    one: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers
    several: Callable[..., Sequence[Sequence[int | None]]] = Broker.evaluate_partitions

    def answers(
        broker: Broker, code: bytes, res: object, objects: Iterable[object], more: object
    ) -> Iterator[tuple[int, int | None]]:
        some = list(objects)
        given.extend(some)
        yield from one(broker, code, res, some, more)

    def together(
        broker: Broker,
        code: bytes,
        res: Mapping[str, Plain],
        parts: Sequence[Sequence[Mapping[str, Plain]]],
        limits: Limits,
        **named: Plain,
    ) -> Sequence[Sequence[int | None]]:
        given.extend(each for part in parts for each in part)
        return several(broker, code, res, parts, limits, **named)

    monkeypatch.setattr(Broker, "answers", answers)
    monkeypatch.setattr(Broker, "evaluate_partitions", together)
    return given


def granted(node: Node, job: Job, rows: str, *precision: str) -> str:
    request = Asker(node).ask(node, job)
    terms = replace(card_of(node, request).asked_terms, rows=rows, precision=precision)
    return named(allow(node, request, terms))


@pytest.mark.threat("T430")
def test_a_version_that_moved_out_of_the_granted_rows_is_shown_to_nobody(
    tmp_path: Path, handed: list[object]
) -> None:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green a", "green b"])])
        grant = granted(node, replace(FEW, objects="open"), "summary != 'secret'")
        handed.clear()  # made-up objects; both were seen to be among the rows, and not shown yet
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["secret", "green b"])])
        clock.move(DAY)

        assert node.runs.run(grant).value == 1
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green c", "green b"])])
        clock.move(DAY)
        # it was the default once, and with one version it stays so: coming back tells nothing
        assert node.runs.run(grant).value == 1

    assert handed == [{"summary": "green b"}]


@pytest.mark.threat("T430")
def test_a_neighbour_in_a_partition_is_shown_no_more_than_the_grant_shows(
    tmp_path: Path, handed: list[object]
) -> None:
    code = b"def evaluate(objs, res):\n    return [0] * len(objs)\n"
    with opened(new_home(tmp_path / "home")) as node:
        names = [f"secret {n}" if n % 2 else f"green {n}" for n in range(8)]
        node.sources.import_paths([calendar(tmp_path / "c.ics", names)])
        job = replace(FEW, code=code, k=4)
        grant = granted(node, job, "summary < 'h'")
        handed.clear()  # made-up objects
        node.runs.run(grant)

    said = {str(each["summary"]) for each in handed if isinstance(each, dict)}
    assert said - {"None"} == {name for name in names if name.startswith("green")}


@pytest.mark.threat("T430")
def test_whoever_calls_the_door_it_shows_what_the_grant_says_or_nothing(tmp_path: Path) -> None:
    said = Said("summary < 'h'", ("round(start, 1d)",))
    with opened(new_home(tmp_path / "home")) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green", "secret"])])
        core, fields = node.parts.core, frozenset({FieldName("summary")})
        decision = Decision(
            permit=True,
            fields=fields,
            because=(),
            code=Reason.GRANTED,
            sentence="",
            obligations=Obligations(
                filter=said.rows,
                precision=said.precision,
                coarsen=1,
                retention_days=1,
                charge=MicroBits(0),
            ),
        )
        door: Firewall = node.parts.records._firewall
        ids = [hit.id for hit in node.records.timeline(None, 10).items]
        sight = parse_sight(said, core.datasets[EVENTS].columns)

        for wrong in (
            EVERYTHING,
            parse_sight(Said("summary < 'h'"), core.datasets[EVENTS].columns),
        ):
            with pytest.raises(DeniedError):
                list(door.objects_for_task(decision, EVENTS, ids, wrong))
        shown = [each[2] for each in door.objects_for_task(decision, EVENTS, ids, sight)]
        assert sorted(map(str, shown)) == ["None", "{'summary': 'green'}"]


@pytest.mark.threat("T431")
def test_a_row_that_comes_or_goes_changes_nothing_of_what_is_seen_of_others(
    tmp_path: Path, handed: list[object]
) -> None:
    seen = []
    with opened(new_home(tmp_path / "home")) as node:
        for turn, names in enumerate((["a", "b", "c"], ["early"])):
            # an hour apart: `early` comes before the others of its day, in the same stretch
            node.sources.import_paths([calendar(tmp_path / "c.ics", names, uid=f"{turn}")])
            grant = granted(node, replace(FEW, params={"p": turn}), "sample(start, 1d, 2h)")
            handed.clear()  # made-up objects
            node.runs.run(grant)
            seen.append({str(each["summary"]) for each in handed if isinstance(each, dict)})

    assert seen == [{"a", "b"}, {"a", "b", "early"}]
