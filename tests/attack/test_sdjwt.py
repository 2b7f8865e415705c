"""Attacks on presentations: forged, edited, spliced, replayed, passed on, made to say more."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest

from sealhold.compute.credential import CLAIMS, KIND, MAX_BITS, MAX_INDEX, TOLD
from sealhold.compute.evidence import Claim, appraise_software, check_software
from sealhold.compute.proof_forms import open_statement, read_file
from sealhold.compute.proof_rules import Policy
from sealhold.crypto import dsse, sdjwt
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import SealholdError
from sealhold.model.ids import Id16, ReceiptId
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


# --- T177: what is hidden says nothing ---


@pytest.mark.threat("T177")
def test_credentials_of_two_vaults_with_the_same_answer_differ_in_nothing_that_speaks() -> None:
    first, second = one(), replace(OTHER, own=replace(OTHER.own, objects=99, log_index=7))

    shown = []
    for each in (first, second):
        token, disclosures, binding = parts(each.present(["value"]))
        payload = json.loads(unb64(token.split(".")[1]))
        assert len(payload.pop("_sd")) == 16
        for varies in ("attestation", "cnf", "statement"):
            assert payload.pop(varies)
        assert len(payload["keys"].pop("proof")) == 64
        assert len(payload["evidence"].pop("digest")) == 64
        opened = [json.loads(unb64(each))[1:] for each in disclosures]
        told = json.loads(unb64(binding.split(".")[1]))
        assert told.pop("sd_hash")
        shown.append((payload, opened, told, len(token), len(binding)))

    assert shown[0] == shown[1]


@pytest.mark.threat("T177")
def test_a_credential_has_as_many_digests_whatever_it_hides() -> None:
    crowded = one()
    sparse = replace(
        crowded, own=replace(crowded.own, log_index=MAX_INDEX, object_bits=MAX_BITS + 1)
    )

    tokens = [each.credential().split("~")[0] for each in (crowded, sparse)]
    digests = [json.loads(unb64(token.split(".")[1]))["_sd"] for token in tokens]

    assert [len(each) for each in digests] == [16, 16]
    assert [each == sorted(each) for each in digests] == [True, True]
    assert len(tokens[0]) == len(tokens[1])


@pytest.mark.threat("T177")
def test_a_hidden_claim_cannot_be_guessed_without_its_salt() -> None:
    token = SHOWN.split("~")[0]
    digests = json.loads(unb64(token.split(".")[1]))["_sd"]

    guesses = {
        sdjwt.digest_of(b64(to_json([salt, "objects", count])))
        for count in range(101)
        for salt in ("", b64(bytes(32)), b64(b"\xff" * 32))
    }

    assert not guesses & set(digests)


@pytest.mark.threat("T177")
def test_what_was_not_opened_is_nowhere_in_a_presentation() -> None:
    shown = one().present(["value"])
    told = b"".join(unb64(each) for part in shown.split("~") for each in part.split("."))

    assert b"n-4711" not in told
    assert b"https://bonus.example" not in told
    assert b'"objects"' not in told
    assert one().own.entry.hex().encode() not in told


@pytest.mark.threat("T177")
def test_each_answer_has_a_holder_key_of_its_own() -> None:
    prover = one().prover
    ids = [one().receipt, ReceiptId(Id16(b"\x01" * 16))]

    assert len({prover.holder(each).public for each in ids}) == 2
    assert prover.holder(ids[0]).public != prover.key.public


# --- T178: software stays software ---


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", ["tpm2", "sgx", "tdx", "snp", "nitro"])
def test_software_where_hardware_is_demanded_is_below_the_policy(kind: str) -> None:
    demand = Policy(evidence=kind, audience=AUDIENCE, nonce=NONCE)  # type: ignore[arg-type]  # reason: from the list above

    verdicts = [verify(one().proof(), policy=demand), verify(SHOWN, TASK, policy=demand)]

    assert [verdict.exit_code for verdict in verdicts] == [3, 3]
    assert failed(verdicts[0]) == ["evidence"]
    assert failed(verdicts[1]) == ["file 1, evidence"]


@pytest.mark.threat("T178")
def test_glass_where_sealed_is_demanded_is_below_the_policy() -> None:
    demand = Policy(confidentiality="sealed", audience=AUDIENCE, nonce=NONCE)

    assert failed(verify(one().proof(), policy=demand)) == ["confidentiality"]
    assert verify(SHOWN, TASK, policy=demand).exit_code == 3


@pytest.mark.threat("T178")
@pytest.mark.parametrize(
    "more", [{"hw_rooted": True}, {"integrity": "hw"}, {"confidentiality": "sealed"}], ids=str
)
def test_software_that_claims_more_is_an_altered_proof(more: dict[str, Plain]) -> None:
    found = one()
    claim = replace(found.prover.attester.claim, **more)
    lying = replace(found, conduct=replace(found.conduct, evidence=claim))

    with pytest.raises(SealholdError, match="claims to be more"):
        check_software(claim)
    assert failed(verify(lying.proof())) == ["evidence"]
    assert failed(verify(lying.present(), TASK)) == ["file 1, evidence"]
    assert failed(verify(lying.present(["value"]), TASK)) == ["file 1, evidence"]


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", ["tpm2", "sgx", "tdx", "snp", "nitro"])
def test_hardware_that_is_only_claimed_counts_for_nothing(kind: str) -> None:
    found = one()
    claim = Claim(
        kind=kind,  # type: ignore[arg-type]  # reason: from the list above
        digest=b"m" * 32,
        hw_rooted=True,
        integrity="hw",
        confidentiality="sealed",
    )
    lying = replace(found, conduct=replace(found.conduct, evidence=claim)).proof()

    assert verify(lying, policy=Policy(evidence=kind)).exit_code == 3  # type: ignore[arg-type]  # reason: as above
    assert verify(lying, policy=Policy(confidentiality="sealed")).exit_code == 3
    told = next(check.detail for check in verify(lying).checks if check.name == "evidence")
    assert told == f"`{kind}` is claimed, is not appraised here and counts for nothing"


@pytest.mark.threat("T178")
def test_evidence_of_another_answer_device_or_nonce_is_refused() -> None:
    found = one()
    file = read_file(found.proof())
    statement = open_statement(file, found.prover.key.public).digest
    claim, nonce = found.prover.attester.claim, found.answer.nonce.encode()
    session = found.prover.key.public

    appraise_software(file.evidence, claim, nonce, statement, session)

    for evidence, said, about, of, by in (
        (file.evidence, claim, b"another nonce", statement, session),
        (file.evidence, claim, nonce, bytes(32), session),
        (file.evidence, claim, nonce, statement, AUTHOR.public),
        (file.evidence, OTHER.prover.attester.claim, nonce, statement, session),
        (b"", claim, nonce, statement, session),
        (file.evidence[1:], claim, nonce, statement, session),
        (file.evidence + b"\x00", claim, nonce, statement, session),
    ):
        with pytest.raises(SealholdError):
            appraise_software(evidence, said, about, of, by)


@pytest.mark.threat("T178")
def test_no_bit_of_software_evidence_can_be_flipped() -> None:
    found = one()
    file = read_file(found.proof())
    statement = open_statement(file, found.prover.key.public).digest
    claim, nonce = found.prover.attester.claim, found.answer.nonce.encode()

    passed = []
    for place in range(8 * len(file.evidence)):
        bent = bytearray(file.evidence)
        bent[place // 8] ^= 1 << place % 8
        try:
            appraise_software(bytes(bent), claim, nonce, statement, found.prover.key.public)
        except SealholdError:
            continue
        passed.append(place)

    assert passed == []


@pytest.mark.threat("T42")
def test_evidence_put_from_one_proof_into_another_is_altered() -> None:
    found = one()
    again = replace(found, answer=replace(found.answer, nonce="another"))
    mine, other = json.loads(found.proof()), json.loads(again.proof())
    mine["evidence"] = other["evidence"]

    verdict = verify(to_json(mine))

    assert failed(verdict) == ["evidence"]
    assert verdict.exit_code == 6


@pytest.mark.threat("T42")
@pytest.mark.parametrize("schema", ["sealhold.proof/1", "sealhold.proof/3"])
def test_a_proof_of_one_format_does_not_pass_for_another(schema: str) -> None:
    mine = json.loads(one().proof())
    mine["$schema"] = schema

    assert verify(to_json(mine)).exit_code == 6
    del mine["evidence"]
    assert verify(to_json(mine)).exit_code == 6


@pytest.mark.threat("T42")
def test_a_second_signature_on_a_proof_is_altered() -> None:
    mine = json.loads(one().proof())
    twice = dsse.add_signature(to_json(mine["proof"]), "application/vnd.in-toto+json", ATTACKER)
    mine["proof"] = json.loads(twice)

    assert verify(to_json(mine)).exit_code == 6


# --- T179: an opening is an answer ---


@pytest.mark.threat("T179")
def test_what_the_app_was_not_told_has_a_price_and_what_it_was_told_has_none() -> None:
    task = one().task.task
    prices = {name: kind.price(task) for name, kind in CLAIMS.items()}

    assert {name for name, price in prices.items() if price} == {
        "objects",
        "object_bits",
        "log_index",
    }
    assert all(prices[name] == 0 for name in TOLD)


@pytest.mark.threat("T179")
@pytest.mark.parametrize(("name", "values"), [("objects", 101), ("object_bits", 17)])
def test_an_opening_costs_as_much_as_the_values_it_can_have(name: str, values: int) -> None:
    price = CLAIMS[name].price(one().task.task)

    assert 2 ** (price / 1_000_000) >= values
    assert 2 ** ((price - 2) / 1_000_000) < values
