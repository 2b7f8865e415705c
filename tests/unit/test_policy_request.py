"""The signed wish of an app: read strictly, and compared by what counts."""

from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidManifestError, UnknownPurposeError
from sealhold.model.ids import Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode
from sealhold.policy.request import (
    Schedule,
    material_change,
    parse_request,
    to_document,
    wish,
)

WRITTEN = (
    b'{"app":"6f2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b","budget_micro_bits":5000000,'
    b'"destination":{"box_key":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",'
    b'"name":"GreenCorp","url":"https://greencorp.example/answers"},'
    b'"expires":"2026-12-05T00:00:00.000Z","mode":"once","name":"GreenCorp HR",'
    b'"param":"home-office","purpose":"PersonnelPayment",'
    b'"reason":{"en":"We pay a bonus for each green day.","fr":"Une prime par jour."},'
    b'"retention_days":365,"schedule":"demand","schema":"sealhold.request/1",'
    b'"selection":"2026-10",'
    b'"task":"7474747474747474747474747474747474747474747474747474747474747474",'
    b'"until":"2026-12-31T00:00:00.000Z"}'
)


def document(**changes: Plain) -> dict[str, Plain]:
    return {**from_json(WRITTEN), **changes}


def test_a_written_request_is_read_and_written_again_byte_for_byte() -> None:
    request = parse_request(from_json(WRITTEN))

    assert request.reason == (
        ("en", "We pay a bonus for each green day."),
        ("fr", "Une prime par jour."),
    )
    assert request.until == 1_798_675_200_000
    assert to_json(to_document(request)) == WRITTEN


@pytest.mark.parametrize("field", sorted(from_json(WRITTEN)))
def test_a_request_without_one_of_its_fields_is_refused(field: str) -> None:
    broken = document()
    del broken[field]

    with pytest.raises(InvalidManifestError, match=f"lacks `{field}`"):
        parse_request(broken)


def test_a_request_with_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidManifestError, match="unknown field 'priority'"):
        parse_request(document(priority=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "sealhold.request/2"},
        {"app": "a-6b7c8d9e0f1a"},
        {"app": "6F2B8C1E-3A4D-4E5F-8A6B-7C8D9E0F1A2B"},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 81},
        {"name": "Green\u202eCorp"},
        {"name": ["GreenCorp"]},
        {"reason": {}},
        {"reason": "because"},
        {"reason": {"en": "x" * 501}},
        {"reason": {"en": "line\nbreak"}},
        {"reason": {"english!": "x"}},
        {"task": "74" * 31},
        {"task": "7G" * 32},
        {"task": "AB" * 32},
        {"param": "../x"},
        {"selection": ""},
        {"schedule": "hourly"},
        {"retention_days": -1},
        {"retention_days": True},
        {"retention_days": 1.5},
        {"expires": "2026-12-05"},
        {"expires": "2026-12-05T00:00:00+00:00"},
        {"expires": "2026-02-30T00:00:00Z"},
        {"expires": "1969-12-31T23:59:59Z"},
        {"expires": "2026-12-05T00:00:00.0Z"},
        {"budget_micro_bits": 0},
        {"budget_micro_bits": 2**53},
        {"mode": "forever"},
        {"mode": ["once"]},
    ],
)
def test_a_request_with_a_value_that_does_not_fit_is_refused(changes: dict[str, Plain]) -> None:
    with pytest.raises(InvalidManifestError):
        parse_request(document(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://greencorp.example/answers"},
        {"url": "https://user@greencorp.example/answers"},
        {"url": "https://GreenCorp.example/answers"},
        {"url": "https://greencorp.example/answers#now"},
        {"url": "https://greencorp.example"},
        {"url": "https://greencorp.example:0443/"},
        {"url": "https://greencorp..example/"},
        {"url": "https://-greencorp.example/"},
        {"url": "https://greencorp.example/\u202e"},
        {"url": "https://greencorp.example/a b"},
        {"url": "https://" + "a" * 254 + "/"},
        {"url": 1},
        {"box_key": "a2s="},
        {"box_key": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2t="},
        {"box_key": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"},
        {"box_key": "no base64 at all, but long enough to be a key of 32 bytes"},
        {"name": "\u0000"},
        {"port": 443},
    ],
)
def test_a_destination_that_does_not_fit_is_refused(changes: dict[str, Plain]) -> None:
    destination = document()["destination"] | changes

    with pytest.raises(InvalidManifestError):
        parse_request(document(destination=destination))


@pytest.mark.parametrize("whole", [None, [], "request", 1, {1: 2}])
def test_what_is_no_request_at_all_is_refused(whole: object) -> None:
    with pytest.raises(InvalidManifestError):
        parse_request(whole)


def test_a_purpose_outside_the_vocabulary_is_refused_as_such() -> None:
    with pytest.raises(UnknownPurposeError):
        parse_request(document(purpose="WorldDomination"))


OLD = parse_request(from_json(WRITTEN))


@pytest.mark.parametrize(
    "new",
    [
        replace(OLD, name="Green Corp HR"),
        replace(OLD, reason=(("en", "Please."),)),
        replace(OLD, expires=Instant(OLD.expires + 1)),
        replace(OLD, budget=MicroBits(OLD.budget - 1)),
        replace(OLD, retention_days=OLD.retention_days - 1),
        replace(OLD, until=Instant(OLD.until - 1)),
    ],
)
def test_a_new_label_or_less_of_anything_does_not_reopen_a_choice(new: object) -> None:
    assert isinstance(new, type(OLD))
    assert material_change(OLD, new) == ()


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (replace(OLD, task=TaskDigest(b"u" * 32)), "task"),
        (replace(OLD, purpose=Purpose("PersonnelManagement")), "purpose"),
        (replace(OLD, param="office"), "param"),
        (replace(OLD, selection="2026-11"), "selection"),
        (
            replace(OLD, destination=replace(OLD.destination, url="https://a.example/")),
            "destination",
        ),
        (replace(OLD, destination=replace(OLD.destination, box_key=b"l" * 32)), "destination"),
        (replace(OLD, schedule=Schedule.DAILY), "schedule"),
        (replace(OLD, retention_days=OLD.retention_days + 1), "retention_days"),
        (replace(OLD, budget=MicroBits(OLD.budget + 1)), "budget_micro_bits"),
        (replace(OLD, mode=Mode.EACH), "mode"),
        (replace(OLD, until=Instant(OLD.until + 1)), "until"),
    ],
)
def test_what_could_carry_more_reopens_a_choice(new: object, field: str) -> None:
    assert isinstance(new, type(OLD))
    assert material_change(OLD, new) == (field,)


def test_rewording_and_other_amounts_do_not_make_another_wish() -> None:
    reworded = replace(OLD, name="G", reason=(("en", "Pretty please."),), budget=MicroBits(1))

    assert wish(reworded) == wish(OLD)
    assert wish(replace(OLD, selection="2026-11")) != wish(OLD)
