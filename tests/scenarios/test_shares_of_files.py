"""Files shared with a person on another vault, over a place that both have."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.ids import ContactId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.sharework import ShareWork
from sealhold.policy.share import Clauses, Count, Per, What
from sealhold.policy.shareterms import Action, Tier
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.vaults import opened

SERVICE = Purpose("ServiceProvision")


@pytest.fixture
def people(tmp_path: Path) -> tuple[Vault, Vault]:
    return two_people(tmp_path)


def clauses(who: ContactId, ids: frozenset[Id16], tier: Tier, most: int | None = None) -> Clauses:
    return Clauses(
        who=frozenset({who}),
        what=What(ids=ids),
        actions=frozenset({Action.VIEW}),
        purposes=frozenset({SERVICE}),
        not_before=Instant(0),
        count=None if most is None else Count(most=most, per=Per.GRANT),
        tier=tier,
    )


def share(vault: Vault, to: str, paths: list[str], tier: Tier, most: int | None = None) -> None:
    with vault.work() as work:
        shares = ShareWork(work)
        who = shares.contacts.contacts.named(to).id
        ids = frozenset(map(shares.files.named, paths))
        draft = shares.draft("album", clauses(who, ids, tier, most))
        shares.create(draft, draft.effect.digest, draft.found)


def told(vault: Vault) -> list[str]:
    """Return what the log says was decided about shares."""
    with opened(vault.home) as node:
        return [line.reason for line in node.audit.lines() if line.kind == "share"][::-1]


def folder(vault: Vault, tmp_path: Path) -> Path:
    path = tmp_path / f"{vault.name}'s papers"
    (path / "trip").mkdir(parents=True)
    (path / "trip" / "day one.txt").write_text("by the sea")
    (path / "secret.txt").write_text("not for you")
    with vault.work() as work:
        work.create("papers")
        work.bind("papers", path)
    return path


def test_a_folder_is_shared_kept_up_and_taken_back(
    people: tuple[Vault, Vault], tmp_path: Path
) -> None:
    ada, bo = people
    path = folder(ada, tmp_path)
    ada.sync()
    share(ada, "bo", ["papers/trip"], Tier.THEIR_NODE)
    for vault in (ada, bo, ada, bo):
        assert vault.sync() == ()
    with bo.work() as work:
        mine = SharedWithMe(work, {})
        (offer,) = mine.offers()
        mine.take(offer)
    assert bo.sync() == ()
    assert bo.sync() == ()
    (path / "trip" / "day two.txt").write_text("in the hills")
    assert ada.sync() == ()
    assert bo.sync() == ()

    with bo.work() as work:
        mine = SharedWithMe(work, {})
        (view,) = mine.every()
        assert view.objects == ("trip/day one.txt", "trip/day two.txt")
        assert view.label == "T1: agreed, not enforced"
        opened_, paper = mine.named("album")
        wish = mine.wish(paper, mine.object(opened_, "trip/day two.txt"), "view", "")
        content = mine.open(opened_, paper, wish)
        assert content is not None
        assert b"".join(content) == b"in the hills"

    with ada.work() as work:
        shares = ShareWork(work)
        told = shares.revoke(shares.record("album"))
        assert "2 objects" in told.given
    assert ada.sync() == ()
    assert bo.sync() == ()
    with bo.work() as work:
        mine = SharedWithMe(work, {})
        (view,) = mine.every()
        assert view.standing == "taken back"
        opened_, paper = mine.named("album")
        with pytest.raises((DeniedError, NotFoundError)):
            mine.open(opened_, paper, wish)


def test_what_was_taken_back_before_it_was_taken_on_waits_for_nobody(
    people: tuple[Vault, Vault], tmp_path: Path
) -> None:
    ada, bo = people
    folder(ada, tmp_path)
    ada.sync()
    share(ada, "bo", ["papers/trip"], Tier.THEIR_NODE)
    for vault in (ada, bo):
        assert vault.sync() == ()
    with bo.work() as work:
        assert [each.name for each in SharedWithMe(work, {}).offers()] == ["album"]

    with ada.work() as work:
        shares = ShareWork(work)
        shares.revoke(shares.record("album"))
    for vault in (ada, bo, bo):
        assert vault.sync() == ()

    with bo.work() as work:
        assert SharedWithMe(work, {}).offers() == []


def test_the_log_tells_each_decision_about_a_share_whatever_its_tier(
    people: tuple[Vault, Vault], tmp_path: Path
) -> None:
    ada, _ = people
    folder(ada, tmp_path)
    ada.sync()

    share(ada, "bo", ["papers/trip"], Tier.THEIR_NODE)
    with ada.work() as work:
        shares = ShareWork(work)
        record = shares.record("album")
        ends = replace(record.clauses, not_after=Instant(4_000_000_000_000))
        draft = shares.draft("album", ends, unverified=True, instead=record)
        shares.change(draft, draft.effect.digest, draft.found)
        shares.revoke(shares.record("album"))

    assert told(ada) == ["made", "changed", "taken back"]
