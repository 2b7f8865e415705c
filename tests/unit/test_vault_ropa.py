"""The record of processing activities: what is registered stands in it, and what is missing."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sealhold.audit.event import Actor
from sealhold.model.processing import Body, Circumstances, Terms
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.processings import Processings
from sealhold.vault.ropa import MANDATORY, Ropa, gaps_of
from sealhold.vault.stories import By
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd
from tests.unit.processing_vault import TERMS

OWNER = By(actor=Actor.OWNER)
WHOLE = Circumstances(controller=Body(name="Shop Ltd", contact="privacy@shop.example"))


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def ropa(many: Crowd) -> Ropa:
    return Ropa(many.vault.core, many.registry, many.principals, many.people.recipients)


def registered(many: Crowd, **other: Any) -> Terms:  # noqa: ANN401  # reason: fields of terms
    terms = replace(TERMS, circumstances=WHOLE, **other)
    app = many.app(many.one)
    Processings(many.vault.core).register(app, terms, Actor.OWNER)
    return terms


def gaps(many: Crowd) -> set[tuple[str, str]]:
    found = gaps_of(ropa(many).activities(), MANDATORY)
    return {(each.activity, each.cell) for each in found}


def test_what_is_registered_stands_in_the_record_and_needs_no_word_of_anybody(many: Crowd) -> None:
    many.people.recipients.add(OWNER, many.app(many.one), "Printers", "print@example.org")
    many.principals.mint_officer("Dora", Instant(NOON + DAY))
    terms = registered(many, name="Scores", recipients=frozenset({"A bank"}))

    rows = {each.name: each for each in ropa(many).activities()}

    row = rows["Scores"]
    assert (row.controller, row.controller_contact) == ("Shop Ltd", "privacy@shop.example")
    assert (row.officer, row.purpose, row.basis) == ("Dora", terms.purpose, terms.basis)
    assert (row.recipients, row.transfers) == ("A bank; Printers", "none")
    assert row.categories
    assert not [gap for gap in gaps(many) if gap[0] == "Scores"]


def test_what_is_kept_for_a_purpose_without_a_basis_is_a_gap(many: Crowd) -> None:
    found = gaps(many)

    assert ("One: ServiceProvision", "basis") in found
    assert ("One: Marketing", "basis") in found
    assert ("One: Marketing", "controller") in found
    assert ("One: Marketing", "categories") not in found


def test_both_forms_say_the_same_and_a_processors_has_fewer_cells(many: Crowd) -> None:
    registered(many, name="Scores")

    linked = json.loads(ropa(many).as_json_ld(processor=False))
    rows = list(csv.DictReader(io.StringIO(ropa(many).as_csv(processor=False).decode())))
    other = json.loads(ropa(many).as_json_ld(processor=True))

    assert [row["name"] for row in rows] == [each["name"] for each in linked["activities"]]
    assert all(each.keys() == set(MANDATORY) for each in linked["activities"])
    by_row = {(row["name"], cell) for row in rows for cell in row["gaps"].split()}
    assert by_row == {(each["activity"], each["cell"]) for each in linked["gaps"]}
    assert "categories" not in other["activities"][0]
    assert (linked["role"], other["role"]) == ("DataController", "DataProcessor")


@pytest.mark.threat("T266")
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a10_the_table_opens_with_no_active_cell(many: Crowd, name: str) -> None:
    registered(many, name=name)

    rows = list(csv.reader(io.StringIO(ropa(many).as_csv(processor=False).decode())))

    cells = [cell for row in rows for cell in row]
    assert f"'{name}" in cells
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in cells)
