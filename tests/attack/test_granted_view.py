"""What a program is handed: the granted fields of the selected objects, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.broker import Broker
from sealhold.model.encoding import Plain
from sealhold.model.ids import FieldName
from tests.conformance.programs import CORE
from tests.scenarios.vaults import (
    Asker,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
)

Given = list[dict[str, Plain]]
GRANTED = ("start", "summary")
EARLY = {"early": ("start < '2026-01-01T02:00:00Z'", ["start"])}
TIERS = {
    "py": Job(fields=("location", "start", "summary"), selections=EARLY),
    "wasm": Job(
        code=CORE.reads('"summary":"green'), tier="wasm", fuel=1_000_000, milliseconds=1_000,
        fields=("location", "start", "summary"), selections=EARLY,
    ),
}  # fmt: skip


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Return what is handed to programs while the test runs."""
    given: Given = []
    plain: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers

    def answers(
        broker: Broker, code: bytes, res: object, objects: Iterable[dict[str, Plain]], more: object
    ) -> Iterator[tuple[int, int | None]]:
        some = list(objects)
        given.extend(some)
        yield from plain(broker, code, res, some, more)

    monkeypatch.setattr(Broker, "answers", answers)
    return given


@pytest.mark.petrus("P3")
@pytest.mark.threat("T31")
@pytest.mark.parametrize("tier", TIERS)
def test_a_program_is_handed_the_granted_fields_of_the_selected_objects_and_nothing_else(
    tmp_path: Path, handed: Given, tier: str
) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        summaries = ["green one", "red two", "green three", "red four"]
        node.sources.import_paths([calendar(tmp_path / "c.ics", summaries)])
        asker = Asker(node)
        request = asker.ask(node, TIERS[tier])
        terms = replace(
            card_of(node, request).asked_terms, fields=frozenset(map(FieldName, GRANTED))
        )
        handed.clear()  # the example on the screen is made of made-up objects

        answer = node.runs.run(named(allow(node, request, terms)))

    assert [each["summary"] for each in handed] == ["green one", "red two"]
    assert {tuple(sorted(each)) for each in handed} == {GRANTED}
    assert answer.value == 1
