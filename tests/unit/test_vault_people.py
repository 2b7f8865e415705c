"""People of apps: made, written, read, found, changed and erased; each decided and in the log."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.crypto.seal import NOBODY
from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    InvalidError,
    StaleError,
    UnknownPurposeError,
)
from sealhold.model.ids import AppId, FieldName, Id16, Purpose
from sealhold.model.people import Lookup, Value
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.decision import Reason
from sealhold.stores.spec import Found
from sealhold.vault.deciding import scan_all
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.lookups import LOOKUPS, Tags
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.registry import REMOVED, SUSPENDED
from sealhold.vault.subjects import SUBJECTS
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import (
    AGE,
    MAIL,
    MARKETING,
    NAME,
    PHONE,
    RULES,
    SERVICE,
    Crowd,
    crowd,
    rule,
)


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


# --- a person's life ---


@pytest.mark.promise("P10")
def test_an_app_gets_a_random_id_for_each_person(many: Crowd) -> None:
    made = [many.people.make(many.one) for _ in range(3)]

    assert len({each.subject for each in made}) == 3
    assert {each.subject[6] >> 4 for each in made} == {4}  # a UUIDv4 holds no time
    assert [(each.version, each.made_at) for each in made] == [(0, NOON)] * 3


def test_what_was_put_in_comes_out(many: Crowd) -> None:
    subject = many.people.make(many.one).subject
    values: dict[FieldName, Value] = {NAME: "Ada", MAIL: "ada@example.org", AGE: 36}

    written = many.people.put(many.one, subject, SERVICE, values, 0)
    read = many.people.get(many.one, subject, SERVICE)

    assert written == read
    assert (read.version, dict(read.fields)) == (1, values)
    assert many.people.show(many.one, subject).version == 1


def test_one_field_is_had_alone(many: Crowd) -> None:
    subject = many.person()

    assert many.people.get(many.one, subject, SERVICE, frozenset({NAME})).fields == {NAME: "Ada"}
    assert many.people.get(many.one, subject, SERVICE, frozenset({PHONE})).fields == {}


def test_a_put_replaces_the_whole_profile_and_a_patch_some_of_it(many: Crowd) -> None:
    subject, people = many.person(), many.people

    people.patch(many.one, subject, SERVICE, {AGE: 36, MAIL: None}, 1)
    assert people.get(many.one, subject, SERVICE).fields == {NAME: "Ada", AGE: 36}
    people.put(many.one, subject, SERVICE, {PHONE: "+4930123456"}, 2)
    assert people.get(many.one, subject, SERVICE).fields == {PHONE: "+4930123456"}
    people.clear(many.one, subject, SERVICE, 3)
    assert people.get(many.one, subject, SERVICE).fields == {}
    assert people.show(many.one, subject).version == 4
    assert not list(scan_all(many.store, LOOKUPS))


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_change_that_was_made_for_another_version_is_refused(many: Crowd, version: int) -> None:
    subject = many.person()

    with pytest.raises(StaleError):
        many.people.patch(many.one, subject, SERVICE, {NAME: "Eve"}, version)

    assert many.people.get(many.one, subject, SERVICE).fields[NAME] == "Ada"
    assert [e.outcome for e in many.events(EventKind.PROFILE) if e.reason == "stale"] == [
        Outcome.FAILED
    ]


def test_of_changes_at_once_one_holds_and_the_others_are_told(many: Crowd) -> None:
    subject = many.person()

    def change(number: int) -> bool:
        try:
            many.people.patch(many.one, subject, SERVICE, {AGE: number}, 1)
        except StaleError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(change, range(8)))

    assert held.count(True) == 1
    assert many.people.get(many.one, subject, SERVICE).fields[AGE] == held.index(True)


@pytest.mark.parametrize("value", [2**53, -(2**53), 1.5, "x" * 16_385, "\ud800", b"", [], {}])
def test_a_value_of_another_form_is_refused_and_nothing_is_written(
    many: Crowd, value: Value
) -> None:
    subject = many.person()

    with pytest.raises(InvalidError, match="`name`"):
        many.people.patch(many.one, subject, SERVICE, {NAME: value}, 1)

    assert many.people.show(many.one, subject).version == 1


def test_a_field_is_not_had_after_its_term_and_goes_with_the_next_change(many: Crowd) -> None:
    subject = many.person()
    many.people.patch(many.one, subject, SERVICE, {AGE: 36}, 1)

    many.time.now = Instant(NOON + 30 * DAY - 1)
    assert AGE in many.people.get(many.one, subject, SERVICE).fields
    many.time.now = Instant(NOON + 30 * DAY)
    assert AGE not in many.people.get(many.one, subject, SERVICE).fields
    assert AGE in {found.row[1] for found in scan_all(many.store, FIELDS)}
    many.people.patch(many.one, subject, SERVICE, {NAME: "Ada L"}, 2)
    assert AGE not in {found.row[1] for found in scan_all(many.store, FIELDS)}
    assert not list(people_faults(many.vault.core))


# --- finding ---


def test_people_are_found_by_a_value_in_any_of_its_spellings(many: Crowd) -> None:
    ada, _ = many.person(), many.person(name="Bob")

    for spelling in ("ada@example.org", "  ADA@Example.ORG ", "\uff41da@example.org"):
        assert many.people.find(many.one, SERVICE, MAIL, spelling) == (ada,)
    assert many.people.find(many.one, SERVICE, MAIL, "eve@example.org") == ()


def test_two_people_with_one_value_are_both_found(many: Crowd) -> None:
    both = {many.person(), many.person()}

    assert set(many.people.find(many.one, SERVICE, MAIL, "ada@example.org")) == both


def test_nobody_is_found_by_an_old_value_or_one_whose_term_is_over(many: Crowd) -> None:
    ada = many.person()
    many.people.patch(many.one, ada, SERVICE, {MAIL: "lovelace@example.org"}, 1)

    assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == ()
    assert many.people.find(many.one, SERVICE, MAIL, "lovelace@example.org") == (ada,)
    shorter = RULES | {MAIL: rule("EmailAddress", lookup=Lookup.EMAIL, days=1)}
    many.schemas.lay_down(many.app(many.one), shorter)
    many.people.patch(many.one, ada, SERVICE, {MAIL: "al@example.org"}, 2)
    many.time.now = Instant(NOON + DAY)
    assert many.people.find(many.one, SERVICE, MAIL, "al@example.org") == ()


def test_no_tag_in_the_table_is_the_same_for_two_apps_or_two_fields(many: Crowd) -> None:
    many.person(many.one)
    many.person(many.other)
    text = RULES | {FieldName("nick"): rule("Name", lookup=Lookup.TEXT)}
    many.schemas.lay_down(many.app(many.one), text)
    subject = many.people.make(many.one).subject
    many.people.put(many.one, subject, SERVICE, {FieldName("nick"): "ada@example.org"}, 0)

    assert len({found.row[2] for found in scan_all(many.store, LOOKUPS)}) == 3


# --- deciding ---


@pytest.mark.parametrize(
    ("purpose", "fields", "reason"),
    [
        ("", {NAME}, Reason.OTHER_PURPOSE),
        ("Purpose", {NAME}, Reason.OTHER_PURPOSE),
        ("no such purpose", {NAME}, Reason.OTHER_PURPOSE),
        ("Marketing", {NAME, MAIL}, Reason.OTHER_PURPOSE),
        ("ServiceProvision", {NAME, FieldName("iban")}, Reason.OUT_OF_SCOPE),
        ("ServiceProvision", set(), Reason.NOTHING_ASKED),
    ],
)
def test_one_field_or_purpose_outside_of_the_schema_refuses_all(
    many: Crowd, purpose: str, fields: set[FieldName], reason: Reason
) -> None:
    subject = many.person()

    with pytest.raises(DeniedError):
        many.people.get(many.one, subject, purpose, frozenset(fields))
    with pytest.raises(DeniedError):
        many.people.patch(many.one, subject, purpose, dict.fromkeys(fields, "x"), 1)

    refused = [e for e in many.events(EventKind.PROFILE) if e.outcome is Outcome.DENIED]
    assert [each.reason for each in refused] == [reason.value] * 2


def test_without_fields_a_purpose_gets_what_it_covers(many: Crowd) -> None:
    subject = many.person()

    assert many.people.get(many.one, subject, MARKETING).fields == {NAME: "Ada"}
    assert many.people.get(many.one, subject, Purpose("DirectMarketing")).fields == {NAME: "Ada"}


def test_who_may_not_take_a_field_out_may_not_put_a_whole_profile(many: Crowd) -> None:
    subject = many.person()

    with pytest.raises(DeniedError):
        many.people.put(many.one, subject, MARKETING, {NAME: "Eve"}, 1)
    with pytest.raises(DeniedError):
        many.people.clear(many.one, subject, MARKETING, 1)


@pytest.mark.parametrize("state", [SUSPENDED, REMOVED])
def test_a_stopped_app_gets_nothing_at_its_next_call(many: Crowd, state: str) -> None:
    subject = many.person()

    many.commit(many.registry.change(many.app(many.one), state))

    for call in (
        lambda: many.people.get(many.one, subject, SERVICE),
        lambda: many.people.patch(many.one, subject, SERVICE, {NAME: "x"}, 1),
        lambda: many.people.find(many.one, SERVICE, MAIL, "ada@example.org"),
        lambda: many.people.make(many.one),
        lambda: many.people.show(many.one, subject),
        lambda: many.people.erase(many.one, subject),
    ):
        with pytest.raises(DeniedError):
            call()


def test_a_schema_that_narrows_binds_the_next_decision(many: Crowd) -> None:
    subject = many.person()

    narrower = RULES | {MAIL: rule("EmailAddress", MARKETING, lookup=Lookup.EMAIL)}
    many.schemas.lay_down(many.app(many.one), narrower)

    assert many.people.get(many.one, subject, SERVICE).fields == {NAME: "Ada"}


@pytest.mark.promise("P7")
def test_each_use_and_each_refusal_is_an_entry_that_names_app_purpose_and_fields(
    many: Crowd,
) -> None:
    subject = many.person()
    many.people.get(many.one, subject, SERVICE, frozenset({NAME}))
    with pytest.raises(DeniedError):
        many.people.get(many.one, subject, MARKETING, frozenset({MAIL}))
    many.people.find(many.one, SERVICE, MAIL, "ada@example.org")

    told = many.events(EventKind.PROFILE)

    assert [(e.reason, e.purpose, e.fields) for e in told] == [
        ("found", SERVICE, (MAIL,)),
        ("other_purpose", MARKETING, (MAIL,)),
        ("read", SERVICE, (NAME,)),
        ("changed", SERVICE, (MAIL, NAME)),
    ]
    assert {e.app for e in told} == {many.one}
    assert len({e.subject for e in told}) == 1
    assert {e.subject for e in told}.isdisjoint({subject, None})


def test_what_somebody_typed_does_not_get_into_the_log(many: Crowd) -> None:
    subject = many.person()
    with pytest.raises(DeniedError):
        many.people.get(many.one, subject, "PLANTED", frozenset({FieldName("planted")}))

    assert not any(b"planted" in line.event.lower() for line in many.lines())


def test_who_changes_while_somebody_looks_is_looked_for_anew(
    many: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, read = many.person(), Tags.rows

    def late(tags: Tags, inners: Iterable[bytes]) -> list[Found]:
        rows = read(tags, inners)
        monkeypatch.setattr(Tags, "rows", read)
        many.people.patch(many.one, ada, SERVICE, {MAIL: "eve@example.org"}, 1)
        return rows

    monkeypatch.setattr(Tags, "rows", late)
    assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == ()
    assert many.people.find(many.one, SERVICE, MAIL, "eve@example.org") == (ada,)


def test_if_the_log_cannot_be_written_nothing_comes_out(many: Crowd) -> None:
    subject = many.person()
    many.vault.heads.is_full = True

    with pytest.raises(AuditUnavailableError):
        many.people.get(many.one, subject, SERVICE)


def test_a_person_who_may_have_been_written_keeps_their_key(many: Crowd) -> None:
    many.vault.heads.is_full = True
    with pytest.raises(AuditUnavailableError):
        many.people.make(many.one)
    many.vault.heads.is_full = False

    assert len([*scan_all(many.store, SUBJECTS)]) == 1
    assert list(people_faults(many.vault.core)) == []


# --- the schema ---


def test_an_app_without_a_schema_keeps_nobody(many: Crowd) -> None:
    app, _, ops = many.registry.register("Third", bytes(32))
    many.commit(*ops)

    with pytest.raises(DeniedError):
        many.people.make(app.id)
    with pytest.raises(DeniedError):
        many.people.make(AppId(Id16(b"no such app     ")))


def test_a_schema_grows_and_never_loses_what_is_kept(many: Crowd) -> None:
    app = many.app(many.one)
    grown = RULES | {FieldName("street"): rule("Location")}

    assert many.schemas.lay_down(app, grown).version == 2
    with pytest.raises(InvalidError, match="street"):
        many.schemas.lay_down(app, RULES)
    with pytest.raises(InvalidError, match="mail"):
        many.schemas.lay_down(app, grown | {MAIL: rule("EmailAddress")})


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("Name", {}),
        ("x" * 33, {}),
        ("ok", {"category": "e-mail"}),
        ("ok", {"retention_days": -1}),
        ("ok", {"retention_days": 36_501}),
        ("ok", {"purposes": frozenset()}),
    ],
)
def test_a_rule_that_breaks_the_format_is_refused(
    many: Crowd, name: str, changed: dict[str, object]
) -> None:
    bad = replace(rule("Name"), **changed)  # type: ignore[arg-type]  # reason: so it is meant

    with pytest.raises(InvalidError):
        many.schemas.lay_down(many.app(many.one), RULES | {FieldName(name): bad})


def test_a_schema_has_a_field_and_its_purposes_are_of_the_vocabulary(many: Crowd) -> None:
    with pytest.raises(InvalidError):
        many.schemas.change(many.one, {})
    with pytest.raises(UnknownPurposeError):
        many.schemas.change(many.one, RULES | {NAME: rule("Name", Purpose("Anything"))})


def test_the_owner_of_the_vault_is_nobodys_person(many: Crowd) -> None:
    owner = many.vault.core.owner

    with pytest.raises(DeniedError):
        many.people.get(many.one, owner, SERVICE)
    with pytest.raises(DeniedError):
        many.people.erase(many.one, owner)
    assert many.vault.core.keyring.subject(owner).subject == owner


def test_entries_about_nobody_lie_under_the_logs_own_key(many: Crowd) -> None:
    many.people.find(many.one, SERVICE, MAIL, "nobody@example.org")

    assert many.lines()[0].leaf.subject == NOBODY
