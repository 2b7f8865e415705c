"""Known answers for task manifests, prices and proof files, frozen with each format.

A frozen vector is never changed: a function id decides what was already charged, and a proof that
was given away must hold for good.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute import ranks
from sealhold.compute.leakage import (
    bits_of_choice,
    family_id,
    object_price,
    presence_price,
    query_price,
)
from sealhold.compute.resources import sign_version
from sealhold.compute.task import function_id, parse_task, view_digest, whole
from sealhold.compute.verify import verify_files
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant

HERE = Path(__file__).parent
Vector = dict[str, Any]  # reason: one known answer, as its file writes it


def vectors(name: str) -> list[Vector]:
    found: list[Vector] = json.loads((HERE / name).read_text())
    return found


def named(vector: Vector) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", vectors("08-task/manifests.json"), ids=named)
def test_a_manifest_has_its_frozen_ids(vector: Vector) -> None:
    task = parse_task(vector["payload"].encode())

    scope = whole(task)
    assert task.digest.hex() == vector["manifest_id"]
    assert view_digest(task.collection, task.fields).hex() == vector["view"]
    assert family_id(scope).hex() == vector["family"]
    assert {
        param.id: function_id(task, param, task.fields).hex() for param in task.params
    } == vector["functions"]


@pytest.mark.parametrize("vector", vectors("08-task/manifests.json"), ids=named)
def test_a_manifest_has_its_frozen_prices(vector: Vector) -> None:
    task = parse_task(vector["payload"].encode())

    query = query_price(task)
    price = object_price(whole(task), vector["cells"])
    assert price.total == vector["object_microbits"]
    assert (query.alternatives, query.total) == (vector["alternatives"], vector["answer_microbits"])


@pytest.mark.parametrize("vector", vectors("08-task/refused.json"), ids=named)
def test_a_manifest_out_of_form_stays_refused(vector: Vector) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_task(vector["payload"].encode())

    assert caught.value.code() == vector["error"]


@pytest.mark.parametrize("vector", vectors("08-task/series.json"), ids=named)
def test_a_series_and_its_functions_have_their_frozen_ids(vector: Vector) -> None:
    task = parse_task(vector["payload"].encode())
    digests = {name: bytes.fromhex(digest) for name, digest in vector["digests"].items()}

    param = task.params[0]
    assert function_id(task, param, task.fields).hex() == vector["series"]
    assert function_id(task, param, task.fields, digests).hex() == vector["function"]
    assert task.tuples == vector["tuples"]


@pytest.mark.parametrize("vector", vectors("08-task/versions.json"), ids=named)
def test_a_version_has_its_frozen_bytes(vector: Vector) -> None:
    key = SigningKey(Secret(bytes.fromhex(vector["seed"]), "signer"))
    content = bytes.fromhex(vector["content"])

    reply = sign_version(vector["url"], vector["number"], content, key)

    assert key.public.hex() == vector["signer"]
    assert reply.hex() == vector["reply"]


@pytest.mark.parametrize("vector", vectors("09-leakage/prices.json"), ids=named)
def test_a_price_is_the_frozen_one(vector: Vector) -> None:
    of = vector["of"]

    price = (
        bits_of_choice(int(of["choice"]))
        if "choice" in of
        else presence_price(of["epochs"], of["versions"])
    )

    assert price == vector["microbits"]


@pytest.mark.parametrize("vector", vectors("09-leakage/ranks.json"), ids=named)
def test_a_rank_is_the_frozen_one(vector: Vector) -> None:
    of = vector["of"]
    if "counts" in of:
        rank, expected = ranks.rank_counts(of["counts"]), of["counts"]
        back = ranks.unrank_counts(vector["rank"], len(expected))
    else:
        rank = ranks.rank_largest(of["largest"], of["most"])
        expected = sorted(of["largest"])[-of["most"] :]
        back = ranks.unrank_largest(vector["rank"], of["most"])

    assert rank == vector["rank"]
    assert back == expected


@pytest.mark.parametrize("vector", vectors("10-proof/files.json"), ids=named)
def test_a_proof_file_gets_its_frozen_verdict(vector: Vector) -> None:
    pins = {role: [bytes.fromhex(key)] for role, key in vector["pins"].items()}

    verdict = verify_files([vector["file"].encode()], pins, at=Instant(vector["at"]))

    assert verdict.exit_code == vector["exit_code"]
    assert [check.name for check in verdict.checks if not check.held] == vector["failed"]
