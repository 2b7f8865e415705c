"""A reader names a key that they trust by itself or by its digest, the same for each paper."""

from collections.abc import Callable, Mapping
from functools import cache

import pytest

from sealhold.audit.bundle import prove_entry
from sealhold.audit.receipt import issue
from sealhold.compute.proof_rules import Policy
from sealhold.compute.verify import verify_files
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import is_named, key_digest
from sealhold.vault.logkeys import known_to
from tests.unit.people_vault import crowd
from tests.unit.sample_proof import AT, AUDIENCE, NONCE, one
from tests.unit.test_audit_receipt import APP, VAULT, receipt

Keys = Mapping[str, bytes]
POLICY = Policy(pinned=True, audience=AUDIENCE, nonce=NONCE)
KINDS = (
    *("proof", "presentation", "task"),
    *("receipt", "receipt of an erasure", "audit bundle"),
)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "key": lambda key: key,
    "digest": lambda key: bytes.fromhex(key_digest(key)),
}


@cache
def papers() -> dict[str, tuple[bytes, Keys]]:
    """Return a paper of each kind, and the keys that it hangs on, by role."""
    sample = one()
    keys = {role: key for role, (key,) in sample.pins.items()}
    with crowd() as many:
        core = many.vault.core
        ring, ada = core.keyring, many.person()
        erased = many.people.erase(many.one, ada).paper.encode()
        (log,) = known_to(ring).line
        with core.store.snapshot() as view:
            entry = prove_entry(view, 0, many.opener, (log,))
        issuer = ring.signer("proof-sign").public
    return {
        "proof": (sample.proof(), keys),
        "presentation": (sample.present().encode(), keys),  # whose task is at hand
        "task": (sample.task.envelope, {"author": keys["author"]}),
        "receipt": (issue(receipt(), VAULT), {"receipt": VAULT.public}),
        "receipt of an erasure": (erased, {"receipt": issuer}),
        "audit bundle": (entry, {"log": log.public}),
    }


def code(paper: bytes, keys: Keys) -> int:
    pins = {role: [key] for role, key in keys.items()}
    files = [paper, one().task.envelope] if "author" in keys else [paper]
    return verify_files(files, pins, at=AT, policy=POLICY).exit_code


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_paper_holds_by_the_key_and_by_its_digest(kind: str, form: str) -> None:
    paper, keys = papers()[kind]

    assert code(paper, {role: FORMS[form](key) for role, key in keys.items()}) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_paper_of_another_key_is_refused_in_either_form(kind: str, form: str) -> None:
    paper, keys = papers()[kind]

    for role in keys:
        assert code(paper, {**keys, role: FORMS[form](APP.public)}) == 6


def test_the_digest_of_a_digest_names_nobody() -> None:
    key = APP.public

    assert is_named(key, [sha256(key)])
    assert not is_named(key, [sha256(sha256(key))])
    assert not is_named(sha256(key), [key])
