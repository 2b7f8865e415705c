"""Attacks on what a task may tell: sweeps, new labels, spliced proofs, talking fields, tricks."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sealhold.compute.aggregates import answer, custom_answer
from sealhold.compute.compliance import (
    Answer,
    Commitments,
    Conduct,
    build_proof,
    commitment,
    inputs_root,
    proof_file,
)
from sealhold.compute.declassify import gate_all
from sealhold.compute.evidence import Software
from sealhold.compute.leakage import NOTHING, facts_of, joined, object_price, prospect
from sealhold.compute.manifest_rules import Gravity, points
from sealhold.compute.measuring import Measured
from sealhold.compute.task import PAYLOAD_TYPE, SignedTask, open_task, parse_task, whole
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import MICRO, Instant
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity

AUTHOR = SigningKey(Secret(b"a" * 32, "author"))
VAULT = SigningKey(Secret(b"v" * 32, "proof"))
DEVICE = Software(SigningKey(Secret(b"d" * 32, "device")))
NOW = Instant(1_790_000_000_000)
LATER = Instant(NOW + 1)
PINS = {"proof": [VAULT.public]}
TRIPS = Dataset(
    name=Collection("trips"),
    columns=(Column(name=FieldName("start"), type=ColumnType.INSTANT, about="first time"),),
    time_column=FieldName("start"),
    natural_key=(FieldName("start"),),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip",
)


def manifest(author: SigningKey = AUTHOR, **changes: Plain) -> dict[str, Plain]:
    return {
        "schema": "sealhold.task/1",
        "name": "Green bonus",
        "version": "1.0.0",
        "expires": "2027-12-31T00:00:00Z",
        "author": {"name": "Cooperative", "key": author.public.hex()},
        "purpose": "PersonnelPayment",
        "reason": {"en": "a bonus"},
        "code": {"tier": "py", "sha256": "cd" * 32, "bytes": 9},
        "input": {
            "collection": "trips",
            "fields": ["start"],
            "max_objects": 100,
            "max_object_bytes": 128,
        },
        "evaluate": {"range": {"values": [0, 1]}, "default": 0},
        "aggregate": {
            "kind": "count",
            "args": {"value": 1},
            "range": {"min": 0, "max": 31, "step": 1},
            "default": 0,
        },
        "params": [{"id": "standard", "value": 500}],
        "selections": [{"id": "all", "predicate": "all", "attributes": []}],
        "partition": {"k": 1, "max_versions": 1},
        "limits": {"ms_per_partition": 100, "memory_mib": 16, "queries": 100},
        "slot": {"seconds": 1, "mode": "ahead", "max_slots": 1},
        "evidence": {"min": "sw", "confidentiality": "any"},
        "output": {"recipients": [], "forms": ["dsse"]},
        **changes,
    }


def signed(author: SigningKey = AUTHOR, **changes: Plain) -> SignedTask:
    payload = to_json(manifest(author, **changes))
    return open_task(dsse.sign(PAYLOAD_TYPE, payload, [author]))


def answer_of(task: SignedTask, value: int = 17, nonce: str = "n-1") -> Answer:
    return Answer(
        task=task.task.digest,
        param="standard",
        selection="all",
        value=value,
        slot_time=NOW,
        recipient="the employer",
        nonce=nonce,
    )


def conduct_of(
    inputs: bytes = b"i" * 32, entry: bytes = b"e" * 32, device: Software = DEVICE
) -> Conduct:
    return Conduct(
        terms=b"t" * 32,
        coarsen=1,
        isolation="jailed",
        runtime=Measured(name="monty 1.4.0", binary=b"m" * 32),
        resources=(),
        hidden=Commitments(account=entry, entry=entry, inputs=inputs, provenance=inputs),
        evidence=device.claim,
    )


def code(data: bytes) -> int:
    return verify_files([data], PINS, at=LATER).exit_code


@pytest.mark.threat("T40")
def test_a_sweep_of_48_parameters_is_charged_as_48_functions() -> None:
    bits = [{"id": f"bit-{number}", "value": number} for number in range(48)]

    task = signed(params=bits).task

    assert object_price(whole(task), cells=1).total == 48 * MICRO
    assert prospect(NOTHING, facts_of(whole(task), 1, NOW)).charge == 48 * MICRO


@pytest.mark.threat("T40")
def test_a_sweep_over_48_manifests_with_one_parameter_each_is_no_cheaper() -> None:
    approved = NOTHING
    for number in range(48):
        task = signed(name=f"study {number}", params=[{"id": "p", "value": number}]).task
        approved = joined(approved, facts_of(whole(task), 1, NOW))

    assert approved.per_object == 48 * MICRO


@pytest.mark.threat("T41")
def test_the_same_code_under_another_name_and_author_is_the_same_function() -> None:
    other_author = SigningKey(Secret(b"b" * 32, "other author"))
    one = signed().task
    other = signed(other_author, name="Loyalty points", version="9.9.9").task

    approved = facts_of(whole(one), 1, NOW)

    assert one.digest != other.digest
    assert prospect(approved, facts_of(whole(other), 1, NOW)).charge == 0


@pytest.mark.threat("T41")
def test_one_changed_byte_of_code_is_another_function() -> None:
    approved = facts_of(whole(signed().task), 1, NOW)
    changed = signed(code={"tier": "py", "sha256": "ce" + "cd" * 31, "bytes": 9}).task

    assert prospect(approved, facts_of(whole(changed), 1, NOW)).charge == 1 * MICRO


Parts = dict[str, Any]  # reason: a proof file as JSON, which the attacker edits at will


def other_value(parts: Parts, _other: Parts) -> None:
    parts["answer"]["value"] = 31


def other_nonce(parts: Parts, _other: Parts) -> None:
    parts["answer"]["nonce"] = "mine"


def answer_of_another(parts: Parts, other: Parts) -> None:
    parts["answer"] = other["answer"]


def task_of_another(parts: Parts, other: Parts) -> None:
    parts["task"] = other["task"]


def proof_of_another(parts: Parts, other: Parts) -> None:
    parts["proof"] = other["proof"]


def task_and_answer_of_another(parts: Parts, other: Parts) -> None:
    parts["task"], parts["answer"] = other["task"], other["answer"]


def second_signature(parts: Parts, other: Parts) -> None:
    foreign = {**other["proof"]["signatures"][0], "keyid": "f" * 64}
    parts["proof"]["signatures"].append(foreign)


def own_key(parts: Parts, _other: Parts) -> None:
    own = SigningKey(Secret(b"x" * 32, "attacker"))
    payload = dsse.read_unverified(to_json(parts["proof"]))[1]
    parts["proof"] = json.loads(dsse.sign("application/vnd.in-toto+json", payload, [own]))
    parts["keys"]["proof"] = own.public.hex()


def unknown_field(parts: Parts, _other: Parts) -> None:
    parts["note"] = "trust me"


@pytest.mark.threat("T42")
@pytest.mark.parametrize(
    "splice",
    [
        other_value,
        other_nonce,
        answer_of_another,
        task_of_another,
        proof_of_another,
        task_and_answer_of_another,
        second_signature,
        own_key,
        unknown_field,
    ],
)
def test_a_proof_with_a_part_exchanged_fails(splice: Callable[[Parts, Parts], None]) -> None:
    task, wider = (
        signed(),
        signed(
            aggregate={
                "kind": "count",
                "args": {"value": 1},
                "range": {"min": 0, "max": 99, "step": 1},
                "default": 0,
            }
        ),
    )
    mine = json.loads(build_proof(task, answer_of(task), conduct_of(), VAULT, DEVICE))
    other = json.loads(build_proof(wider, answer_of(wider, 99), conduct_of(), VAULT, DEVICE))

    splice(mine, other)

    assert code(to_json(mine)) == 6


@pytest.mark.threat("T42")
def test_an_author_cannot_prove_an_answer_with_the_authors_own_key() -> None:
    task = signed()

    forged = build_proof(task, answer_of(task), conduct_of(), AUTHOR, DEVICE)

    trusted = {"proof": [VAULT.public], "author": [AUTHOR.public]}
    assert verify_files([forged], trusted, at=LATER).exit_code == 6


@pytest.mark.threat("T42")
def test_a_statement_of_another_shape_does_not_pass_even_under_the_vaults_key() -> None:
    task = signed()
    file = json.loads(build_proof(task, answer_of(task), conduct_of(), VAULT, DEVICE))
    statement = json.loads(dsse.read_unverified(to_json(file["proof"]))[1])
    statement["predicate"]["objects"] = 12
    envelope = dsse.sign("application/vnd.in-toto+json", to_json(statement), [VAULT])

    spliced = proof_file(
        answer=file["answer"],
        evidence=b64decode(file["evidence"]),
        proof=envelope,
        task=task.envelope,
        proof_key=VAULT.public,
        author_key=AUTHOR.public,
    )

    assert code(spliced) == 6


@pytest.mark.threat("T43")
def test_proofs_of_two_vaults_with_the_same_answer_differ_in_nothing_that_speaks() -> None:
    task = signed()
    trips = [sha256(bytes([number])) for number in range(40)]
    one_vault = (trips, b"s" * 32, b"entry 7", VAULT)
    other_vault = (trips[:12], b"t" * 32, b"entry 90210", SigningKey(Secret(b"w" * 32, "other")))

    documents = []
    for objects, salt, entry, key in (one_vault, other_vault):
        device = Software(SigningKey(Secret(salt, "device")))
        conduct = conduct_of(
            commitment(inputs_root(objects), salt), commitment(sha256(entry), salt), device
        )
        proof = build_proof(task, answer_of(task), conduct, key, device)
        documents.append(json.loads(proof))

    statements = [
        json.loads(dsse.read_unverified(to_json(document.pop("proof")))[1])
        for document in documents
    ]
    for statement, document in zip(statements, documents, strict=True):
        for salted in ("account", "entry", "inputs", "provenance"):
            assert len(statement["predicate"]["commitments"].pop(salted)) == 64
        assert len(statement["predicate"]["evidence"].pop("digest")) == 64
        assert len(document["keys"].pop("proof")) == 64
        assert len(b64decode(document.pop("evidence"))) == 296
    assert statements[0] == statements[1]
    assert documents[0] == documents[1]


@pytest.mark.threat("T43")
def test_proofs_of_two_vaults_have_the_same_length() -> None:
    task = signed()

    lengths = {
        len(build_proof(task, answer_of(task), conduct_of(inputs, inputs), VAULT, DEVICE))
        for inputs in (commitment(inputs_root([]), b"s" * 32), commitment(b"", b"t" * 32))
    }

    assert len(lengths) == 1


@pytest.mark.threat("T43")
def test_the_inputs_cannot_be_guessed_from_a_proof_without_the_salt() -> None:
    root = inputs_root([sha256(b"the only trip")])

    shown = commitment(root, b"s" * 32)

    assert shown not in {root, sha256(root), commitment(root, b"\x00" * 32)}


@pytest.mark.threat("T44")
@pytest.mark.parametrize(
    "foreign", [2, -1, 2**63, True, None, "1", 1.0, float("nan"), [1], {"1": 1}], ids=repr
)
def test_a_value_outside_the_range_leaves_as_the_default(foreign: object) -> None:
    task = signed().task

    gated = gate_all([1, foreign, 1], 3, task.evaluate.range, task.evaluate.default)

    assert gated.values == (1, 0, 1)
    assert answer(task.aggregate, task.evaluate.range, 100, gated.values, 1) == 2


@pytest.mark.threat("T44")
def test_a_list_that_holds_itself_a_million_times_is_not_walked() -> None:
    laughs: list[object] = [1]
    for _ in range(60):
        laughs = [laughs] * 10
    task = signed().task

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

    assert custom_answer(signed(aggregate=own).task.aggregate, foreign, 1) == 3


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

    found = points(signed(selections=sliding).task, TRIPS, NOW)

    assert [(point.code, point.gravity) for point in found] == [("selection", Gravity.REFUSE)]


@pytest.mark.threat("T45")
def test_a_signature_for_another_manifest_does_not_carry_over() -> None:
    task = signed()
    answer_to = answer_of(task)

    forged = replace(answer_to, task=signed(version="1.0.1").task.digest)

    with pytest.raises(Exception, match="another task"):
        build_proof(task, forged, conduct_of(), VAULT, DEVICE)
