"""ID tokens: published signatures hold, each form of key is read, and each claim is asked for."""

import json

import pytest

from sealhold.crypto.digest import sha256, sha512
from sealhold.crypto.idtoken import (
    Alg,
    Expected,
    Head,
    challenge_of,
    fitting,
    fresh,
    head_of,
    keys_of,
    subject_of,
)
from sealhold.model.errors import BadTokenError
from sealhold.model.quantities import SECOND, Instant
from tests.scenarios.idprovider import Signer, compact, eddsa, es256, rsa_signer
from tests.scenarios.vaults import NOON

NOW = NOON // SECOND
ISSUER, CLIENT, NONCE = "https://id.example.org", "client", "n" * 43
EXPECTED = Expected(issuer=ISSUER, client=CLIENT, nonce=NONCE, begun_at=NOON, now=NOON)
CLAIMS = {
    "iss": ISSUER, "sub": "ada", "aud": CLIENT, "nonce": NONCE, "iat": NOW, "exp": NOW + 300,
}  # fmt: skip
SIGNERS = {
    "ES256": es256(), "RS256": rsa_signer("RS256", "r1"), "PS256": rsa_signer("PS256", "p1"),
    "EdDSA": eddsa(),
}  # fmt: skip


def told(signer: Signer, claims: object = None, access: str = "access") -> str:
    token = compact({"alg": signer.alg, "kid": signer.jwk["kid"]}, claims or CLAIMS, signer)
    keys = keys_of(json.dumps({"keys": [signer.jwk]}).encode())
    key = fitting(keys, head_of(token))
    assert key is not None
    return subject_of(token, key, EXPECTED, access)


@pytest.mark.parametrize("alg", SIGNERS)
def test_each_algorithm_carries_an_account(alg: str) -> None:
    assert told(SIGNERS[alg]) == "ada"


# RFC 7515 appendix A.3 and RFC 8037 appendix A.4: keys and signatures as published
PUBLISHED = {
    "ES256": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        (
            "eyJhbGciOiJFUzI1NiJ9."
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
            "Ijp0cnVlfQ."
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        ),
    ),
    "EdDSA": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        (
            "eyJhbGciOiJFZERTQSJ9."
            "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        ),
    ),
}


@pytest.mark.parametrize("alg", PUBLISHED)
def test_published_signatures_fit_and_bent_ones_do_not(alg: str) -> None:
    from sealhold.crypto import idtoken  # noqa: PLC0415  # reason: the signature alone, below

    jwk, token = PUBLISHED[alg]
    (key,) = keys_of(json.dumps({"keys": [jwk]}).encode())
    signed, _, signature = token.rpartition(".")
    raw = idtoken._bytes(signature)

    idtoken._verify(Alg(alg), key, signed.encode(), raw)

    for message, by in ((signed + "A", raw), (signed, raw[:-1] + bytes([raw[-1] ^ 1]))):
        with pytest.raises(BadTokenError):
            idtoken._verify(Alg(alg), key, message.encode(), by)


def test_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(fresh(lambda count: b"\xff" * count)) == 43


@pytest.mark.parametrize("alg", SIGNERS)
def test_the_hash_of_an_access_token_is_held_against_it_if_it_is_there(alg: str) -> None:
    from sealhold.crypto import idtoken  # noqa: PLC0415  # reason: the hash alone

    digest = sha512 if alg == "EdDSA" else sha256
    whole = digest(b"access")
    half = idtoken._text(whole[: len(whole) // 2])

    assert told(SIGNERS[alg], {**CLAIMS, "at_hash": half}) == "ada"
    for other in (half[:-1], idtoken._text(whole), 7, ""):
        with pytest.raises(BadTokenError):
            told(SIGNERS[alg], {**CLAIMS, "at_hash": other})


def test_a_list_of_keys_leaves_out_what_fits_nothing() -> None:
    good = es256().jwk
    listed = [
        good,
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "x", "x": "AAAA"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "h"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {**good, "kid": 7},
        "no key",
    ]

    found = keys_of(json.dumps({"keys": listed}).encode())

    assert [each.id for each in found] == [good["kid"]]
    for bad in (b"{}", b"[]", b"{", b'{"keys": {}}', b'{"keys": [], "keys": []}', b"\xff"):
        with pytest.raises(BadTokenError):
            keys_of(bad)
    with pytest.raises(BadTokenError):
        keys_of(json.dumps({"keys": [good] * 33}).encode())


def test_a_token_without_a_name_of_its_key_is_taken_where_one_key_fits() -> None:
    one, other = es256("a").jwk, es256("b").jwk
    head = Head(alg=Alg.ES256, key="")

    found = fitting(keys_of(json.dumps({"keys": [one, eddsa().jwk]}).encode()), head)
    assert found is not None
    assert found.id == "a"
    assert fitting(keys_of(json.dumps({"keys": [one, other]}).encode()), head) is None


@pytest.mark.parametrize("sub", ["", "x" * 256, "ä", "a\nb", 7, None])
def test_an_account_is_named_by_visible_ascii(sub: object) -> None:
    with pytest.raises(BadTokenError):
        told(es256(), {**CLAIMS, "sub": sub})


def test_the_times_of_a_token_may_differ_by_a_minute() -> None:
    for claims in (
        {"iat": NOW - 60}, {"iat": NOW + 60}, {"exp": NOW - 59}, {"nbf": NOW + 60},
        {"iat": NOW + 0.5},
    ):  # fmt: skip
        assert told(es256(), {**CLAIMS, **claims}) == "ada"
    later = Expected(
        issuer=ISSUER, client=CLIENT, nonce=NONCE, begun_at=NOON, now=Instant(NOON + 599 * SECOND)
    )
    assert later.now - later.begun_at < 600 * SECOND
