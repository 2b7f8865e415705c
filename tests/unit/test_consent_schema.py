"""The schema of consent records: each record that a vault writes fits, and each fault is seen."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from sealhold.audit.event import Actor
from sealhold.model.papers import CONSENT_RECORD, paper_schema
from sealhold.model.processing import Circumstances, Wish
from tests.unit.people_vault import NAME
from tests.unit.processing_vault import TERMS, Stage, opened, stage

SCHEMA = jsonschema_rs.Draft202012Validator(json.loads(paper_schema(CONSENT_RECORD)))


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


@pytest.fixture(scope="module")
def receipt(on: Stage) -> dict[str, Any]:
    return opened(on.say(on.many.person(), on.processing(), Wish.ALLOW).record)


def test_the_schema_is_one() -> None:
    assert jsonschema_rs.meta.is_valid(json.loads(paper_schema(CONSENT_RECORD)))


@pytest.mark.parametrize("told", ["full", "sparse", "sensitive", "asked", "withdrawn"])
def test_each_record_and_receipt_of_a_vault_fits(on: Stage, told: str) -> None:
    ada = on.many.person()
    terms = {
        "sparse": replace(TERMS, circumstances=Circumstances(), recipients=frozenset()),
        "sensitive": replace(TERMS, special="eu-gdpr:A9-2-a"),
    }.get(told, TERMS)
    found = on.processing(terms)
    if told == "asked":
        on.choosing.claim(on.who(ada, Actor.APP), found.id, "ConsentRequested")
    made = on.say(ada, found, Wish.ALLOW)
    if told == "withdrawn":
        made = on.say(ada, found, Wish.WITHDRAW)
    assert made.choice.consent is not None

    record = opened(on.choosing.record(on.who(ada), made.choice.consent))

    for paper in (record, opened(made.record)):
        assert [str(each) for each in SCHEMA.iter_errors(paper)] == []
    if told == "asked":
        assert [each["@type"] for each in record["dpv:hasConsentStatus"]] == [
            "dpv:ConsentRequested",
            "dpv:ConsentGiven",
        ]
    assert record["dpv:hasProcess"]["dpv:hasPersonalData"][0]["dct:identifier"] == NAME


BENDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no subject": lambda paper: paper.pop("dpv:hasDataSubject"),
    "no events": lambda paper: paper["dpv:hasConsentStatus"].clear(),
    "no purpose": lambda paper: paper["dpv:hasProcess"].pop("dpv:hasPurpose"),
    "no receipt": lambda paper: paper.pop("sealhold:receipt"),
    "another state": lambda paper: paper["dpv:hasConsentStatus"][0].update({"@type": "dpv:Yes"}),
    "a yes without end": lambda paper: paper["dpv:hasConsentStatus"][0].pop("dct:valid"),
    "another basis": lambda paper: paper["dpv:hasProcess"].update({"dpv:hasLegalBasis": ["yes"]}),
    "a field more": lambda paper: paper.update({"more": 1}),
    "a notice without digest": lambda paper: paper["dpv:hasNotice"].update({"dct:identifier": ""}),
}


@pytest.mark.parametrize("bend", BENDS)
def test_a_record_that_lacks_something_does_not_fit(receipt: dict[str, Any], bend: str) -> None:
    paper = json.loads(json.dumps(receipt))
    assert SCHEMA.is_valid(paper)

    BENDS[bend](paper)

    assert not SCHEMA.is_valid(paper)
