"""Two homes whose apps are answered: a charge waits for a slice, and takes from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import BudgetAwayError
from sealhold.node import Node
from sealhold.vault.shares import ONE
from sealhold.vault.syncrows import HELD, SHARING
from tests.scenarios.paired_homes import paired_homes, sync
from tests.scenarios.vaults import (
    DENIED,
    PASSPHRASE,
    Asker,
    Job,
    allow,
    calendar,
    kinds,
    named,
    refusal,
)


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with paired_homes(tmp_path) as found:
        yield found


def lent(node: Node) -> list[tuple[int, int]]:
    return [(each.row[3], each.row[4]) for each in node.parts.core.deciding.all(HELD.name)]


@pytest.mark.threat("T524")
@pytest.mark.threat("T525")
def test_an_answer_waits_for_a_slice_and_is_charged_to_it(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    one, other = homes
    one.sources.import_paths([calendar(tmp_path / "a.ics", ["green day", "grey day"])])
    sync(one, other)
    assert len(other.records.search("day").items) == 2
    asker = Asker(other)
    asked = asker.ask(other, Job())
    with pytest.raises(BudgetAwayError):
        allow(other, asked)  # what each object may tell is counted elsewhere
    sync(other, one)
    grant = allow(other, asked)
    with pytest.raises(BudgetAwayError):
        other.runs.run(named(grant))
    assert refusal(lambda: other.outside.invoke(asker.token, asked)) == DENIED
    assert "decision" in kinds(other)
    sync(other, one)

    other.runs.run(named(grant))

    spent = [each for _, each in lent(other)]
    assert sum(each > 0 for each in spent) == 3  # of objects, of all askers, of the purpose
    assert not any(spent for _, spent in lent(one))
    # opened elsewhere it is a copy, and knows that before anything is charged
    other.lock()
    for token in (tmp_path / "state" / "sealhold").iterdir():
        token.unlink()
    other.unlock(PASSPHRASE)
    deciding = other.parts.core.deciding
    spends = deciding.get(SHARING.name, ONE)
    assert spends is not None
    assert all(each.row[2] != spends.row[1] for each in deciding.all(HELD.name))
    assert other.audit.verify().whole
    assert one.audit.verify().whole
