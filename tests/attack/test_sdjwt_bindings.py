"""Attacks on what binds a presentation: for one reader, one question, one day."""

import json

import pytest

from sealhold.compute.credential import KIND
from sealhold.model.encoding import Plain
from sealhold.model.quantities import DAY, Instant
from tests.attack.forged_sdjwt import (
    ATTACKER,
    SHOWN,
    TASK,
    b64,
    bound,
    code,
    joined,
    jws,
    parts,
    unb64,
)
from tests.unit.sample_proof import AT, AUDIENCE, LEFT, failed, one, verify


@pytest.mark.threat("T176")
def test_a_presentation_for_another_reader_is_worth_nothing_here() -> None:
    assert failed(verify(one().present(audience="somebody else"), TASK)) == ["file 1, audience"]


@pytest.mark.threat("T176")
def test_a_presentation_that_answers_another_question_is_a_replay() -> None:
    assert failed(verify(one().present(nonce="an older one"), TASK)) == ["file 1, nonce"]


@pytest.mark.threat("T176")
def test_a_presentation_of_the_day_before_is_stale() -> None:
    late = Instant(AT + DAY)

    assert failed(verify(SHOWN, TASK, at=late)) == ["file 1, shown"]


@pytest.mark.threat("T176")
def test_a_presentation_from_the_future_is_refused() -> None:
    ahead = one().present(at=Instant(AT + DAY))

    assert failed(verify(ahead, TASK)) == ["file 1, shown"]


@pytest.mark.threat("T176")
def test_a_presentation_from_before_the_answer_is_refused() -> None:
    early = one().present(at=Instant(LEFT - DAY // 2))

    assert failed(verify(early, TASK)) == ["file 1, shown"]


@pytest.mark.threat("T176")
def test_a_credential_that_was_found_shows_nothing_without_its_holder() -> None:
    found = one().credential()

    assert code(found) == 6
    assert code(one().present(holder=ATTACKER)) == 6


@pytest.mark.threat("T176")
def test_a_binding_of_another_presentation_does_not_carry_over() -> None:
    token, disclosures, _ = parts(SHOWN)
    other = parts(one().present(["value"]))[2]

    assert code(joined(token, disclosures, other)) == 6


@pytest.mark.threat("T176")
@pytest.mark.parametrize(
    "changes",
    [
        {"sd_hash": b64(bytes(32))},
        {"iat": True},
        {"iat": "1790000060"},
        {"iat": -1},
        {"iat": 2**60},
        {"iat": 253_402_300_800},
        {"exp": 2**33},
        {"aud": [AUDIENCE]},
        {"nonce": None},
    ],
    ids=str,
)
def test_a_binding_out_of_form_binds_nothing(changes: dict[str, Plain]) -> None:
    token, disclosures, _ = parts(SHOWN)

    assert code(bound(token, disclosures, **changes)) == 6


@pytest.mark.threat("T176")
def test_the_vault_cannot_be_made_to_bind_by_its_token_key() -> None:
    token, disclosures, binding = parts(SHOWN)
    payload = json.loads(unb64(binding.split(".")[1]))
    as_credential = jws({"alg": "EdDSA", "typ": KIND}, payload, one().prover.key)

    assert code(joined(token, disclosures, as_credential)) == 6
