"""What rules would do to what is kept is told before they are laid down."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.model.errors import InvalidError, UnknownPurposeError
from sealhold.model.ids import FieldName, Purpose
from sealhold.model.people import FieldRule, Lookup, Mask
from sealhold.model.personrecords import CollectionRule, FieldKind, FieldType
from sealhold.model.shown.laying import RuleChange, RulesPreview
from sealhold.vault import laying
from sealhold.vault.collectionrules import Collections
from sealhold.vault.laying import NOTHING_KEPT, Laying
from tests.unit.people_vault import MAIL, MARKETING, NAME, RULES, SERVICE, Crowd, rule
from tests.unit.processing_vault import staged
from tests.unit.records_vault import NOTES, Shelf, shelf

BAND = FieldName("band")


@pytest.fixture
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


def look(many: Crowd) -> Laying:
    core = many.vault.core
    return Laying(core, many.schemas, Collections(core))


def of_schema(many: Crowd, **changed: FieldRule) -> RulesPreview:
    rules = {**RULES, **{FieldName(name): each for name, each in changed.items()}}
    return look(many).schema(many.app(many.one), rules)


def told(found: RulesPreview) -> list[tuple[str, str, int]]:
    return [(each.field, each.what, each.kept) for each in found.changes]


def test_rules_that_are_the_same_change_nothing(kept: Shelf) -> None:
    kept.many.person()

    found = of_schema(kept.many)

    assert (found.changes, found.version) == ((), 2)


def test_each_difference_is_told_with_how_many_values_it_meets(kept: Shelf) -> None:
    many = kept.many
    for name in ("Ada", "Bob"):
        many.person(name=name)
    many.person(many.other, "Eve")  # of another app

    found = of_schema(
        many,
        name=replace(RULES[NAME], purposes=frozenset({SERVICE, Purpose("PaymentManagement")})),
        mail=replace(RULES[MAIL], retention_days=7, sensitive=True),
        age=replace(RULES[FieldName("age")], category="BirthDate"),
        band=rule("Music"),
    )

    assert told(found) == [
        ("age", "category", 0),
        ("band", "new", 0),
        ("mail", "sensitive", 2),
        ("mail", "term", 2),
        ("name", "purposes", 2),
    ]
    by = {(each.field, each.what): each for each in found.changes}
    assert by["band", "new"].effect == NOTHING_KEPT
    purposes = by["name", "purposes"]
    assert (purposes.before, purposes.after) == (
        f"{MARKETING} {SERVICE}",
        f"PaymentManagement {SERVICE}",
    )
    assert "no more for Marketing" in purposes.effect
    assert "for PaymentManagement, too" in purposes.effect
    assert (by["mail", "term"].before, by["mail", "term"].after) == ("without end", "7 days")


def test_who_would_get_more_by_a_looser_mask_and_ask_anew_is_counted(kept: Shelf) -> None:
    on = staged(kept.many)
    masked = replace(RULES[NAME], mask=Mask.INITIAL, whole_for=frozenset({SERVICE}))
    on.many.schemas.lay_down(on.many.app(on.app), {**RULES, NAME: masked})
    on.processing()

    looser = of_schema(on.many, name=replace(masked, mask=Mask.NONE, whole_for=frozenset()))
    tighter = of_schema(on.many, name=replace(masked, mask=Mask.HIDDEN))

    assert [each.what for each in looser.changes] == ["mask", "whole for"]
    assert all("1 that get more wait" in each.effect for each in looser.changes)
    assert not any("wait" in each.effect for each in tighter.changes)


def test_a_look_changes_nothing_and_writes_nothing(kept: Shelf) -> None:
    many = kept.many
    ada = many.person()
    entries = len(many.lines())

    of_schema(many, band=rule("Music"))
    kept_rule = CollectionRule(
        category="Note", sensitive=False, retention_days=0, versions=3,
        purposes=frozenset({SERVICE}), fields={},
    )  # fmt: skip
    look(many).collection(many.app(many.one), "fresh", kept_rule)

    assert len(many.lines()) == entries
    schema = many.schemas.get(many.one)
    assert schema is not None
    assert BAND not in schema.rules
    assert many.people.get(many.one, ada, SERVICE).fields[NAME] == "Ada"


def test_what_would_be_refused_is_refused_for_the_same_reason(kept: Shelf) -> None:
    many = kept.many
    app = many.app(many.one)

    with pytest.raises(InvalidError, match="cannot be taken out"):
        look(many).schema(app, {NAME: RULES[NAME]})
    with pytest.raises(InvalidError, match="cannot change"):
        of_schema(many, mail=replace(RULES[MAIL], lookup=Lookup.TEXT))
    with pytest.raises(UnknownPurposeError):
        of_schema(many, name=rule("Name", Purpose("NoSuchPurpose")))


def of_notes(kept: Shelf) -> CollectionRule:
    laid = Collections(kept.many.vault.core).get(kept.many.one, NOTES)
    assert laid is not None
    return laid.rule


def test_changes_of_a_collection_are_told_with_how_many_records_they_meet(kept: Shelf) -> None:
    many = kept.many
    for name in ("Ada", "Bob"):
        person = many.person(name=name)
        for number in range(3):
            kept.put(person, number, {"n": number})
    rules, app = of_notes(kept), many.app(many.one)

    same = look(many).collection(app, NOTES, rules)
    found = look(many).collection(
        app, NOTES, replace(rules, versions=rules.versions + 1, retention_days=9)
    )

    assert same.changes == ()
    assert told(found) == [("", "term", 6), ("", "versions", 6)]


def test_a_field_that_is_required_from_now_on_meets_the_records_that_are_there(
    kept: Shelf,
) -> None:
    many, text = kept.many, FieldType(kind=FieldKind.TEXT)
    app = many.app(many.one)
    typed = replace(of_notes(kept), fields={FieldName("text"): text})
    collections = Collections(many.vault.core)
    collections.lay_down(app, "typed", typed)

    found = look(many).collection(
        app,
        "typed",
        replace(
            typed,
            fields={
                FieldName("text"): replace(text, required=True),
                FieldName("more"): text,
                FieldName("must"): replace(text, required=True),
            },
        ),
    )

    changes: list[RuleChange] = list(found.changes)
    assert [(each.field, each.what) for each in changes] == [
        ("more", "new"), ("must", "new"), ("text", "required")
    ]  # fmt: skip
    assert [each.after for each in changes] == ["text", "required", "required"]


def test_so_many_are_counted_and_no_more(kept: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Ada", "Bob", "Cid"):
        kept.many.person(name=name)
    monkeypatch.setattr(laying, "COUNTED", 2)

    found = of_schema(kept.many, mail=replace(RULES[MAIL], retention_days=7))

    assert told(found) == [("mail", "term", 2)]
