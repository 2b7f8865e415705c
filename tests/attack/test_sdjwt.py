"""Attacks on presentations: forged, edited, spliced, replayed, passed on, made to say more."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest

from sealhold.compute.credential import KIND
from sealhold.crypto import sdjwt
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.quantities import DAY, Instant
from tests.unit.sample_proof import AT, AUDIENCE, AUTHOR, LEFT, NONCE, failed, one, sample, verify

ATTACKER = SigningKey(Secret(b"x" * 32, "attacker"))
TASK = one().task.envelope
SHOWN = one().present()
OTHER = sample(b"another vault")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(text: str) -> tuple[str, list[str], str]:
    token, *disclosures, binding = text.split("~")
    return token, disclosures, binding


def joined(token: str, disclosures: list[str], binding: str) -> str:
    return "~".join((token, *disclosures, binding))


def jws(header: Plain, payload: Plain, key: SigningKey) -> str:
    signed = f"{b64(to_json(header))}.{b64(to_json(payload))}"
    return f"{signed}.{b64(key.sign_raw(signed.encode()))}"


def bound(token: str, disclosures: list[str], **changes: Plain) -> str:
    """Bind what is shown anew, with the holder's own key: the worst that a holder can do."""
    shown = joined(token, disclosures, "")
    payload = {
        "aud": AUDIENCE,
        "iat": (LEFT + 60_000) // 1000,
        "nonce": NONCE,
        "sd_hash": sdjwt.digest_of(shown),
        **changes,
    }
    holder = one().prover.holder(one().receipt)
    return shown + jws({"alg": "EdDSA", "typ": "kb+jwt"}, payload, holder)


def reissued(change: Callable[[dict[str, Plain]], None], key: SigningKey | None = None) -> str:
    """Sign changed claims, with the vault's own key if none is given, and bind them."""
    token, disclosures, _ = parts(SHOWN)
    payload = json.loads(unb64(token.split(".")[1]))
    change(payload)
    signed = jws({"alg": "EdDSA", "typ": KIND}, payload, key or one().prover.key)
    return bound(signed, disclosures)


def code(text: str, **more: Plain) -> int:
    return verify(text, TASK, **more).exit_code


def test_the_presentation_that_is_attacked_holds() -> None:
    token, disclosures, _ = parts(SHOWN)

    assert verify(SHOWN, TASK).exit_code == 0
    assert code(bound(token, disclosures)) == 0
    assert code(reissued(lambda _payload: None)) == 0


# --- T175: what was signed stays as it was signed ---


def header_none(text: str) -> str:
    token, disclosures, _ = parts(text)
    _, payload, _ = token.split(".")
    head = b64(to_json({"alg": "none", "typ": KIND}))
    return bound(f"{head}.{payload}.", disclosures)


def header_none_with_signature(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    return bound(jws({"alg": "none", "typ": KIND}, payload, one().prover.key), disclosures)


def header_critical(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    head = {"alg": "EdDSA", "crit": ["b64"], "b64": False, "typ": KIND}
    return bound(jws(head, payload, one().prover.key), disclosures)


def header_with_own_key(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    head = {"alg": "EdDSA", "jwk": sdjwt.jwk(ATTACKER.public), "typ": KIND}
    return bound(jws(head, payload, ATTACKER), disclosures)


def header_of_another_kind(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    return bound(jws({"alg": "EdDSA", "typ": "JWT"}, payload, one().prover.key), disclosures)


def another_algorithm(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    return bound(jws({"alg": "HS256", "typ": KIND}, payload, one().prover.key), disclosures)


def signature_left_out(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token.rpartition(".")[0] + ".", disclosures)


def signature_of_another(text: str) -> str:
    token, disclosures, _ = parts(text)
    other = parts(OTHER.present())[0].rpartition(".")[2]
    return bound(f"{token.rpartition('.')[0]}.{other}", disclosures)


def holder_key_exchanged(text: str) -> str:
    token, disclosures, _ = parts(text)
    payload = json.loads(unb64(token.split(".")[1]))
    payload["cnf"] = {"jwk": sdjwt.jwk(ATTACKER.public)}
    head, _, signature = token.split(".")
    return bound(f"{head}.{b64(to_json(payload))}.{signature}", disclosures)


def token_in_another_form(text: str) -> str:
    token, disclosures, _ = parts(text)
    head, payload, _ = token.split(".")
    spaced = b64(json.dumps(json.loads(unb64(payload))).encode())
    signature = b64(one().prover.key.sign_raw(f"{head}.{spaced}".encode()))
    return bound(f"{head}.{spaced}.{signature}", disclosures)


def padded(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(f"{token}==", disclosures)


def a_disclosure_more(text: str) -> str:
    token, disclosures, _ = parts(text)
    made_up = b64(to_json([b64(bytes(32)), "objects", 3]))
    return bound(token, [*disclosures, made_up])


def a_disclosure_of_another_token(text: str) -> str:
    token, disclosures, _ = parts(text)
    foreign = parts(OTHER.present(["objects"]))[1]
    return bound(token, [*disclosures, *foreign])


def a_disclosure_twice(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token, [*disclosures, disclosures[0]])


def a_disclosure_edited(text: str) -> str:
    token, disclosures, _ = parts(text)
    salt, name, value = json.loads(unb64(disclosures[-1]))
    edited = b64(to_json([salt, name, 31 if name == "value" else value + "x"]))
    return bound(token, [*disclosures[:-1], edited])


def a_disclosure_with_spaces(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token, [b64(json.dumps(json.loads(unb64(disclosures[0]))).encode())])


def a_disclosure_of_two(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token, [*disclosures, b64(to_json([b64(bytes(32)), 3]))])


def a_disclosure_that_is_none(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token, [*disclosures, "!!"])


def an_empty_disclosure(text: str) -> str:
    token, disclosures, _ = parts(text)
    return bound(token, [*disclosures, ""])


def a_disclosure_removed_afterwards(text: str) -> str:
    token, disclosures, binding = parts(text)
    return joined(token, disclosures[1:], binding)


def a_disclosure_added_afterwards(text: str) -> str:
    token, disclosures, binding = parts(text)
    more = parts(one().present(["objects"]))[1]
    return joined(token, [*disclosures, *more], binding)


def disclosures_in_another_order(text: str) -> str:
    token, disclosures, binding = parts(text)
    return joined(token, disclosures[::-1], binding)


EDITS = [
    header_none,
    header_none_with_signature,
    header_critical,
    header_with_own_key,
    header_of_another_kind,
    another_algorithm,
    signature_left_out,
    signature_of_another,
    holder_key_exchanged,
    token_in_another_form,
    padded,
    a_disclosure_more,
    a_disclosure_of_another_token,
    a_disclosure_twice,
    a_disclosure_edited,
    a_disclosure_with_spaces,
    a_disclosure_of_two,
    a_disclosure_that_is_none,
    an_empty_disclosure,
    a_disclosure_removed_afterwards,
    a_disclosure_added_afterwards,
    disclosures_in_another_order,
]


@pytest.mark.threat("T175")
@pytest.mark.parametrize("edit", EDITS)
def test_a_presentation_that_was_edited_is_altered(edit: Callable[[str], str]) -> None:
    edited = edit(SHOWN)

    verdict = verify(edited, TASK)

    assert edited != SHOWN
    assert verdict.exit_code == 6
    assert verdict.sentence.startswith("2 files; of file 1: Do not trust this presentation: ")


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


# --- T176: for one reader, one question, one day ---


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
