"""Attacks on proofs: spliced, forged, made to talk, guessed from."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sealhold.compute.compliance import (
    Answer,
    Commitments,
    Conduct,
    build_proof,
    commitment,
    inputs_root,
    proof_file,
)
from sealhold.compute.evidence import Software
from sealhold.compute.measuring import Measured
from sealhold.compute.task import SignedTask
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.quantities import Instant
from tests.unit.sample_task import AUTHOR, signed_task

VAULT = SigningKey(Secret(b"v" * 32, "proof"))
DEVICE = Software(SigningKey(Secret(b"d" * 32, "device")))
NOW = Instant(1_790_000_000_000)
LATER = Instant(NOW + 1)
PINS = {"proof": [VAULT.public]}


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


@pytest.mark.petrus("P4")
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
        signed_task(),
        signed_task(
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
    task = signed_task()

    forged = build_proof(task, answer_of(task), conduct_of(), AUTHOR, DEVICE)

    trusted = {"proof": [VAULT.public], "author": [AUTHOR.public]}
    assert verify_files([forged], trusted, at=LATER).exit_code == 6


@pytest.mark.threat("T42")
def test_a_statement_of_another_shape_does_not_pass_even_under_the_vaults_key() -> None:
    task = signed_task()
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
    task = signed_task()
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
    task = signed_task()

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


@pytest.mark.threat("T45")
def test_a_signature_for_another_manifest_does_not_carry_over() -> None:
    task = signed_task()
    answer_to = answer_of(task)

    forged = replace(answer_to, task=signed_task(version="1.0.1").task.digest)

    with pytest.raises(Exception, match="another task"):
        build_proof(task, forged, conduct_of(), VAULT, DEVICE)
