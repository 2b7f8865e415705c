"""Attacks by what a task says: sweeps, new labels, values out of range, texts of two readings."""

from collections.abc import Callable

import pytest

from sealhold.compute.aggregates import answer, custom_answer
from sealhold.compute.declassify import gate_all
from sealhold.compute.leakage import NOTHING, facts_of, joined, object_price, prospect
from sealhold.compute.manifest_rules import Gravity, points
from sealhold.compute.task import parse_task, whole
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import MICRO, Instant
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity
from tests.unit.sample_task import manifest, signed_task

NOW = Instant(1_790_000_000_000)
TRIPS = Dataset(
    name=Collection("trips"),
    columns=(Column(name=FieldName("start"), type=ColumnType.INSTANT, about="first time"),),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip",
)


@pytest.mark.threat("T40")
def test_a_sweep_of_48_parameters_is_charged_as_48_functions() -> None:
    bits = [{"id": f"bit-{number}", "value": number} for number in range(48)]

    task = signed_task(params=bits).task

    assert object_price(whole(task), cells=1).total == 48 * MICRO
    assert prospect(NOTHING, facts_of(whole(task), 1, NOW)).charge == 48 * MICRO


@pytest.mark.threat("T40")
def test_a_sweep_over_48_manifests_with_one_parameter_each_is_no_cheaper() -> None:
    approved = NOTHING
    for number in range(48):
        task = signed_task(name=f"study {number}", params=[{"id": "p", "value": number}]).task
        approved = joined(approved, facts_of(whole(task), 1, NOW))

    assert approved.per_object == 48 * MICRO


@pytest.mark.threat("T41")
def test_the_same_code_under_another_name_and_author_is_the_same_function() -> None:
    other_author = SigningKey(Secret(b"b" * 32, "other author"))
    one = signed_task().task
    other = signed_task(other_author, name="Loyalty points", version="9.9.9").task

    approved = facts_of(whole(one), 1, NOW)

    assert one.digest != other.digest
    assert prospect(approved, facts_of(whole(other), 1, NOW)).charge == 0


@pytest.mark.threat("T41")
def test_one_changed_byte_of_code_is_another_function() -> None:
    approved = facts_of(whole(signed_task().task), 1, NOW)
    changed = signed_task(code={"tier": "py", "sha256": "ce" + "cd" * 31, "bytes": 9}).task

    assert prospect(approved, facts_of(whole(changed), 1, NOW)).charge == 1 * MICRO


@pytest.mark.threat("T44")
@pytest.mark.parametrize(
    "foreign", [2, -1, 2**63, True, None, "1", 1.0, float("nan"), [1], {"1": 1}], ids=repr
)
def test_a_value_outside_the_range_leaves_as_the_default(foreign: object) -> None:
    task = signed_task().task

    gated = gate_all([1, foreign, 1], 3, task.evaluate.range, task.evaluate.default)

    assert gated.values == (1, 0, 1)
    assert answer(task.aggregate, task.evaluate.range, 100, gated.values, 1) == 2


@pytest.mark.threat("T44")
def test_a_list_that_holds_itself_a_million_times_is_not_walked() -> None:
    laughs: list[object] = [1]
    for _ in range(60):
        laughs = [laughs] * 10
    task = signed_task().task

    gated = gate_all(laughs, 10, task.evaluate.range, task.evaluate.default)

    assert gated.values == (0,) * 10


@pytest.mark.threat("T44")
@pytest.mark.parametrize("foreign", [32, "7", None, True])
def test_the_answer_of_the_tasks_own_aggregate_cannot_leave_its_range(foreign: object) -> None:
    own = {
        "kind": "custom",
        "args": {},
        "range": {"min": 0, "max": 31, "step": 1},
        "default": 3,
    }

    assert custom_answer(signed_task(aggregate=own).task.aggregate, foreign, 1) == 3


def with_double_key() -> bytes:
    return to_json(manifest()).replace(b'"name":"Green bonus"', b'"name":"x","name":"Green bonus"')


def with_float() -> bytes:
    return to_json(manifest()).replace(b'"value":500', b'"value":500.0')


def with_huge_float() -> bytes:
    return to_json(manifest()).replace(b'"value":500', b'"value":5e2')


def with_not_a_number() -> bytes:
    return to_json(manifest()).replace(b'"value":500', b'"value":NaN')


def with_broken_text() -> bytes:
    return to_json(manifest()).replace(b"a bonus", b"a \xff bonus")


def with_lone_surrogate() -> bytes:
    return to_json(manifest()).replace(b"a bonus", rb"a \ud800 bonus")


def oversized() -> bytes:
    return to_json(manifest(params=[{"id": "p", "value": "x" * 65_536}]))


def nested() -> bytes:
    return to_json(manifest()).replace(b'"value":500', b'"value":' + b"[" * 5000 + b"]" * 5000)


def with_true_for_one() -> bytes:
    return to_json(manifest()).replace(b'"k":1', b'"k":true')


def with_digits_for_a_number() -> bytes:
    return to_json(manifest()).replace(b'"queries":100', b'"queries":"100"')


@pytest.mark.threat("T45")
@pytest.mark.parametrize(
    "trick",
    [
        with_double_key,
        with_float,
        with_huge_float,
        with_not_a_number,
        with_broken_text,
        with_lone_surrogate,
        oversized,
        nested,
        with_true_for_one,
        with_digits_for_a_number,
    ],
)
def test_a_manifest_that_two_readers_could_read_differently_is_refused(
    trick: Callable[[], bytes],
) -> None:
    payload = trick()

    assert payload != to_json(manifest())
    with pytest.raises(InvalidManifestError):
        parse_task(payload)


@pytest.mark.threat("T45")
@pytest.mark.parametrize("predicate", ["age(start) < 7d", "not age(start) < 1d", "k_most_recent"])
def test_a_selection_that_slides_with_the_clock_is_refused(predicate: str) -> None:
    sliding = [{"id": "s", "predicate": predicate, "attributes": ["start"]}]

    found = points(signed_task(selections=sliding).task, TRIPS, NOW)

    assert [(point.code, point.gravity) for point in found] == [("selection", Gravity.REFUSE)]
