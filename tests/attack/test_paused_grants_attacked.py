"""Attacks on a pause: a run that was charged before it, and going on without the owner."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import DeniedError, WrongPassphraseError
from sealhold.node import Node
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Job,
    allow,
    calendar,
    kinds,
    named,
    new_home,
    opened,
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("paused")
    with opened(new_home(folder / "home")) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green a", "b"])])
        yield node


@pytest.mark.threat("T429")
def test_what_was_charged_before_a_pause_is_not_evaluated_behind_it(node: Node) -> None:
    slot = {"seconds": 1, "mode": "demand", "max_slots": 8}
    view = allow(node, Asker(node).ask(node, Job(name="late", slot=slot, most=10)))
    finish = node.runs.begin(view.id)
    node.grants.pause(named(view))
    before = kinds(node)

    with pytest.raises(DeniedError, match="paused"):
        finish()

    assert kinds(node) == before  # no program ran and nothing left
    node.grants.resume(named(view), PASSPHRASE)
    assert node.runs.run(named(view)).value == 1
    assert kinds(node).count("charge") == 1


@pytest.mark.threat("T429")
def test_an_app_that_goes_on_asking_changes_nothing_about_a_pause(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job(name="asking"))
    grant = named(allow(node, request))
    node.grants.pause(grant)

    for _ in range(3):
        with pytest.raises(DeniedError):
            node.outside.invoke(asker.token, request)
    asker.ask(node, Job(name="asking"))  # the same wish once more waits like any other
    with pytest.raises(WrongPassphraseError):
        node.grants.resume(grant, "a guess")
    with pytest.raises(DeniedError):
        node.runs.run(grant)
    denied = [each for each in node.audit.lines() if each.reason == "suspended"]
    assert len(denied) >= 4
