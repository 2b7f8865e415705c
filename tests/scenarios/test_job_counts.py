"""An import that is cut short and begun again: kept with the counts of an unbroken one."""

import json
from pathlib import Path

import pytest

from sealhold.connectors.runner import JobState, Progress
from sealhold.connectors.spec import BATCH_ROWS
from sealhold.node import system_clock
from tests.scenarios.vaults import Hands, new_home, opened

ROWS = BATCH_ROWS + 100


def stop_behind_a_batch(step: Progress) -> None:
    if step.rows >= BATCH_ROWS:
        raise InterruptedError


def test_a_job_that_goes_on_counts_what_it_took_in_before_once(tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text("".join(json.dumps({"n": n, "text": f"row {n}"}) + "\n" for n in range(ROWS)))
    home = new_home(tmp_path / "home", Hands(system_clock()))

    with opened(home, Hands(system_clock())) as node:
        with pytest.raises(InterruptedError):
            node.sources.import_paths([table], stop_behind_a_batch)
        [cut] = node.sources.jobs()
        again = node.sources.import_paths([table])
        [job] = node.sources.jobs()

    assert (cut.state, cut.new, cut.same) == (JobState.RUNNING.value, BATCH_ROWS, 0)
    assert again.new == ROWS - BATCH_ROWS  # of this run alone
    assert (job.state, job.new, job.same) == (JobState.DONE.value, ROWS, 0)
