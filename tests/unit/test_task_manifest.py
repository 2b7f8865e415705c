"""The form of a task manifest, its id, its functions, and what stands against running it."""

import copy
from typing import Any

import pytest

from sealhold.compute.manifest import MAX_CODE
from sealhold.compute.manifest_rules import Gravity, code_points, points
from sealhold.compute.task import (
    PAYLOAD_TYPE,
    Task,
    function_id,
    open_task,
    parse_task,
    task_digest,
    whole,
)
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    InvalidManifestError,
    UnknownPurposeError,
)
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity
from tests.unit.sample_task import AUTHOR, CODE, manifest

NOW = Instant(1_790_000_000_000)  # September 2026
TRIPS = Dataset(
    name=Collection("trips"),
    columns=(
        Column(name=FieldName("start"), type=ColumnType.INSTANT, about="first time"),
        Column(name=FieldName("distance_m"), type=ColumnType.FLOAT, about="metres"),
    ),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip",
)
MANIFEST = manifest(
    input={
        "collection": "trips",
        "fields": ["start", "distance_m"],
        "max_objects": 100,
        "max_object_bytes": 128,
    },
    params=[{"id": "standard", "value": {"over_m": 500}}],
)


def changed(**places: Plain) -> bytes:
    """Return the manifest with values put at `a__b` paths; `...` takes the place away."""
    document = copy.deepcopy(MANIFEST)
    for path, value in places.items():
        *parents, last = path.split("__")
        part = document
        for parent in parents:
            part = part[parent]
        if value is ...:
            del part[last]
        else:
            part[last] = value
    return to_json(document)


def task_of(**places: Plain) -> Task:
    return parse_task(changed(**places))


def codes(task: Task, now: Instant = NOW) -> dict[str, Gravity]:
    return {point.code: point.gravity for point in points(task, TRIPS, now)}


def test_a_manifest_is_read_into_typed_values() -> None:
    task = task_of()

    assert task.digest == task_digest(changed())
    assert task.fields == {"start", "distance_m"}
    assert (task.evaluate.range.size, task.aggregate.range.size) == (2, 32)
    assert task.input.objects == "frozen"
    assert task.expires_at == 1_830_211_200_000


@pytest.mark.parametrize(
    "places",
    [
        {"schema": "sealhold.task/2"},
        {"extra": 1},
        {"name": ...},
        {"version": "1.0"},
        {"expires": "2027-12-31"},
        {"expires": "2027-02-30T00:00:00Z"},
        {"author__key": "ab"},
        {"app": "A-0"},
        {"reason": {}},
        {"reason": {"en": "x" * 501}},
        {"code__tier": "native"},
        {"input__max_objects": 0},
        {"input__fields": []},
        {"input__fields": ["start", "start"]},
        {"input__objects": "live"},
        {"evaluate__range": {"values": [1]}},
        {"evaluate__range": {"values": [1, 0]}},
        {"evaluate__range": {"values": [False, True]}},
        {"evaluate__range": {"min": 0, "max": 0, "step": 1}},
        {"evaluate__range": {"min": 0, "max": 5, "step": 2}},
        {"evaluate__range": {"min": 0, "max": 2**53, "step": 1}},
        {"evaluate__default": 2},
        {"evaluate__default": True},
        {"aggregate__kind": "mode"},
        {"aggregate__args": {}},
        {"aggregate__args": {"value": True}},
        {"aggregate__args": {"value": 7}},
        {"aggregate__default": 32},
        {"params": []},
        {"params": [{"id": "a", "value": 1}, {"id": "a", "value": 2}]},
        {"selections": []},
        {"selections": [{"id": "a", "predicate": "all", "attributes": ["end"]}]},
        {"partition__k": 2},
        {"partition__max_versions": 0},
        {"limits__ms_per_partition": 9},
        {"limits__memory_mib": 65},
        {"slot__seconds": 2},
        {"slot__mode": "now"},
        {"slot__max_slots": 9},
        {"evidence__min": "none"},
        {"output__forms": []},
    ],
    ids=str,
)
def test_a_manifest_that_breaks_a_rule_of_the_form_is_refused(places: dict[str, Any]) -> None:
    with pytest.raises(InvalidManifestError):
        task_of(**places)


def test_a_purpose_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(UnknownPurposeError):
        task_of(purpose="Everything")


def test_a_message_names_the_place_of_the_fault() -> None:
    with pytest.raises(InvalidManifestError, match=r"limits\.queries"):
        task_of(limits__queries="many")


def test_a_task_opens_under_its_authors_signature_alone() -> None:
    envelope = dsse.sign(PAYLOAD_TYPE, changed(), [AUTHOR])

    assert open_task(envelope).task == task_of()


def test_a_task_signed_by_another_than_the_author_it_names_is_refused() -> None:
    other = SigningKey(Secret(b"b" * 32, "other"))

    with pytest.raises(BadSignatureError):
        open_task(dsse.sign(PAYLOAD_TYPE, changed(), [other]))


def test_a_task_with_a_second_signature_is_refused() -> None:
    other = SigningKey(Secret(b"b" * 32, "other"))

    with pytest.raises(InvalidManifestError):
        open_task(dsse.sign(PAYLOAD_TYPE, changed(), [AUTHOR, other]))


def test_a_document_of_another_type_is_no_task() -> None:
    with pytest.raises(InvalidEncodingError):
        open_task(dsse.sign("application/vnd.sealhold.grant+json", changed(), [AUTHOR]))


@pytest.mark.parametrize(
    "places",
    [
        {"code__sha256": "0" * 64},
        {"params": [{"id": "standard", "value": {"over_m": 501}}]},
        {"input__max_object_bytes": 127},
        {"evaluate__range": {"values": [0, 1, 2]}},
        {"evaluate__default": 1},
        {"limits__ms_per_partition": 101},
        {"limits__memory_mib": 17},
        {"partition__k": 4},
    ],
    ids=str,
)
def test_what_can_alter_a_result_makes_another_function(places: dict[str, Any]) -> None:
    one, other = task_of(), task_of(**places)

    assert function_id(one, one.params[0], one.fields) != function_id(
        other, other.params[0], other.fields
    )


def test_fewer_granted_fields_make_another_function() -> None:
    task = task_of()
    param = task.params[0]

    narrower = function_id(task, param, {FieldName("start")})

    assert narrower != function_id(task, param, task.fields)


def test_the_order_of_fields_makes_no_other_function() -> None:
    one, other = task_of(), task_of(input__fields=["distance_m", "start"])

    assert function_id(one, one.params[0], one.fields) == function_id(
        other, other.params[0], other.fields
    )


def test_a_task_of_tier_wasm_with_fuel_has_nothing_against_it() -> None:
    assert codes(task_of(code__tier="wasm", limits__fuel=1_000_000)) == {}


@pytest.mark.threat("T140")
@pytest.mark.parametrize("code", [b"(module)", b"\x7fELF\x02", b"def evaluate(obj, res): 1\n"])
def test_a_program_of_tier_wasm_that_is_none_is_refused_by_name(code: bytes) -> None:
    digest = {"tier": "wasm", "sha256": sha256(code).hex(), "bytes": len(code)}
    task = task_of(code=digest, limits__fuel=1_000_000)

    assert [point.code for point in code_points(task, code)] == ["code_form"]


def test_a_program_has_a_size_by_its_tier() -> None:
    large = MAX_CODE["py"] + 1

    with pytest.raises(InvalidManifestError, match=r"code\.bytes"):
        task_of(code__bytes=large)
    assert task_of(code__bytes=large, code__tier="wasm").code.bytes == large
    with pytest.raises(InvalidManifestError, match=r"code\.bytes"):
        task_of(code__bytes=MAX_CODE["wasm"] + 1, code__tier="wasm")


@pytest.mark.parametrize("forms", [["dsse"], ["sd-jwt"], ["dsse", "sd-jwt"]], ids=str)
def test_the_example_has_nothing_against_it(forms: list[str]) -> None:
    assert codes(task_of()) == codes(task_of(output__forms=forms)) == {}


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ({"code__tier": "wasm"}, "fuel"),
        ({"partition__k": 32, "input__max_object_bytes": 262_144}, "together"),
        ({"evidence__min": "sgx"}, "evidence"),
        ({"evidence__confidentiality": "sealed"}, "sealed"),
        ({"limits__fuel": 1}, "fuel"),
        ({"params": [{"id": "p", "value": "x" * 8192}]}, "too_long"),
        ({"input__collection": "events"}, "collection"),
        ({"input__fields": ["start", "heart"]}, "field"),
        ({"selections": [{"id": "a", "predicate": "start >", "attributes": []}]}, "selection"),
        (
            {"selections": [{"id": "a", "predicate": "distance_m > 5", "attributes": []}]},
            "selection",
        ),
        (
            {"selections": [{"id": "a", "predicate": "age(start) < 7d", "attributes": ["start"]}]},
            "selection",
        ),
        ({"input__max_objects": 600_000}, "work"),
        ({"slot__mode": "demand", "input__max_objects": 7}, "work"),
    ],
    ids=str,
)
def test_a_task_that_this_version_does_not_run_is_refused_by_name(
    places: dict[str, Any], code: str
) -> None:
    assert codes(task_of(**places))[code] is Gravity.REFUSE


def test_a_task_is_refused_from_the_moment_it_expires() -> None:
    task = task_of()

    assert codes(task, Instant(task.expires_at - 1)) == {}
    assert codes(task, task.expires_at) == {"expired": Gravity.REFUSE}


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ({"evaluate__range": {"min": 0, "max": 65_536, "step": 1}}, "range_wide"),
        ({"input__objects": "open"}, "objects_open"),
        ({"partition__k": 4}, "partition_k"),
        ({"partition__max_versions": 2}, "max_versions"),
        ({"slot__mode": "demand", "input__max_objects": 6}, "mode_demand"),
    ],
)
def test_what_tells_more_than_usual_waits_for_the_owners_yes(
    places: dict[str, Any], code: str
) -> None:
    assert codes(task_of(**places)) == {code: Gravity.CONFIRM}


def test_another_program_than_the_named_one_is_refused() -> None:
    assert code_points(task_of(), CODE) == ()
    assert [point.code for point in code_points(task_of(), CODE + b"\n")] == ["code_digest"]


def test_an_unknown_parameter_or_selection_is_refused() -> None:
    task = task_of()

    assert task.param("standard").value == {"over_m": 500}
    with pytest.raises(InvalidManifestError):
        task.param("other")
    with pytest.raises(InvalidManifestError):
        task.selection("2026-13")


def test_the_whole_scope_holds_all_that_could_be_asked() -> None:
    task = task_of()

    scope = whole(task)

    assert (scope.fields, scope.params, scope.selections) == (
        task.fields,
        task.params,
        task.selections,
    )
