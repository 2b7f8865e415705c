"""Attacks on presentations by claims out of form, signed by whichever key; and by another task."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain
from tests.attack.forged_sdjwt import ATTACKER, OTHER, SHOWN, TASK, b64, code, reissued
from tests.unit.sample_proof import failed, one, sample, verify
from tests.unit.sample_task import AUTHOR


def no_algorithm(payload: dict[str, Plain]) -> None:
    del payload["_sd_alg"]


def weak_algorithm(payload: dict[str, Plain]) -> None:
    payload["_sd_alg"] = "sha-1"


def digests_out_of_order(payload: dict[str, Plain]) -> None:
    payload["_sd"] = payload["_sd"][::-1]


def a_digest_twice(payload: dict[str, Plain]) -> None:
    payload["_sd"] = sorted([*payload["_sd"], payload["_sd"][0]])


def a_digest_that_is_none(payload: dict[str, Plain]) -> None:
    payload["_sd"] = [*payload["_sd"], "~"]


def digests_below(payload: dict[str, Plain]) -> None:
    payload["task"]["_sd"] = [payload["_sd"][0]]


def an_element_to_open(payload: dict[str, Plain]) -> None:
    payload["resources"] = [{"...": payload["_sd"][0]}]


def no_holder(payload: dict[str, Plain]) -> None:
    del payload["cnf"]


def a_holder_of_another_kind(payload: dict[str, Plain]) -> None:
    payload["cnf"]["jwk"]["crv"] = "X25519"


def a_short_holder_key(payload: dict[str, Plain]) -> None:
    payload["cnf"]["jwk"]["x"] = b64(bytes(31))


def a_claim_beside(payload: dict[str, Plain]) -> None:
    payload["objects"] = 23


def another_document(payload: dict[str, Plain]) -> None:
    payload["vct"] = "urn:sealhold:badge:1"


def wider_bounds(payload: dict[str, Plain]) -> None:
    payload["bounds"]["alternatives"] = 2


def a_runtime_that_speaks(payload: dict[str, Plain]) -> None:
    payload["runtime"]["objects"] = 23


@pytest.mark.threat("T175")
@pytest.mark.parametrize(
    "change",
    [
        no_algorithm,
        weak_algorithm,
        digests_out_of_order,
        a_digest_twice,
        a_digest_that_is_none,
        digests_below,
        an_element_to_open,
        no_holder,
        a_holder_of_another_kind,
        a_short_holder_key,
        a_claim_beside,
        another_document,
        wider_bounds,
        a_runtime_that_speaks,
    ],
)
def test_claims_out_of_form_do_not_pass_even_under_the_vaults_key(
    change: Callable[[dict[str, Plain]], None],
) -> None:
    assert code(reissued(change)) == 6


@pytest.mark.threat("T175")
def test_claims_signed_by_another_key_are_not_the_vaults() -> None:
    def take_over(payload: dict[str, Plain]) -> None:
        payload["keys"]["proof"] = ATTACKER.public.hex()

    verdict = verify(reissued(take_over, ATTACKER), TASK)

    assert verdict.exit_code == 6
    assert "file 1, proof key" in failed(verdict)


@pytest.mark.threat("T175")
def test_a_presentation_of_another_vault_is_not_of_the_one_that_is_trusted() -> None:
    verdict = verify(OTHER.present(), TASK)

    assert verdict.exit_code == 6
    assert failed(verdict) == ["file 1, proof key"]


@pytest.mark.threat("T175")
def test_the_authors_key_makes_no_presentation() -> None:
    def take_over(payload: dict[str, Plain]) -> None:
        payload["keys"]["proof"] = AUTHOR.public.hex()

    assert code(reissued(take_over, AUTHOR)) == 6


@pytest.mark.threat("T175")
def test_the_task_beside_it_is_the_one_that_was_signed() -> None:
    wider = sample(
        aggregate={
            "kind": "count",
            "args": {"value": 1},
            "range": {"min": 0, "max": 99, "step": 1},
            "default": 0,
        }
    )

    alone = verify(SHOWN, wider.task.envelope)

    shown = [check.detail for check in alone.checks if check.name == "file 1, manifest"]
    assert shown == [f"{one().task.task.digest.hex()[:16]}, not at hand: bounds are not recomputed"]


@pytest.mark.threat("T175")
@pytest.mark.parametrize("value", [32, -1, 10**9])
def test_an_answer_out_of_range_fails_even_under_the_vaults_key(value: int) -> None:
    found = one()
    lying = replace(found, answer=replace(found.answer, value=value))

    assert failed(verify(lying.present(), TASK)) == ["file 1, value"]


@pytest.mark.threat("T175")
def test_a_task_that_was_changed_is_altered() -> None:
    place = TASK.index(b'"payload":"') + 200
    bent = TASK[:place] + bytes([TASK[place] ^ 1]) + TASK[place + 1 :]

    verdict = verify(SHOWN, bent)

    assert verdict.exit_code == 6
