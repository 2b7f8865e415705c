"""One item that comes twice: from two files, deleted, and brought again as something else."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.quantities import HOUR, MICRO
from sealhold.node import Node
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


def asked(node: Node, name: str, job: Job) -> tuple[int, int]:
    """Return the answer to a new app, and what it added to what one object may tell."""
    request = Asker(node, name).ask(node, job)
    cost = card_of(node, request).cost_per_object
    return node.runs.run(named(allow(node, request))).value, cost


def evaluated(node: Node) -> int:
    return sum(line.rows_read for line in node.audit.lines() if line.kind == "run")


@pytest.mark.threat("T168")
@pytest.mark.parametrize("versions", [1, 2])
def test_the_same_item_from_two_sources_deleted_and_brought_again_is_one_object_with_one_ledger(
    tmp_path: Path, versions: int
) -> None:
    """Who brings it again with other words would else learn of it anew each time."""
    clock, job = Hands(), Job(versions=versions)
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        files = [calendar(tmp_path / f"{name}.ics", ["green one"]) for name in ("a", "b")]
        newest, _ = (node.sources.import_paths([file]).files[0].job for file in files)
        told = [asked(node, "zero", job)]
        runs = [evaluated(node)]
        for turn in range(2):
            node.sources.undo(next(each for each in node.sources.jobs() if each.id == newest))
            brought = calendar(tmp_path / f"{turn}.ics", [f"red {turn}"])
            newest = node.sources.import_paths([brought]).files[0].job
            clock.move(HOUR)
            told.append(asked(node, f"app {turn}", replace(job, name=f"Again {turn}")))
            runs.append(evaluated(node))

    assert told[0] == (1, versions * MICRO)
    assert [cost for _, cost in told[1:]] == [0] * 2
    assert runs[0] == 1
    assert runs[-1] <= versions
    if versions == 1:
        assert [value for value, _ in told] == [1] * 3
