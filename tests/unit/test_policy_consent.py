"""Consent: what the events come to, and the record that tells of it."""

from dataclasses import replace
from itertools import permutations

import pytest

from sealhold.model.encoding import from_json, to_json
from sealhold.model.ids import Id16, Purpose, ReceiptId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.model.records import Sensitivity
from sealhold.policy.bases import LegalBasis, SpecialBasis
from sealhold.policy.consent import By, ConsentEvent, ConsentState, standing_of, state_of
from sealhold.policy.consent_record import (
    ConsentRecord,
    DataKind,
    Necessity,
    Notice,
    Party,
    PartyType,
    Process,
    Role,
    gaps,
    to_document,
)

CONSENT = Id16(bytes.fromhex("6f2b8c1e3a4d4e5f8a6b7c8d9e0f1a2b"))
NOTICE = "ab" * 32
C = ConsentState
AUTHOR = {
    C.UNKNOWN: By.VAULT,
    C.REQUESTED: By.ASKER,
    C.DEFERRED: By.SUBJECT,
    C.GIVEN: By.SUBJECT,
    C.RENEWED: By.SUBJECT,
    C.EXPIRED: By.VAULT,
    C.REFUSED: By.SUBJECT,
    C.WITHDRAWN: By.SUBJECT,
    C.REVOKED: By.CONTROLLER,
    C.INVALIDATED: By.VAULT,
}


def event(state: ConsentState, at: int, *, by: By | None = None, ends: int = 100) -> ConsentEvent:
    return ConsentEvent(
        consent=CONSENT,
        state=state,
        at=Instant(at),
        by=by or AUTHOR[state],
        notice=NOTICE,
        starts=Instant(at),
        ends=Instant(ends),
    )


REQUESTED, GIVEN = event(C.REQUESTED, 1), event(C.GIVEN, 5)


def test_nothing_that_happened_permits_nothing() -> None:
    assert state_of((), Instant(9)) is C.UNKNOWN
    assert not standing_of((), Instant(9)).permits(Instant(9), "")


@pytest.mark.parametrize(("now", "permits"), [(4, False), (5, True), (99, True), (100, False)])
def test_a_given_consent_permits_in_its_half_open_interval(now: int, *, permits: bool) -> None:
    standing = standing_of((REQUESTED, GIVEN), Instant(now))

    assert standing.permits(Instant(now), NOTICE) is permits


def test_a_given_consent_expires_by_itself_and_an_unanswered_request_does_not() -> None:
    assert state_of((REQUESTED, GIVEN), Instant(100)) is C.EXPIRED
    assert state_of((REQUESTED,), Instant(100)) is C.REQUESTED


@pytest.mark.parametrize(("at", "permits"), [(6, False), (7, True), (99, True), (100, False)])
def test_what_was_found_out_earlier_permits_in_the_same_interval(at: int, *, permits: bool) -> None:
    standing = standing_of((replace(GIVEN, starts=Instant(7)),), Instant(50))

    assert standing.permits(Instant(at), NOTICE) is permits


def test_a_consent_under_another_notice_does_not_permit() -> None:
    assert not standing_of((GIVEN,), Instant(9)).permits(Instant(9), "cd" * 32)


@pytest.mark.parametrize("end", [C.REFUSED, C.WITHDRAWN, C.REVOKED, C.INVALIDATED])
@pytest.mark.parametrize("at", [0, 5, 7, 50])
def test_an_end_is_final_whatever_its_time_says(end: ConsentState, at: int) -> None:
    events = (REQUESTED, GIVEN, event(end, at), event(C.RENEWED, 8), event(C.GIVEN, 9))

    assert state_of(events, Instant(9)) is end


def test_the_order_in_which_events_are_handed_in_does_not_matter() -> None:
    events = (REQUESTED, event(C.DEFERRED, 1), GIVEN, event(C.EXPIRED, 6), event(C.RENEWED, 6))

    found = {standing_of(order, Instant(9)).state for order in permutations(events)}

    assert len(found) == 1


@pytest.mark.parametrize("by", [By.ASKER, By.CONTROLLER, By.VAULT])
@pytest.mark.parametrize("state", [C.GIVEN, C.RENEWED, C.WITHDRAWN])
def test_only_the_person_gives_renews_and_withdraws(state: ConsentState, by: By) -> None:
    before = standing_of((REQUESTED,), Instant(9))

    assert standing_of((REQUESTED, event(state, 5, by=by)), Instant(9)) == before


def test_after_a_restore_only_the_person_brings_a_consent_back() -> None:
    unknown = (REQUESTED, GIVEN, event(C.UNKNOWN, 6))

    assert state_of(unknown, Instant(9)) is C.UNKNOWN
    assert state_of((*unknown, event(C.GIVEN, 7)), Instant(9)) is C.UNKNOWN
    assert state_of((*unknown, event(C.RENEWED, 7)), Instant(9)) is C.RENEWED


def test_a_renewal_of_what_was_never_given_is_nothing() -> None:
    assert state_of((REQUESTED, event(C.RENEWED, 5)), Instant(9)) is C.REQUESTED


def test_an_event_of_the_future_does_not_count_yet() -> None:
    assert state_of((REQUESTED, GIVEN), Instant(4)) is C.REQUESTED


def party(role: Role) -> Party:
    return Party(
        identifier="urn:example:greencorp",
        name="GreenCorp",
        role=role,
        type=PartyType.ORGANISATION,
        address="1 Green Street",
        contact="privacy@greencorp.example",
    )


RECORD = ConsentRecord(
    id=CONSENT,
    subject=SubjectId(Id16(bytes.fromhex("0a2b8c1e3a4d4e5f8a6b7c8d9e0f1a2b"))),
    notice=Notice(digest=NOTICE, language="en"),
    process=Process(
        purpose=Purpose("PersonnelPayment"),
        service="a bonus for green days",
        basis=LegalBasis.CONSENT,
        special=None,
        data=(
            DataKind(name="trips", sensitivity=Sensitivity.INTIMATE, necessity=Necessity.REQUIRED),
        ),
        controller=party(Role.CONTROLLER),
        collection="imported by the person",
        method="a program run in the vault, of which one number leaves",
        storage_location="at the controller",
        retention_days=365,
        processing_location="in the vault",
        jurisdiction="EU",
        recipients=(party(Role.RECIPIENT),),
        withdrawal="sealhold grant revoke",
        rights=("eu-gdpr:A15", "eu-gdpr:A17"),
        authority=party(Role.AUTHORITY),
    ),
    events=(REQUESTED, GIVEN),
    evidence=(("verified", "passphrase"),),
)


def test_a_record_is_strict_json_that_names_purpose_basis_and_states() -> None:
    document = from_json(to_json(to_document(RECORD)))

    assert document["dct:conformsTo"].endswith("dpv-27560#record-eu-gdpr")
    assert document["dct:identifier"] == "6f2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b"
    assert document["dpv:hasProcess"]["dpv:hasPurpose"] == "dpv:PersonnelPayment"
    assert document["dpv:hasProcess"]["dpv:hasLegalBasis"] == ["eu-gdpr:A6-1-a"]
    assert [status["@type"] for status in document["dpv:hasConsentStatus"]] == [
        "dpv:ConsentRequested",
        "dpv:ConsentGiven",
    ]
    assert document["sealhold:evidence"] == {"verified": "passphrase"}


def test_every_prefix_in_a_record_stands_in_its_context() -> None:
    document = to_document(RECORD, ReceiptId(CONSENT))

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for item in value.values() for key in keys(item)}
        if isinstance(value, list):
            return {key for item in value for key in keys(item)}
        return set()

    prefixes = {key.partition(":")[0] for key in keys(document) if ":" in key}
    assert prefixes <= set(document["@context"])


def test_the_receipt_is_the_record_with_an_id_of_its_own() -> None:
    receipt = ReceiptId(Id16(bytes.fromhex("1b2b8c1e3a4d4e5f8a6b7c8d9e0f1a2b")))

    document = to_document(RECORD, receipt)

    assert document["dct:conformsTo"].endswith("dpv-27560#receipt-eu-gdpr")
    assert document["sealhold:receipt"] == "1b2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b"
    assert document["dct:identifier"] == to_document(RECORD)["dct:identifier"]


def test_a_whole_record_has_no_gap_and_an_empty_mandatory_field_is_one() -> None:
    nameless = replace(RECORD.process.controller, name="", address="")

    assert gaps(RECORD) == ()
    assert gaps(replace(RECORD, process=replace(RECORD.process, controller=nameless))) == (
        "controller name",
        "controller address",
    )
    assert gaps(replace(RECORD, events=())) == ("events",)


def test_consent_to_special_data_that_is_not_explicit_is_a_gap() -> None:
    special = replace(RECORD.process.data[0], sensitivity=Sensitivity.SPECIAL)
    process = replace(RECORD.process, data=(special,))

    assert gaps(replace(RECORD, process=process)) == ("basis",)
    assert not gaps(
        replace(RECORD, process=replace(process, special=SpecialBasis.EXPLICIT_CONSENT))
    )
