"""Records of a dataset shared with a person on another vault: live, filtered, coarser, changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    InvalidFilterError,
    NotFoundError,
    StaleError,
)
from sealhold.node.shareforms import ChangeForm, ShareForm, changed_clauses, clauses_of
from sealhold.node.sharework import ShareWork
from sealhold.policy.odrl import export_odrl
from sealhold.policy.odrlread import import_odrl
from sealhold.policy.shareterms import Tier
from sealhold.sharing.peers.sharepaper import records
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.shared_walks import accepted, carried, form, read, share, take_in
from tests.scenarios.vaults import NOON, opened

pytestmark = pytest.mark.xdist_group("shared records")  # two people meet once


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, Vault, Path]:
    folder = tmp_path_factory.mktemp("walks")
    ada, bo = two_people(folder)
    take_in(ada, folder / "one.ics", ("walk by the sea", "walk at noon", "doctor"))
    share(ada, form())
    share(ada, form(rows="summary in ('doctor', 'walk at noon')"), "some")
    accepted(ada, bo)
    return ada, bo, folder


def readings(vault: Vault) -> list[int]:
    """Return what the log tells of records that were opened for shares."""
    with opened(vault.home) as node:
        return [each.seq for each in node.audit.lines() if each.reason == "records shown"]


def test_records_are_shown_as_the_rules_say_and_follow_what_comes(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, folder = people
    found = read(bo)
    assert sorted(found) == ["walk at noon.json", "walk by the sea.json"]  # and no doctor
    shown = found["walk by the sea.json"]
    assert shown is not None
    assert shown["start"] == "2026-01-01T00:00:00.000Z"
    assert not {"uid", "end", "zone"} & shown.keys()

    take_in(ada, folder / "two.ics", ("walk home", "dentist"), uid="later")
    carried(ada, bo)
    assert sorted(read(bo)) == ["walk at noon.json", "walk by the sea.json", "walk home.json"]


def test_a_round_without_a_change_opens_no_record(people: tuple[Vault, Vault, Path]) -> None:
    ada, _, _ = people
    assert ada.sync() == ()
    before = readings(ada)
    assert ada.sync() == ()
    assert readings(ada) == before
    assert before


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (form(omit=("summry",)), InvalidFilterError),
        (form(rows="colour = 'red'"), InvalidFilterError),
        (form(precision=("round(colour, 10)",)), InvalidFilterError),
        (form(dataset="moods"), NotFoundError),
        (form(rows="summary = 'nothing'"), InvalidError),
        (form(tier="T3", actions=("compute",), task="ab" * 32), NotFoundError),
        (form(actions=("view", "edit")), InvalidError),
        (form(actions=()), InvalidError),
    ],
    ids=["omit", "rows", "precision", "dataset", "empty", "answers", "edit", "nothing"],
)
def test_what_does_not_fit_the_dataset_is_refused(
    people: tuple[Vault, Vault, Path], wanted: ShareForm, error: type[Exception]
) -> None:
    ada, _, _ = people
    with ada.work() as work:
        shares = ShareWork(work)
        before = [each.grant for each in records(work.devices)]
        with pytest.raises(error):
            shares.draft("more", clauses_of(wanted, shares, NOON))
        assert [each.grant for each in records(work.devices)] == before


def test_a_change_is_previewed_refused_if_stale_and_then_holds(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, _ = people
    with ada.work() as work:
        shares = ShareWork(work)
        record = shares.changeable(shares.record("some"))
        only = changed_clauses(record.clauses, ChangeForm(rows="summary = 'walk at noon'"))
        draft = shares.draft("some", only, instead=record)
        (effect,) = shares.shown(draft).effects
        assert effect.goes == ("doctor",)
        assert (effect.appears, effect.changed) == ((), ())
        with pytest.raises(StaleError):
            shares.change(draft, bytes(32), draft.found)
        other = replace(draft, clauses=replace(only, tier=Tier.KEY_PER_USE))
        again = shares.draft("some", other.clauses, instead=record)
        with pytest.raises(InvalidError):
            shares.change(again, again.effect.digest, again.found)
        shares.change(draft, draft.effect.digest, draft.found)
    carried(ada, bo)
    assert sorted(read(bo, "some")) == ["walk at noon.json"]


def test_a_share_comes_back_from_its_odrl_policy(people: tuple[Vault, Vault, Path]) -> None:
    ada, _, _ = people
    with ada.work() as work:
        shares = ShareWork(work)
        record = shares.record("walks")
        grant, clauses = import_odrl(export_odrl(record.grant, record.clauses))
        assert (grant, clauses) == (record.grant, record.clauses)
        assert shares.draft("again", clauses).offered


def test_a_share_that_is_over_shows_nothing_and_one_taken_back_stays_so(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, _ = people
    share(ada, form(rows="all", begins=NOON, ends=NOON), "over")
    accepted(ada, bo)
    assert read(bo, "over") == {}
    with ada.work() as work:
        shares = ShareWork(work)
        shares.revoke(shares.record("over"))
        with pytest.raises(DeniedError):
            shares.changeable(shares.record("over"))
