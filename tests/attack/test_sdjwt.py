"""Attacks on presentations: forged, edited, spliced; what was signed stays as it was signed."""

import json
from collections.abc import Callable

import pytest

from sealhold.compute.credential import KIND
from sealhold.crypto import sdjwt
from sealhold.model.encoding import to_json
from tests.attack.forged_sdjwt import (
    ATTACKER,
    OTHER,
    SHOWN,
    TASK,
    b64,
    bound,
    code,
    joined,
    jws,
    parts,
    reissued,
    unb64,
)
from tests.unit.sample_proof import one, verify


def test_the_presentation_that_is_attacked_holds() -> None:
    token, disclosures, _ = parts(SHOWN)

    assert verify(SHOWN, TASK).exit_code == 0
    assert code(bound(token, disclosures)) == 0
    assert code(reissued(lambda _payload: None)) == 0


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
