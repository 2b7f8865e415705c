"""What is held after an erasure, against apps and against officers with another purpose."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from sealhold.audit.event import EventKind
from sealhold.model.errors import (
    DeniedError,
)
from sealhold.model.ids import Id16, canonical
from sealhold.policy.purposes_table import TERMS
from sealhold.vault.keepings import Keepings
from sealhold.vault.personrecords import At
from sealhold.vault.recordasking import Asking
from tests.attack.test_people import WAYS
from tests.unit.attachments_vault import ONE
from tests.unit.holds_vault import END, LEGAL, WHOLE, Archive, archive, filled, held, read
from tests.unit.people_vault import SERVICE
from tests.unit.records_vault import NOTES, rid


@pytest.fixture
def kept() -> Iterator[Archive]:
    with archive() as found:
        yield found


@pytest.mark.threat("T319")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("whose", ["the person", "what is held"])
def test_no_call_of_an_app_leads_to_what_is_held(kept: Archive, way: str, whose: str) -> None:
    ada = filled(kept)
    keeping = held(kept, ada)
    who = ada if whose == "the person" else keeping

    if way == "erase" and whose == "the person":
        assert kept.erase(ada).stage == 1  # the receipt once more
    else:
        with pytest.raises(DeniedError):
            WAYS[way](kept.many, kept.many.one, who)

    assert read(kept, keeping) == WHOLE


@pytest.mark.threat("T319")
def test_no_record_or_attachment_that_is_held_is_read_changed_or_taken_out_by_an_app(
    kept: Archive,
) -> None:
    ada = filled(kept)
    keeping = held(kept, ada)
    records, at = kept.shelf.records, At(NOTES, rid(1))
    asking = [kept.shelf.asking(keeping, purpose=each) for each in (SERVICE, LEGAL)]
    attached = kept.shelf.attachments
    ways: tuple[Callable[[Asking], object], ...] = (
        lambda who: records.get(who, at).wait(),
        lambda who: records.get_version(who, at, 1).wait(),
        lambda who: records.versions(who, at).wait(),
        lambda who: records.page(who, NOTES, None, 10).wait(),
        lambda who: records.put(who, at, {"text": "x"}, 1).wait(),
        lambda who: records.patch(who, at, {"text": "x"}, 1).wait(),
        lambda who: records.delete(who, at, 1).wait(),
        lambda who: attached.get(who, ONE),
        lambda who: attached.listed(who, at),
        lambda who: attached.delete(who, ONE, 1),
    )

    for way, who in product(ways, asking):
        with pytest.raises(DeniedError):
            way(who)

    assert kept.shelf.terms.end() == 0
    assert read(kept, keeping) == WHOLE


@pytest.mark.threat("T319")
def test_what_is_held_is_opened_for_the_purpose_of_the_hold_alone(kept: Archive) -> None:
    keeping = held(kept, filled(kept))
    others = [*TERMS][::9]
    name = canonical(keeping)

    for purpose in (*others, "", "Purpose", "DisputeManagement", "FulfilmentOfObligation"):
        with pytest.raises(DeniedError):
            kept.door.profile(kept.officer, name, purpose)
        with pytest.raises(DeniedError):
            kept.door.records(kept.officer, name, purpose, NOTES, "", 1)

    assert not [each for each in kept.events(EventKind.HELD) if each.reason == "profile read"]


@pytest.mark.threat("T319")
def test_neither_app_nor_person_nor_owner_reads_what_is_held(kept: Archive) -> None:
    ada = filled(kept)
    bob = kept.many.person(name="Bob")
    token = kept.many.principals.mint_person(kept.many.one, bob, END).token
    keeping = held(kept, ada)

    for who in ("", *kept.many.tokens, token, "shv1_nonsense"):
        with pytest.raises(DeniedError):
            kept.door.profile(who, canonical(keeping), LEGAL)

    assert kept.events(EventKind.HELD) == []


@pytest.mark.threat("T319")
def test_no_read_is_committed_behind_the_end_of_a_hold(
    kept: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = filled(kept)
    hold = kept.hold()
    kept.erase(ada)
    (keeping,) = kept.kept(hold)
    receipt_of = Keepings.receipt_of
    lifted = list[object]()

    def lifting(keepings: Keepings, *rest: Any) -> object:  # noqa: ANN401  # reason: passed on
        if not lifted:
            lifted.append(None)
            kept.lift(hold)
            return Id16(bytes(16))
        return receipt_of(keepings, *rest)

    monkeypatch.setattr(Keepings, "receipt_of", lifting)

    with pytest.raises(DeniedError):
        kept.door.records(kept.officer, canonical(keeping.id), LEGAL, NOTES, "", 10)
    assert not [each for each in kept.events(EventKind.HELD) if each.rows_out]
