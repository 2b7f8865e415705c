"""What a change of a share says: what is named changes, all else stays."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sealhold.model.errors import InvalidError, InvalidGrantError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import Instant
from sealhold.node.shareforms import ChangeForm, changed_clauses
from sealhold.policy.share import Count, Per, What
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import lines
from sealhold.sharing.peers.mirror import mirror, shown_id
from tests.unit.owned_devices import Machine, machine
from tests.unit.shares import begun, clauses, item


@pytest.fixture(scope="module")
def people() -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as stack:
        ada, bo = (stack.enter_context(machine(seed)) for seed in (b"ada", b"bo"))
        ada.devices.begin("ada's laptop", None)
        bo.devices.begin("bo's laptop", None)
        yield ada, bo


def test_what_is_named_changes_and_all_else_stays(people: tuple[Machine, Machine]) -> None:
    before = clauses(people[1], Tier.KEY_PER_USE, 3)
    after = changed_clauses(
        before,
        ChangeForm(ends=Instant(86_400_000), count=5, omit=("b", "a"), precision=("round(t, 1d)",)),
    )
    assert after.not_after == Instant(86_400_000)
    assert after.count == Count(most=5, per=Per.GRANT)
    assert after.omit == {FieldName("a"), FieldName("b")}
    assert after.precision == ("round(t, 1d)",)
    assert (after.who, after.what, after.purposes, after.tier) == (
        before.who,
        before.what,
        before.purposes,
        before.tier,
    )
    assert changed_clauses(after, ChangeForm(is_endless=True)).not_after is None


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (ChangeForm(), InvalidError),
        (ChangeForm(rows="a = 1"), InvalidGrantError),
        (ChangeForm(count=2**31), InvalidGrantError),
        (ChangeForm(ends=Instant(-1)), InvalidGrantError),
    ],
    ids=["nothing", "rows of files", "count", "end before begin"],
)
def test_a_change_that_is_none_is_refused(
    people: tuple[Machine, Machine], form: ChangeForm, error: type[Exception]
) -> None:
    with pytest.raises(error):
        changed_clauses(clauses(people[1], Tier.KEY_PER_USE, 3), form)


def test_rows_of_a_dataset_can_change(people: tuple[Machine, Machine]) -> None:
    every = What(dataset=Collection("events"), rows="all")
    before = replace(clauses(people[1], Tier.THEIR_NODE), what=every)
    after = changed_clauses(before, ChangeForm(rows="summary = 'run'"))
    assert after.what == What(dataset=Collection("events"), rows="summary = 'run'")


def test_rules_that_nobody_parsed_stand_as_they_are_written(
    people: tuple[Machine, Machine],
) -> None:
    form = ChangeForm(precision=("round(km, 10)",))
    said = lines(changed_clauses(clauses(people[1], Tier.THEIR_NODE), form), {})
    assert "Coarser: `round(km, 10)`" in {each.says for each in said}


def test_an_object_without_a_name_is_called_by_its_id_in_the_space(
    people: tuple[Machine, Machine],
) -> None:
    ada, bo = people
    record = begun(ada, bo, Tier.THEIR_NODE)
    opened = next(each for each in ada.devices.collections() if each.about.id == record.space)
    mirror(ada.devices, opened, record, [item(b"1", b"text", "")])
    thing = shown_id(record, b"1")
    assert opened.replica.state.tree.shown()[thing].path == (thing.hex()[:16],)
    assert mirror(ada.devices, opened, record, [item(b"1", b"text", "")]).renamed == 0
