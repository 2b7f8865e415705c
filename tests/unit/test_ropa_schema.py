"""The schema of the record of processing: each that a vault makes fits, and each fault is seen.

Acceptance A10 of the service: docs/spec/33-acceptance.md.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from sealhold.audit.event import Actor
from sealhold.model.papers import ROPA, paper_schema
from sealhold.model.processing import Body, Circumstances
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.processings import Processings
from sealhold.vault.ropa import AS_PROCESSOR, MANDATORY, Ropa
from sealhold.vault.stories import By
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd
from tests.unit.processing_vault import TERMS

TEXT = json.loads(paper_schema(ROPA))
SCHEMA = jsonschema_rs.Draft202012Validator(TEXT)
SHOP = Circumstances(controller=Body(name="Shop Ltd", contact="privacy@shop.example"))


@pytest.fixture(scope="module")
def many() -> Iterator[Crowd]:
    """Return a vault with what has a basis and what has none."""
    with crowd() as found:
        app = found.app(found.one)
        found.people.recipients.add(By(actor=Actor.OWNER), app, "Printers", "print@example.org")
        found.principals.mint_officer("Dora", Instant(NOON + DAY))
        processings = Processings(found.vault.core)
        for terms in (
            replace(TERMS, name="Scores", circumstances=SHOP, recipients=frozenset({"A bank"})),
            replace(TERMS, name="=1+1", circumstances=Circumstances()),
            replace(TERMS, name="Health", circumstances=SHOP, special="eu-gdpr:A9-2-a"),
        ):
            processings.register(app, terms, Actor.OWNER)
        yield found


def record(many: Crowd, *, processor: bool = False) -> dict[str, Any]:
    ropa = Ropa(many.vault.core, many.registry, many.principals, many.people.recipients)
    made: dict[str, Any] = json.loads(ropa.as_json_ld(processor=processor))
    return made


def test_the_schema_is_one_and_names_the_cells_of_the_record() -> None:
    controllers, processors = (each["properties"]["activities"]["items"] for each in TEXT["oneOf"])

    assert jsonschema_rs.meta.is_valid(TEXT)
    assert controllers["required"] == list(MANDATORY) == [*controllers["properties"]]
    assert processors["required"] == list(AS_PROCESSOR) == [*processors["properties"]]


@pytest.mark.parametrize("processor", [False, True], ids=["controller", "processor"])
def test_a10_each_record_of_a_vault_fits(many: Crowd, *, processor: bool) -> None:
    made = record(many, processor=processor)

    assert [str(each) for each in SCHEMA.iter_errors(made)] == []
    assert len(made["activities"]) > 3
    assert ({"activity": "One: ServiceProvision", "cell": "basis"} in made["gaps"]) is not processor


def test_a10_a_cell_that_is_empty_is_a_gap_and_no_other_is(many: Crowd) -> None:
    made = record(many)

    empty = [
        {"activity": row["name"], "cell": cell}
        for row in made["activities"]
        for cell in MANDATORY
        if not row[cell]
    ]
    assert made["gaps"] == empty
    assert {each["cell"] for each in empty} >= {"basis", "controller", "controller_contact"}


BENDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no role": lambda paper: paper.pop("role"),
    "another role": lambda paper: paper.update({"role": "Nobody"}),
    "the cells of a processor": lambda paper: paper.update({"role": "DataProcessor"}),
    "no gaps": lambda paper: paper.pop("gaps"),
    "a cell too few": lambda paper: paper["activities"][0].pop("basis"),
    "a cell too many": lambda paper: paper["activities"][0].update({"more": ""}),
    "a cell that is no text": lambda paper: paper["activities"][0].update({"officer": None}),
    "a purpose in words": lambda paper: paper["activities"][0].update({"purpose": "to sell"}),
    "a basis in words": lambda paper: paper["activities"][0].update({"basis": "we may"}),
    "a term in words": lambda paper: paper["activities"][0].update({"kept_for": "long"}),
    "no word on transfers": lambda paper: paper["activities"][0].update({"transfers": ""}),
    "a gap of no cell": lambda paper: paper["gaps"].append({"activity": "x", "cell": "y"}),
    "another context": lambda paper: paper["@context"].update({"@vocab": "urn:x"}),
    "a member more": lambda paper: paper.update({"more": 1}),
}


@pytest.mark.parametrize("bend", BENDS)
def test_a_record_of_another_form_does_not_fit(many: Crowd, bend: str) -> None:
    paper = record(many)
    assert SCHEMA.is_valid(paper)

    BENDS[bend](paper)

    assert not SCHEMA.is_valid(paper)
