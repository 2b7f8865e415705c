"""Two homes of one owner: a rule that says no on one of them says so on the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.ids import canonical
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import RuleDraft, RuleView
from sealhold.node import Node, openparts
from tests.scenarios.paired_homes import paired_homes, sync
from tests.scenarios.vaults import PASSPHRASE, Asker, Job, calendar, card_of, kinds

NEVER = RuleDraft(effect="deny", datasets=("events",))


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(openparts, "_in_background", lambda work: work())
    with paired_homes(tmp_path) as found:
        yield found


def rules(node: Node) -> list[RuleView]:
    return list(node.parts.dataware.policies.list())


def write(node: Node, draft: RuleDraft = NEVER) -> RuleView:
    return node.parts.dataware.policies.add(draft, PASSPHRASE)


def take_back(node: Node, rule: RuleView) -> None:
    node.parts.dataware.policies.remove(canonical(rule.id), PASSPHRASE)


def test_a_no_holds_on_all_devices_until_it_is_taken_back(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    one, other = homes
    one.sources.import_paths([calendar(tmp_path / "a.ics", ["green day", "grey day"])])
    rule = write(one)
    sync(one, other)

    assert rules(other) == rules(one) == [rule]
    asked = Asker(other).ask(other, Job())
    assert card_of(other, asked).state is RequestState.REFUSED
    assert "policy" in kinds(other)

    take_back(one, rule)
    sync(one, other)
    assert rules(other) == rules(one) == []
    for node in homes:
        assert node.audit.verify().whole


def test_what_allows_or_names_an_app_of_one_vault_stays_there(homes: tuple[Node, Node]) -> None:
    one, other = homes
    asker = Asker(one, "Tax office")
    asker.ask(one, Job())
    write(one, RuleDraft(effect="deny", apps=("Tax office",)))
    write(one, RuleDraft(effect="show", processors=("Tax office",), datasets=("events",)))
    sync(one, other)
    assert rules(other) == []


def test_a_rule_that_the_other_device_takes_back_goes_there_alone(
    homes: tuple[Node, Node],
) -> None:
    one, other = homes
    rule = write(one)
    sync(one, other)
    take_back(other, rule)
    sync(other, one)
    assert (rules(other), rules(one)) == ([], [rule])

    own = write(other)
    sync(other, one)
    take_back(one, own)  # an admin's word holds for all
    sync(one, other)
    assert (rules(other), rules(one)) == ([], [rule])
