"""Attacks by a task's own aggregate: a second try, another answer, a kept one that is moved."""

from collections.abc import Sequence
from typing import Any

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute.broker import Broker
from sealhold.compute.combining import COMBINED
from sealhold.compute.spec import Limits
from sealhold.model.errors import (
    ConflictError,
    SealBrokenError,
    UnavailableError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY
from sealhold.model.shown import Mode
from sealhold.node import Node
from sealhold.stores.spec import Expect, Put
from sealhold.vault.writer import Work
from tests.scenarios.blurred import Papers, several
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
)

COMBINE = (
    b"def evaluate(obj, res):\n    return 1 if obj['summary'].startswith('green') else 0\n\n"
    b"def aggregate(parts):\n    return sum(parts)\n"
)


@pytest.fixture
def combines(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return what the cells of custom aggregates were given while the test runs."""
    given: list[list[int]] = []
    original = Broker.aggregate

    def spied(self: Broker, code: bytes, parts: Sequence[int], limits: Limits) -> object:
        given.append(list(parts))
        return original(self, code, parts, limits)

    monkeypatch.setattr(Broker, "aggregate", spied)
    return given


def own(**parts: Any) -> Job:  # noqa: ANN401 - parts of a job
    aggregate: Papers = {
        "kind": "custom",
        "args": {},
        "range": {"min": 0, "max": 31, "step": 1},
        "default": 0,
    }
    return Job(**{"code": COMBINE, "aggregate": aggregate, **parts})


@pytest.mark.petrus("P8")
@pytest.mark.threat("T190")
def test_the_same_results_are_combined_once(node: Node, combines: list[list[int]]) -> None:
    grants = [asker.granted(node, own()) for asker in several(node, 3)]
    combines.clear()  # of made-up objects, for the example

    values = {node.runs.run(grant).value for grant in grants}

    assert values == {10}
    assert combines == [[0] * 20 + [1] * 10]  # sorted, and once


@pytest.mark.threat("T190")
def test_an_open_set_that_did_not_change_is_combined_once(
    node: Node, clock: Hands, combines: list[list[int]]
) -> None:
    grant = Asker(node).granted(node, own(objects="open", expires="2026-12-20T00:00:00Z"))

    combines.clear()

    for _ in range(3):
        assert node.runs.run(grant).value == 10
        clock.move(DAY)

    assert len(combines) == 1


@pytest.mark.threat("T190")
def test_a_combination_that_failed_has_no_second_try(node: Node, combines: list[list[int]]) -> None:
    code = COMBINE.replace(b"return sum(parts)", b"return parts[1_000]")
    grants = [each.granted(node, own(code=code)) for each in several(node, 2)]
    combines.clear()

    values = [node.runs.run(grant).value for grant in grants]

    assert values == [0, 0]
    assert len(combines) == 1


@pytest.mark.threat("T190")
def test_another_manifest_over_the_same_results_is_combined_anew(
    node: Node, combines: list[list[int]]
) -> None:
    asker = Asker(node)

    jobs = [own(version=version) for version in ("1.0.0", "1.0.1")]
    grants = [asker.granted(node, each) for each in jobs]
    combines.clear()

    for grant in grants:
        node.runs.run(grant)

    assert len(combines) == 2


@pytest.mark.threat("T190")
def test_a_host_that_failed_leaves_nothing_and_the_next_run_combines(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = Asker(node).granted(node, own())

    def lost(*_: object) -> None:
        raise UnavailableError("the host is out of order")

    with monkeypatch.context() as patched:
        patched.setattr(Broker, "aggregate", lost)
        with pytest.raises(UnavailableError):
            node.runs.run(grant)

    assert node.runs.run(grant).value == 10


@pytest.mark.threat("T190")
def test_a_kept_combination_under_another_name_does_not_open(node: Node, clock: Hands) -> None:
    asker = Asker(node)
    node.runs.run(asker.granted(node, own(), mode=Mode.ONCE))
    node.runs.run(asker.granted(node, own(version="1.0.1"), mode=Mode.ONCE))
    core = node.parts.core
    one, two = core.store.scan(COMBINED.name, "key", (), ()).rows
    fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
    swapped = [Put(COMBINED.name, (a.row[0], b.row[1])) for a, b in ((one, two), (two, one))]
    core.store.commit((), lambda _: swapped, fence)
    other = Asker(node, "Two")
    other.author = asker.author

    with pytest.raises(SealBrokenError):
        node.runs.run(other.granted(node, own(), mode=Mode.ONCE))


@pytest.mark.threat("T190")
def test_a_row_that_is_there_already_is_never_written_over(node: Node) -> None:
    node.runs.run(Asker(node).granted(node, own()))
    core = node.parts.core
    (row,) = core.store.scan(COMBINED.name, "key", (), ()).rows
    put = Put(COMBINED.name, row.row, Expect.ABSENT)
    entry = Entry(event=Event(kind=EventKind.RUN, actor=Actor.VAULT))

    with pytest.raises(ConflictError):
        core.writer.commit(Work((put,), (entry,)))
