"""Records of a dataset shared with a person on another vault: live, filtered, coarser, counted."""

import json
from pathlib import Path

import pytest

from sealhold.model.errors import (
    InvalidError,
    InvalidFilterError,
    NotFoundError,
)
from sealhold.node.contactwork import ContactWork
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharework import ShareWork
from sealhold.sharing.peers.sharepaper import records
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.vaults import NOON, calendar, opened

pytestmark = pytest.mark.xdist_group("shared records")  # two people meet once

WALKS = ("walk by the sea", "walk at noon")


def form(**more: object) -> ShareForm:
    said = {
        "people": ("bo",),
        "dataset": "events",
        "rows": "summary in ('walk by the sea', 'walk at noon', 'walk home')",
        "purposes": ("ServiceProvision",),
        "omit": ("uid", "end", "offset_min", "zone"),
        "precision": ("round(start, 1d)",),
    }
    return ShareForm(**{**said, **more})  # type: ignore[arg-type]  # reason: fields by name


def take_in(vault: Vault, path: Path, summaries: tuple[str, ...], uid: str = "u") -> None:
    with opened(vault.home) as node:
        node.sources.import_paths([calendar(path, summaries, uid=uid)])


def share(vault: Vault, wanted: ShareForm, name: str = "walks") -> None:
    with vault.work() as work:
        shares = ShareWork(work)
        draft = shares.draft(name, clauses_of(wanted, shares, NOON))
        shares.create(draft, draft.effect.digest, draft.found)


def read(vault: Vault, name: str = "walks") -> dict[str, dict[str, object]]:
    """Return what somebody reads of a share, by the names of its objects."""
    found = {}
    with vault.work() as work:
        mine = SharedWithMe(work, ContactWork(work).names())
        there, paper = mine.named(name)
        for path in mine.view(there, paper).objects:
            wish = mine.wish(paper, mine.object(there, path), "view", "")
            content = mine.open(there, paper, wish)
            assert content is not None
            found[path] = json.loads(b"".join(content))
    return found


def readings(vault: Vault) -> list[str]:
    """Return what the log tells of records that were opened for shares."""
    with opened(vault.home) as node:
        return [each.what for each in node.audit.lines() if each.reason == "records shown"]


def accepted(ada: Vault, bo: Vault) -> None:
    for vault in (ada, bo, ada, bo):
        assert vault.sync() == ()
    with bo.work() as work:
        mine = SharedWithMe(work, {})
        for offer in mine.offers():
            mine.take(offer)
    assert bo.sync() == ()
    assert bo.sync() == ()


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, Vault, Path]:
    folder = tmp_path_factory.mktemp("walks")
    ada, bo = two_people(folder)
    take_in(ada, folder / "one.ics", (*WALKS, "doctor"))
    share(ada, form())
    accepted(ada, bo)
    return ada, bo, folder


def test_records_are_shown_as_the_rules_say_and_follow_what_comes(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, folder = people
    found = read(bo)
    assert sorted(found) == ["walk at noon.json", "walk by the sea.json"]
    shown = found["walk by the sea.json"]
    assert shown["start"] == "2026-01-01T00:00:00.000Z"
    assert not {"uid", "end", "zone"} & shown.keys()

    take_in(ada, folder / "two.ics", ("walk home", "dentist"), uid="later")
    assert ada.sync() == ()
    assert bo.sync() == ()
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
        (form(tier="T3", actions=("compute",), task="ab" * 32), InvalidError),
    ],
    ids=["omit", "rows", "precision", "dataset", "empty", "answers"],
)
def test_what_does_not_fit_the_dataset_is_refused(
    people: tuple[Vault, Vault, Path], wanted: ShareForm, error: type[Exception]
) -> None:
    ada, _, _ = people
    with ada.work() as work:
        shares = ShareWork(work)
        with pytest.raises(error):
            shares.draft("more", clauses_of(wanted, shares, NOON))
        assert [each.name for each in records(work.devices)] == ["walks"]
