"""What a person said comes with their export: told as it was, limits hold, and no yes permits."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from sealhold.audit.event import Actor
from sealhold.model.errors import DeniedError
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.processing import ChoiceState, Wish
from sealhold.vault.bringing import Bringing
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.peoplecheck import people_faults
from tests.unit.people_vault import NAME, SERVICE
from tests.unit.processing_vault import Stage, opened, stage


@pytest.fixture
def there() -> Iterator[Stage]:
    with stage() as found:
        yield found


@pytest.fixture
def here() -> Iterator[Stage]:
    with stage() as found:
        yield found


def exported(on: Stage, subject: SubjectId) -> bytes:
    wanted = Wanted(app=on.app, subject=subject, actor=Actor.PERSON)
    return b"".join(Exports(on.many.vault.core, on.uses).begin(wanted))


def said(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("said.json"))
    return found


def brought(on: Stage, data: bytes, key: bytes) -> SubjectId:
    many = on.many
    return Bringing(many.vault.core, on.uses, many.people).bring(many.one, data, key).subject


def signer(on: Stage) -> bytes:
    return on.many.vault.core.keyring.signer("proof-sign").public


@pytest.mark.promise("P8")
def test_a8_what_was_said_is_told_again_and_each_yes_is_unknown(there: Stage, here: Stage) -> None:
    ada, found, other = there.many.person(), there.processing(), there.processing()
    there.say(ada, found, Wish.ALLOW)
    there.say(ada, found, Wish.WITHDRAW)
    there.say(ada, found, Wish.ALLOW)
    there.say(ada, other, Wish.DENY)
    there.limiting.object(there.who(ada), "DirectMarketing", is_raised=True)
    data = exported(there, ada)

    same = brought(here, data, signer(there))

    before, after = said(data), said(exported(here, same))
    assert len(before) == 5
    assert after[:5] == before
    (lost,) = after[5:]
    given = next(each for each in reversed(before) if each["event"])
    assert lost["event"]["state"] == "ConsentUnknown"
    assert lost["event"]["consent"] == before[2]["event"]["consent"] != given["event"]["consent"]
    assert here.limiting.limits(here.who(same)).objections == ("DirectMarketing",)
    assert not list(people_faults(here.many.vault.core))


def test_a_restriction_holds_here_too(there: Stage, here: Stage) -> None:
    ada = there.many.person()
    there.limiting.restrict(there.who(ada), is_set=True)
    bob = there.many.person(name="Bob")
    there.limiting.restrict(there.who(bob), is_set=True)
    there.limiting.restrict(there.who(bob), is_set=False)
    key = signer(there)

    held, free = (brought(here, exported(there, each), key) for each in (ada, bob))

    assert here.limiting.limits(here.who(held)).is_restricted
    with pytest.raises(DeniedError):
        here.many.people.get(here.many.one, held, SERVICE, frozenset({NAME}))
    assert not here.limiting.limits(here.who(free)).is_restricted
    read = here.many.people.get(here.many.one, free, SERVICE, frozenset({NAME}))
    assert read.fields == {NAME: "Bob"}


def test_a_consent_that_came_in_is_recorded_asked_for_anew_and_erased(there: Stage) -> None:
    ada, found = there.many.person(), there.processing()
    consent = there.say(ada, found, Wish.ALLOW).choice.consent
    assert consent is not None
    same = brought(there, exported(there, ada), signer(there))

    record = opened(there.choosing.record(there.who(same), consent))
    assert record["dct:identifier"] == canonical(consent)
    states = [each["@type"] for each in record["dpv:hasConsentStatus"]]
    assert states == ["dpv:ConsentGiven", "dpv:ConsentUnknown"]
    assert there.choice(same, found).state is ChoiceState.PENDING
    there.say(same, found, Wish.ALLOW)
    assert there.choice(same, found).state is ChoiceState.ALLOWED
    assert not list(people_faults(there.many.vault.core))
    there.many.people.erase(there.many.one, same)
    assert not list(people_faults(there.many.vault.core))
